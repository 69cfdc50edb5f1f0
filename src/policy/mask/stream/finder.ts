/** Finds values in a line and says what stands for their characters, and how much of the line's end has to wait. */
import type { ActiveDetectors } from '../detectors.ts';
import { noHints, type DetectorId, type Hit } from '../detect/ids.ts';
import { ALL_SIGNALS } from '../detect/prefilter.ts';
import { scanText } from '../detect/scan.ts';
import { signalsIn } from '../signals.ts';
import type { MaskSpec } from '../render.ts';
import { charWidth } from './char-width.ts';
import { fitMask, stars, type ValueChar } from './fit-mask.ts';
import { KeyBlock, type Span } from './key-block.ts';
import type { Line, View } from './line.ts';
import type { Around } from './rows.ts';
import { tailRules, tailStart, type TailRules } from './tail.ts';

/** What replaces the bytes from a place in the stream on. */
export interface Mark {
  readonly end: number;
  readonly text: string;
  /** What stands for which of the characters that were sent by these bytes together. */
  readonly of?: ReadonlyMap<number, string>;
}

interface Found {
  readonly chars: readonly number[];
  readonly spec: MaskSpec;
  readonly start: number;
  readonly end: number;
  /** It ends where the text ends, and could be longer. */
  readonly openEnd: boolean;
  /** Some of it stands in another row. */
  readonly inPart: boolean;
}

/** A character of another row. */
const ELSEWHERE = -2;

const LONG: readonly DetectorId[] = ['jwt', 'github_token', 'slack_token', 'vendor_token', 'private_key', 'secret', 'password'];
const CONTINUES = /^[A-Za-z0-9._~+/=-]$/;

/** hold: the end may wait; now: all of it is shown, and the line may go on; end: the line is over. */
export type Look = 'hold' | 'now' | 'end';

export class Finder {
  readonly #active: ActiveDetectors;
  readonly #rules: TailRules;
  readonly #key = new KeyBlock();
  /** Replacements by the offset of the first byte that they replace. */
  readonly marks: Map<number, Mark> = new Map<number, Mark>();
  readonly #found: (classId: string) => void;
  #countedTo = 0;
  /** A long secret was cut by a bound or a flush: what continues it is masked, however much comes. */
  #rest: { readonly spec: MaskSpec; from: number } | undefined;

  readonly #written: (text: string) => string;

  /** @param found is called once for each value @param written how characters are written in the stream, where not as themselves */
  constructor(active: ActiveDetectors, found: (classId: string) => void, written: (text: string) => string = (text) => text) {
    this.#written = written;
    this.#active = active;
    this.#rules = tailRules(active.ids);
    this.#found = found;
  }

  /** Nothing of an earlier line matters for the next. */
  get calm(): boolean {
    return !this.#key.inside && this.#rest === undefined;
  }

  /** @param around what stands in the rows beside it @returns offset of the first byte that has to wait, or undefined when nothing waits */
  look(line: Line, how: Look, around?: Around): number | undefined {
    if (line.empty) return undefined;
    const sent = line.sent();
    const cells = line.cells();
    const inKey = this.#key.inside;
    const hits = [...this.#hits(line, sent, how), ...(cells === undefined || inKey ? [] : this.#hits(line, cells, how))];
    if (!inKey && around !== undefined && (around.before !== '' || around.after !== '')) hits.push(...this.#hits(line, joinedWith(line.allCells(), around), how).filter((hit) => hit.inPart));
    const text = line.stray ? line.sent(false) : sent;
    if (line.stray) hits.push(...this.#hits(line, text, how));
    let from: number | undefined;
    if (how === 'hold' && line.open) from = this.#holdFrom(line, cells === undefined ? text : line.upToCursor(cells), hits);
    for (const hit of hits) this.#mark(line, hit, from);
    this.#continue(line, sent, hits, how);
    if (how === 'end' && this.#key.inside && inKey) this.#key.next(sent.text);
    return from;
  }

  /** Characters of values that the cursor's row shows in clear though none of them is new: cells were moved together. */
  exposed(line: Line, around: Around): ReadonlySet<number> {
    const view = joinedWith(line.rowCells(), around);
    const chars = new Set<number>();
    for (const hit of this.#scan(view.text)) {
      const of = new Set(view.chars.slice(hit.start, hit.end).filter((c) => c >= 0));
      if (![...of].some((c) => c >= line.firstFresh || line.isHidden(c))) for (const c of of) chars.add(c);
    }
    return chars;
  }

  #scan(text: string): readonly Hit[] {
    const bytes = Buffer.from(text, 'utf8');
    const signals = signalsIn(bytes, 0, bytes.length, this.#active) & ALL_SIGNALS;
    return signals === 0 ? [] : scanText(text, this.#active.ids, noHints, signals);
  }

  #hits(line: Line, view: View, how: Look): readonly Found[] {
    const spans = this.#key.inside ? this.#keySpans(view, how) : [];
    const spec = this.#active.specs.get('private_key');
    const inKey = spec === undefined ? [] : spans.flatMap((s) => this.#foundIn(line, view, s.start, s.end, spec, false));
    // Beside a key, in another column say, there may be other values.
    const others = this.#scan(view.text).filter((hit) => !spans.some((s) => hit.start < s.end && s.start < hit.end));
    const found = others.flatMap((hit) => {
      const mask = this.#active.specs.get(hit.detector);
      if (mask === undefined) return [];
      if (hit.detector === 'private_key' && how === 'end' && !view.text.includes('-----END ', hit.start)) this.#key.enter();
      return this.#foundIn(line, view, hit.start, hit.end, mask, hit.end === view.text.length && LONG.includes(hit.detector));
    });
    return [...inKey, ...found];
  }

  /** What of a line is part of the key that began before it. */
  #keySpans(view: View, how: Look): readonly Span[] {
    const spans = this.#key.spans(view.text);
    if (spans === undefined && how === 'end') this.#key.leave();
    return spans ?? [];
  }

  #foundIn(line: Line, view: View, from: number, to: number, spec: MaskSpec, openEnd: boolean): readonly Found[] {
    const seen = [...new Set(view.chars.slice(from, to))].filter((c) => c >= 0);
    const first = seen[0] ?? 0;
    // With what takes no column and stands between.
    const chars = view.inOrder ? Array.from({ length: (seen.at(-1) ?? -1) - first + 1 }, (_, i) => first + i) : seen;
    if (!chars.some((c) => c >= line.firstFresh)) return [];
    let start = Infinity;
    let end = 0;
    for (const c of chars) {
      start = Math.min(start, line.start(c));
      end = Math.max(end, line.end(c));
    }
    return [{ chars, spec, start, end, openEnd, inPart: view.chars.slice(from, to).includes(ELSEWHERE) }];
  }

  /** The tail that may grow, and every value that reaches into it. */
  #holdFrom(line: Line, view: View, hits: readonly Found[]): number | undefined {
    const at = tailStart(view.text, this.#rules);
    if (at >= view.text.length) return undefined;
    let from = Infinity;
    for (const c of view.chars.slice(at)) if (c >= line.firstFresh) from = Math.min(from, line.start(c));
    if (from === Infinity) return undefined;
    for (let changed = true; changed; ) {
      changed = false;
      for (const hit of hits) {
        if (hit.end <= from || hit.start >= from) continue;
        from = hit.start;
        changed = true;
      }
    }
    return from;
  }

  #mark(line: Line, hit: Found, before: number | undefined): void {
    const fresh = hit.chars.filter((c) => c >= line.firstFresh && (before === undefined || line.start(c) < before));
    if (fresh.length === 0) return;
    const whole = fresh.length === hit.chars.length && !hit.inPart;
    const value = (whole ? hit.chars : fresh).map((c): ValueChar => ({ text: String.fromCodePoint(line.code(c)), width: line.code(c) === 0x09 ? 1 : charWidth(line.code(c)) }));
    const masks = whole ? fitMask(hit.spec, value) : stars(value);
    const masked = new Map<number, string>();
    for (const [i, c] of fresh.entries()) if (masks[i] !== value[i]?.text) masked.set(c, masks[i] ?? '');
    for (const c of line.struckOver(hit.chars)) if (before === undefined || line.start(c) < before) masked.set(c, '*'.repeat(charWidth(line.code(c))));
    this.#replace(line, masked);
    if (hit.start >= this.#countedTo) this.#found(hit.spec.classId);
    this.#countedTo = Math.max(this.#countedTo, hit.end);
  }

  /** @param masked what stands for characters, by their number */
  #replace(line: Line, masked: ReadonlyMap<number, string>): void {
    const done = new Set<number>();
    for (const char of masked.keys()) {
      line.hide(char);
      const start = line.start(char);
      if (done.has(start)) continue;
      done.add(start);
      const all = line.sentWith(char);
      // Two values may touch the same bytes.
      const of = all.length === 1 ? masked : new Map([...(this.marks.get(start)?.of ?? []), ...masked]);
      const text = all.map((c) => of.get(c) ?? String.fromCodePoint(line.code(c))).join('');
      this.marks.set(start, { end: line.end(char), text: this.#written(text), ...(all.length === 1 ? {} : { of }) });
    }
  }

  /** Masks what continues a cut secret, and notes which secret is cut now. */
  #continue(line: Line, sent: View, hits: readonly Found[], how: Look): void {
    const rest = this.#rest;
    if (rest !== undefined) {
      const masked = new Map<number, string>();
      let end = rest.from;
      for (const c of new Set(sent.chars)) {
        if (c < line.firstFresh || line.start(c) < rest.from) continue;
        if (!CONTINUES.test(String.fromCodePoint(line.code(c)))) {
          this.#rest = undefined;
          break;
        }
        masked.set(c, '*');
        end = line.end(c);
      }
      rest.from = end;
      this.#replace(line, masked);
    }
    if (how === 'end') this.#rest = undefined;
    else {
      const cut = hits.find((h) => h.openEnd && how === 'now');
      if (cut !== undefined) this.#rest = { spec: cut.spec, from: cut.end };
    }
  }
}

function joinedWith(view: View, { before, after }: Around): View {
  const elsewhere = (text: string): number[] => Array.from({ length: text.length }, () => ELSEWHERE);
  return { text: before + view.text + after, chars: [...elsewhere(before), ...view.chars, ...elsewhere(after)], inOrder: false };
}
