/**
 * Finds canaries in bytes, in whatever dress: plain, reversed, upper or lower case, hex, base64, digests, character codes,
 * and pieces of six characters. All forms are looked up in one pass over the bytes.
 */
import { createHash } from 'node:crypto';
import type { Canary } from './corpus-data.ts';

/** Bytes of a form that have to match; each is at least this long. */
const KEY = 6;
/** A run of hexadecimal digits from here on is a digest, an id or a time: a date's eight digits stand in it by chance. */
const RANDOM_RUN = 12;

interface Pattern {
  readonly bytes: Buffer;
  readonly label: string;
  /** Short text of hexadecimal digits alone that this form stands for: counts only where it is no part of a longer run of them. */
  readonly chancy?: string;
}

/** Patterns by their first bytes, behind a bit map that turns away nearly every place. */
class PatternSet {
  readonly #bits = new Uint8Array(1 << 18);
  readonly #byKey = new Map<string, Pattern[]>();
  readonly #amongDigests: boolean;

  constructor(amongDigests: boolean) {
    this.#amongDigests = amongDigests;
  }

  /** @param text what the form stands for, where that is as short as the form suggests */
  add(bytes: Buffer, label: string, text = bytes.toString('latin1')): void {
    if (bytes.length < KEY) throw new Error(`a pattern of ${label} is too short to be told from chance`);
    const h = hash(bytes, 0);
    this.#bits[h >>> 3] = (this.#bits[h >>> 3] ?? 0) | (1 << (h & 7));
    const key = bytes.toString('latin1', 0, KEY);
    const pattern = { bytes, label, ...(this.#amongDigests && text.length < RANDOM_RUN && /^[0-9a-f]+$/i.test(text) ? { chancy: text } : {}) };
    const list = this.#byKey.get(key);
    if (list === undefined) this.#byKey.set(key, [pattern]);
    else list.push(pattern);
  }

  /** Adds each canary that is in the bytes, with the first place of it. */
  find(bytes: Buffer, into: Map<string, number>): void {
    const bits = this.#bits;
    for (let i = 0, end = bytes.length - KEY; i <= end; i++) {
      const h = hash(bytes, i);
      if (((bits[h >>> 3] ?? 0) & (1 << (h & 7))) === 0) continue;
      for (const p of this.#byKey.get(bytes.toString('latin1', i, i + KEY)) ?? []) {
        if (bytes.compare(p.bytes, 0, p.bytes.length, i, Math.min(bytes.length, i + p.bytes.length)) !== 0) continue;
        if (into.has(p.label)) continue;
        if (p.chancy === undefined || !byChance(bytes, i, p.bytes.length, p.chancy)) into.set(p.label, i);
      }
    }
  }
}

const isHex = (b: number | undefined): boolean => b !== undefined && ((b >= 48 && b <= 57) || (b >= 97 && b <= 102) || (b >= 65 && b <= 70));

/** Whether the place is inside a digest, as it is or in base64 (receipts are signed in that dress). */
function byChance(bytes: Buffer, at: number, length: number, text: string): boolean {
  if (hexRun(bytes, at, at + length) >= RANDOM_RUN) return true;
  const around = bytes.toString('latin1', Math.max(0, at - 64), at + length + 64);
  const [before = '', after = ''] = [/[A-Za-z0-9+/]*$/.exec(around.slice(0, Math.min(64, at)))?.[0], /^[A-Za-z0-9+/]*/.exec(around.slice(Math.min(64, at)))?.[0]];
  return [0, 1, 2, 3].some((skip) => {
    const decoded = Buffer.from((before + after).slice(skip), 'base64');
    const place = decoded.toString('latin1').toLowerCase().indexOf(text.toLowerCase());
    return place >= 0 && hexRun(decoded, place, place + text.length) >= RANDOM_RUN;
  });
}

/** The length of the run of hexadecimal digits around these bytes. */
function hexRun(bytes: Buffer, from: number, to: number): number {
  let [start, end] = [from, to];
  while (isHex(bytes[start - 1]) && to - start < RANDOM_RUN) start--;
  while (isHex(bytes[end]) && end - from < RANDOM_RUN) end++;
  return end - start;
}

/** 21 bits of six bytes. */
function hash(b: Buffer, i: number): number {
  const low = (b[i] ?? 0) | ((b[i + 1] ?? 0) << 8) | ((b[i + 2] ?? 0) << 16) | ((b[i + 3] ?? 0) << 24);
  const high = (b[i + 4] ?? 0) | ((b[i + 5] ?? 0) << 8);
  return Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b) >>> 11;
}

const reversed = (s: string): string => Array.from(s).reverse().join('');
const onlyWord = (s: string): string => s.toLowerCase().replace(/[^a-z0-9]/g, '');

export interface ScanOptions {
  /** Characters of a text canary that count as found. */
  readonly piece: number;
  /** The bytes are full of digests and signatures: short forms of digits count only outside of them. */
  readonly amongDigests?: boolean;
}

export class CanaryScan {
  /** Matched against the bytes in lower case. */
  readonly #folded: PatternSet;
  /** Matched against the bytes as they are. */
  readonly #exact: PatternSet;
  /** Cells that are a canary as a whole in binary form: too short to be looked for anywhere. */
  readonly #cells = new Map<string, string>();
  readonly #piece: number;

  constructor(canaries: readonly Canary[], options: ScanOptions) {
    this.#piece = options.piece;
    this.#folded = new PatternSet(options.amongDigests ?? false);
    this.#exact = new PatternSet(options.amongDigests ?? false);
    for (const c of canaries) this.#add(c);
  }

  /** Labels of the canaries in these bytes. `stripped` looks once more with all but letters and digits left out. */
  find(bytes: Buffer, stripped = false): Set<string> {
    const found = this.locate(bytes);
    if (stripped) this.#folded.find(words(lower(bytes)), found);
    return new Set(found.keys());
  }

  /** Labels of the canaries in these bytes, each with the offset at which it was found first. */
  locate(bytes: Buffer): Map<string, number> {
    const found = new Map<string, number>();
    this.#exact.find(bytes, found);
    this.#folded.find(lower(bytes), found);
    return found;
  }

  /** Labels of the canaries that a cell is, in the binary form of its type. */
  findCell(cell: Buffer): string | undefined {
    return this.#cells.get(cell.toString('hex'));
  }

  #add(c: Canary): void {
    for (const form of formsOf(c)) this.#text(form, c.label);
    for (const form of new Set([c.value, c.stored])) this.#digests(form, c.label);
    if (c.kind === 'text') {
      for (let i = 0; i + this.#piece <= c.value.length; i++) this.#text(c.value.slice(i, i + this.#piece), c.label);
    }
    if (c.kind === 'uuid' || c.kind === 'bytes') {
      const raw = Buffer.from(c.value.replaceAll('-', ''), 'hex');
      this.#exact.add(raw, c.label);
      this.#base64(raw, c.label);
    }
    if (c.kind === 'date') this.#date(c);
  }

  #text(text: string, label: string): void {
    const bytes = Buffer.from(text);
    this.#folded.add(Buffer.from(text.toLowerCase()), label);
    this.#folded.add(Buffer.from(reversed(text.toLowerCase())), label);
    for (const form of [text, text.toUpperCase()]) this.#folded.add(Buffer.from(Buffer.from(form).toString('hex')), label);
    this.#base64(bytes, label);
    // Character codes one after the other, as ascii() of each gives them once all else is left out.
    this.#folded.add(Buffer.from(Array.from(bytes).join('')), label);
  }

  /** In base64 at each of the three alignments; the first and last characters mix with the neighbours. */
  #base64(bytes: Buffer, label: string): void {
    for (const shift of [0, 1, 2]) {
      const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').replace(/=+$/, '');
      const kept = text.slice(shift === 0 ? 0 : shift + 1, (shift + bytes.length) % 3 === 0 ? undefined : -1);
      if (kept.length >= KEY + 1) this.#exact.add(Buffer.from(kept), label, bytes.toString('latin1'));
    }
  }

  #digests(text: string, label: string): void {
    for (const name of ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']) {
      const digest = createHash(name).update(text).digest();
      this.#exact.add(digest, label);
      this.#folded.add(Buffer.from(digest.toString('hex')), label);
      this.#base64(digest.subarray(0, 18), label);
    }
  }

  #date(c: Canary): void {
    const days = Date.parse(c.value) / 86_400_000;
    const since2000 = days - 10_957;
    const cell = Buffer.alloc(4);
    cell.writeInt32BE(since2000);
    const micros = Buffer.alloc(8);
    micros.writeBigInt64BE(BigInt(since2000) * 86_400_000_000n);
    for (const form of [cell, micros, Buffer.from(String(days + 2_440_588)), Buffer.from(String(since2000))]) this.#cells.set(form.toString('hex'), c.label);
  }
}

/** A canary's value as other text: with and without its punctuation, dates as people write them. */
function formsOf(c: Canary): string[] {
  const plain = onlyWord(c.value);
  if (c.kind !== 'date') return [...new Set([c.value, plain])];
  const [y = '', m = '', d = ''] = c.value.split('-');
  return [c.value, plain, `${d}.${m}.${y}`, `${d}-${m}-${y}`, `${d}/${m}/${y}`, `${m}/${d}/${y}`, `${m}-${d}-${y}`, `${d}${m}${y}`, `${m}${d}${y}`, String(Date.parse(c.value) / 1000)].filter((f) => f.length >= 8);
}

function lower(bytes: Buffer): Buffer {
  const out = Buffer.from(bytes);
  for (let i = 0; i < out.length; i++) {
    const b = out[i] ?? 0;
    if (b >= 65 && b <= 90) out[i] = b + 32;
  }
  return out;
}

/** The letters and digits of text in lower case. */
function words(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  let n = 0;
  for (const b of bytes) if ((b >= 97 && b <= 122) || (b >= 48 && b <= 57)) out[n++] = b;
  return out.subarray(0, n);
}
