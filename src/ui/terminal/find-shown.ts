/** Finds text on the screens of a tape: what a person would have read, whatever sequences it was drawn with. */
import { apply, type Block, type TapeEvent } from './channel-tape.ts';
import { ReplayScreen } from './screen.ts';

/** Rows above the screen that are kept while a slice of text is written: no line passes unseen. */
const ABOVE_ROWS = 3_000;
/** Characters written between two looks; each may be a line of its own. */
const SLICE_CHARS = 2_048;
/** Events closer than this are one picture: half-drawn screens are not looked at. */
const SAME_PICTURE_MS = 15;
const AROUND_CHARS = 60;

export interface ShownHit {
  readonly channel: number;
  readonly n: number;
  readonly tMs: number;
  /** The line around it. */
  readonly text: string;
}

/** Only characters that print, ends of lines, colours, and erasing to the end of a line. */
const ON_ITS_LINES = new RegExp(`^(?:[^${String.fromCharCode(0)}-${String.fromCharCode(0x1f)}]|[\\r\\n]|${String.fromCharCode(0x1b)}\\[[0-9;:]*[mK])*$`);

interface RowText {
  readonly text: string;
  readonly goesOn: boolean;
}

/** Follows one channel, block by block, and says what appears. */
export class ShownFinder {
  readonly #channel: number;
  readonly #needle: string;
  readonly #screen = new ReplayScreen(80, 24, ABOVE_ROWS);
  /** Text of each row of the screen, as it was last looked at. */
  #rows: RowText[] = [];
  /** Lines that hold the text now, by the row on which they begin. */
  #matching: ReadonlyMap<number, string> = new Map();
  #isAlternate = false;
  /** Of the screen that a full-screen program has covered: it comes back as it was. */
  #covered: { readonly rows: RowText[]; readonly matching: ReadonlyMap<number, string> } | undefined;

  /** @param needle in lower case */
  constructor(channel: number, needle: string) {
    this.#channel = channel;
    this.#needle = needle;
  }

  /** Hits of the next block, in order. */
  *block(block: Block, isFirst: boolean): Generator<ShownHit> {
    this.#screen.restore(block.start);
    if (isFirst) this.#look(undefined);
    this.#touched = NOTHING;
    for (const [i, event] of block.events.entries()) {
      const next = block.events[i + 1];
      const rests = next === undefined || next[1] - event[1] >= SAME_PICTURE_MS;
      yield* this.#event(event, rests);
    }
  }

  end(): void {
    this.#screen.dispose();
  }

  /** Rows that may have changed since the last look; undefined for all of them. */
  #touched: Rows | undefined = NOTHING;

  *#event(event: TapeEvent, rests: boolean): Generator<ShownHit> {
    const hit = (text: string): ShownHit => ({ channel: this.#channel, n: event[0], tMs: event[1], text: around(text, this.#needle) });
    if (event.length === 4) {
      apply(this.#screen, event);
      this.#look(undefined);
      return;
    }
    const text = event[2];
    for (let at = 0; at < text.length; at += SLICE_CHARS) {
      const slice = text.slice(at, at + SLICE_CHARS);
      const before = this.#screen.cursorRow;
      this.#screen.write(slice);
      const scrolled = this.#screen.above > 0;
      this.#touched = scrolled || this.#touched === undefined || !ON_ITS_LINES.test(slice) ? undefined : union(this.#touched, before, this.#screen.cursorRow);
      if (at + SLICE_CHARS >= text.length && !rests && !scrolled) continue;
      const rows = this.#touched;
      this.#touched = NOTHING;
      yield* this.#look(rows).map(hit);
    }
  }

  /** @returns lines that hold the text and were not on the screen before */
  #look(changed: Rows | undefined): string[] {
    this.#turn();
    const { above, rows } = this.#screen;
    const gone = above;
    const all = changed === undefined || gone > 0 || this.#rows.length !== rows;
    const from = all ? 0 : changed.from;
    const to = all ? gone + rows - 1 : Math.min(changed.to, rows - 1);
    const texts = all ? [] : this.#rows;
    for (let y = from; y <= to; y++) texts[y] = this.#screen.row(y);
    const found = this.#matches(texts);
    const fresh = this.#fresh(found, gone);
    this.#rows = gone > 0 ? texts.slice(gone) : texts;
    this.#matching = gone > 0 ? new Map([...found].flatMap(([y, text]) => (y >= gone ? [[y - gone, text] as const] : []))) : found;
    this.#screen.forgetAbove();
    return fresh;
  }

  #turn(): void {
    const { isAlternate } = this.#screen;
    if (isAlternate === this.#isAlternate) return;
    this.#isAlternate = isAlternate;
    const back = isAlternate ? undefined : this.#covered;
    this.#covered = isAlternate ? { rows: this.#rows, matching: this.#matching } : undefined;
    this.#rows = back?.rows ?? [];
    this.#matching = back?.matching ?? new Map();
  }

  #matches(texts: readonly RowText[]): Map<number, string> {
    const found = new Map<number, string>();
    for (let y = 0; y < texts.length; ) {
      let line = texts[y]?.text ?? '';
      let next = y + 1;
      while (texts[next]?.goesOn === true) line += texts[next++]?.text ?? '';
      if (line.toLowerCase().includes(this.#needle)) found.set(y, line);
      y = next;
    }
    return found;
  }

  /** More of the same line than before is new; a line that only moved, or is typed on, is not. */
  #fresh(found: ReadonlyMap<number, string>, gone: number): string[] {
    const left = new Map<string, number>();
    for (const line of this.#matching.values()) left.set(line, (left.get(line) ?? 0) + 1);
    const fresh: string[] = [];
    for (const [y, line] of found) {
      const there = left.get(line) ?? 0;
      if (there > 0) {
        left.set(line, there - 1);
        continue;
      }
      const before = gone === 0 ? this.#matching.get(y) : undefined;
      if (before === undefined || times(line, this.#needle) > times(before, this.#needle)) fresh.push(line);
    }
    return fresh;
  }
}

interface Rows {
  readonly from: number;
  readonly to: number;
}
const NOTHING: Rows = { from: Infinity, to: -1 };
const union = (rows: Rows, a: number, b: number): Rows => ({ from: Math.min(rows.from, a, b), to: Math.max(rows.to, a, b) });

const times = (line: string, needle: string): number => line.toLowerCase().split(needle).length - 1;

function around(line: string, needle: string): string {
  const at = Math.max(0, line.toLowerCase().indexOf(needle));
  const from = Math.max(0, at - AROUND_CHARS);
  const to = at + needle.length + AROUND_CHARS;
  return `${from > 0 ? '…' : ''}${line.slice(from, to).trim()}${to < line.length ? '…' : ''}`;
}
