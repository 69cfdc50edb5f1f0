/** Changes of schema that would take classified columns out of sight of the rules that name them. */
import { resolveTable } from '../facts/resolve.ts';
import { allOf, as, stringOf } from '../facts/tree.ts';
import type { Node, NodeOf } from '../facts/tree.ts';
import type { CatalogRelation } from '../types.ts';
import type { LineageContext, Place } from './context.ts';
import { relationColumns, relationItem } from './relations.ts';
import { checkFlow } from './write.ts';

/** Refuses a change that moves classified values or names; all other statements pass. */
export function changeRules(ctx: LineageContext, node: Node): void {
  const rename = as(node, 'RenameStmt');
  if (rename !== undefined) renamed(ctx, rename);
  const move = as(node, 'AlterObjectSchemaStmt');
  if (move?.relation !== undefined) {
    const found = relationOf(ctx, move.relation);
    if (found !== undefined) keepsClasses(ctx, found, (c) => ({ schema: move.newschema ?? '', table: found.name, column: c }), `moving ${found.schema}.${found.name} to schema ${move.newschema ?? ''}`);
  }
  const alter = as(node, 'AlterTableStmt');
  if (alter !== undefined) altered(ctx, alter);
  const index = as(node, 'IndexStmt');
  if (index?.relation !== undefined) {
    const place = tablePlace(ctx, index.relation);
    ctx.engine.predicate(index.whereClause, place);
    for (const element of allOf(index.indexParams, 'IndexElem')) ctx.engine.expression(element.expr, place);
  }
  const rule = as(node, 'RuleStmt');
  if (rule !== undefined) ruleBody(ctx, rule);
}

const relationOf = (ctx: LineageContext, range: { readonly schemaname?: string; readonly relname?: string }): CatalogRelation | undefined =>
  resolveTable({ schema: range.schemaname, name: range.relname ?? '' }, ctx.env).relation;

function tablePlace(ctx: LineageContext, range: { readonly schemaname?: string; readonly relname?: string }): Place {
  return { scope: { items: [relationItem(ctx, { schema: range.schemaname, name: range.relname ?? '' }, undefined)], parent: undefined }, ctes: undefined };
}

/** Rules name columns by schema, table and column: a new name must fall under the same class. */
function keepsClasses(ctx: LineageContext, relation: CatalogRelation, after: (column: string) => { schema: string; table: string; column: string }, what: string): void {
  for (const c of relation.columns) {
    const before = ctx.env.classify({ schema: relation.schema, table: relation.name, column: c.name });
    if (before === undefined) continue;
    if (ctx.env.classify(after(c.name))?.id !== before.id) ctx.refuse('opaque', `${what} would take column ${c.name} out of the class ${before.id}`);
  }
}

function renamed(ctx: LineageContext, rename: NodeOf<'RenameStmt'>): void {
  const name = rename.newname ?? '';
  if (rename.renameType === 'OBJECT_SCHEMA') {
    const old = rename.subname ?? stringOf(rename.object) ?? '';
    for (const relation of ctx.env.catalog?.relations() ?? []) {
      if (relation.schema === old) keepsClasses(ctx, relation, (c) => ({ schema: name, table: relation.name, column: c }), `renaming schema ${old} to ${name}`);
    }
    return;
  }
  const relation = rename.relation === undefined ? undefined : relationOf(ctx, rename.relation);
  if (relation === undefined) return;
  if (rename.renameType === 'OBJECT_COLUMN' || rename.renameType === 'OBJECT_ATTRIBUTE') {
    keepsClasses(ctx, relation, (c) => ({ schema: relation.schema, table: relation.name, column: c === rename.subname ? name : c }), `renaming a column of ${relation.schema}.${relation.name} to ${name}`);
  } else if (rename.subname === undefined) {
    keepsClasses(ctx, relation, (c) => ({ schema: relation.schema, table: name, column: c }), `renaming ${relation.schema}.${relation.name} to ${name}`);
  }
}

function altered(ctx: LineageContext, alter: NodeOf<'AlterTableStmt'>): void {
  if (alter.relation === undefined || relationOf(ctx, alter.relation) === undefined) return;
  const place = tablePlace(ctx, alter.relation);
  const [item] = place.scope?.items ?? [];
  for (const command of allOf(alter.cmds, 'AlterTableCmd')) {
    const constraint = as(command.def, 'Constraint');
    // Whether a new constraint holds says something about every row.
    if (constraint !== undefined) ctx.engine.predicate(constraint.raw_expr, place);
    const definition = as(command.def, 'ColumnDef');
    if (command.subtype === 'AT_AlterColumnType' && definition?.raw_default !== undefined) {
      const target = item?.columns.find((c) => c.name === command.name);
      if (target !== undefined) checkFlow(ctx, ctx.engine.expression(definition.raw_default, place), target.value, `column ${item?.alias ?? ''}.${target.name}`);
    }
  }
}

/** A rule rewrites later statements on the table: one that meets classified columns could carry them anywhere. */
function ruleBody(ctx: LineageContext, rule: NodeOf<'RuleStmt'>): void {
  const relation = rule.relation === undefined ? undefined : relationOf(ctx, rule.relation);
  if (relation === undefined) return;
  const classified = relationColumns(ctx, relation).some((c) => ctx.classified(c.value).length > 0);
  if (classified && (rule.actions ?? []).length > 0) ctx.refuse('opaque', `a rule on ${relation.schema}.${relation.name} could carry classified values elsewhere`);
}
