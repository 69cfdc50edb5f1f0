/** Operators: which compare, what a comparison asks of hidden values, and what only computes. */
import { as, constOf, constText, strings } from '../facts/tree.ts';
import type { Node, NodeOf } from '../facts/tree.ts';
import type { LineageContext, Place } from './context.ts';
import { effectivePath } from '../facts/resolve.ts';
import { isBuiltinOperator } from './operators.ts';
import { isTotalOperator } from './total.ts';
import { CONSTANT, derived, isFirm, isWhole } from './value.ts';
import type { Value } from './value.ts';

const EQUALITY: ReadonlySet<string> = new Set(['=', '<>', '!=']);

const ACCESS: ReadonlySet<string> = new Set(['->', '->>', '#>', '#>>']);

/** `=` and its opposite of pg_catalog, by the name in the tree. */
export const isEquality = (name: readonly string[]): boolean => EQUALITY.has(name.at(-1) ?? '') && (name.length === 1 || name[0] === 'pg_catalog');

/** Value of an operator expression. A comparison of hidden values is noted wherever it stands: its outcome steers something. */
export function operatorValue(ctx: LineageContext, e: NodeOf<'A_Expr'> | undefined, place: Place): Value {
  if (e === undefined) return CONSTANT;
  const name = strings(e.name);
  const numbers = ARITHMETIC.has(name[0] ?? '') && isNumber(ctx, e.lexpr, place) && isNumber(ctx, e.rexpr, place);
  for (const used of BETWEEN[e.kind ?? ''] ?? []) if (!isBuiltinOperator([used], ctx.env)) ctx.refuse('opaque', `operator ${used} may be one of somebody's own, of which nothing is known; write the comparisons out`);
  if (!isBuiltinOperator(name, ctx.env, numbers)) ctx.refuse('opaque', `operator ${name.join('.')} may be one of somebody's own, of which nothing is known${name.length === 1 ? `; that of the server is OPERATOR(pg_catalog.${name[0] ?? ''})` : ''}`);
  const value = (node: Node | undefined): Value => ctx.engine.expression(node, place);
  const equality = isEquality(name);
  const rows = [as(e.lexpr, 'RowExpr')?.args, as(e.rexpr, 'RowExpr')?.args];
  const [left, right] = rows;
  if (equality && e.kind === 'AEXPR_OP' && left && right && left.length === right.length) {
    return derived(...left.map((l, i) => pair(ctx, [value(l), value(right[i])])));
  }
  switch (e.kind) {
    case 'AEXPR_OP':
      return plainOperator(ctx, e, value(e.lexpr), value(e.rexpr), equality, name.at(-1) ?? '');
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL':
    case 'AEXPR_IN':
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
    case 'AEXPR_NULLIF': {
      const nodes = [e.lexpr, ...(as(e.rexpr, 'List')?.items ?? [e.rexpr])];
      const values = nodes.map(value);
      return equality ? pair(ctx, values) : tested(ctx, values);
    }
    default:
      return tested(ctx, [value(e.lexpr), value(e.rexpr)]);
  }
}

/** What BETWEEN compares by. */
const BETWEEN: Readonly<Partial<Record<string, readonly string[]>>> = { AEXPR_BETWEEN: ['<=', '>='], AEXPR_BETWEEN_SYM: ['<=', '>='], AEXPR_NOT_BETWEEN: ['<', '>'], AEXPR_NOT_BETWEEN_SYM: ['<', '>'] };

const ARITHMETIC: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%', '=', '<>', '<', '>', '<=', '>=']);
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 700, 701, 1700]);

function isNumber(ctx: LineageContext, node: Node | undefined, place: Place): boolean {
  if ((ctx.env.catalog?.opaqueOperators?.size ?? 0) === 0) return false;
  if (constOf(node)?.kind === 'number') return true;
  const { type } = as(node, 'ColumnRef') === undefined ? CONSTANT : ctx.engine.expression(node, place);
  return type !== undefined && NUMBERS.has(type);
}

function plainOperator(ctx: LineageContext, e: NodeOf<'A_Expr'>, left: Value, right: Value, equality: boolean, symbol: string): Value {
  if (equality) return pair(ctx, [left, right]);
  const value = derived(left, right);
  if (!ctx.hidden(value)) return value;
  if (ctx.quiet) return value;
  if (ctx.measured || !isTotalOperator(symbol, e, left, right, ctx.hidden)) ctx.filter(value, 'other');
  else if (symbol === '||' && isWhole(left) && isWhole(right)) return { ...value, whole: true };
  else if (ACCESS.has(symbol) && isFirm(left)) return { ...value, firm: true };
  else if (left.type === NUMERIC || right.type === NUMERIC) return { ...value, type: NUMERIC, bounded: true };
  return value;
}

const NUMERIC = 1700;

function tested(ctx: LineageContext, values: readonly Value[]): Value {
  const value = derived(...values);
  if (!ctx.quiet) ctx.filter(value, 'other');
  return value;
}

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '!=', '<', '>', '<=', '>=']);
const LIKES: ReadonlySet<string> = new Set(['AEXPR_LIKE', 'AEXPR_ILIKE']);
const TRUTHS: ReadonlySet<string> = new Set(['AEXPR_OP', 'AEXPR_IN', 'AEXPR_DISTINCT', 'AEXPR_NOT_DISTINCT', 'AEXPR_BETWEEN', 'AEXPR_NOT_BETWEEN']);

/**
 * A comparison of plain columns and constants that cannot fail. As a value of its own it shows nothing: a truth that is
 * derived from a hidden column is masked, and whatever makes use of the truth is looked at by itself.
 */
export function isQuiet(node: Node | undefined): boolean {
  const all = as(node, 'BoolExpr')?.args;
  if (all !== undefined) return all.every(isQuiet);
  const test = as(node, 'NullTest');
  if (test !== undefined) return isPlain(test.arg);
  const e = as(node, 'A_Expr');
  if (e === undefined || strings(e.name).length !== 1) return false;
  const operands = [e.lexpr, ...(as(e.rexpr, 'List')?.items ?? [e.rexpr])];
  if (!operands.every(isPlain)) return false;
  // A pattern that ends with an escape fails once the text before it has matched.
  const symbol = strings(e.name)[0] ?? '';
  if (LIKES.has(e.kind ?? '') || /^!?~~\*?$/.test(symbol)) return !(constText(e.rexpr) ?? '\\').includes('\\');
  return TRUTHS.has(e.kind ?? '') && (e.kind !== 'AEXPR_OP' || COMPARISONS.has(symbol));
}

const isPlain = (node: Node | undefined): boolean => as(node, 'ColumnRef') !== undefined || isConstant(node);

/** A literal that nothing can fail on, of whichever branch of a CASE it is: no end of a range, no infinity, no array. */
export function isHarmless(node: Node | undefined): boolean {
  const cast = as(node, 'TypeCast');
  if (cast !== undefined) return PLAIN_TYPES.has(strings(cast.typeName?.names).at(-1) ?? '') && (cast.typeName?.arrayBounds?.length ?? 0) === 0 && isHarmless(cast.arg);
  const constant = constOf(node);
  if (constant?.kind === 'number') return Math.abs(Number(constant.value)) < 1e9 && String(constant.value).length <= 12;
  return constant !== undefined && constant.kind !== 'null' && String(constant.value).length <= 100;
}

const PLAIN_TYPES: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'bool']);

/** A literal that is not NULL, of no array type. */
export function isConstant(node: Node | undefined): boolean {
  const cast = as(node, 'TypeCast');
  if (cast !== undefined) return (cast.typeName?.arrayBounds?.length ?? 0) === 0 && isConstant(cast.arg);
  const constant = constOf(node);
  return constant !== undefined && constant.kind !== 'null';
}

/** Refuses a comparison that is not spelled out when `=` may mean an operator of somebody's own. */
export function plainEquality(ctx: LineageContext, values: readonly Value[]): void {
  if (!isBuiltinOperator(['='], ctx.env) && !(values.every((v) => v.type !== undefined && NUMBERS.has(v.type)) && effectivePath(ctx.env)[0] === 'pg_catalog')) ctx.refuse('opaque', 'operator = is not only that of pg_catalog here, and what it compares is not known; write OPERATOR(pg_catalog.=)');
}

/** Values that are tested for equality with each other: plain columns of one class, and constants. */
export function pair(ctx: LineageContext, values: readonly Value[]): Value {
  const classes = new Set<string | undefined>();
  for (const v of values) for (const ref of v.sources) classes.add(ctx.classOf(ref)?.id);
  const plain = classes.size <= 1 && values.every((v) => v.exact || (v.sources.size === 0 && v.given !== true));
  if (!ctx.quiet) for (const v of values) ctx.filter(v, plain ? 'equality' : 'other');
  return derived(...values);
}
