/**
 * Tables that a statement names, read from its text as recorded. This is for finding, not for enforcing: it resolves no
 * search_path and looks into no view. It never fails; what it does not understand names no table.
 */

const TABLES_MAX = 100;

interface Token {
  readonly kind: 'word' | 'name' | 'sign';
  /** Words in lower case, quoted names as they are. */
  readonly text: string;
}

const SPACE_OR_COMMENT = /\s+|--[^\n]*/y;
const STRING = /(?:[eE]'(?:[^'\\]|\\[\s\S]|'')*'|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*')/y;
const DOLLAR = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;
const QUOTED = /"((?:[^"]|"")*)"|`((?:[^`]|``)*)`/y;
const WORD = /[\p{L}_][\p{L}\p{N}\p{M}_$]*/uy;
const OTHER = /[\p{N}][\p{L}\p{N}.]*|[\s\S]/uy;

function at(pattern: RegExp, sql: string, offset: number): RegExpExecArray | undefined {
  pattern.lastIndex = offset;
  return pattern.exec(sql) ?? undefined;
}

function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < sql.length; ) {
    if (sql.startsWith('/*', i)) {
      i = endOfComment(sql, i);
      continue;
    }
    const skip = at(SPACE_OR_COMMENT, sql, i) ?? at(STRING, sql, i);
    const dollar = skip === undefined ? at(DOLLAR, sql, i) : undefined;
    if (skip !== undefined) i += skip[0].length;
    else if (dollar !== undefined) {
      const end = sql.indexOf(dollar[0], i + dollar[0].length);
      i = end < 0 ? sql.length : end + dollar[0].length;
    } else i += token(sql, i, tokens);
  }
  return tokens;
}

function token(sql: string, i: number, tokens: Token[]): number {
  const name = at(QUOTED, sql, i);
  const word = name === undefined ? at(WORD, sql, i) : undefined;
  const found = name ?? word ?? at(OTHER, sql, i);
  if (found === undefined) return 1;
  if (name !== undefined) tokens.push({ kind: 'name', text: (name[1] ?? '').replaceAll('""', '"') + (name[2] ?? '').replaceAll('``', '`') });
  else tokens.push({ kind: word === undefined ? 'sign' : 'word', text: found[0].toLowerCase() });
  return found[0].length;
}

function endOfComment(sql: string, from: number): number {
  let depth = 0;
  for (let i = from; i < sql.length; i++) {
    if (sql.startsWith('/*', i)) {
      depth++;
      i++;
    } else if (sql.startsWith('*/', i)) {
      depth--;
      i++;
      if (depth === 0) return i + 1;
    }
  }
  return sql.length;
}

/** After these a table follows; the value says whether a parenthesis may follow its name, as it does after a function's. */
const BEFORE_TABLE = new Map([['from', false], ['join', false], ['using', false], ['into', true], ['update', true], ['table', true], ['view', true], ['copy', true], ['truncate', true], ['references', true], ['analyze', true], ['vacuum', true], ['lock', true]]);
const BETWEEN = new Set(['only', 'if', 'not', 'exists', 'table', 'lateral', 'temp', 'temporary', 'unlogged', 'verbose', 'full', 'freeze']);
/** `FOR UPDATE`, `DO UPDATE`, `ON UPDATE`, `THEN UPDATE`, `KEY UPDATE` name no table. */
const NO_UPDATE_AFTER = new Set(['for', 'do', 'on', 'then', 'key', 'before', 'after', 'or', 'of', 'grant', 'revoke', ',']);
const NOT_A_NAME = new Set(['select', 'values', 'set', 'where', 'with', 'stdin', 'stdout', 'delete', 'insert', 'update', 'default', 'current', 'as', 'rows', 'unnest', 'on', 'to']);
const QUERY_START = new Set(['select', 'with', 'values', 'table', 'insert', 'update', 'delete', 'merge']);
/** Words before a parenthesis that do not make it a function's. */
const NOT_A_FUNCTION = new Set(['from', 'join', 'in', 'exists', 'as', 'any', 'all', 'some', 'union', 'except', 'intersect', 'not', 'materialized', 'lateral', 'select', 'where', 'and', 'or', 'on', 'then', 'else', 'when', 'with', 'copy', 'explain', 'analyze']);
const ENDS_LIST = new Set(['where', 'group', 'order', 'having', 'limit', 'offset', 'union', 'except', 'intersect', 'join', 'left', 'right', 'inner', 'outer', 'full', 'cross', 'natural', 'on', 'using', 'set', 'returning', 'for', 'fetch', 'window', 'values', 'select', 'to', 'from', 'cascade', 'restrict', 'restart', 'in', 'with', 'add', 'drop', 'alter', 'rename']);

/** Names as written, unquoted ones in lower case: `orders`, `public.orders`. In order of appearance, each once. */
export function tablesOf(sql: string): string[] {
  const tokens = tokensOf(sql);
  const ctes = cteNames(tokens);
  const found = new Set<string>();
  const inFunction: boolean[] = [];
  const isIndexLike = tokens[0]?.text === 'create' && tokens.slice(1, 4).some((t) => ['index', 'trigger', 'policy', 'rule'].includes(t.text));
  const isGrant = tokens[0]?.kind === 'word' && (tokens[0].text === 'grant' || tokens[0].text === 'revoke');
  for (let i = 0; i < tokens.length && found.size < TABLES_MAX; i++) {
    const t = tokens[i];
    if (t === undefined || t.kind === 'name') continue;
    if (t.text === '(') inFunction.push(opensFunction(tokens, i));
    else if (t.text === ')') inFunction.pop();
    else if (t.kind === 'word' && (introduces(tokens, i, inFunction.at(-1) ?? false) || (t.text === 'on' && (isIndexLike || isGrant)))) {
      for (const name of namesAfter(tokens, i + 1, BEFORE_TABLE.get(t.text) ?? true)) if (!ctes.has(name)) found.add(name);
    }
  }
  return [...found];
}

function introduces(tokens: readonly Token[], i: number, inFunction: boolean): boolean {
  const word = tokens[i]?.text ?? '';
  if (!BEFORE_TABLE.has(word)) return false;
  const before = tokens[i - 1];
  if (before?.text === '.' || (before?.kind === 'word' && before.text === 'no')) return false;
  // EXTRACT(year FROM t), TRIM(BOTH FROM x), SUBSTRING(x FROM 1); a IS DISTINCT FROM b.
  if (word === 'from') return !inFunction && !(before?.text === 'distinct' && ['is', 'not'].includes(tokens[i - 2]?.text ?? ''));
  if (word === 'update') return !NO_UPDATE_AFTER.has(before?.text ?? '');
  if (word === 'using') return tokens.slice(0, i).some((t) => t.text === 'delete' || t.text === 'merge');
  if (word === 'lock' || word === 'analyze' || word === 'vacuum' || word === 'copy' || word === 'truncate') return before === undefined || before.text === ';';
  return true;
}

const opensFunction = (tokens: readonly Token[], i: number): boolean => {
  const before = tokens[i - 1];
  const called = before !== undefined && before.kind !== 'sign' && !(before.kind === 'word' && NOT_A_FUNCTION.has(before.text));
  return called && !QUERY_START.has(tokens[i + 1]?.text ?? '');
};

function namesAfter(tokens: readonly Token[], start: number, mayHaveColumns: boolean): string[] {
  const names: string[] = [];
  for (let i = start; i < tokens.length; ) {
    while (tokens[i]?.kind === 'word' && BETWEEN.has(tokens[i]?.text ?? '')) i++;
    const parts: string[] = [];
    while (isName(tokens[i], parts.length > 0)) {
      parts.push(tokens[i]?.text ?? '');
      i++;
      if (tokens[i]?.text !== '.') break;
      i++;
    }
    const opens = tokens[i]?.text === '(';
    if (parts.length === 0 && !opens) break;
    if (parts.length > 0 && (!opens || mayHaveColumns)) names.push(parts.slice(0, 4).join('.').slice(0, 255));
    // Arguments, columns or a query, whose own tables the caller finds.
    if (opens) i = afterGroup(tokens, i);
    // An alias, then perhaps a comma and the next table.
    while (tokens[i] !== undefined && (tokens[i]?.text === '*' || tokens[i]?.text === 'as' || (tokens[i]?.kind !== 'sign' && !ENDS_LIST.has(tokens[i]?.text ?? '')))) i++;
    if (tokens[i]?.text !== ',') break;
    i++;
  }
  return names;
}

function afterGroup(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    if (tokens[i]?.text === '(') depth++;
    else if (tokens[i]?.text === ')' && --depth === 0) return i + 1;
  }
  return tokens.length;
}

const isName = (t: Token | undefined, follows: boolean): boolean => t !== undefined && (t.kind === 'name' ? t.text !== '' : t.kind === 'word' && (follows || !NOT_A_NAME.has(t.text)));

function cteNames(tokens: readonly Token[]): Set<string> {
  const names = new Set<string>();
  if (!tokens.some((t) => t.kind === 'word' && t.text === 'with')) return names;
  for (let i = 1; i < tokens.length; i++) {
    if (tokens[i]?.kind !== 'word' || tokens[i]?.text !== 'as') continue;
    const next = tokens[i + 1]?.text === 'not' ? i + 2 : i + 1;
    const opens = tokens[tokens[next]?.text === 'materialized' ? next + 1 : next]?.text === '(';
    if (!opens) continue;
    let name = i - 1;
    // WITH t (a, b) AS (
    if (tokens[name]?.text === ')') while (name > 0 && tokens[name]?.text !== '(') name--;
    const found = tokens[name]?.text === '(' ? tokens[name - 1] : tokens[name];
    if (found !== undefined && found.kind !== 'sign') names.add(found.text);
  }
  return names;
}
