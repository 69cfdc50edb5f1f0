/** Conditions: WHERE, ON, HAVING, FILTER and the tests inside expressions. */
import { as, constOf, kindOf, strings } from '../facts/tree.ts';
import type { Node, NodeOf } from '../facts/tree.ts';
import { isEquality, isHarmless, isQuiet, pair, plainEquality } from './compare.ts';
import type { LineageContext, Place } from './context.ts';
import { isBuiltinOperator } from './operators.ts';
import { isTame } from './total.ts';
import { CONSTANT, derived, isWhole, rowOf } from './value.ts';
import type { Value } from './value.ts';

/** Nodes whose evaluation has already noted what they ask of hidden values. */
const NOTED: ReadonlySet<string> = new Set(['BoolExpr', 'NullTest', 'BooleanTest', 'A_Expr']);

/** Evaluates a condition: whatever hidden value it depends on is filtered on. */
export function predicate(ctx: LineageContext, node: Node | undefined, place: Place): void {
  condition(ctx, node, place);
}

/** The same, with the condition's value, which is derived from what it looks at. */
export function condition(ctx: LineageContext, node: Node | undefined, place: Place): Value {
  if (node === undefined) return CONSTANT;
  return ctx.within(node, () => {
    const value = ctx.engine.expression(node, place);
    const link = as(node, 'SubLink');
    if (!NOTED.has(kindOf(node) ?? '') && (link === undefined || link.subLinkType === 'EXPR_SUBLINK')) ctx.group(value);
    return value;
  });
}

/** AND, OR, NOT: each part is a condition. */
export const booleanValue = (ctx: LineageContext, e: NodeOf<'BoolExpr'> | undefined, place: Place): Value => derived(...(e?.args ?? []).map((a) => condition(ctx, a, place)));

/** IS NULL asks no more than the masked result shows anyway; of a computed value it may. */
export function nullTest(ctx: LineageContext, test: NodeOf<'NullTest'> | undefined, place: Place): Value {
  const value = ctx.engine.expression(test?.arg, place);
  if (!ctx.quiet) ctx.group(value);
  return derived(value);
}

/** CASE: its tests decide which branch is computed, and a branch can fail. */
export function caseValue(ctx: LineageContext, e: NodeOf<'CaseExpr'> | undefined, place: Place): Value {
  const results = [...(e?.args ?? []).map((arm) => as(arm, 'CaseWhen')?.result), e?.defresult];
  const quiet = !ctx.measured && e?.arg === undefined && results.every(isHarmless) && (e?.args ?? []).every((arm) => isQuiet(as(arm, 'CaseWhen')?.expr));
  // Constants for every case: only the masked result depends on the tests.
  if (quiet) return { ...derived(...(e?.args ?? []).map((arm) => ctx.quietly(() => ctx.engine.expression(as(arm, 'CaseWhen')?.expr, place)))), bounded: true };
  const tests: Value[] = [];
  const subject = e?.arg === undefined ? undefined : ctx.engine.expression(e.arg, place);
  const parts: Value[] = [];
  for (const arm of e?.args ?? []) {
    const when = as(arm, 'CaseWhen');
    if (subject === undefined) tests.push(condition(ctx, when?.expr, place));
    else
      tests.push(
        ctx.within(when?.expr, () => {
          const other = ctx.engine.expression(when?.expr, place);
          plainEquality(ctx, [subject, other]);
          return pair(ctx, [subject, other]);
        }),
      );
    parts.push(ctx.engine.expression(when?.result, place));
  }
  parts.push(ctx.engine.expression(e?.defresult, place));
  return { ...derived(...tests, ...parts), whole: parts.every(isWhole) && !tests.some(ctx.hidden), ...boundedParts(ctx, parts, results) };
}

/** EXISTS, IN, ANY, ALL, ARRAY and single values of a subquery. */
export function subLinkValue(ctx: LineageContext, link: NodeOf<'SubLink'> | undefined, place: Place): Value {
  const kind = link?.subLinkType;
  const columns = link?.subselect === undefined ? [] : ctx.engine.query(link.subselect, place);
  for (const c of columns) ctx.commit(c.tests);
  if (kind === 'EXISTS_SUBLINK') return CONSTANT;
  if (kind === 'EXPR_SUBLINK') return columns.length === 1 && columns[0] ? columns[0].value : rowOf(columns);
  if (kind === 'ARRAY_SUBLINK') return { ...derived(...columns.map((c) => c.value)), firm: true };
  const symbol = strings(link?.operName);
  if (symbol.length > 0 && !isBuiltinOperator(symbol, ctx.env)) ctx.refuse('opaque', `operator ${symbol.join('.')} may be one of somebody's own, of which nothing is known`);
  const tested = as(link?.testexpr, 'RowExpr')?.args ?? (link?.testexpr === undefined ? [] : [link.testexpr]);
  const equality = kind === 'ANY_SUBLINK' && (link?.operName === undefined || isEquality(strings(link.operName)));
  const values = tested.map((t) => ctx.engine.expression(t, place));
  if (equality && link?.operName === undefined) plainEquality(ctx, [...values, ...columns.map((c) => c.value)]);
  if (equality) return derived(...values.map((v, i) => pair(ctx, [v, columns[i]?.value ?? CONSTANT])));
  const all = derived(...values, ...columns.map((c) => c.value));
  ctx.filter(all, 'other');
  return all;
}

/** A choice between bounded numbers and small constants is bounded. */
export function boundedParts(ctx: LineageContext, values: readonly Value[], nodes: readonly (Node | undefined)[]): { readonly bounded?: true } {
  const isBounded = (v: Value, node: Node | undefined): boolean => (v.sources.size > 0 ? isTame(v, ctx.hidden) : node === undefined || isHarmless(node) || constOf(node)?.kind === 'null');
  return values.every((v, i) => isBounded(v, nodes[i])) ? { bounded: true } : {};
}
