/** Does a WHERE say anything? Three-valued folding of what can be known without data. */
import { someComplementary } from './opposites.ts';
import { as, constOf, constText, containsKind, kindOf, sameTree, strings } from './tree.ts';
import type { Node, NodeOf } from './tree.ts';
import { callOf, cast, compareValues, likeMatches, operate, regexMatches, regexMatchesAll, textBoolean } from './values.ts';
import type { Literal, Plain } from './values.ts';

type Truth = 'true' | 'false' | 'null' | 'open';

const not = (t: Truth): Truth => (t === 'true' ? 'false' : t === 'false' ? 'true' : t);
const truth = (b: boolean): Truth => (b ? 'true' : 'false');
const truthOf = (b: boolean | undefined): Truth => (b === undefined ? 'open' : truth(b));

/**
 * True when a WHERE restricts nothing: it is always true, or it looks at no column at all and is not plainly false.
 * `x = x` counts as always true, though it leaves out NULLs.
 */
export function isTautology(where: Node): boolean {
  const folded = fold(where);
  if (folded === 'true') return true;
  if (folded === 'false' || folded === 'null') return false;
  return !dependsOnRow(where);
}

/** True when a condition is known to be true. */
export const isAlways = (where: Node): boolean => fold(where) === 'true';

/** True when a WHERE is true for no row whatever the data. */
export function isNever(where: Node): boolean {
  const folded = fold(where);
  return folded === 'false' || folded === 'null';
}

const COLUMNS: ReadonlySet<string> = new Set(['ColumnRef', 'CurrentOfExpr']);

function dependsOnRow(where: Node): boolean {
  return containsKind(where, COLUMNS);
}

/** Trees do not change: what was found of a part of one is kept with it, so that nesting costs no more than length. */
const folded = new WeakMap<Node, Truth>();
const values = new WeakMap<Node, { readonly value: Literal }>();

function fold(node: Node | undefined): Truth {
  if (node === undefined) return 'open';
  let found = folded.get(node);
  if (found === undefined) {
    found = foldNew(node);
    folded.set(node, found);
  }
  return found;
}

function foldNew(node: Node): Truth {
  const constant = constOf(node);
  if (constant !== undefined) {
    if (constant.kind === 'null') return 'null';
    if (constant.kind === 'bool') return truth(constant.value === true);
    return constant.kind === 'text' ? truthOf(textBoolean(String(constant.value))) : 'open';
  }
  switch (kindOf(node)) {
    case 'BoolExpr':
      return foldBool(node);
    case 'A_Expr':
      return foldOperator(node);
    case 'NullTest':
      return foldNullTest(node);
    case 'BooleanTest':
      return foldBooleanTest(node);
    case 'TypeCast':
      return fold(as(node, 'TypeCast')?.arg);
    case 'CollateClause':
      return fold(as(node, 'CollateClause')?.arg);
    case 'CoalesceExpr':
      return fold(as(node, 'CoalesceExpr')?.args?.[0]);
    case 'CaseExpr':
      return foldCase(node);
    case 'SubLink':
      return foldSubLink(node);
    case 'FuncCall': {
      const value = literal(node);
      return value === null ? 'null' : typeof value === 'boolean' ? truth(value) : 'open';
    }
    default:
      return 'open';
  }
}

function foldBool(node: Node): Truth {
  const expr = as(node, 'BoolExpr');
  const args = expr?.args ?? [];
  const folded = args.map(fold);
  if (expr?.boolop === 'NOT_EXPR') return not(folded[0] ?? 'open');
  if (expr?.boolop === 'AND_EXPR') {
    if (folded.includes('false')) return 'false';
    return folded.every((t) => t === 'true') ? 'true' : folded.includes('null') ? 'null' : 'open';
  }
  if (folded.includes('true') || someComplementary(args)) return 'true';
  return folded.every((t) => t === 'false') ? 'false' : folded.every((t) => t !== 'open') ? 'null' : 'open';
}

const every = (truths: readonly Truth[]): Truth => (truths.includes('false') ? 'false' : truths.every((t) => t === 'true') ? 'true' : truths.includes('open') ? 'open' : 'null');
const some = (truths: readonly Truth[]): Truth => not(every(truths.map(not)));

function foldOperator(node: Node): Truth {
  const e = as(node, 'A_Expr');
  if (e === undefined) return 'open';
  const op = strings(e.name).at(-1) ?? '';
  switch (e.kind) {
    case 'AEXPR_OP':
      return e.lexpr === undefined ? 'open' : operator(op, e.lexpr, e.rexpr);
    case 'AEXPR_DISTINCT':
      return not(same(e.lexpr, e.rexpr));
    case 'AEXPR_NOT_DISTINCT':
      return same(e.lexpr, e.rexpr);
    case 'AEXPR_IN': {
      const found = e.lexpr !== undefined && literal(e.lexpr) === null ? 'null' : some((members(e.rexpr) ?? []).map((m) => compare('=', e.lexpr, m)));
      return op === '<>' ? not(found) : found;
    }
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL': {
      const truths = members(e.rexpr)?.map((m) => operator(op, e.lexpr, m));
      return truths === undefined ? 'open' : e.kind === 'AEXPR_OP_ANY' ? some(truths) : every(truths);
    }
    case 'AEXPR_SIMILAR': {
      const pattern = as(e.rexpr, 'FuncCall')?.args?.[0] ?? e.rexpr;
      const known = pattern === undefined ? undefined : literal(pattern);
      const value = e.lexpr === undefined ? undefined : literal(e.lexpr);
      const text = String(known ?? '');
      const tried = typeof value === 'string' && typeof known === 'string' && !/[_\\]/.test(text) ? regexMatches(value, `^(?:${text.replaceAll('%', '.*')})$`, false) : undefined;
      const matches: Truth = /^%+$/.test(text) ? 'true' : truthOf(tried);
      return op.startsWith('!') ? not(matches) : matches;
    }
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE': {
      const matches = like(e.lexpr, e.rexpr, e.kind === 'AEXPR_ILIKE');
      return op.startsWith('!') ? not(matches) : matches;
    }
    case 'AEXPR_BETWEEN':
      return between(e);
    case 'AEXPR_NOT_BETWEEN':
      return not(between(e));
    case 'AEXPR_BETWEEN_SYM':
      return some([between(e), between(e, true)]);
    case 'AEXPR_NOT_BETWEEN_SYM':
      return not(some([between(e), between(e, true)]));
    default:
      return 'open';
  }
}

function between(e: NodeOf<'A_Expr'>, isTurned = false): Truth {
  const [first, second] = members(e.rexpr) ?? [];
  const [low, high] = isTurned ? [second, first] : [first, second];
  return every([compare('>=', e.lexpr, low), compare('<=', e.lexpr, high)]);
}

/** An operator by its symbol, whatever the syntax that stands for it. */
function operator(op: string, left: Node | undefined, right: Node | undefined): Truth {
  if (/^!?~\*?$/.test(op)) return matched(op, left, right);
  if (/^!?~~\*?$/.test(op)) {
    const matches = like(left, right, op.endsWith('*'));
    return op.startsWith('!') ? not(matches) : matches;
  }
  if (op === '^@') {
    const [value, start] = [left, right].map((n) => (n === undefined ? undefined : literal(n)));
    return start === '' ? 'true' : typeof value === 'string' && typeof start === 'string' ? truth(value.startsWith(start)) : 'open';
  }
  if (op === '@>') return contains(left, right);
  if (op === '<@') return contains(right, left);
  if (op === '&&') return overlaps(left, right);
  return compare(op, left, right);
}

/** `whole @> part`, of arrays, ranges and jsonb. */
function contains(whole: Node | undefined, part: Node | undefined): Truth {
  if (whole === undefined || part === undefined) return 'open';
  if (sameTree(bare(whole), bare(part)) || constText(part)?.trim() === '{}') return 'true';
  const range = rangeOf(whole);
  if (range !== undefined) {
    const value = literal(part);
    if (range.low === undefined && range.high === undefined) return 'true';
    if (value === undefined || value === null) return 'open';
    return every([range.low === undefined ? 'true' : truthOf(compareValues(range.isOpenLow ? '>' : '>=', value, range.low)), range.high === undefined ? 'true' : truthOf(compareValues(range.isOpenHigh ? '<' : '<=', value, range.high))]);
  }
  const [all, wanted] = [members(whole), members(part)];
  return all === undefined || wanted === undefined ? 'open' : every(wanted.map((w) => some(all.map((a) => compare('=', a, w)))));
}

function overlaps(left: Node | undefined, right: Node | undefined): Truth {
  const [a, b] = [members(left), members(right)];
  return a === undefined || b === undefined ? 'open' : some(a.flatMap((x) => b.map((y) => compare('=', x, y))));
}

interface Range {
  readonly low: Plain | undefined;
  readonly high: Plain | undefined;
  readonly isOpenLow: boolean;
  readonly isOpenHigh: boolean;
}

/** `int4range(1, 5)`, `'[1,5)'::int4range`; undefined for what is none, or not known. */
function rangeOf(node: Node): Range | undefined {
  const call = as(node, 'FuncCall');
  if (call !== undefined && /range$/.test(strings(call.funcname).at(-1) ?? '')) {
    const [low, high, form = '[)'] = (call.args ?? []).map(literal);
    if (low === undefined || high === undefined || typeof form !== 'string') return undefined;
    return { low: low ?? undefined, high: high ?? undefined, isOpenLow: form.startsWith('('), isOpenHigh: form.endsWith(')') };
  }
  const text = constText(node);
  const m = text !== undefined ? /^\s*([[(])([^,"]*),([^,"]*)([\])])\s*$/.exec(text) : null;
  if (m === null) return undefined;
  const [low, high] = [m[2], m[3]].map((t) => (t === undefined || t.trim() === '' ? undefined : t.trim()));
  return { low, high, isOpenLow: m[1] === '(', isOpenHigh: m[4] === ')' };
}

/** A regular expression. */
function matched(op: string, value: Node | undefined, pattern: Node | undefined): Truth {
  const [text, known] = [pattern, value].map((n) => (n === undefined ? undefined : literal(n)));
  if (typeof text !== 'string') return 'open';
  const isAll = (/^\^?(\(?\.\*\??\)?)?\$?$/.test(text) && text !== '^$') || regexMatchesAll(text);
  const all: Truth = isAll ? 'true' : typeof known === 'string' ? truthOf(regexMatches(known, text, op.endsWith('*'))) : 'open';
  return op.startsWith('!') ? not(all) : all;
}

/** IS NOT DISTINCT FROM: NULL is like NULL and like nothing else. */
function same(left: Node | undefined, right: Node | undefined): Truth {
  const [a, b] = [left, right].map((n) => (n === undefined ? undefined : literal(n)));
  if ((a === null || b === null) && a !== undefined && b !== undefined) return truth(a === b);
  return compare('=', left, right);
}

/** Elements of a list or an array; undefined for what is none. */
function members(node: Node | undefined): readonly Node[] | undefined {
  const list = as(node, 'List');
  if (list !== undefined) return list.items ?? [];
  const array = as(node, 'A_ArrayExpr');
  if (array !== undefined) return array.elements ?? [];
  const cast = as(node, 'TypeCast');
  if (cast !== undefined) return members(cast.arg);
  const constant = constOf(node);
  const inner = constant?.kind === 'text' ? /^\s*\{([^{}"\\]*)\}\s*$/.exec(String(constant.value)) : null;
  if (inner === null) return undefined;
  const texts = (inner[1] ?? '').split(',').map((t) => t.trim());
  return texts.length === 1 && texts[0] === '' ? [] : texts.map((t): Node => (/^null$/i.test(t) ? { A_Const: { isnull: true } } : { A_Const: { sval: { sval: t } } }));
}

function compare(op: string, left: Node | undefined, right: Node | undefined): Truth {
  if (left === undefined || right === undefined) return 'open';
  const [rowA, rowB] = [as(left, 'RowExpr')?.args, as(right, 'RowExpr')?.args];
  if (rowA !== undefined && rowB !== undefined && rowA.length === rowB.length) return compareRows(op, rowA, rowB);
  const [a, b] = [literal(left), literal(right)];
  if (a !== undefined && b !== undefined) {
    if (a === null || b === null) return 'null';
    return truthOf(compareValues(op, a, b));
  }
  if (sameTree(bare(left), bare(right))) {
    if (op === '=' || op === '<=' || op === '>=' || op === '~~' || op === '~~*') return 'true';
    if (!containsKind(left, CHANGING) && (op === '<>' || op === '!=' || op === '<' || op === '>')) return 'false';
  }
  if (op === '>=' && b === '') return 'true';
  const truths = [fold(left), fold(right)];
  if (op === '=' && truths.every((t) => t === 'true' || t === 'false')) return truth(truths[0] === truths[1]);
  return 'open';
}

/** `(a, b) >= (1, 2)`: the first that differ decide. */
function compareRows(op: string, a: readonly Node[], b: readonly Node[]): Truth {
  const equal = a.map((x, i) => compare('=', x, b[i]));
  if (op === '=') return every(equal);
  if (op === '<>' || op === '!=') return not(every(equal));
  const at = equal.findIndex((t) => t !== 'true');
  if (at < 0) return op === '<=' || op === '>=' ? 'true' : op === '<' || op === '>' ? 'false' : 'open';
  return equal[at] === 'false' || at === a.length - 1 ? compare(equal[at] === 'false' ? op.replace('=', '') : op, a[at], b[at]) : 'open';
}

/** Without casts, and without what adds nothing. */
export function bare(node: Node): Node {
  const cast = as(node, 'TypeCast');
  if (cast?.arg !== undefined) return bare(cast.arg);
  const coalesce = as(node, 'CoalesceExpr') ?? as(node, 'MinMaxExpr');
  const [first] = coalesce?.args ?? [];
  if (first !== undefined && (coalesce?.args ?? []).every((a) => sameTree(bare(a), bare(first)))) return bare(first);
  const e = as(node, 'A_Expr');
  if (e?.kind !== 'AEXPR_OP' || e.lexpr === undefined || e.rexpr === undefined) return node;
  const [op, right] = [strings(e.name).at(-1), literal(e.rexpr)];
  const neutral = (op === '||' && right === '') || ((op === '+' || op === '-') && right === 0) || ((op === '*' || op === '/') && right === 1);
  return neutral ? bare(e.lexpr) : node;
}

/** What need not give the same value twice. */
const CHANGING: ReadonlySet<string> = new Set(['FuncCall', 'SubLink']);

/** Value of a literal, or of what is computed from literals. */
function literal(node: Node): Literal {
  let found = values.get(node);
  if (found === undefined) {
    found = { value: literalNew(node) };
    values.set(node, found);
  }
  return found.value;
}

const truthValue = (t: Truth): Literal => (t === 'open' ? undefined : t === 'null' ? null : t === 'true');

function literalNew(node: Node): Literal {
  const c = constOf(node);
  // The same bits can be written as text, too.
  if (c !== undefined) return as(node, 'A_Const')?.bsval === undefined ? c.value : undefined;
  const typed = as(node, 'TypeCast');
  if (typed?.arg !== undefined) {
    const inner = literal(typed.arg);
    return inner === null || inner === undefined || (typed.typeName?.arrayBounds ?? []).length > 0 ? inner : cast(inner, strings(typed.typeName?.names).at(-1) ?? '');
  }
  const collated = as(node, 'CollateClause');
  if (collated?.arg !== undefined) return literal(collated.arg);
  const args = (as(node, 'CoalesceExpr') ?? as(node, 'MinMaxExpr') ?? as(node, 'FuncCall'))?.args;
  if (args !== undefined) return called(node, args.map(literal));
  const link = as(node, 'SubLink');
  if (link?.subLinkType === 'EXPR_SUBLINK') return fromNothing(link.subselect);
  const choice = as(node, 'CaseExpr');
  if (choice !== undefined) return chosen(choice);
  if (as(node, 'BoolExpr') ?? as(node, 'NullTest') ?? as(node, 'BooleanTest')) return truthValue(fold(node));
  const e = as(node, 'A_Expr');
  if (e === undefined) return undefined;
  if (e.kind === 'AEXPR_NULLIF') return nullIf(e);
  if (e.kind !== 'AEXPR_OP' || e.rexpr === undefined) return truthValue(fold(node));
  const [x, y] = [e.lexpr === undefined ? undefined : literal(e.lexpr), literal(e.rexpr)];
  const computed = y === undefined || y === null || x === null || (x === undefined && e.lexpr !== undefined) ? undefined : operate(strings(e.name).at(-1) ?? '', x, y);
  return computed ?? truthValue(fold(node));
}

function nullIf(e: NodeOf<'A_Expr'>): Literal {
  const equal = compare('=', e.lexpr, e.rexpr);
  return equal === 'true' ? null : equal === 'open' || e.lexpr === undefined ? undefined : literal(e.lexpr);
}

/** COALESCE, GREATEST, LEAST and a few functions over literals. */
function called(node: Node, args: readonly Literal[]): Literal {
  const known = args.filter((a) => a !== null && a !== undefined);
  if (as(node, 'CoalesceExpr') !== undefined) {
    const first = args.findIndex((a) => a !== null);
    return first < 0 ? null : args[first];
  }
  if (args.includes(undefined)) return undefined;
  const extreme = as(node, 'MinMaxExpr');
  if (extreme !== undefined) return known.length === 0 ? null : known.reduce((a, b) => (a < b === (extreme.op === 'IS_LEAST') ? a : b));
  const call = as(node, 'FuncCall');
  const names = strings(call?.funcname);
  const name = names.at(-1) ?? '';
  if (name === 'num_nulls') return args.length - known.length;
  if (name === 'num_nonnulls') return known.length;
  const isPlain = call?.over === undefined && call?.agg_filter === undefined && call?.agg_order === undefined && call?.agg_distinct !== true && (names.length === 1 || names[0] === 'pg_catalog');
  // Of NULL, most make NULL; which do not is not kept here.
  return isPlain && known.length === args.length ? callOf(name, known) : undefined;
}

/** The value of a query over no table. */
function fromNothing(query: Node | undefined): Literal {
  const select = as(query, 'SelectStmt');
  const value = as(select?.targetList?.[0], 'ResTarget')?.val ?? rowValue(select?.valuesLists?.[0]);
  return select?.op !== 'SETOP_NONE' || select.fromClause !== undefined || select.whereClause !== undefined || value === undefined ? undefined : literal(value);
}

/** Whether an arm of CASE is taken, with a value to compare or without. */
const armTruth = (choice: NodeOf<'CaseExpr'>, when: NodeOf<'CaseWhen'> | undefined): Truth => (choice.arg === undefined ? fold(when?.expr) : compare('=', choice.arg, when?.expr));

function chosen(choice: NodeOf<'CaseExpr'>): Literal {
  for (const arm of choice.args ?? []) {
    const when = as(arm, 'CaseWhen');
    const truth = armTruth(choice, when);
    if (truth === 'open') return undefined;
    if (truth === 'true') return when?.result === undefined ? undefined : literal(when.result);
  }
  return choice.defresult === undefined ? null : literal(choice.defresult);
}

function like(value: Node | undefined, given: Node | undefined, ignoresCase: boolean): Truth {
  const call = as(given, 'FuncCall');
  const escaped = call !== undefined && strings(call.funcname).at(-1) === 'like_escape';
  const [pattern, escape] = escaped ? (call.args ?? []) : [given];
  if (value === undefined || pattern === undefined) return 'open';
  const p = literal(pattern);
  const by = escape === undefined ? '\\' : literal(escape);
  if (typeof p === 'string' && /^%+$/.test(p) && by !== '%') return 'true';
  const v = literal(value);
  if (typeof v === 'string' && typeof p === 'string' && typeof by === 'string') return truthOf(likeMatches(v, p, ignoresCase, by));
  return compare('~~', value, pattern) === 'true' ? 'true' : 'open';
}

const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

function foldNullTest(node: Node): Truth {
  const test = as(node, 'NullTest');
  const argument = test?.arg;
  if (argument === undefined) return 'open';
  const wanted = test?.nulltesttype === 'IS_NULL';
  const row = as(argument, 'RowExpr')?.args;
  if (row !== undefined && !wanted) return every(row.map((arg) => fold({ NullTest: { ...test, arg } })));
  const value = literal(argument);
  if (value !== undefined) return truth((value === null) === wanted);
  const answer = fold(argument);
  if (answer !== 'open') return truth((answer === 'null') === wanted);
  const column = strings(as(argument, 'ColumnRef')?.fields).at(-1);
  return column !== undefined && SYSTEM_COLUMNS.has(column) ? truth(!wanted) : 'open';
}

function foldBooleanTest(node: Node): Truth {
  const test = as(node, 'BooleanTest');
  const value = fold(test?.arg);
  if (value === 'open') return 'open';
  switch (test?.booltesttype) {
    case 'IS_TRUE':
      return truth(value === 'true');
    case 'IS_NOT_TRUE':
      return truth(value !== 'true');
    case 'IS_FALSE':
      return truth(value === 'false');
    case 'IS_NOT_FALSE':
      return truth(value !== 'false');
    case 'IS_UNKNOWN':
      return truth(value === 'null');
    case 'IS_NOT_UNKNOWN':
      return truth(value !== 'null');
    default:
      return 'open';
  }
}

function foldCase(node: Node): Truth {
  const c = as(node, 'CaseExpr');
  if (c === undefined) return 'open';
  const results: Truth[] = [];
  for (const arm of c.args ?? []) {
    const when = as(arm, 'CaseWhen');
    const condition = armTruth(c, when);
    if (condition === 'true') return results.every((r) => r === 'true') ? fold(when?.result) : 'open';
    if (condition === 'open') results.push(fold(when?.result));
  }
  results.push(c.defresult === undefined ? 'null' : fold(c.defresult));
  return results.every((r) => r === results[0]) ? (results[0] ?? 'open') : 'open';
}

/** `EXISTS (SELECT 1)`: a query over no table always has its row; one over other tables only does not look at this row. */
function foldSubLink(node: Node): Truth {
  const link = as(node, 'SubLink');
  const select = as(link?.subselect, 'SelectStmt');
  if (link === undefined || select === undefined || select.limitCount !== undefined || select.limitOffset !== undefined) return 'open';
  if (select.op !== 'SETOP_NONE' || select.fromClause !== undefined || select.withClause !== undefined || select.havingClause !== undefined) return 'open';
  const kept: Truth = select.whereClause === undefined ? 'true' : fold(select.whereClause);
  if (link.subLinkType === 'EXISTS_SUBLINK') return kept === 'null' ? 'false' : kept;
  if (kept !== 'true') return 'open';
  const rows = select.valuesLists?.map(rowValue) ?? [as(select.targetList?.[0], 'ResTarget')?.val];
  if (link.subLinkType === 'EXPR_SUBLINK') return fold(rows[0]);
  const op = strings(link.operName).at(-1) ?? '=';
  if (link.subLinkType !== 'ANY_SUBLINK' && link.subLinkType !== 'ALL_SUBLINK') return 'open';
  const truths = rows.map((r) => operator(op, link.testexpr, r));
  return link.subLinkType === 'ANY_SUBLINK' ? some(truths) : every(truths);
}

const rowValue = (row: Node | undefined): Node | undefined => as(row, 'List')?.items?.[0];
