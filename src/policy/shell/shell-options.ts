/** Options of a shell that change how the rest of its text is read: `set -k`, `bash -o keyword`. */
import type { Run } from './run.ts';

const LETTERS: Readonly<Record<string, string>> = { k: 'keyword', H: 'histexpand', a: 'allexport' };
const CHANGING = /^(keyword|hist.*|banghist|allexport|(no)?(glob_?subst|sh_?word_?split|equals|rc_?expand.*|ksh.*|sh.*|csh.*|aliases|auto_?cd|cd_?able_?vars|path_?(dirs|script)))$/i;

/** @param words arguments of `set`, or of a shell before its text; `*` for one that is not known. */
export function shellOptions(words: readonly string[], run: Run): void {
  for (const [i, word] of words.entries()) {
    if (/^[-+]?-$/.test(word) || (i > 0 && words[i - 1] === '--')) return;
    const named = /^[-+][A-Za-z]*[oO]$/.test(word) ? words[i + 1] : undefined;
    if (named !== undefined && (CHANGING.test(named) || named === '*' || word.endsWith('O'))) run.opaque('environment', `the option ${named} changes how the rest is read`);
    for (const letter of /^-[A-Za-z]+$/.test(word) ? word.slice(1) : '') {
      const name = LETTERS[letter];
      if (name !== undefined) run.opaque('environment', `-${letter} (${name}) changes how the rest is read`);
    }
  }
}
