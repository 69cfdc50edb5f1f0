/**
 * Column globs: `[connection/]schema.table.column`, matched from the right, case-sensitive.
 * `email` is any column of that name, `customers.email` a column of any table `customers`.
 * `*` stands for any run of characters within one part, `?` for one; a part in double quotes is literal.
 */

type Token = { readonly literal: string } | 'any' | 'one';
/** One part of a pattern: a plain string compares, tokens match, undefined means anything. */
type Part = string | readonly Token[] | undefined;

export interface ColumnGlob {
  readonly text: string;
  readonly connection: Part;
  readonly schema: Part;
  readonly table: Part;
  readonly column: Part;
}

/** Schemas of the server's own: a rule reaches them only when it names the schema, so that `*.name` leaves psql alone. */
const SYSTEM_SCHEMAS = new Set(['pg_catalog', 'information_schema', 'pg_toast']);

/**
 * Compiles a column glob.
 * @throws Error with a message for people when the text is not one.
 */
export function parseColumnGlob(text: string): ColumnGlob {
  const { parts, connection } = splitGlob(text);
  if (parts.length === 0 || parts.length > 3) {
    throw new Error(`${JSON.stringify(text)} is not [connection/]schema.table.column`);
  }
  const [column, table, schema] = parts.reverse();
  return { text, connection, schema, table, column };
}

function splitGlob(text: string): { parts: Part[]; connection: Part } {
  const parts: Part[] = [];
  let connection: Part;
  let tokens: Token[] = [];
  let seen = false;
  const finish = (): Part => {
    if (!seen) throw new Error(`${JSON.stringify(text)} has an empty part`);
    const part = simplify(tokens);
    tokens = [];
    seen = false;
    return part;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '"') {
      const end = closingQuote(text, i);
      tokens.push({ literal: text.slice(i + 1, end).replaceAll('""', '"') });
      i = end;
      seen = true;
    } else if (c === '.') {
      parts.push(finish());
    } else if (c === '/') {
      if (connection !== undefined || parts.length > 0) throw new Error(`${JSON.stringify(text)}: "/" separates the connection only`);
      connection = finish();
      // `*/x` means every connection; keep it distinct from "no connection named" only for this check.
      connection ??= ['any'];
    } else if (/\s/.test(c)) {
      throw new Error(`${JSON.stringify(text)} has white space in it; quote the name if it is meant`);
    } else {
      tokens.push(c === '*' ? 'any' : c === '?' ? 'one' : { literal: c });
      seen = true;
    }
  }
  parts.push(finish());
  return { parts, connection };
}

function closingQuote(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    if (text[i] !== '"') continue;
    if (text[i + 1] !== '"') return i;
    i++;
  }
  throw new Error(`${JSON.stringify(text)} has an open quote`);
}

/** One string when nothing in it is a wildcard, undefined when it is a lone `*`. Literals become single characters. */
function simplify(tokens: readonly Token[]): Part {
  if (tokens.every((t) => typeof t === 'object')) return tokens.map((t) => t.literal).join('');
  if (tokens.every((t) => t === 'any')) return undefined;
  return tokens.flatMap((t): Token[] => (typeof t === 'object' ? Array.from(t.literal, (literal) => ({ literal })) : [t]));
}

/** Linear in practice and at worst length times length: backtracks to the last `*` only. */
function matchPart(part: Part, value: string): boolean {
  if (part === undefined) return true;
  if (typeof part === 'string') return part === value;
  const chars = Array.from(value);
  let t = 0;
  let c = 0;
  let star = -1;
  let retry = 0;
  while (c < chars.length) {
    const token = part[t];
    if (token === 'any') {
      star = t++;
      retry = c;
    } else if (token !== undefined && (token === 'one' || token.literal === chars[c])) {
      t++;
      c++;
    } else if (star >= 0) {
      t = star + 1;
      c = ++retry;
    } else {
      return false;
    }
  }
  while (part[t] === 'any') t++;
  return t === part.length;
}

/** Could the glob match some column of this table? */
export function matchesTable(glob: ColumnGlob, connection: string, schema: string, table: string): boolean {
  if (SYSTEM_SCHEMAS.has(schema) && glob.schema !== schema) return false;
  return matchPart(glob.connection, connection) && matchPart(glob.table, table) && matchPart(glob.schema, schema);
}

export function matchesColumn(glob: ColumnGlob, connection: string, c: { schema: string; table: string; column: string }): boolean {
  return matchPart(glob.column, c.column) && matchesTable(glob, connection, c.schema, c.table);
}
