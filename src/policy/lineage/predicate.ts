/** Which classified columns a condition filters on, and whether it can only test for equality. */
import { as, kindOf, strings } from '../facts/tree.ts';
import type { Node, NodeOf } from '../facts/tree.ts';
import type { LineageContext, Place } from './context.ts';
import type { Value } from './value.ts';

export function predicate(ctx: LineageContext, node: Node | undefined, place: Place): void {
  if (node !== undefined) ctx.within(node, () => condition(ctx, node, place));
}

function condition(ctx: LineageContext, node: Node, place: Place): void {
  const value = (n: Node | undefined): Value => ctx.engine.expression(n, place);
  switch (kindOf(node)) {
    case 'BoolExpr':
      for (const a of as(node, 'BoolExpr')?.args ?? []) predicate(ctx, a, place);
      return;
    case 'BooleanTest':
      predicate(ctx, as(node, 'BooleanTest')?.arg, place);
      return;
    case 'NullTest':
      ctx.group(value(as(node, 'NullTest')?.arg));
      return;
    case 'A_Expr':
      comparison(ctx, as(node, 'A_Expr'), place);
      return;
    case 'SubLink':
      subLink(ctx, as(node, 'SubLink'), node, place);
      return;
    default:
      ctx.group(value(node));
  }
}

const EQUALITY: ReadonlySet<string> = new Set(['=', '<>', '!=']);

function comparison(ctx: LineageContext, e: NodeOf<'A_Expr'> | undefined, place: Place): void {
  // The whole expression is evaluated once as well: that is where an unknown operator is refused.
  if (e === undefined) return;
  const whole = ctx.engine.expression({ A_Expr: e }, place);
  const operator = strings(e.name).at(-1) ?? '';
  const equality = EQUALITY.has(operator) && strings(e.name).length === 1;
  const [left, right] = [as(e.lexpr, 'RowExpr'), as(e.rexpr, 'RowExpr')];
  if (equality && e.kind === 'AEXPR_OP' && left?.args && right?.args && left.args.length === right.args.length) {
    left.args.forEach((l, i) => pair(ctx, [ctx.engine.expression(l, place), ctx.engine.expression(right.args?.[i], place)]));
    return;
  }
  switch (e.kind) {
    case 'AEXPR_OP':
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL':
    case 'AEXPR_IN':
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
      if (equality) pair(ctx, [ctx.engine.expression(e.lexpr, place), ...memberValues(ctx, e.rexpr, place)]);
      else ctx.filter(whole, 'other');
      return;
    default:
      ctx.filter(whole, 'other');
  }
}

const memberValues = (ctx: LineageContext, node: Node | undefined, place: Place): Value[] =>
  (as(node, 'List')?.items ?? [node]).map((n) => ctx.engine.expression(n, place));

/** Values that are tested for equality with each other: plain columns of one class, and constants. */
function pair(ctx: LineageContext, values: readonly Value[]): void {
  const classes = new Set<string | undefined>();
  for (const v of values) {
    if (v.sources.size === 0) continue;
    for (const ref of v.sources) classes.add(ctx.classOf(ref)?.id);
  }
  const plain = values.every((v) => v.sources.size === 0 || v.exact) && classes.size <= 1;
  for (const v of values) ctx.filter(v, plain ? 'equality' : 'other');
}

function subLink(ctx: LineageContext, link: NodeOf<'SubLink'> | undefined, node: Node, place: Place): void {
  if (link?.subLinkType === 'EXISTS_SUBLINK') {
    ctx.engine.expression(node, place);
    return;
  }
  const equality = link?.operName === undefined || EQUALITY.has(strings(link.operName).at(-1) ?? '');
  if (link?.subLinkType !== 'ANY_SUBLINK' || link.subselect === undefined || !equality) {
    ctx.group(ctx.engine.expression(node, place));
    return;
  }
  const columns = ctx.engine.query(link.subselect, place);
  const tested = as(link.testexpr, 'RowExpr')?.args ?? (link.testexpr === undefined ? [] : [link.testexpr]);
  tested.forEach((t, i) => pair(ctx, [ctx.engine.expression(t, place), ...(columns[i] === undefined ? [] : [columns[i].value])]));
}
