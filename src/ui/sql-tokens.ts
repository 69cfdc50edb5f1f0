/**
 * A light scanner of SQL for the screen: colours and statement borders. It decides nothing: what runs is judged by
 * the real grammar in the proxy. It follows PostgreSQL's lexical rules (manual, section 4.1) closely enough that a
 * semicolon in a string, comment or dollar quote never ends a statement.
 */

export type TokenKind = 'space' | 'comment' | 'string' | 'name' | 'number' | 'keyword' | 'word' | 'parameter' | 'semicolon' | 'symbol';

export interface SqlToken {
  readonly kind: TokenKind;
  readonly from: number;
  readonly to: number;
}

const KEYWORDS = new Set(
  (
    'all alter analyze and any as asc begin between by call case cast check column commit constraint copy create cross current cursor database deallocate declare ' +
    'default delete desc distinct do drop else end except execute exists explain false fetch filter first for foreign from full function grant group having if ilike in ' +
    'index inner insert intersect interval into is join key last lateral left like limit listen lock materialized merge not notify null nulls offset on only or order ' +
    'outer over partition prepare primary procedure recursive references refresh reindex release rename reset returning revoke right role rollback row rows savepoint ' +
    'schema select sequence set show start table temp temporary then to transaction trigger true truncate type union unique unlisten update using vacuum values view when where window with'
  ).split(' '),
);

const at = (pattern: string): RegExp => new RegExp(pattern, 'yu');
const SPACE = at('\\s+');
const LINE_COMMENT = at('--[^\\n]*');
const NUMBER = at('(?:\\d[\\d_]*(?:\\.\\d*)?|\\.\\d+)(?:[eE][+-]?\\d+)?');
const WORD = at('[\\p{L}_][\\p{L}\\p{N}_$]*');
const PARAMETER = at('\\$\\d+');
const DOLLAR = at('\\$(?:[\\p{L}_][\\p{L}\\p{N}_]*)?\\$');
const QUOTED = at("'(?:[^']|'')*(?:'|$)");
const ESCAPED = at("[eE]'(?:[^'\\\\]|\\\\[\\s\\S]|'')*(?:'|$)");
const PREFIXED = at("[bBxXnN]'(?:[^']|'')*(?:'|$)|[uU]&'(?:[^']|'')*(?:'|$)");
const NAME = at('"(?:[^"]|"")*(?:"|$)');

function matchEnd(pattern: RegExp, sql: string, from: number): number | undefined {
  pattern.lastIndex = from;
  return pattern.test(sql) ? pattern.lastIndex : undefined;
}

/** Block comments nest in PostgreSQL. */
function blockCommentEnd(sql: string, from: number): number | undefined {
  if (!sql.startsWith('/*', from)) return undefined;
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

function dollarQuoteEnd(sql: string, from: number): number | undefined {
  const tagEnd = matchEnd(DOLLAR, sql, from);
  if (tagEnd === undefined) return undefined;
  const close = sql.indexOf(sql.slice(from, tagEnd), tagEnd);
  return close < 0 ? sql.length : close + (tagEnd - from);
}

function tokenAt(sql: string, from: number): SqlToken {
  const token = (kind: TokenKind, to: number | undefined): SqlToken | undefined => (to === undefined ? undefined : { kind, from, to });
  const word = matchEnd(WORD, sql, from);
  return (
    token('space', matchEnd(SPACE, sql, from)) ??
    token('comment', matchEnd(LINE_COMMENT, sql, from) ?? blockCommentEnd(sql, from)) ??
    token('string', matchEnd(QUOTED, sql, from) ?? matchEnd(ESCAPED, sql, from) ?? matchEnd(PREFIXED, sql, from)) ??
    token('name', matchEnd(NAME, sql, from)) ??
    token('parameter', matchEnd(PARAMETER, sql, from)) ??
    token('string', dollarQuoteEnd(sql, from)) ??
    token('number', matchEnd(NUMBER, sql, from)) ??
    token(word !== undefined && KEYWORDS.has(sql.slice(from, word).toLowerCase()) ? 'keyword' : 'word', word) ??
    { kind: sql[from] === ';' ? 'semicolon' : 'symbol', from, to: from + 1 }
  );
}

/** Every character of `sql` belongs to exactly one token. */
export function tokenizeSql(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  for (let i = 0; i < sql.length; ) {
    const token = tokenAt(sql, i);
    tokens.push(token);
    i = token.to;
  }
  return tokens;
}

export interface SqlRange {
  readonly from: number;
  readonly to: number;
}

/** Ranges of the statements, without the separating semicolon and the white space and comments around. */
export function splitSql(sql: string): SqlRange[] {
  const ranges: SqlRange[] = [];
  let from: number | undefined;
  let to = 0;
  for (const token of tokenizeSql(sql)) {
    if (token.kind === 'semicolon') {
      if (from !== undefined) ranges.push({ from, to });
      from = undefined;
    } else if (token.kind !== 'space' && token.kind !== 'comment') {
      from ??= token.from;
      to = token.to;
    }
  }
  if (from !== undefined) ranges.push({ from, to });
  return ranges;
}

/** The statement that the caret is in or right behind; the next one if it stands before all; undefined in an empty text. */
export function statementAt(sql: string, caret: number): SqlRange | undefined {
  const ranges = splitSql(sql);
  return ranges.findLast((r) => r.from <= caret) ?? ranges[0];
}
