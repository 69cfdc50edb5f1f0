/**
 * What a terminal was sent, reduced to what it shows: text, colours, cursor movements, erasing, scrolling, the alternate
 * screen. Everything that would do something outside of the picture is left out: titles, links, the clipboard, answers
 * to questions, sizes of windows, mouse modes, strings of every kind. Recordings are read by other people than those who
 * made them, and what is in them may have been written for that moment.
 *
 * What is given back never ends inside a sequence, so it may be cut between any two calls.
 */

const ESC = '\u001b';
/** A sequence that has begun; a longer one is not a sequence. */
const MAX_HELD = 1_024;
/** Counts of lines, columns and repetitions. Larger ones show nothing else, and take a terminal's time. */
const MAX_NUMBER = 9_999;

/** Controls that move the cursor or choose a character set: BS, HT, LF, VT, FF, CR, SO, SI. */
const KEPT_CONTROLS = '\b\t\n\v\f\r\u000e\u000f';
const control = (from: number, to: number): string => `${String.fromCharCode(from)}-${String.fromCharCode(to)}`;
const SPECIAL = new RegExp(`[${control(0, 0x1f)}${control(0x7f, 0x9f)}]`, 'g');
const C1 = new RegExp(`[${control(0x80, 0x9f)}]`, 'g');
const CSI = /\[([<=>?]?)([0-9;:]*)([ -/]*)([@-~])/y;
const CSI_BEGUN = /\[[0-?]*[ -/]*$/y;
const SHORT = /([ -/]+)([0-~])/y;
const SHORT_BEGUN = /[ -/]+$/y;
/** What ends a string: BEL, CAN, SUB, or the escape of ST. */
const STRING_END = new RegExp(`[${String.fromCharCode(0x07, 0x18, 0x1a, 0x1b)}]`, 'g');

const PLAIN_FINALS = new Set('@ABCDEFGHIJKLMPXZ`abdefmru');
const PRIVATE_MODES = new Set([6, 7, 25, 47, 1047, 1048, 1049]);
const ANSI_MODES = new Set([4, 20]);

export class Tame {
  #held = '';
  #inString = false;
  #g = ['B', 'B'];
  #shift: 0 | 1 = 0;

  /** What chooses the character sets that are chosen now. */
  get charset(): string {
    const [g0, g1] = this.#g;
    return `${g0 === 'B' ? '' : `${ESC}(${g0}`}${g1 === 'B' ? '' : `${ESC})${g1}`}${this.#shift === 1 ? '\u000e' : ''}`;
  }

  take(given: string): string {
    const text = this.#held + given.replace(C1, (c) => ESC + String.fromCharCode(c.charCodeAt(0) - 0x40));
    this.#held = '';
    let out = '';
    for (let i = 0; i < text.length; ) {
      if (this.#inString) {
        i = this.#skipString(text, i);
        continue;
      }
      SPECIAL.lastIndex = i;
      const at = SPECIAL.exec(text)?.index ?? text.length;
      out += text.slice(i, at);
      if (at === text.length) break;
      const c = text[at] ?? '';
      if (c !== ESC) {
        if (KEPT_CONTROLS.includes(c)) out += this.#shifted(c);
        i = at + 1;
        continue;
      }
      const end = this.#sequence(text, at + 1);
      if (end === undefined) {
        if (text.length - at <= MAX_HELD) this.#held = text.slice(at);
        break;
      }
      out += end.kept;
      i = end.next;
    }
    return out;
  }

  #shifted(c: string): string {
    if (c === '\u000e') this.#shift = 1;
    else if (c === '\u000f') this.#shift = 0;
    return c;
  }

  #skipString(text: string, from: number): number {
    STRING_END.lastIndex = from;
    const end = STRING_END.exec(text);
    if (end === null) return text.length;
    this.#inString = false;
    // ST is an escape with a backslash, which is no sequence that is kept.
    return end[0] === ESC ? end.index : end.index + 1;
  }

  /** @param at after the escape @returns undefined when it is not whole yet */
  #sequence(text: string, at: number): { readonly kept: string; readonly next: number } | undefined {
    const c = text[at];
    if (c === undefined) return undefined;
    if (c === '[') return this.#csi(text, at);
    if (c === ']' || c === 'P' || c === 'X' || c === '^' || c === '_') {
      this.#inString = true;
      return { kept: '', next: at + 1 };
    }
    SHORT.lastIndex = at;
    const short = SHORT.exec(text);
    if (short !== null) return { kept: this.#short(short[1] ?? '', short[2] ?? ''), next: at + short[0].length };
    SHORT_BEGUN.lastIndex = at;
    if (SHORT_BEGUN.test(text)) return undefined;
    if (c === 'c') this.#reset();
    return '78DEMc'.includes(c) ? { kept: ESC + c, next: at + 1 } : { kept: '', next: c < ' ' || c > '~' ? at : at + 1 };
  }

  #short(intermediates: string, final: string): string {
    if (intermediates === '#' && final === '8') return `${ESC}#8`;
    const g = intermediates === '(' ? 0 : intermediates === ')' ? 1 : undefined;
    if (g === undefined) return '';
    const set = final === '0' || final === 'A' ? final : 'B';
    this.#g[g] = set;
    return ESC + intermediates + set;
  }

  #csi(text: string, at: number): { readonly kept: string; readonly next: number } | undefined {
    CSI.lastIndex = at;
    const found = CSI.exec(text);
    if (found === null) {
      CSI_BEGUN.lastIndex = at;
      return CSI_BEGUN.test(text) ? undefined : { kept: '', next: at + 1 };
    }
    const [all, prefix = '', numbers = '', between = '', final = ''] = found;
    if (between === '!' && final === 'p') this.#reset();
    return { kept: kept(prefix, bounded(numbers), between, final), next: at + all.length };
  }

  #reset(): void {
    this.#g = ['B', 'B'];
    this.#shift = 0;
  }
}

const bounded = (numbers: string): string => numbers.replace(/\d{4,}/g, (n) => String(Math.min(Number(n), MAX_NUMBER)));

function kept(prefix: string, numbers: string, between: string, final: string): string {
  const whole = `${ESC}[${prefix}${numbers}${between}${final}`;
  if (between !== '') return prefix === '' && ((between === '!' && final === 'p') || (between === ' ' && '@A'.includes(final)) || (between === "'" && '}~'.includes(final))) ? whole : '';
  if (final === 'h' || final === 'l') return modes(prefix, numbers, final);
  if (prefix === '?') return 'JK'.includes(final) ? whole : '';
  if (prefix !== '') return '';
  if (final === 's') return numbers === '' ? whole : '';
  // With more numbers it is about the mouse, not about scrolling.
  if (final === 'S' || final === 'T') return numbers.includes(';') ? '' : whole;
  return PLAIN_FINALS.has(final) ? whole : '';
}

function modes(prefix: string, numbers: string, final: string): string {
  const allowed = prefix === '?' ? PRIVATE_MODES : prefix === '' ? ANSI_MODES : undefined;
  const left = allowed === undefined ? [] : numbers.split(';').filter((n) => allowed.has(Number(n)));
  return left.length === 0 ? '' : `${ESC}[${prefix}${left.join(';')}${final}`;
}
