/** PostgreSQL's array literal (documentation section 8.15.6): `{a,"b c",NULL,{...}}`. */

/**
 * Replaces every element of an array of text, nested ones included; NULL elements stay.
 * @returns undefined when the literal does not parse: the caller masks the whole cell.
 */
export function mapArray(literal: string, map: (element: string) => string | null): string | undefined {
  // `[2:4]={...}` carries bounds.
  const open = literal.startsWith('[') ? literal.indexOf('={') + 1 : 0;
  if (literal[open] !== '{' || (open === 0 && literal.startsWith('['))) return undefined;
  let out = literal.slice(0, open);
  let depth = 0;
  for (let i = open; i < literal.length; ) {
    const c = literal.charAt(i);
    if (c === '{' || c === '}' || c === ',') {
      depth += c === '{' ? 1 : c === '}' ? -1 : 0;
      out += c;
      i++;
      if (depth === 0 && i < literal.length) return undefined;
      continue;
    }
    const element = readElement(literal, i);
    if (element === undefined || depth === 0) return undefined;
    i = element.end;
    const mapped = element.value === null ? null : map(element.value);
    out += mapped === null ? 'NULL' : quote(mapped);
  }
  return depth === 0 ? out : undefined;
}

function readElement(literal: string, start: number): { readonly value: string | null; readonly end: number } | undefined {
  let value = '';
  let i = start;
  if (literal[i] === '"') {
    for (i++; i < literal.length; i++) {
      const c = literal.charAt(i);
      if (c === '"') return { value, end: i + 1 };
      if (c === '\\') i++;
      value += literal.charAt(i);
    }
    return undefined;
  }
  for (; i < literal.length && !/[,{}]/.test(literal.charAt(i)); i++) {
    if (literal[i] === '\\') i++;
    value += literal.charAt(i);
  }
  return { value: /^null$/i.test(value) ? null : value, end: i };
}

function quote(element: string): string {
  return element !== '' && !/["\\{},\s]/.test(element) && !/^null$/i.test(element) ? element : `"${element.replaceAll(/["\\]/g, '\\$&')}"`;
}
