/** Where it says that there is nothing, the detectors find nothing. */
import { isAscii } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { countrySpecs } from 'ibantools';
import { parse } from 'yaml';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { samples } from '../../../../testdata/detectors/generate.ts';
import { findNumbers } from './digits.ts';
import { findIdentifiers } from './identifiers.ts';
import { noHints, type DetectorId, type Hit } from './ids.ts';
import { mayHoldNumber } from './possible.ts';

const wants = (id: DetectorId): boolean => id !== 'ipv4';
function found(text: string): readonly Hit[] {
  const hits: Hit[] = [];
  findIdentifiers(text, wants, hits);
  findNumbers(text, wants, noHints, hits);
  return hits;
}

/** Park and Miller's generator. */
function numbers(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % n;
  };
}

const PIECES = ['+', '+49 ', '+ (', '(', ') ', '-', ' ', '  ', '.', '/', ':', ', ', 'tel', 'Phone ', 'call', 'hotel ', 'x', 'X', 'Z-', 'A', 'QQ ', 'ab', 'DE89 ', 'NO', '_', '"', '0', '00', '555', '2026-01-02', '219-09-', '9999', '1234-', 'ssn ', 'aadhaar ', '\n', '6d736b5f-0000-8000-8000-'];
const UUID = '123e4567-e89b-12d3-a456-426614174000';

function text(n: (max: number) => number): string {
  const digits = (): string => Array.from({ length: 1 + n(n(4) === 0 ? 20 : 4) }, () => String(n(10))).join('');
  return Array.from({ length: 1 + n(12) }, () => (n(2) === 0 ? digits() : n(40) === 0 ? UUID : (PIECES[n(PIECES.length)] ?? ''))).join('');
}

const corpus = z.object({ positive: z.array(z.object({ text: z.string() })), negative: z.array(z.string()) }).parse(parse(readFileSync(new URL('../../../../testdata/detectors/corpus.yaml', import.meta.url), 'utf8')));

it('never says wrongly that there is nothing', () => {
  const n = numbers(7);
  const rounds = Number(process.env['POSSIBLE_ROUNDS'] ?? 10_000);
  let values = 0;
  let passed = 0;
  const check = (line: string): void => {
    const hits = found(line);
    if (hits.length > 0) values++;
    const bytes = Buffer.from(line);
    if (!isAscii(bytes)) return;
    if (mayHoldNumber(bytes)) passed++;
    else expect(hits, line).toEqual([]);
  };
  for (let i = 0; i < rounds; i++) check(text(n));
  expect(values).toBeGreaterThan(rounds / 50);
  expect(passed).toBeLessThan(rounds * 0.9);
  for (const line of [...corpus.positive.map((p) => p.text), ...corpus.negative, '4222 2222 22222', ...samples(5, 300).map((s) => s.text)]) {
    check(line);
    // One character less or more is another number.
    for (let at = 0; at < line.length; at += 3) {
      check(line.slice(0, at) + line.slice(at + 1));
      check(line.slice(0, at) + String(n(10)) + line.slice(at));
    }
  }
});

it('knows the shortest IBAN', () => {
  expect(Math.min(...Object.values(countrySpecs).flatMap((spec) => (spec.chars == null ? [] : [spec.chars])))).toBeGreaterThanOrEqual(15);
});

it('passes over UUIDs, but not over what could begin in or before one', () => {
  const may = (text: string): boolean => mayHoldNumber(Buffer.from(text));
  expect(may(UUID)).toBe(false);
  expect(may(`request ${UUID} of 550e8400-e29b-41d4-a716-446655440000 took 12 ms`)).toBe(false);
  expect(may(`request ${UUID} by 44051401359`)).toBe(true);
  expect(may(`tel 5551234 ${UUID}`)).toBe(true);
  expect(may('123e4567-de89-12d3-a456-426614174000')).toBe(true);
  expect(may('X1234567a-e29b-41d4-a716-446655440000')).toBe(true);
});

it('looks at a part of a longer text', () => {
  const text = Buffer.from('44051401359, nothing here, 44051401359');
  expect(mayHoldNumber(text, 11, 27)).toBe(false);
  expect(mayHoldNumber(text, 11)).toBe(true);
});

it('passes over the digits of logs', () => {
  for (const line of ['Nov 22 04:38:21 web1 sshd[2345]: connection from 10.12.34.56 port 60000 closed after 1234 ms', '10.1.2.3 - - [12/Nov/2026:04:38:21 +0000] "GET /api/v1/orders/12345 HTTP/1.1" 200 12345 "-"', '2026-11-22T04:38:21.123Z INFO [worker-3] order 123456 of batch 12 stored in 120 ms, 20 rows, queue 5']) expect(mayHoldNumber(Buffer.from(line)), line).toBe(false);
});
