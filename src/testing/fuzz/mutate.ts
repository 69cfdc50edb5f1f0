/** Ways to spoil a conversation: bits, lengths, ends, order, repetition, and messages from nowhere. */
import type { SeededRandom } from './random.ts';

export interface Mutated {
  readonly messages: readonly Buffer[];
  /** What was done, for the report of a failure. Empty: nothing. */
  readonly what: readonly string[];
}

type Change = (messages: Buffer[], r: SeededRandom) => void;

const at = (messages: readonly Buffer[], r: SeededRandom): number => r.below(messages.length);
const copyAt = (messages: Buffer[], i: number): Buffer => {
  const copy = Buffer.from(messages[i] ?? Buffer.alloc(0));
  messages[i] = copy;
  return copy;
};
const hasHeader = (m: Buffer): boolean => m.length >= 5;
const withLength = (type: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head[0] = type;
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

/** Lengths that decoders have stumbled over: negative, too small, at limits, just beside the truth. */
const LIES = [-1, 0, 1, 3, 4, 5, 0x7fff_ffff, -0x8000_0000, 0x3fff_ffff, 16 * 1024 * 1024, 16 * 1024 * 1024 + 1, 10_001, 65_536];

const changes: Readonly<Record<string, Change>> = {
  flip(messages, r) {
    const m = copyAt(messages, at(messages, r));
    for (let n = 1 + r.below(6); n > 0; n--) {
      const i = r.below(m.length);
      if (m.length > 0) m[i] = (m[i] ?? 0) ^ (1 << r.below(8));
    }
  },
  set(messages, r) {
    const m = copyAt(messages, at(messages, r));
    if (m.length > 0) m[r.below(m.length)] = r.pick([0, 1, 0x7f, 0x80, 0xff, 0x27, 0x5c, 0x3b]);
  },
  type(messages, r) {
    const m = copyAt(messages, at(messages, r));
    if (m.length > 0) m[0] = r.pick([...Buffer.from('BCdcfDEHFPpQSX123456ACKNRTVWZntvsGI')]);
  },
  lie(messages, r) {
    const m = copyAt(messages, at(messages, r));
    if (hasHeader(m)) m.writeInt32BE(r.chance(0.5) ? r.pick(LIES) : (m.readInt32BE(1) + r.below(9) - 4) | 0, 1);
  },
  innerLie(messages, r) {
    const m = copyAt(messages, at(messages, r));
    if (m.length >= 9) m.writeInt32BE(r.pick(LIES), 5 + r.below(m.length - 8));
  },
  cut(messages, r) {
    const i = at(messages, r);
    const m = messages[i] ?? Buffer.alloc(0);
    messages[i] = m.subarray(0, r.below(m.length + 1));
  },
  shorten(messages, r) {
    const i = at(messages, r);
    const m = messages[i];
    if (m && hasHeader(m)) messages[i] = withLength(m[0] ?? 0, m.subarray(5, 5 + r.below(m.length - 4)));
  },
  lengthen(messages, r) {
    const i = at(messages, r);
    const m = messages[i];
    if (m && hasHeader(m)) messages[i] = withLength(m[0] ?? 0, Buffer.concat([m.subarray(5), r.bytes(1 + r.below(16))]));
  },
  randomBody(messages, r) {
    const i = at(messages, r);
    const m = messages[i];
    if (m && hasHeader(m)) messages[i] = withLength(m[0] ?? 0, r.bytes(m.length - 5));
  },
  repeat(messages, r) {
    const i = at(messages, r);
    const m = messages[i] ?? Buffer.alloc(0);
    messages.splice(i, 0, ...Array.from({ length: 1 + r.below(4) }, () => m));
  },
  drop(messages, r) {
    messages.splice(at(messages, r), 1 + r.below(2));
  },
  swap(messages, r) {
    const [i, j] = [at(messages, r), at(messages, r)];
    const [a, b] = [messages[i], messages[j]];
    if (a && b) [messages[i], messages[j]] = [b, a];
  },
  reverse(messages, r) {
    const i = at(messages, r);
    messages.splice(i, 0, ...messages.splice(i, 2 + r.below(4)).reverse());
  },
  insertTyped(messages, r) {
    messages.splice(at(messages, r), 0, withLength(r.pick([...Buffer.from('BCdcfDEHFPpQSX')]), r.bytes(r.below(40))));
  },
  insertNoise(messages, r) {
    messages.splice(at(messages, r), 0, r.bytes(1 + r.below(64)));
  },
  insertStartup(messages, r) {
    messages.splice(at(messages, r), 0, r.pick([Buffer.from([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]), Buffer.from([0, 0, 0, 8, 4, 0xd2, 0x16, 0x30]), Buffer.from([0, 0, 0, 16, 4, 0xd2, 0x16, 0x2e, 0, 0, 0, 1, 0, 0, 0, 2])]));
  },
};

const names = Object.keys(changes);

/** A third stays as it is: a valid conversation among spoiled ones is a case too. */
export function mutate(messages: readonly Buffer[], r: SeededRandom, most = 4): Mutated {
  const list = [...messages];
  const what: string[] = [];
  for (let n = r.chance(0.33) ? 0 : 1 + r.below(most); n > 0 && list.length > 0; n--) {
    const name = r.pick(names);
    changes[name]?.(list, r);
    what.push(name);
  }
  return { messages: list, what };
}

/** How the bytes are cut into writes: all at once, by message, byte by byte, or anyhow. */
export function pieces(messages: readonly Buffer[], r: SeededRandom): Buffer[] {
  const all = Buffer.concat([...messages]);
  const way = r.below(4);
  if (way === 0) return [all];
  if (way === 1) return messages.filter((m) => m.length > 0);
  if (way === 2 && all.length <= 400) return [...all].map((b) => Buffer.of(b));
  const out: Buffer[] = [];
  for (let i = 0; i < all.length; ) {
    const next = Math.min(all.length, i + 1 + r.below(r.pick([3, 17, 300, 5_000])));
    out.push(all.subarray(i, next));
    i = next;
  }
  return out;
}
