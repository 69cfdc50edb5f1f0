/**
 * Masks the output of a terminal or of a command: bytes in, bytes out, cut anywhere. Bytes that are no part of a value
 * come out as they came in, in their order. See docs/ssh-terminal.md for the rule and its limits.
 */
import { isUtf8 } from 'node:buffer';
import type { MaskPlan } from '../../types.ts';
import { activeDetectors, type ActiveDetectors, type MaskContext } from '../detectors.ts';
import { signalsIn } from '../signals.ts';
import { noHints } from '../detect/ids.ts';
import { ALL_SIGNALS, Seen } from '../detect/prefilter.ts';
import { scanText } from '../detect/scan.ts';
import { BinaryMeter } from './binary-meter.ts';
import { Echo, oneKey } from './echo.ts';
import { Finder, type Look } from './finder.ts';
import { fitMask } from './fit-mask.ts';
import { Line } from './line.ts';
import { bounds } from './bounds.ts';
import { asBase64, Clipboard } from './clipboard.ts';
import { joined } from './joined.ts';
import { Page } from './page.ts';
import { VtReader, type VtEvents } from './vt.ts';

export interface StreamMaskerOptions {
  readonly plan: MaskPlan;
  readonly context: MaskContext;
  /** Of the pty; absent for output that goes to no terminal. 0: not known. */
  readonly terminal?: { readonly cols: number; readonly rows?: number };
}

const LF = 0x0a;
const ESC = 0x1b;
const EMPTY = Buffer.alloc(0);
const UNSEEN = /[\p{Cc}\p{Cf}\p{Mn}\p{Me}]/u;
/** What comes before base64: OSC 52 and which selections are meant, what iTerm2 and kitty copy, keep or notify. */
const CLIPBOARD = /^(?:0*52;[a-z0-9]*;|1337;(?:Copy=[a-z]*:|SetUserVar=[^=;]+=)|5522;[^;]*;|99;(?:[^;]*:)?e=1(?::[^;]*)?;)$/i;
const HEAD_CHARS = 64;
/** Longer texts of control strings are no titles: what a control divides is not put together. */
const STRING_CHARS = 512;

export class StreamMasker implements VtEvents {
  /** Values that were masked, by class. */
  readonly counts: Map<string, number> = new Map<string, number>();
  readonly #active: ActiveDetectors;
  readonly #finder: Finder;
  readonly #strings: Finder;
  readonly #vt: VtReader = new VtReader(this);
  readonly #echo = new Echo();
  readonly #meter: BinaryMeter | undefined;
  #cols: number;
  readonly #page: Page;
  /** Characters since the last NUL. */
  #sinceNul = 0;
  /** The text of an OSC, DCS or the like that is being sent. */
  #string: Line | undefined;
  /** How the string begins, until it is known whether it is for the clipboard; then what it puts there. */
  #head = '';
  #clipboard: Clipboard | undefined;
  readonly #clips: Finder;
  /** Bytes that are not released, and the offset of the first. */
  #pending: Buffer = EMPTY;
  #pendingAt = 0;
  #offset = 0;
  #binaryBytes = 0;

  constructor(options: StreamMaskerOptions) {
    this.#active = activeDetectors(options.plan, options.context);
    const count = (id: string): void => {
      this.counts.set(id, (this.counts.get(id) ?? 0) + 1);
    };
    this.#finder = new Finder(this.#active, count);
    this.#strings = new Finder(this.#active, count);
    this.#clips = new Finder(this.#active, count, asBase64);
    this.#meter = options.terminal === undefined ? new BinaryMeter() : undefined;
    this.#cols = options.terminal?.cols ?? 0;
    this.#page = new Page({ cols: this.#cols, rows: options.terminal?.rows ?? 0, left: (line, around) => this.#finder.look(line, 'end', around), exposed: (line, around) => this.#finder.exposed(line, around), shown: () => this.#pendingAt });
  }

  /** Bytes that wait for `write` or `flush`. */
  get held(): number {
    return this.#pending.length;
  }

  /** The place in the stream of the first of them. */
  get heldFrom(): number {
    return this.#pendingAt;
  }

  /** Bytes that passed unaltered because they are no text; always 0 on a terminal. */
  get binaryBytes(): number {
    return this.#binaryBytes;
  }

  /** The terminal stands between escape sequences, and all it was sent is shown: something may be painted in between. */
  get atRest(): boolean {
    return this.#pending.length === 0 && this.#vt.atRest;
  }

  /** A line that is being written goes on. */
  resize(cols: number, rows = 0): void {
    if (this.#meter !== undefined) return;
    this.#cols = cols;
    this.#page.resize(cols, rows);
  }

  /** What the client sent: its echo does not wait. */
  typed(bytes: Uint8Array): void {
    this.#echo.type(bytes);
  }

  /** The next bytes of the stream. @returns those that may be shown, masked; the rest is `held` */
  write(bytes: Uint8Array): Uint8Array {
    if (this.#active.ids.size === 0 || bytes.length === 0) return bytes;
    const parts: Uint8Array[] = [];
    // What waits was shown by the other side by itself: an echo does not set it free.
    const look: Look = this.#echo.matches(bytes) && this.#pending.length === 0 ? 'now' : 'hold';
    if (look === 'now' && this.#oneKey(bytes)) {
      this.#finder.look(this.#page.line, 'now', this.#page.around);
      this.#give(parts, this.#offset);
      return joined(parts);
    }
    if (this.#meter === undefined) this.#text(bytes, parts);
    else this.#measured(this.#meter, bytes, parts);
    this.#release(parts, look);
    return joined(parts);
  }

  /** Takes the echo of a key that shows itself, the one thing that somebody waits for. @returns false for all else */
  #oneKey(bytes: Uint8Array): boolean {
    if (oneKey(bytes) === undefined || this.#meter !== undefined || !this.#vt.atRest) return false;
    this.#pending = Buffer.from(bytes.buffer, bytes.byteOffset, 1);
    this.#offset++;
    this.char(bytes[0] ?? 0, this.#offset - 1, this.#offset);
    return true;
  }

  /** Decides what is held as it stands: after a quiet time, and at the end of the stream. */
  flush(): Uint8Array {
    if (this.#pending.length === 0) return EMPTY;
    const parts: Uint8Array[] = [];
    this.#vt.giveUpPartial();
    this.#release(parts, 'now');
    return Buffer.concat(parts);
  }

  #measured(meter: BinaryMeter, bytes: Uint8Array, parts: Uint8Array[]): void {
    /** Where what is text so far begins. */
    let from = 0;
    for (let at = 0; at < bytes.length && !meter.forGood; ) {
      const to = Math.min(bytes.length, at + meter.step);
      const text = at + meter.add(bytes.subarray(at, to));
      if (text < to) {
        this.#text(bytes.subarray(from, text), parts);
        this.#binary(bytes.subarray(text, to), parts);
        from = to;
      }
      at = to;
    }
    if (meter.forGood) this.#binary(bytes.subarray(from), parts);
    else this.#text(bytes.subarray(from), parts);
  }

  #binary(slice: Uint8Array, parts: Uint8Array[]): void {
    if (slice.length === 0) return;
    // A string that the first of its bytes seemed to begin would go on in the text behind it.
    this.#vt.abandon();
    this.#page.close();
    this.#release(parts, 'now');
    parts.push(slice);
    this.#offset += slice.length;
    this.#pendingAt = this.#offset;
    this.#binaryBytes += slice.length;
  }

  #text(bytes: Uint8Array, parts: Uint8Array[]): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#pending.length === 0 && this.#page.fresh && this.#finder.calm && this.#vt.atRest) {
        const next = this.#plainLines(bytes, at, parts);
        this.#offset += next - at;
        this.#pendingAt = this.#offset;
        at = next;
        if (at === bytes.length) return;
      }
      const lf = bytes.indexOf(LF, at);
      // A line that never ends is taken in pieces, so that what it holds stays small.
      const to = Math.min(lf < 0 ? bytes.length : lf + 1, at + bounds.pieceBytes);
      this.#read(bytes.subarray(at, to));
      at = to;
      if (at < bytes.length) this.#release(parts, 'hold');
    }
  }

  #read(piece: Uint8Array): void {
    this.#pending = this.#pending.length === 0 ? Buffer.from(piece) : Buffer.concat([this.#pending, piece]);
    this.#vt.feed(piece, this.#offset);
    this.#offset += piece.length;
  }

  /** Whole lines without escapes that no wrap continues. @returns where the first line begins that is not so */
  #plainLines(bytes: Uint8Array, from: number, parts: Uint8Array[]): number {
    let out = from;
    let at = from;
    let rows = 0;
    const terminal = this.#cols > 0;
    // Lines in colours are many: they are told apart before anything else is asked of them.
    const escape = bytes.indexOf(ESC, at);
    const notPlain = terminal ? Seen.control | Seen.tab | Seen.high : Seen.control;
    for (let lf = bytes.indexOf(LF, at); lf >= 0; lf = bytes.indexOf(LF, at)) {
      const cr = lf > at && bytes[lf - 1] === 0x0d;
      const end = cr ? lf - 1 : lf;
      if (escape >= 0 && escape < lf) break;
      if (terminal && (!cr || (end > at && (end - at) % this.#cols === 0))) break;
      const signals = signalsIn(bytes, at, end, this.#active);
      if ((signals & notPlain) !== 0) break;
      if ((signals & ALL_SIGNALS) !== 0) {
        const line = bytes.subarray(at, end);
        const masked = this.#plainLine(line, (signals & Seen.high) === 0, signals & ALL_SIGNALS);
        if (masked === undefined) break;
        if (masked !== line) {
          parts.push(bytes.subarray(out, at), masked);
          out = end;
        }
      }
      rows += this.#rowsOf(end - at);
      at = lf + 1;
    }
    if (terminal && rows > 0) this.#remember(bytes, from, at, rows);
    if (at > out) parts.push(bytes.subarray(out, at));
    return at;
  }

  #rowsOf(columns: number): number {
    return this.#cols > 0 && columns > this.#cols ? Math.ceil(columns / this.#cols) : 1;
  }

  /** Plain lines have passed: the cursor may come back to those that are still on the screen. */
  #remember(bytes: Uint8Array, from: number, to: number, rows: number): void {
    let start = to;
    let last = 0;
    while (start > from && last < this.#page.height) {
      const before = Math.max(from, bytes.lastIndexOf(LF, start - 2) + 1);
      last += this.#rowsOf(start - 2 - before);
      start = before;
    }
    this.#page.passed(rows, Uint8Array.from(bytes.subarray(start, to)), last);
  }

  /** @returns the line itself when nothing is in it, or undefined when it has to be read character by character */
  #plainLine(line: Uint8Array, ascii: boolean, signals: number): Uint8Array | undefined {
    if (!ascii && !isUtf8(line)) return undefined;
    const text = Buffer.from(line.buffer, line.byteOffset, line.length).toString(ascii ? 'latin1' : 'utf8');
    // Characters that take no column are left out there.
    if (!ascii && UNSEEN.test(text)) return undefined;
    const hits = scanText(text, this.#active.ids, noHints, signals);
    if (hits.length === 0) return line;
    if (!ascii || hits.some((h) => h.detector === 'private_key')) return undefined;
    const out = Buffer.from(line);
    for (const hit of hits) {
      const spec = this.#active.specs.get(hit.detector);
      if (spec === undefined) continue;
      const value = Array.from(text.slice(hit.start, hit.end), (c) => ({ text: c, width: 1 }));
      out.write(fitMask(spec, value).join(''), hit.start, 'latin1');
      this.counts.set(spec.classId, (this.counts.get(spec.classId) ?? 0) + 1);
    }
    return out;
  }

  /** Gives out what is decided. */
  #release(parts: Uint8Array[], look: Look): void {
    let to = this.#decided(look);
    // More waits than may wait: it is decided as it stands.
    if (this.#offset - to > bounds.heldBytes) to = this.#decided('now');
    this.#give(parts, to);
  }

  /** @param to the offset before which everything is decided */
  #give(parts: Uint8Array[], to: number): void {
    let at = this.#pendingAt;
    const marked = this.#finder.marks.size + this.#strings.marks.size + this.#clips.marks.size > 0;
    const marks = !marked ? [] : [...this.#finder.marks, ...this.#strings.marks, ...this.#clips.marks].filter(([start]) => start < to).toSorted((a, b) => a[0] - b[0]);
    for (const [start, mark] of marks) {
      this.#finder.marks.delete(start);
      this.#strings.marks.delete(start);
      this.#clips.marks.delete(start);
      if (start < at) continue;
      parts.push(this.#pending.subarray(at - this.#pendingAt, start - this.#pendingAt), Buffer.from(mark.text, 'utf8'));
      at = mark.end;
    }
    parts.push(this.#pending.subarray(at - this.#pendingAt, to - this.#pendingAt));
    this.#pending = to === this.#offset ? EMPTY : this.#pending.subarray(to - this.#pendingAt);
    this.#pendingAt = to;
    this.#page.line.release(to);
    this.#string?.release(to);
    this.#clipboard?.line.release(to);
  }

  /** @returns the offset before which everything is decided */
  #decided(look: Look): number {
    const line = this.#finder.look(this.#page.line, look, this.#page.around) ?? this.#offset;
    const text = this.#string === undefined ? this.#offset : (this.#strings.look(this.#string, look) ?? this.#offset);
    const clip = this.#clipboard === undefined ? this.#offset : Math.min(this.#clips.look(this.#clipboard.line, look) ?? this.#offset, (look === 'hold' ? this.#clipboard.partialAt : undefined) ?? this.#offset);
    // A value that waits may have begun before: what is shown stays shown.
    const sequence = (look === 'hold' ? this.#vt.sequenceAt : undefined) ?? this.#offset;
    return Math.max(this.#pendingAt, Math.min(line, text, clip, sequence, this.#vt.partialAt ?? this.#offset));
  }

  char(code: number, start: number, end: number): void {
    this.#sinceNul++;
    this.#page.put(code, start, end);
  }

  control(code: number, start: number): void {
    if (code !== 0x00) {
      this.#page.control(code, start);
      return;
    }
    // A terminal skips it; elsewhere it ends a string, unless every other byte is one: that is UTF-16.
    if (this.#meter !== undefined && this.#sinceNul !== 1) this.#page.close();
    this.#sinceNul = 0;
  }

  csi(final: number, params: string, start: number, end: number): void {
    this.#instead(this.#page.csi(final, params, start, end), end);
  }

  escape(final: number, end: number): void {
    this.#instead(this.#page.escape(final), end);
  }

  designate(intermediate: number, final: number, end: number): void {
    this.#instead(this.#page.designate(intermediate, final), end);
  }

  /** @param text what stands in place of a sequence's last byte, the one before `end` */
  #instead(text: string | undefined, end: number): void {
    if (text !== undefined) this.#finder.marks.set(end - 1, { end, text });
  }

  stringChar(code: number, start: number, end: number): void {
    if (this.#clipboard !== undefined) {
      this.#clipboard.char(code, start, end);
      return;
    }
    this.#string ??= new Line(0);
    if (code < 0x20) {
      // Most terminals pass over it. Images are sent in lines.
      if (this.#string.at > STRING_CHARS) this.stringEnd();
      else this.#string.part();
      return;
    }
    this.#string.put(code, start, end);
    if (this.#head.length < HEAD_CHARS) this.#head += String.fromCodePoint(code);
    if (CLIPBOARD.test(this.#head)) {
      this.stringEnd();
      this.#clipboard = new Clipboard();
    }
  }

  stringEnd(): void {
    if (this.#string !== undefined) this.#strings.look(this.#string, 'end');
    if (this.#clipboard !== undefined) {
      this.#clipboard.end();
      this.#clips.look(this.#clipboard.line, 'end');
    }
    this.#page.interrupted();
    this.#string = this.#clipboard = undefined;
    this.#head = '';
  }
}
