/** Does a WHERE say anything? Three-valued folding of what can be known without data. */
import { as, constOf, containsKind, isObject, kindOf, sameTree, strings } from './tree.ts';
import type { Node, NodeOf } from './tree.ts';

type Truth = 'true' | 'false' | 'null' | 'open';

const not = (t: Truth): Truth => (t === 'true' ? 'false' : t === 'false' ? 'true' : t);
const truth = (b: boolean): Truth => (b ? 'true' : 'false');

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

function fold(node: Node | undefined): Truth {
  if (node === undefined) return 'open';
  const constant = constOf(node);
  if (constant !== undefined) {
    if (constant.kind === 'null') return 'null';
    if (constant.kind === 'bool') return truth(constant.value === true);
    return constant.kind === 'text' ? textTruth(String(constant.value)) : 'open';
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
    default:
      return 'open';
  }
}

/** Spellings of booleans that the server takes from an untyped literal. */
function textTruth(text: string): Truth {
  const t = text.trim().toLowerCase();
  if (/^(t|tr|tru|true|y|ye|yes|on|1)$/.test(t)) return 'true';
  if (/^(f|fa|fal|fals|false|n|no|of|off|0)$/.test(t)) return 'false';
  return 'open';
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
  if (folded.includes('true') || args.some((a, i) => args.slice(i + 1).some((b) => complementary(a, b)))) return 'true';
  return folded.every((t) => t === 'false') ? 'false' : folded.every((t) => t !== 'open') ? 'null' : 'open';
}

const OPPOSITE: Readonly<Record<string, string>> = { '=': '<>', '<>': '=', '!=': '=', '<': '>=', '>=': '<', '>': '<=', '<=': '>' };

/** `a` and `b` cannot both be false. */
function complementary(a: Node, b: Node): boolean {
  const [na, nb] = [as(a, 'NullTest'), as(b, 'NullTest')];
  if (na && nb) return na.nulltesttype !== nb.nulltesttype && sameTree(na.arg, nb.arg);
  const [ba, bb] = [as(a, 'BoolExpr'), as(b, 'BoolExpr')];
  if (ba?.boolop === 'NOT_EXPR' && sameTree(ba.args?.[0], b)) return true;
  if (bb?.boolop === 'NOT_EXPR' && sameTree(bb.args?.[0], a)) return true;
  const [ea, eb] = [as(a, 'A_Expr'), as(b, 'A_Expr')];
  if (!ea || !eb || !sameTree(ea.lexpr, eb.lexpr) || !sameTree(ea.rexpr, eb.rexpr)) return false;
  const [opA, opB] = [strings(ea.name).at(-1) ?? '', strings(eb.name).at(-1) ?? ''];
  if (ea.kind === 'AEXPR_OP' && eb.kind === 'AEXPR_OP') return OPPOSITE[opA] === opB || (opA === '=' && opB === '!=') || opposedOrders(opA, opB);
  const kinds = new Set([ea.kind, eb.kind]);
  if (kinds.size === 1 && (kinds.has('AEXPR_IN') || kinds.has('AEXPR_LIKE') || kinds.has('AEXPR_ILIKE') || kinds.has('AEXPR_SIMILAR'))) return opA !== opB;
  return (kinds.has('AEXPR_BETWEEN') && kinds.has('AEXPR_NOT_BETWEEN')) || (kinds.has('AEXPR_DISTINCT') && kinds.has('AEXPR_NOT_DISTINCT'));
}

/** `x <= 1 OR x >= 1`. */
const opposedOrders = (a: string, b: string): boolean => (a === '<=' && b === '>=') || (a === '>=' && b === '<=');

function foldOperator(node: Node): Truth {
  const e = as(node, 'A_Expr');
  if (e === undefined) return 'open';
  const op = strings(e.name).at(-1) ?? '';
  switch (e.kind) {
    case 'AEXPR_OP':
      if (/^!?~\*?$/.test(op)) return matched(op, e.rexpr);
      return e.lexpr === undefined ? 'open' : compare(op, e.lexpr, e.rexpr);
    case 'AEXPR_DISTINCT':
      return not(same(e.lexpr, e.rexpr));
    case 'AEXPR_NOT_DISTINCT':
      return same(e.lexpr, e.rexpr);
    case 'AEXPR_IN': {
      const hit = members(e.rexpr).some((m) => compare('=', e.lexpr, m) === 'true');
      const miss = members(e.rexpr).every((m) => compare('=', e.lexpr, m) === 'false');
      const found: Truth = e.lexpr !== undefined && literal(e.lexpr) === null ? 'null' : hit ? 'true' : miss ? 'false' : 'open';
      return op === '<>' ? not(found) : found;
    }
    case 'AEXPR_OP_ANY':
      return members(e.rexpr).some((m) => compare(op, e.lexpr, m) === 'true') ? 'true' : 'open';
    case 'AEXPR_SIMILAR': {
      const pattern = as(e.rexpr, 'FuncCall')?.args?.[0] ?? e.rexpr;
      const matches: Truth = pattern !== undefined && /^%+$/.test(String(literal(pattern) ?? '')) ? 'true' : 'open';
      return op.startsWith('!') ? not(matches) : matches;
    }
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE': {
      const matches = like(e.lexpr, e.rexpr);
      return op.startsWith('!') ? not(matches) : matches;
    }
    case 'AEXPR_BETWEEN':
    case 'AEXPR_BETWEEN_SYM': {
      const [low, high] = members(e.rexpr);
      const inside = [compare('>=', e.lexpr, low), compare('<=', e.lexpr, high)];
      return inside.every((t) => t === 'true') ? 'true' : e.kind === 'AEXPR_BETWEEN' && inside.includes('false') ? 'false' : 'open';
    }
    default:
      return 'open';
  }
}

/** A regular expression that every text matches. */
function matched(op: string, pattern: Node | undefined): Truth {
  const text = pattern === undefined ? undefined : literal(pattern);
  const all: Truth = typeof text === 'string' && /^\^?(\(?\.\*\??\)?)?\$?$/.test(text) && text !== '^$' ? 'true' : 'open';
  return op.startsWith('!') ? not(all) : all;
}

/** IS NOT DISTINCT FROM: NULL is like NULL and like nothing else. */
function same(left: Node | undefined, right: Node | undefined): Truth {
  const [a, b] = [left, right].map((n) => (n === undefined ? undefined : literal(n)));
  if ((a === null || b === null) && a !== undefined && b !== undefined) return truth(a === b);
  return compare('=', left, right);
}

function members(node: Node | undefined): readonly Node[] {
  const list = as(node, 'List');
  if (list !== undefined) return list.items ?? [];
  const array = as(node, 'A_ArrayExpr');
  if (array !== undefined) return array.elements ?? [];
  const cast = as(node, 'TypeCast');
  return cast === undefined ? [] : members(cast.arg);
}

function compare(op: string, left: Node | undefined, right: Node | undefined): Truth {
  if (left === undefined || right === undefined) return 'open';
  const [a, b] = [literal(left), literal(right)];
  if (a !== undefined && b !== undefined) {
    if (a === null || b === null) return 'null';
    return compareValues(op, a, b);
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

/** Without casts, and without what adds nothing. */
function bare(node: Node): Node {
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

function compareValues(op: string, a: number | string | boolean, b: number | string | boolean): Truth {
  const [x, y] = typeof a === typeof b ? [a, b] : [Number(a), Number(b)];
  switch (op) {
    case '=':
      return truth(x === y);
    case '<>':
    case '!=':
      return truth(x !== y);
    case '<':
      return truth(x < y);
    case '<=':
      return truth(x <= y);
    case '>':
      return truth(x > y);
    case '>=':
      return truth(x >= y);
    default:
      return 'open';
  }
}

type Literal = number | string | boolean | null | undefined;

/** Value of a literal, or of what is computed from literals. */
function literal(node: Node): Literal {
  const c = constOf(node);
  if (c !== undefined) return c.value;
  const cast = as(node, 'TypeCast');
  if (cast?.arg !== undefined) return literal(cast.arg);
  const args = (as(node, 'CoalesceExpr') ?? as(node, 'MinMaxExpr') ?? as(node, 'FuncCall'))?.args;
  if (args !== undefined) return called(node, args.map(literal));
  const link = as(node, 'SubLink');
  if (link?.subLinkType === 'EXPR_SUBLINK') return fromNothing(link.subselect);
  const choice = as(node, 'CaseExpr');
  if (choice !== undefined) return chosen(choice);
  const e = as(node, 'A_Expr');
  if (e?.kind !== 'AEXPR_OP' || e.rexpr === undefined) return undefined;
  const [x, y] = [e.lexpr === undefined ? 0 : literal(e.lexpr), literal(e.rexpr)];
  if (typeof x === 'string' && typeof y === 'string' && strings(e.name).at(-1) === '||') return x + y;
  if (typeof x !== 'number' || typeof y !== 'number') return undefined;
  switch (strings(e.name).at(-1)) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '%':
      return y === 0 ? undefined : x % y;
    default:
      return undefined;
  }
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
  const [only] = args;
  switch (strings(as(node, 'FuncCall')?.funcname).at(-1)) {
    case 'num_nulls':
      return args.length - known.length;
    case 'num_nonnulls':
      return known.length;
    case 'length':
    case 'char_length':
    case 'character_length':
    case 'octet_length':
      return typeof only === 'string' && args.length === 1 ? only.length : undefined;
    case 'abs':
      return typeof only === 'number' ? Math.abs(only) : undefined;
    default:
      return undefined;
  }
}

/** The value of a query over no table. */
function fromNothing(query: Node | undefined): Literal {
  const select = as(query, 'SelectStmt');
  const value = as(select?.targetList?.[0], 'ResTarget')?.val;
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

function like(value: Node | undefined, pattern: Node | undefined): Truth {
  if (value === undefined || pattern === undefined) return 'open';
  const p = literal(pattern);
  if (typeof p === 'string' && /^%+$/.test(p)) return 'true';
  const v = literal(value);
  if (typeof v === 'string' && typeof p === 'string' && !/[%_\\]/.test(p)) return truth(v === p);
  return compare('~~', value, pattern) === 'true' ? 'true' : 'open';
}

const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

function foldNullTest(node: Node): Truth {
  const test = as(node, 'NullTest');
  const argument = test?.arg;
  if (argument === undefined) return 'open';
  const wanted = test?.nulltesttype === 'IS_NULL';
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
  const plain = select.op === 'SETOP_NONE' && select.fromClause === undefined && select.whereClause === undefined && select.withClause === undefined && select.havingClause === undefined;
  if (!plain) return 'open';
  if (link.subLinkType === 'EXISTS_SUBLINK') return 'true';
  const target = select.targetList?.[0] ?? rowValue(select.valuesLists?.[0]);
  const value = isObject(target) && 'ResTarget' in target ? as(target, 'ResTarget')?.val : target;
  if (link.subLinkType === 'EXPR_SUBLINK') return fold(value);
  return link.subLinkType === 'ANY_SUBLINK' ? compare('=', link.testexpr, value) : 'open';
}

const rowValue = (row: Node | undefined): Node | undefined => as(row, 'List')?.items?.[0];
