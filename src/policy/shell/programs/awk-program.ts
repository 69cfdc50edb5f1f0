/** What of an awk program is code: its strings, patterns between slashes and comments taken out. */

/** Before a slash that begins a pattern. After anything else it divides. */
const BEFORE_PATTERN = /(^|[(,{};!~&|=<>?:*%^[\n]|\b(print|printf|return|in|case|do|else))$/;

/** Undefined where a slash or quote can be read in two ways. */
export function awkCode(program: string): string | undefined {
  let code = '';
  for (let at = 0; at < program.length; at++) {
    const c = program.charAt(at);
    if (c === '#') {
      const end = program.indexOf('\n', at);
      at = end < 0 ? program.length : end - 1;
    } else if (c === '"') {
      const end = endOf(program, at + 1, '"', false);
      if (end === undefined) return undefined;
      code += '""';
      at = end;
    } else if (c === '/') {
      const before = code.slice(-40).replace(/[ \t]+$/, '');
      const end = endOf(program, at + 1, '/', true);
      if (BEFORE_PATTERN.test(before)) {
        if (end === undefined) return undefined;
        code += '""';
        at = end;
        // After `)`, `++` or a long gap it may be either, if it could end.
      } else if (before === '' || (/[-+)]$/.test(before) && program.indexOf('/', at + 1) >= 0)) return undefined;
      else code += c;
    } else if (c === '\\') return undefined;
    else code += c;
  }
  return code;
}

/** Index of the closing delimiter. A slash within brackets ends the pattern for some awks and not for others. */
function endOf(program: string, from: number, delimiter: string, isPattern: boolean): number | undefined {
  let bracket = -1;
  for (let at = from; at < program.length; at++) {
    const c = program.charAt(at);
    if (c === '\n') return undefined;
    if (c === delimiter) return bracket >= 0 ? undefined : at;
    if (c === '\\') at++;
    else if (isPattern && c === '[' && bracket < 0) bracket = at;
    else if (c === ']' && bracket >= 0 && at > bracket + 1 && !(at === bracket + 2 && program.charAt(at - 1) === '^')) bracket = -1;
  }
  return undefined;
}
