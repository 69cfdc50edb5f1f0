/** Any moment of a session is one block away, and looks as it did; what was on the screen is found. */
import { describe, expect, it } from 'vitest';
import { apply, BLOCK_CHARS, BLOCK_EVENTS } from './channel-tape.ts';
import { Playback, timeOfRecord } from './playback.ts';
import { ReplayScreen } from './screen.ts';
import type { Shown } from './shown.ts';
import { Tape } from './tape.ts';
import { Tame } from './tame.ts';

const E = '\u001b';
const SIZE = { cols: 80, rows: 24 };
const DAY_MS = 24 * 3_600_000;
const RECORDS = 30_000;
const NEEDLE_AT = 21_210;

/** A seeded generator: the same session each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

/** What people and programs do to a terminal: prompts, logs, a pager, a status line that is drawn again and again, a window that changes. */
function* session(records: number, seed = 7): Generator<Shown> {
  const next = random(seed);
  yield { kind: 'size', n: 1, tMs: 0, channel: 1, ...SIZE };
  for (let i = 0; i < records; i++) {
    const base = { n: i + 2, tMs: Math.floor((i / records) * DAY_MS), channel: 1 };
    const r = next();
    if (i === NEEDLE_AT) yield { ...base, kind: 'text', text: `${E}c$ the ${E}[31mneed${E}[1mle${E}[0m in the day\r\n` };
    else if (r < 0.0005) yield { ...base, kind: 'size', cols: 60 + Math.floor(next() * 80), rows: 20 + Math.floor(next() * 30) };
    else yield { ...base, kind: 'text', text: drawn(r, i, next) };
  }
}

function drawn(r: number, i: number, next: () => number): string {
  const word = (): string => Math.floor(next() * 1e9).toString(36);
  if (r < 0.01) return `${E}[?1049h${E}[2J${E}[1;1H${E}[7m${word()}${E}[0m${E}[3;18r`;
  if (r < 0.02) return `${E}[r${E}[?1049l`;
  if (r < 0.1) return `${E}7${E}[${1 + Math.floor(next() * 24)};${1 + Math.floor(next() * 80)}H${E}[3${Math.floor(next() * 8)}m${word()}${E}[K${E}8`;
  if (r < 0.15) return `${E}[${Math.floor(next() * 20) + 1};${Math.floor(next() * 20) + 3}r`;
  if (r < 0.2) return `${E}[${Math.floor(next() * 3) + 1}${'LMPX@STAB'[Math.floor(next() * 9)] ?? 'L'}`;
  if (r < 0.22) return `${E}[?25l${E}(0lqqk${E}(B${E}[?25h`;
  if (r < 0.3) return `漢字 ${word()} ü\r\n`;
  if (r < 0.35) return 'x'.repeat(Math.floor(next() * 200));
  return `${E}[1;32muser@host${E}[0m:~$ command-${i} ${word()}\r\n${word()} ${word()}\r\n`;
}

const picture = (screen: ReplayScreen): string => JSON.stringify([screen.cols, screen.rows, Array.from({ length: screen.rows }, (_, y) => screen.runs(y))]);

async function taped(records: Iterable<Shown>): Promise<Tape> {
  const tape = new Tape();
  let i = 0;
  for (const shown of records) {
    tape.add(shown);
    if (++i % 256 === 0) await tape.settled();
  }
  tape.end();
  await tape.settled();
  return tape;
}

describe('a session of a day', async () => {
  const tape = await taped(session(RECORDS));
  const [channel] = tape.info.channels;
  if (channel === undefined) throw new Error('nothing was taped');
  const load = (c: number, i: number) => tape.block(c, i);

  it('is kept in a fraction of what was shown', () => {
    const shown = channel.blocks.reduce((sum, b) => sum + b.chars, 0);
    expect(channel.blocks.length).toBeGreaterThan(shown / BLOCK_CHARS / 2);
    expect(tape.bytes).toBeLessThan(shown / 2);
  });

  it('shows any moment by replaying one block at most', async () => {
    const screen = new ReplayScreen(SIZE.cols, SIZE.rows);
    const playback = new Playback(screen, load);
    const next = random(3);
    for (let i = 0; i < 40; i++) {
      expect(await playback.show({ channel, tMs: Math.floor(next() * DAY_MS) })).toBe(true);
      // A block, the event that ends it, and the picture that it begins with.
      expect(playback.replayed).toBeLessThan(BLOCK_CHARS + 16 * 1024 + 64 * 1024);
    }
    for (const { chars } of channel.blocks) expect(chars).toBeLessThan(BLOCK_CHARS + 16 * 1024);
    expect(Math.max(...(await Promise.all(channel.blocks.slice(0, 5).map((_, i) => tape.block(1, i)))).map((b) => b?.events.length ?? 0))).toBeLessThanOrEqual(BLOCK_EVENTS + 64);
  });

  it('goes on from where it stands: a minute that is played is not read again', async () => {
    const playback = new Playback(new ReplayScreen(SIZE.cols, SIZE.rows), load);
    await playback.show({ channel, tMs: DAY_MS / 2 });
    const first = playback.replayed;
    await playback.show({ channel, tMs: DAY_MS / 2 + 5_000 });
    expect(playback.replayed).toBeLessThan(Math.max(first, BLOCK_CHARS) / 4);
  });

  it('finds a line by its words and leads to its moment', async () => {
    const { hits, cut } = await tape.findShown('the needle in', new AbortController().signal);
    // Lines that are pushed about on the screen may be told again; the first is the one that was drawn.
    expect([hits[0]?.n, hits.length < 4, cut]).toEqual([NEEDLE_AT + 2, true, false]);
    expect(await timeOfRecord(tape.info.channels, hits[0]?.n ?? 0, load)).toEqual({ channel: 1, tMs: hits[0]?.tMs });
    const screen = new ReplayScreen(SIZE.cols, SIZE.rows);
    await new Playback(screen, load).show({ channel, tMs: hits[0]?.tMs ?? 0 });
    expect(Array.from({ length: screen.rows }, (_, y) => screen.row(y).text).join('\n')).toContain('the needle in the day');
  });
});

it('looks the same at every moment, whether played from the beginning or gone to', async () => {
  const records = [...session(8_000, 11)];
  const tape = await taped(records);
  const [channel] = tape.info.channels;
  expect(channel?.blocks.length).toBeGreaterThan(2);
  const straight = new ReplayScreen(SIZE.cols, SIZE.rows);
  const tame = new Tame();
  const next = random(5);
  for (const [i, shown] of records.entries()) {
    apply(straight, shown.kind === 'size' ? [shown.n, shown.tMs, shown.cols, shown.rows] : [shown.n, shown.tMs, tame.take(shown.text)]);
    if (next() > 0.002 || records[i + 1]?.tMs === shown.tMs || channel === undefined) continue;
    const screen = new ReplayScreen(SIZE.cols, SIZE.rows);
    await new Playback(screen, (c, b) => tape.block(c, b)).show({ channel, tMs: shown.tMs });
    expect(picture(screen) === picture(straight), `record ${shown.n}`).toBe(true);
    screen.dispose();
  }
});

describe('finding', () => {
  const found = async (texts: readonly string[], needle: string): Promise<[number, string][]> => {
    const tape = await taped([{ kind: 'size', n: 0, tMs: 0, channel: 1, cols: 20, rows: 5 }, ...texts.map((text, i): Shown => ({ kind: 'text', n: i + 1, tMs: (i + 1) * 100, channel: 1, text }))]);
    return (await tape.findShown(needle, new AbortController().signal)).hits.map((h) => [h.n, h.text]);
  };

  it('reads the screen, not the bytes: colours, cursor movements and overwriting in between', async () => {
    expect(await found([`se${E}[31mcr${E}[0met`], 'secret')).toEqual([[1, 'secret']]);
    expect(await found([`ret${E}[1Gsec${E}[4Gret`], 'secret')).toEqual([[1, 'secret']]);
    expect(await found(['secrXX', `${E}[2D`, 'et'], 'secret')).toEqual([[3, 'secret']]);
    expect(await found(['harmless', '\rsec'], 'secmless')).toEqual([[2, 'secmless']]);
    expect(await found([`${E}]0;secret\u0007`], 'secret')).toEqual([]);
  });

  it('reads a line that wraps as one', async () => {
    expect(await found(['0123456789012345 secret'], 'secret')).toEqual([[1, '0123456789012345 secret']]);
  });

  it('tells a line once: not again while more is typed, while it scrolls, or when the screen comes back', async () => {
    expect(await found(['$ ls', ' -l', ' -a'], 'ls')).toEqual([[1, '$ ls']]);
    expect(await found(['needle\r\n', 'a\r\n', 'b\r\n', 'c\r\n', 'd\r\n'], 'needle')).toEqual([[1, 'needle']]);
    expect((await found(['needle\r\n', 'needle\r\n'], 'needle')).length).toBe(2);
    expect(await found(['needle\r\n', `${E}[?1049h${E}[2Jeditor`, 'more', `${E}[?1049l`, '$ '], 'needle')).toEqual([[1, 'needle']]);
  });

  it('finds what scrolled by in one record', async () => {
    const lines = Array.from({ length: 500 }, (_, i) => (i === 17 ? 'here is the needle' : `line ${i}`)).join('\r\n');
    expect(await found([lines], 'needle')).toEqual([[1, 'here is the needle']]);
  });

  it('gives a bounded number of hits and says so, and stops when it is told to', async () => {
    const tape = await taped(Array.from({ length: 2_000 }, (_, i): Shown => ({ kind: 'text', n: i, tMs: i * 100, channel: 1, text: `needle ${i}\r\n` })));
    const all = await tape.findShown('needle', new AbortController().signal);
    expect([all.hits.length, all.cut]).toEqual([500, true]);
    expect((await tape.findShown('needle', AbortSignal.abort())).hits).toEqual([]);
  });
});
