import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { harmless, samples, secretLines } from '../../../../testdata/detectors/generate.ts';
import { singleDetectors, type DetectorId } from './ids.ts';
import { prefilter, minDigits, Signal } from './prefilter.ts';
import { scanText } from './scan.ts';

const corpus = z
  .object({ positive: z.array(z.object({ text: z.string(), found: z.array(z.tuple([z.string(), z.string()])) })), negative: z.array(z.string()) })
  .parse(parse(readFileSync(new URL('../../../../testdata/detectors/corpus.yaml', import.meta.url), 'utf8')));
const all: ReadonlySet<DetectorId> = new Set(singleDetectors.filter((d) => d !== 'ipv4'));

describe('corpus', () => {
  it.each(corpus.positive)('finds what is in: $text', ({ text, found }) => {
    expect(scanText(text, all).map((h) => [h.detector, text.slice(h.start, h.end)])).toEqual(found);
  });

  it.each(corpus.positive)('raises a signal for: $text', ({ text }) => {
    expect(prefilter(Buffer.from(text), minDigits(false))).not.toBe(0);
  });

  it.each(corpus.positive)('finds the same behind the signals as without them: $text', ({ text }) => {
    expect(scanText(text, all, undefined, prefilter(Buffer.from(text), minDigits(false)))).toEqual(scanText(text, all));
  });

  it.each(corpus.negative)('finds nothing in: %s', (text) => {
    expect(scanText(text, all).map((h) => [h.detector, text.slice(h.start, h.end)])).toEqual([]);
  });

  it('keeps other detectors silent', () => {
    expect(scanText('bob@example.com 4111 1111 1111 1111', new Set<DetectorId>(['card'])).map((h) => h.detector)).toEqual(['card']);
  });
});

describe('generated identities', () => {
  it('are all found, through the prefilter', () => {
    const missed = samples(3, 200).filter((s) => {
      const start = s.text.indexOf(s.value);
      const hits = scanText(s.text, all, undefined, prefilter(Buffer.from(s.text), minDigits(false)));
      return !hits.some((h) => h.start <= start && h.end >= start + s.value.length);
    });
    expect(missed).toEqual([]);
  });

  it('raise few false alarms among harmless texts', () => {
    const wrong = harmless(5, 2_800).flatMap((t) => scanText(t, all).map((h) => `${h.detector}: ${t}`));
    // PESEL's and CPF's check digits alone cannot tell every eleven-digit number; nothing else may fire often.
    expect(wrong.length, wrong.slice(0, 10).join('\n')).toBeLessThan(14);
  });
});

describe('secrets', () => {
  it.each(secretLines(9).map((s) => [`${s.before}...${s.after} ${s.value.slice(0, 6)}`, s] as const))('are found to their end, behind the signals: %s', (_, { before, value, after }) => {
    const text = before + value + after;
    const hits = scanText(text, all, undefined, prefilter(Buffer.from(text), minDigits(false)));
    expect(hits.map((h) => text.slice(h.start, h.end))).toEqual([value]);
  });
});

describe('hostile texts end', () => {
  // Every pattern that repeats without a bound runs in re2js, which cannot backtrack; the rest are scanners of one pass.
  const hostile: readonly (readonly [string, string])[] = [
    ['at signs', '@'.repeat(50_000)],
    ['locals', 'a'.repeat(50_000) + '@'],
    ['addresses without a top level', 'a@a'.repeat(17_000)],
    ['dots', 'a@' + 'a.'.repeat(25_000)],
    ['digits', '4'.repeat(50_000)],
    ['digit groups', '4 '.repeat(25_000)],
    ['jwt heads', '-eyJaaaaaaaaaa'.repeat(3_600)],
    ['key heads', '-----BEGIN '.repeat(4_500)],
    ['passwords', 'password="'.repeat(5_000)],
    ['urls', 'a://b:'.repeat(8_000)],
    ['iban heads', 'DE89 '.repeat(10_000)],
    ['escapes', '%25'.repeat(16_000)],
    ['backslashes', '\\'.repeat(50_000)],
    ['zero width', '\u200b'.repeat(50_000)],
    ['tokens', 'msk_'.repeat(12_500)],
    ['token heads', 'sk-glpat-SG.'.repeat(4_000)],
    ['words of tokens', 'Ma0_'.repeat(12_500)],
    ['commands', 'curl -u '.repeat(6_000)],
    ['colons', 'a:5432:'.repeat(7_000)],
  ];
  it.each(hostile)('%s', (_, text) => {
    expect(scanText(text, all).every((h) => h.start < h.end && h.end <= text.length)).toBe(true);
  });
});

describe('long texts', () => {
  it('finds values at every place around a window border', () => {
    for (let shift = -20; shift <= 4; shift++) {
      const text = `${'x '.repeat((65_536 + shift) / 2)} bob@example.com ${'y '.repeat(40_000)}`;
      expect(scanText(text, all).map((h) => text.slice(h.start, h.end))).toEqual(['bob@example.com']);
    }
  });

  it('covers a private key to its end, or to the end of the text', () => {
    const head = ['-----BEGIN RSA', 'PRIVATE KEY-----'].join(' ');
    const whole = `a ${head}\nMIIabc\n-----END RSA PRIVATE KEY----- b`;
    expect(scanText(whole, all).map((h) => whole.slice(h.start, h.end))).toEqual([whole.slice(2, -2)]);
    expect(scanText(`a ${head}\nMIIabc`, all)[0]?.end).toBe(head.length + 9);
  });
});

it('signals nothing for plain prose', () => {
  expect(prefilter(Buffer.from('Der Müller ging nach Köln, sagte: nichts.'), 6) & ~Signal.secret).toBe(0);
});
