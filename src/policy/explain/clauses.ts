/** Clauses of a statement around a place, by its tokens: where ORDER BY begins and ends, and which item of it is meant. */
import type { TextPlace } from '../types.ts';
import type { Token, Tokens } from './tokens.ts';
import { tokenIndex } from './tokens.ts';

export type ClauseKind = 'select' | 'from' | 'where' | 'having' | 'on' | 'using' | 'group by' | 'order by' | 'partition by' | 'distinct' | 'limit' | 'offset' | 'set' | 'values' | 'returning';

export interface Clause {
  readonly kind: ClauseKind;
  /** With its keyword. */
  readonly at: TextPlace;
  /** Without it. */
  readonly body: TextPlace;
  /** Parts between commas, or between AND in a condition. */
  readonly items: readonly TextPlace[];
  /** How deep in brackets it stands. */
  readonly depth: number;
}

const PLAIN: ReadonlySet<string> = new Set(['select', 'from', 'where', 'having', 'on', 'using', 'limit', 'offset', 'set', 'values', 'returning']);
const ENDS: ReadonlySet<string> = new Set([...PLAIN, 'window', 'fetch', 'union', 'intersect', 'except', 'join', 'inner', 'cross', 'natural', 'full', 'when', ';']);
const CONDITIONS: ReadonlySet<ClauseKind> = new Set(['where', 'having', 'on']);

/** The clause that begins at token `i`; its keyword may be two words. */
function clauseStart(t: Tokens, i: number): { kind: ClauseKind; first: number } | undefined {
  const token = t.all[i];
  if (token?.keyword !== true) return undefined;
  const before = t.all[i - 1];
  if (token.text === 'by' && before !== undefined) {
    if (before.text === 'order' || before.text === 'group' || before.text === 'partition') return { kind: `${before.text} by`, first: i - 1 };
    return undefined;
  }
  if (token.text === 'distinct') return before?.text === 'select' ? { kind: 'distinct', first: i } : undefined;
  if (!PLAIN.has(token.text) || (token.text === 'from' && !isFromClause(t, i)) || (token.text === 'on' && before?.text === 'distinct')) return undefined;
  return { kind: token.text as ClauseKind, first: i };
}

/** Not the FROM of `extract(year FROM x)` or `IS DISTINCT FROM`. */
function isFromClause(t: Tokens, i: number): boolean {
  const token = t.all[i];
  if (t.all[i - 1]?.text === 'distinct' && t.all[i - 2]?.text !== 'select') return false;
  for (let j = i - 1; j >= 0; j--) {
    const other = t.all[j];
    if (other === undefined || token === undefined || other.depth < token.depth) return false;
    if (other.depth === token.depth && (other.text === 'select' || other.text === 'delete' || other.text === 'update')) return true;
  }
  return false;
}

function isEnd(t: Tokens, i: number): boolean {
  const token = t.all[i];
  if (token === undefined) return true;
  if (token.text === ';') return true;
  if (!token.keyword) return false;
  const next = t.all[i + 1]?.text;
  if (token.text === 'order' || token.text === 'group') return next === 'by';
  if (token.text === 'left' || token.text === 'right') return next === 'join' || next === 'outer';
  if (token.text === 'for') return next === 'update' || next === 'share' || next === 'no' || next === 'key';
  if (token.text === 'from') return isFromClause(t, i);
  return ENDS.has(token.text);
}

/** The innermost clause that holds the character `at`. */
export function clauseAround(t: Tokens, at: number): Clause | undefined {
  const here = tokenIndex(t, at);
  let depth = t.all[here]?.depth ?? 0;
  for (let i = here; i >= 0; i--) {
    const token = t.all[i];
    if (token === undefined || token.depth > depth) continue;
    depth = token.depth;
    const start = clauseStart(t, i);
    if (start !== undefined) return clauseAt(t, start.kind, start.first, i);
  }
  return undefined;
}

/** Every clause of a kind, in the order of the text. */
export function clausesOf(t: Tokens, kind: ClauseKind): Clause[] {
  return t.all.flatMap((_, i) => {
    const start = clauseStart(t, i);
    return start?.kind === kind ? [clauseAt(t, kind, start.first, i)] : [];
  });
}

function clauseAt(t: Tokens, kind: ClauseKind, first: number, keyword: number): Clause {
  const { start = 0, depth = 0 } = t.all[first] ?? {};
  const body: Token[] = [];
  for (let i = keyword + 1; i < t.all.length; i++) {
    const token = t.all[i];
    if (token === undefined || token.depth < depth || (token.depth === depth && isEnd(t, i))) break;
    body.push(token);
  }
  const end = body.at(-1)?.end ?? t.all[keyword]?.end ?? start;
  const from = body[0]?.start ?? end;
  const separator = CONDITIONS.has(kind) ? 'and' : ',';
  return { kind, at: { start, end }, body: { start: from, end }, items: split(body, depth, separator), depth };
}

/** A condition with OR at its top is one item: leaving out a part of it would show more rows, not fewer. */
function split(body: readonly Token[], depth: number, separator: 'and' | ','): TextPlace[] {
  const whole = body.length === 0 ? [] : [{ start: body[0]?.start ?? 0, end: body.at(-1)?.end ?? 0 }];
  if (separator === 'and' && body.some((token) => token.depth === depth && token.text === 'or')) return whole;
  const items: TextPlace[] = [];
  let current: Token[] = [];
  let between = 0;
  const finish = (): void => {
    const [first, last] = [current[0], current.at(-1)];
    if (first !== undefined && last !== undefined) items.push({ start: first.start, end: last.end });
    current = [];
  };
  for (const token of body) {
    const top = token.depth === depth;
    if (top && token.text === 'between') between += 1;
    if (top && token.text === separator && (separator === ',' || between === 0)) finish();
    else {
      if (top && token.text === 'and') between -= 1;
      current.push(token);
    }
  }
  finish();
  return items;
}

/** The item of a clause that holds the character `at`. */
export const itemAround = (clause: Clause, at: number): TextPlace | undefined => clause.items.find((i) => i.start <= at && at < i.end);

/** Place to cut so that an item and the separator before or after it are gone; the whole clause when it is the only one. */
export function cutOf(t: Tokens, clause: Clause, item: TextPlace): TextPlace {
  const i = clause.items.indexOf(item);
  const [before, after] = [clause.items[i - 1], clause.items[i + 1]];
  if (after !== undefined) return { start: item.start, end: after.start };
  if (before !== undefined) return { start: before.end, end: item.end };
  const previous = t.all.findLast((token) => token.end <= clause.at.start);
  return { start: previous?.end ?? clause.at.start, end: clause.at.end };
}
