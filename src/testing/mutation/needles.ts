/** Finds canaries in bytes, whole or in pieces, in every form that a query could bring them into. */
import type { Canary } from './values.ts';

/** Maps letters and digits to others and back: what `translate` does in the generated queries. */
export const SCRAMBLE = { from: 'ghjkmnpqrstvwxyz0123456789', to: 'zyxwvtsrqpnmkjhg9876543210' } as const;

/** Canaries are ASCII. */
export const charsOf = (text: string): string[] => Array.from(text);

const scrambled = (text: string): string => charsOf(text).map((c) => SCRAMBLE.to[SCRAMBLE.from.indexOf(c)] ?? c).join('');
const reversed = (text: string): string => charsOf(text).reverse().join('');
const hexOf = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

function windows(text: string, length: number): string[] {
  if (text.length <= length) return [text];
  return Array.from({ length: text.length - length + 1 }, (_, i) => text.slice(i, i + length));
}

/** Base64 of every piece of the text, wherever it starts: eight characters of it carry six of the value. */
function base64Windows(text: string): string[] {
  return [0, 1, 2].flatMap((shift) => {
    const code = Buffer.from(text.slice(shift), 'latin1').toString('base64').replace(/=+$/, '');
    return windows(code.slice(0, code.length - (code.length % 4)), 8);
  });
}

interface Forms {
  /** Looked for without regard to case. */
  readonly any: readonly string[];
  /** Looked for as they are: base64 and binary values, as latin1. */
  readonly exact: readonly string[];
}

function textForms(text: string, piece: number): Forms {
  const both = [text, reversed(text)];
  const plain = [...both, ...both.map(scrambled)];
  const codes = charsOf(text).map((c) => String(c.charCodeAt(0)));
  return {
    any: [
      ...plain.flatMap((t) => windows(t, piece)),
      ...both.flatMap((t) => windows(hexOf(t), 12)),
      // One character in each element of an array, and one code.
      ...windows(charsOf(text).join(','), 11),
      ...[...codes.keys()].slice(0, -5).map((i) => codes.slice(i, i + 6).join(',')),
    ],
    exact: both.flatMap(base64Windows),
  };
}

/** `bytes` with their length before them, as in a binary cell. */
function cell(bytes: Buffer): string {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]).toString('latin1');
}

function int8(value: bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigInt64BE(value);
  return out;
}

function binaryForms(canary: Canary): string[] {
  const { kind, text } = canary;
  switch (kind) {
    case 'int4':
      return [cell(int8(BigInt(text)).subarray(4)), cell(int8(BigInt(text)))];
    case 'int8':
      return [int8(BigInt(text)).toString('latin1')];
    case 'float8': {
      const out = Buffer.alloc(8);
      out.writeDoubleBE(Number(text));
      return [out.toString('latin1')];
    }
    case 'digits':
      return [numericGroups(text)];
    case 'date': {
      const days = (Date.parse(`${text}T00:00:00Z`) - Date.parse('2000-01-01T00:00:00Z')) / 86_400_000;
      return [cell(int8(BigInt(days)).subarray(4))];
    }
    case 'time': {
      const [whole = '', fraction = ''] = text.split('.');
      const ms = Date.parse(`${whole.replace(' ', 'T')}Z`) - Date.parse('2000-01-01T00:00:00Z');
      return [int8(BigInt(ms) * 1000n + BigInt(fraction.padEnd(6, '0'))).toString('latin1')];
    }
    case 'uuid':
      return windows(Buffer.from(text.replaceAll('-', ''), 'hex').toString('latin1'), 8);
    case 'text':
      return [];
  }
}

/** Digits of a binary numeric: groups of four, the point between two groups. */
function numericGroups(text: string): string {
  const [whole = '', fraction = ''] = text.split('.');
  const digits = whole.padStart(Math.ceil(whole.length / 4) * 4, '0') + fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const out = Buffer.alloc(digits.length / 2);
  for (let i = 0; i < digits.length; i += 4) out.writeUInt16BE(Number(digits.slice(i, i + 4)), i / 2);
  return out.toString('latin1');
}

/** @param piece characters of a text in a row that count as found */
export function formsOf(canary: Canary, piece = 6): Forms {
  const { kind, text } = canary;
  const exact = binaryForms(canary);
  if (kind === 'text') return textForms(text, piece);
  // Digits are found by chance sooner than letters: pieces of them are longer.
  if (kind === 'date') return { any: [...windows(text, 9), text.replaceAll('-', ''), reversed(text), hexOf(text)], exact: [...exact, ...base64Windows(text)] };
  if (kind === 'time') return { any: [...windows(text, 12), reversed(text), hexOf(text)], exact: [...exact, ...base64Windows(text)] };
  if (kind === 'uuid') return { any: [...windows(text, 9), ...windows(text.replaceAll('-', ''), 9), reversed(text), hexOf(text)], exact };
  // In base64 no fewer either: statements hold digests in hexadecimal, in which seven digits in a row turn up by chance.
  return { any: [...windows(text, 11), ...windows(reversed(text), 11), hexOf(text)], exact: [...exact, ...windows(Buffer.from(text, 'latin1').toString('base64').replace(/=+$/, ''), 14)] };
}

const KEY = 4;

/** Every form of many canaries, looked for in one pass. */
export class Needles {
  readonly #any = new Map<string, { needle: string; canary: string }[]>();
  readonly #exact = new Map<string, { needle: string; canary: string }[]>();

  constructor(canaries: readonly Canary[], forms: (canary: Canary) => Forms = (c) => formsOf(c)) {
    for (const canary of canaries) {
      const { any, exact } = forms(canary);
      for (const needle of any) add(this.#any, needle.toLowerCase(), canary.text);
      for (const needle of exact) add(this.#exact, needle, canary.text);
    }
  }

  /** The canaries of which something is in the bytes. */
  find(bytes: Buffer): string[] {
    const text = bytes.toString('latin1');
    const found = new Set<string>();
    scan(text.toLowerCase(), this.#any, found);
    scan(text, this.#exact, found);
    return [...found];
  }
}

/** Looks for whole values as they are printed, and for nothing else: cheap enough for much data. */
export const wholeForms = (canary: Canary): Forms => ({ any: [canary.text], exact: [] });

function add(index: Map<string, { needle: string; canary: string }[]>, needle: string, canary: string): void {
  const key = needle.slice(0, KEY);
  const list = index.get(key);
  if (list === undefined) index.set(key, [{ needle, canary }]);
  else list.push({ needle, canary });
}

function scan(text: string, index: ReadonlyMap<string, readonly { needle: string; canary: string }[]>, found: Set<string>): void {
  if (index.size === 0) return;
  for (let i = 0; i + KEY <= text.length; i++) {
    const list = index.get(text.slice(i, i + KEY));
    if (list === undefined) continue;
    for (const { needle, canary } of list) if (!found.has(canary) && text.startsWith(needle, i)) found.add(canary);
  }
}
