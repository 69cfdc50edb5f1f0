/**
 * Definitions whose code runs with later statements that do not name it: triggers, rules, casts, policies, domains,
 * defaults of arguments. What can be followed is followed now; what cannot is said to read everything, and is the
 * action `sql:opaque`, which policy decides.
 */
import { definesOpaqueCode } from '../facts/opaque-code.ts';
import { allOf, as } from '../facts/tree.ts';
import type { Node, NodeOf } from '../facts/tree.ts';
import type { ColumnRef } from '../types.ts';
import { FIRST_USER_OID } from '../user-oids.ts';
import { classifiedColumns } from './context.ts';
import type { LineageContext, Place } from './context.ts';
import { rowTypeOf } from './fits.ts';
import { relationItem } from './relations.ts';
import type { ScopeItem } from './scope.ts';
import { CONSTANT } from './value.ts';
import type { Value } from './value.ts';

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
  domainRules(ctx, node);
  whenOf(ctx, as(node, 'CreateTrigStmt'));
  for (const parameter of allOf(as(node, 'CreateFunctionStmt')?.parameters, 'FunctionParameter')) ctx.engine.expression(parameter.defexpr, NOWHERE);
  const statistics = as(node, 'CreateStatsStmt');
  const [range] = allOf(statistics?.relations, 'RangeVar');
  if (range !== undefined) {
    const item = relationItem(ctx, { schema: range.schemaname, name: range.relname ?? '' }, undefined);
    for (const element of allOf(statistics?.exprs, 'StatsElem')) ctx.engine.expression(element.expr, { scope: { items: [item], parent: undefined }, ctes: undefined });
  }
}

/** VALUE in the check of a domain. */
const domainPlace = (value: Value): Place => {
  const item: ScopeItem = { alias: '', columns: [{ name: 'value', value }], system: false, relVisible: false, colVisible: true };
  return { scope: { items: [item], parent: undefined }, ctes: undefined };
};

/** Classified columns of types that people made: a check that is added to a domain is asked of every value of it. */
function ofOwnTypes(ctx: LineageContext): Value {
  const sources = new Set<ColumnRef>();
  for (const ref of classifiedColumns(ctx.env)) {
    const column = ctx.env.catalog?.relation(ref.schema, ref.table)?.columns.find((c) => c.name === ref.column);
    const relation = ctx.env.catalog?.relation(ref.schema, ref.table);
    if (relation?.kind === 'c' || (column !== undefined && column.typeOid >= FIRST_USER_OID && rowTypeOf(ctx.env, column.typeOid) === undefined)) sources.add(ctx.column(ref.schema, ref.table, ref.column));
  }
  return { sources, exact: false };
}

function domainRules(ctx: LineageContext, node: Node): void {
  const { constraints } = as(node, 'CreateDomainStmt') ?? {};
  for (const c of allOf(constraints, 'Constraint')) domainRule(ctx, c.raw_expr, c.contype === 'CONSTR_DEFAULT', CONSTANT);
  const alter = as(node, 'AlterDomainStmt');
  if (alter?.def === undefined) return;
  const added = as(alter.def, 'Constraint');
  domainRule(ctx, added === undefined ? alter.def : added.raw_expr, added === undefined, added === undefined ? CONSTANT : ofOwnTypes(ctx));
}

/** The default of a domain fills columns that say nothing of it. */
function domainRule(ctx: LineageContext, expression: Node | undefined, isDefault: boolean, of: Value): void {
  if (!isDefault) return ctx.engine.predicate(expression, domainPlace(of));
  const [first] = ctx.classified(ctx.engine.expression(expression, NOWHERE));
  if (first !== undefined) ctx.refuse('opaque', `the default of the domain would put values of ${first.schema}.${first.table}.${first.column} into columns that are not of its class`);
}

/** Whether a trigger runs shows in what it does, or in the number of rows. */
function whenOf(ctx: LineageContext, trigger: NodeOf<'CreateTrigStmt'> | undefined): void {
  if (trigger?.whenClause === undefined || trigger.relation === undefined) return;
  const item = relationItem(ctx, { schema: trigger.relation.schemaname, name: trigger.relation.relname ?? '' }, undefined);
  const items = ['old', 'new'].map((alias): ScopeItem => ({ ...item, alias, colVisible: false }));
  ctx.engine.predicate(trigger.whenClause, { scope: { items, parent: undefined }, ctes: undefined });
}

/** Code that cannot be followed may read every classified column; whether it may run is for policy to say. */
export function anything(ctx: LineageContext): void {
  for (const ref of classifiedColumns(ctx.env)) ctx.use({ sources: new Set([ctx.column(ref.schema, ref.table, ref.column)]), exact: true });
}
