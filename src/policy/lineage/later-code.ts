/**
 * Definitions whose code runs with later statements that do not name it: triggers, rules, casts, policies, domains,
 * defaults of arguments. What can be followed is followed now; what cannot is said to read everything, and is the
 * action `sql:opaque`, which policy decides.
 */
import { definesOpaqueCode } from '../facts/opaque-code.ts';
import { allOf, as } from '../facts/tree.ts';
import type { Node } from '../facts/tree.ts';
import { classifiedColumns } from './context.ts';
import type { LineageContext, Place } from './context.ts';
import { relationItem } from './relations.ts';
import type { ScopeItem } from './scope.ts';
import { CONSTANT } from './value.ts';

const NOWHERE: Place = { scope: undefined, ctes: undefined };

/** Notes what a definition does to classified data. Statements that define no such code pass. */
export function laterCode(ctx: LineageContext, node: Node): void {
  const rule = as(node, 'RuleStmt');
  if (rule !== undefined && (rule.actions ?? []).length > 0) ctx.refuse('opaque', `rule ${rule.rulename ?? ''} would make other statements of those that the analysis sees`);
  if (definesOpaqueCode(node, ctx.env)) anything(ctx);
  const policy = as(node, 'CreatePolicyStmt') ?? as(node, 'AlterPolicyStmt');
  if (policy?.table !== undefined) {
    const item = relationItem(ctx, { schema: policy.table.schemaname, name: policy.table.relname ?? '' }, undefined);
    const place: Place = { scope: { items: [item], parent: undefined }, ctes: undefined };
    ctx.engine.predicate(policy.qual, place);
    ctx.engine.predicate(policy.with_check, place);
  }
  const domain = as(node, 'CreateDomainStmt');
  for (const constraint of [...allOf(domain?.constraints, 'Constraint'), ...allOf([as(node, 'AlterDomainStmt')?.def].flatMap((d) => d ?? []), 'Constraint')]) {
    ctx.engine.predicate(constraint.raw_expr, VALUE_OF_DOMAIN);
  }
  for (const parameter of allOf(as(node, 'CreateFunctionStmt')?.parameters, 'FunctionParameter')) ctx.engine.expression(parameter.defexpr, NOWHERE);
  const statistics = as(node, 'CreateStatsStmt');
  const [range] = allOf(statistics?.relations, 'RangeVar');
  if (range !== undefined) {
    const item = relationItem(ctx, { schema: range.schemaname, name: range.relname ?? '' }, undefined);
    for (const element of allOf(statistics?.exprs, 'StatsElem')) ctx.engine.expression(element.expr, { scope: { items: [item], parent: undefined }, ctes: undefined });
  }
}

/** VALUE in the check of a domain. */
const DOMAIN_ITEM: ScopeItem = { alias: '', columns: [{ name: 'value', value: CONSTANT }], system: false, relVisible: false, colVisible: true };
const VALUE_OF_DOMAIN: Place = { scope: { items: [DOMAIN_ITEM], parent: undefined }, ctes: undefined };

/** Code that cannot be followed may read every classified column; whether it may run is for policy to say. */
export function anything(ctx: LineageContext): void {
  for (const ref of classifiedColumns(ctx.env)) ctx.use({ sources: new Set([ctx.column(ref.schema, ref.table, ref.column)]), exact: true });
}
