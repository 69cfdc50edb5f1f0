/**
 * Would a shell wait for more after this line, whatever follows? Says yes only where bash, zsh and sh all do: an open
 * quote, a backslash or an operator at the end, a block that is not closed. A wrong yes would let a line pass undecided;
 * a wrong no only has it decided as it stands.
 */
import { parseShell } from '../../../policy/shell/parse.ts';

const OPENS = new Set(['if', 'for', 'while', 'until', 'case', 'select', '{']);
const CLOSES = new Set(['fi', 'done', 'esac', '}']);
/** After these words a command begins. */
const BEFORE_COMMAND = new Set(['if', 'then', 'else', 'elif', 'do', 'while', 'until', '{', '!', 'time']);

export type Completeness = 'complete' | 'incomplete' | 'here-document';

export function completeness(text: string): Completeness {
  // History expansion puts in what is not on the screen.
  if (text.includes('!')) return 'complete';
  const state = new Reader(text).read();
  if (state.heredoc) return 'here-document';
  return state.open && isCertain(text) ? 'incomplete' : 'complete';
}

/** Quotes in which nothing is nested and nothing escaped. */
const PLAIN_QUOTES = /(?<!\$)(?:'[^'\\]*'|"(?:[^"\\$`]|\$(?![({'"`]))*")/g;

/**
 * The reader below takes quotes at their face: `reboot; echo $'\''` and `reboot; echo "$(echo '"')"` look open to it, and
 * run. So the grammar of bash must not have a whole command in the text either.
 */
function isCertain(text: string): boolean {
  // A continued line is whole to the grammar. The backslash counts where no quote and no comment can hold it.
  if (/(?<!\\)(?:\\\\)*\\$/.test(text)) return !/['"`#]/.test(text.replaceAll(PLAIN_QUOTES, 'q'));
  return 'problem' in parseShell(text);
}

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #parens = 0;
  #command = true;
  #operator = false;
  #heredoc = false;

  constructor(text: string) {
    this.#text = text;
  }

  read(): { open: boolean; heredoc: boolean } {
    let open = false;
    while (this.#at < this.#text.length && !open) open = this.#step();
    return { open: open || this.#depth > 0 || this.#parens > 0 || this.#operator, heredoc: this.#heredoc };
  }

  /** @returns true when something begins that the text does not end */
  #step(): boolean {
    const c = this.#text[this.#at] ?? '';
    if (/\s/.test(c)) {
      if (c === '\n') this.#command = true;
      this.#at++;
      return false;
    }
    if (c === '#') {
      const end = this.#text.indexOf('\n', this.#at);
      this.#at = end < 0 ? this.#text.length : end;
      return false;
    }
    if ('|&;()<>'.includes(c)) {
      this.#operatorAt(c);
      return false;
    }
    return this.#word();
  }

  #operatorAt(c: string): void {
    const two = this.#text.slice(this.#at, this.#at + 2);
    const three = this.#text.slice(this.#at, this.#at + 3);
    this.#operator = false;
    if (three === '<<<') this.#at += 3;
    else if (two === '<<' && this.#parens < 2) {
      this.#heredoc = true;
      this.#at += 2;
    } else if (two === '||' || two === '&&' || c === '|') {
      this.#operator = true;
      this.#command = true;
      this.#at += two === '||' || two === '&&' || two === '|&' ? 2 : 1;
    } else {
      if (c === '(') this.#parens++;
      if (c === ')') this.#parens = Math.max(0, this.#parens - 1);
      if (c !== '<' && c !== '>') this.#command = true;
      this.#at++;
    }
  }

  #word(): boolean {
    let word = '';
    while (this.#at < this.#text.length) {
      const c = this.#text[this.#at] ?? '';
      if (/[\s|&;()<>]/.test(c)) break;
      if (c === '\\') {
        if (this.#at + 1 >= this.#text.length) return true;
        word += this.#text.slice(this.#at, this.#at + 2);
        this.#at += 2;
      } else if (c === "'" || c === '"' || c === '`') {
        const end = this.#closing(c);
        if (end < 0) return true;
        word += 'q';
        this.#at = end + 1;
      } else if (c === '$' && this.#text[this.#at + 1] === '(') {
        this.#parens++;
        this.#at += 2;
        this.#command = true;
        return false;
      } else {
        word += c;
        this.#at++;
      }
    }
    this.#operator = false;
    if (this.#command && OPENS.has(word)) this.#depth++;
    if (this.#command && CLOSES.has(word)) this.#depth--;
    this.#command = this.#command && (BEFORE_COMMAND.has(word) || /^[A-Za-z_]\w*=/.test(word));
    return false;
  }

  /** Index of the quote that closes the one here; -1 without one. */
  #closing(quote: string): number {
    for (let i = this.#at + 1; i < this.#text.length; i++) {
      if (this.#text[i] === quote) return i;
      if (this.#text[i] === '\\' && quote !== "'") i++;
    }
    return -1;
  }
}
