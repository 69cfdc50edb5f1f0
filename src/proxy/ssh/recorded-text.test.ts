/** What of a terminal's bytes becomes text in a recording. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { EchoedInput } from './echoed-input.ts';
import { Meter } from './stream-journal.ts';
import { asJson, cutCharacter, TextBatches } from './text-batches.ts';
import { allowedVariables } from './variables.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

it('keeps what is echoed, colours or not, and the Enter that ends it', () => {
  const input = new EchoedInput();
  for (const c of 'ls ü') {
    expect(input.typed(bytes(c))).toBe(false);
    input.output(bytes(`\u001b[32m${c}\u001b[0m`));
  }
  expect(input.typed(bytes('\r'))).toBe(true);
  expect(input.take()).toEqual({ data: 'ls ü\r', bytes: 6, hidden: 0 });
  expect(input.dirty).toBe(false);
});

it('keeps nothing of a password, whether the prompt shows nothing, stars or a message', () => {
  for (const answer of ['', '*', '\r\nSorry, try again.\r\n']) {
    const input = new EchoedInput();
    for (const c of 'geheim') {
      input.typed(bytes(c));
      input.output(bytes(answer));
    }
    input.typed(bytes('\r'));
    input.output(bytes('\r\n$ '));
    const { data, hidden } = input.take(true);
    expect(data).toBe('\r');
    expect(hidden).toBe(6);
  }
});

it('keeps a line that was pasted and is echoed afterwards, and cursor keys', () => {
  const input = new EchoedInput();
  expect(input.typed(bytes('uptime\r'))).toBe(true);
  expect(input.take()).toEqual({ data: '\r', bytes: 7, hidden: 0 });
  input.output(bytes('upt'));
  input.output(bytes('ime\r\n'));
  input.typed(bytes('\u001b[A'));
  expect(input.take(true)).toEqual({ data: 'uptime\u001b[A', bytes: 3, hidden: 0 });
});

it('never cuts a character, and keeps what is no text as it is', () => {
  const text = 'a€😀z'.repeat(3);
  for (let size = 1; size < 12; size++) {
    const found: string[] = [];
    let total = 0;
    const batches = new TextBatches({ bytes: 4, ms: 1_000, emit: (n, value) => { total += n; found.push(value as string); }, due: () => undefined, failed: (e) => { throw e; } });
    const all = bytes(text);
    for (let at = 0; at < all.length; at += size) batches.push(all.subarray(at, at + size));
    batches.flush(true);
    expect(found.join('')).toBe(text);
    expect(total).toBe(all.length);
  }
  expect(asJson(Buffer.from([0x61, 0xff]))).toEqual({ b64: 'Yf8=' });
  expect([cutCharacter(Buffer.from([0xf0, 0x9f, 0x98])), cutCharacter(Buffer.from([0xe2, 0x82])), cutCharacter(Buffer.from([0x80])), cutCharacter(Buffer.from('ok'))]).toEqual([3, 2, 0, 0]);
});

it('lets through the variables that are named, and none with a strange name or value', () => {
  const asked = new Map([['LANG', 'C'], ['LC_ALL', 'C'], ['LCX', '1'], ['PATH', '/evil'], ['LC_A=B', 'x'], ['LC_N', 'a\0b']]);
  expect([...allowedVariables(asked, ['LANG', 'LC_*']).keys()]).toEqual(['LANG', 'LC_ALL']);
  expect(allowedVariables(asked, []).size).toBe(0);
});

it('digests what moves in its order, in pieces of any size', () => {
  const meter = new Meter();
  const whole = createHash('sha256');
  for (const size of [1, 1, 1022, 1, 1023, 1024, 1025, 7, 70_000, 0, 3]) {
    const piece = Buffer.alloc(size, size % 251);
    meter.add(piece);
    whole.update(piece);
    // The buffer is its owner's again.
    piece.fill(0xff);
  }
  expect(meter.end()).toEqual({ bytes: 74_107, sha256: whole.digest('hex') });
});
