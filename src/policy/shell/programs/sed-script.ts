/** Is a script of sed one that only prints, deletes and substitutes? Read from left to right, each character once. */

const SIMPLE = 'pdDPNnGgHhxlLqQ=zF';

/** True when every command of the script is known to leave files and programs alone. */
export function isPlainSed(script: string): boolean {
  let at = 0;
  while (at < script.length) {
    while (at < script.length && /[\s;{}]/.test(script.charAt(at))) at++;
    if (at >= script.length) return true;
    const end = command(script, at);
    if (end === undefined || (end < script.length && !/[\s;{}]/.test(script.charAt(end)))) return false;
    at = end;
  }
  return true;
}

/** Index after the command that begins at `from`, with its addresses. */
function command(script: string, from: number): number | undefined {
  let at: number | undefined = address(script, from);
  if (at !== undefined && at > from && script[at] === ',') at = address(script, at + 1);
  if (at === undefined) return undefined;
  while (/[ \t!]/.test(script.charAt(at))) at++;
  const name = script.charAt(at);
  if (name === '{' || name === '}') return at;
  if (name === 's' || name === 'y') return substitution(script, at, name === 's');
  if (name === ':' || name === 'b' || name === 't' || name === 'T') return label(script, at + 1);
  // Their text goes to the end of the line; where a backslash continues it, the rest is read as commands, which is stricter.
  if (name === 'a' || name === 'i' || name === 'c') return endOfLine(script, at);
  if (name === '' || !SIMPLE.includes(name)) return undefined;
  at++;
  while (/\d/.test(script.charAt(at))) at++;
  return at;
}

/** Index after a label, of letters and digits only; some sed take the rest of the line for it, which does less. */
function label(script: string, from: number): number {
  let at = from;
  while (script.charAt(at) === ' ') at++;
  while (/\w/.test(script.charAt(at))) at++;
  return at;
}

function endOfLine(script: string, from: number): number {
  const end = script.indexOf('\n', from);
  return end < 0 ? script.length : end;
}

/** Index after an address; `from` itself where there is none; undefined for one that is not understood. */
function address(script: string, from: number): number | undefined {
  const c = script.charAt(from);
  if (c === '$') return from + 1;
  let at = from;
  if (c === '/') {
    const end = part(script, from + 1, '/', true);
    if (end === undefined) return undefined;
    return /[IM]/.test(script.charAt(end + 1)) ? end + 2 : end + 1;
  }
  while (/[\d~+]/.test(script.charAt(at))) at++;
  return at;
}

function substitution(script: string, from: number, hasFlags: boolean): number | undefined {
  const delimiter = script.charAt(from + 1);
  if (delimiter === '' || /[\w\s\\;{}]/.test(delimiter)) return undefined;
  const middle = part(script, from + 2, delimiter, hasFlags);
  const end = middle === undefined ? undefined : part(script, middle + 1, delimiter, false);
  if (end === undefined) return undefined;
  let at = end + 1;
  // The flags e and w run a program and write a file.
  while (hasFlags && /[gpIiMm\d]/.test(script.charAt(at))) at++;
  return at;
}

/** Index of the delimiter that ends a part. Inside brackets implementations differ, so one there is not understood. */
function part(script: string, from: number, delimiter: string, isPattern: boolean): number | undefined {
  let bracket = -1;
  for (let at = from; at < script.length; at++) {
    const c = script.charAt(at);
    if (c === '\n') return undefined;
    if (c === delimiter) return bracket >= 0 ? undefined : at;
    if (c === '\\') at++;
    else if (isPattern && c === '[' && bracket < 0) bracket = at;
    else if (c === ']' && bracket >= 0 && at > bracket + 1) bracket = -1;
  }
  return undefined;
}
