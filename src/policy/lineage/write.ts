/** INSERT, UPDATE, DELETE, MERGE: what they read, what they give back, and that no classified value moves to a lesser column. */
import type { RangeVar, ReturningClause } from 'libpg-query';
import { allOf, as, stringOf, strings } from '../facts/tree.ts';
import type { Node, NodeOf } from '../facts/tree.ts';
import type { ColumnRef } from '../types.ts';
import type { LineageContext, Place } from './context.ts';
import { itemOf } from './context.ts';
import { resolveTable } from '../facts/resolve.ts';
import { writesTo } from './hidden.ts';
import { relationItem } from './relations.ts';
import { renamed } from './scope.ts';
import type { ScopeItem } from './scope.ts';
import { ancestors } from './family.ts';
import { fitsColumn, rowTypeOf } from './fits.ts';
import { CONSTANT, derived, isWhole } from './value.ts';
import type { NamedValue, Value } from './value.ts';

/** Columns of RETURNING; empty without one. `place` has the statement's own CTEs already. */
export function writeColumns(ctx: LineageContext, node: Node, place: Place): readonly NamedValue[] {
  const insert = as(node, 'InsertStmt');
  if (insert !== undefined) return insertColumns(ctx, insert, place);
  const update = as(node, 'UpdateStmt');
  if (update !== undefined) {
    const target = targetItem(ctx, update.relation);
    const scope = withTarget(ctx, target, update.fromClause, place);
    ctx.engine.predicate(update.whereClause, scope);
    assign(ctx, target, update.targetList, scope);
    return returning(ctx, update.returningClause, scope, target);
  }
  const remove = as(node, 'DeleteStmt');
  if (remove !== undefined) {
    const target = targetItem(ctx, remove.relation);
    const scope = withTarget(ctx, target, remove.usingClause, place);
    ctx.engine.predicate(remove.whereClause, scope);
    return returning(ctx, remove.returningClause, scope, target);
  }
  const merge = as(node, 'MergeStmt');
  return merge === undefined ? [] : mergeWrite(ctx, merge, place);
}

function targetItem(ctx: LineageContext, range: RangeVar | undefined): ScopeItem {
  const name = { schema: range?.schemaname, name: range?.relname ?? '' };
  const item = relationItem(ctx, name, range?.alias?.aliasname);
  writesTo(ctx, resolveTable(name, ctx.env).relation);
  return { ...item, columns: renamed(item.columns, strings(range?.alias?.colnames)) };
}

function withTarget(ctx: LineageContext, target: ScopeItem, from: readonly Node[] | undefined, place: Place): Place {
  const others = ctx.engine.from(from, place);
  return { scope: { items: [target, ...others.items], parent: place.scope }, ctes: place.ctes };
}

/**
 * A value of one class may only go where the same class is: anywhere else it could be read unmasked.
 * @throws LineageRefusal
 */
export function checkFlow(ctx: LineageContext, value: Value, target: Value, label: string): void {
  const row = rowTypeOf(ctx.env, target.type);
  if (row !== undefined && value.fields !== undefined && value.fields.length === row.columns.length) {
    value.fields.forEach((f, i) => checkFlow(ctx, f.value, attributeOf(ctx, target, row.columns[i]?.name ?? ''), `${label}.${row.columns[i]?.name ?? ''}`));
    return;
  }
  const classes = new Set(ctx.classified(target).map((ref) => ctx.classOf(ref)?.id).filter((id) => id !== undefined && isStoredAs(ctx, target, id, value.exact && value.type !== undefined && value.type === target.type)));
  // A value that has to fit another type may fail to, and so tells of its length or form.
  if (target.type !== undefined && !fitsColumn(value, target.type, target.typmod)) ctx.filter(value, 'other');
  // A part that is stored under the name of the class would be compared and shown as if it were a whole value.
  else if (!isWhole(value) && ctx.hidden(value)) ctx.filter(value, 'other');
  for (const ref of ctx.classified(value)) {
    if (!classes.has(ctx.classOf(ref)?.id)) {
      ctx.refuse('opaque', `${label} would hold values of ${ref.schema}.${ref.table}.${ref.column} but is not of the class ${ctx.classOf(ref)?.id ?? ''}`);
    }
  }
}

/**
 * True when what is written to the target is stored under the class: a view may name it so where the table below does
 * not, and a table may only have children of the class, which can be let go.
 */
function isStoredAs(ctx: LineageContext, target: Value, id: string, isWholeRow: boolean): boolean {
  const isOf = (ref: ColumnRef): boolean => ctx.classOf(ref)?.id === id;
  const refs = [...target.sources];
  const kindOf = (ref: ColumnRef): string | undefined => ctx.env.catalog?.relation(ref.schema, ref.table)?.kind;
  // Attributes of a composite type keep their class wherever the value goes, if each value goes to its own.
  if ((isWholeRow || refs.length === 1) && refs.some((ref) => kindOf(ref) === 'c' && isOf(ref))) return true;
  return refs.every((ref) => {
    const relation = ctx.env.catalog?.relation(ref.schema, ref.table);
    if (isOf(ref) || relation?.kind === 'v' || relation?.kind === 'm' || relation?.kind === 'c') return true;
    return relation !== undefined && ancestors(ctx.env.catalog, relation).some((a) => isOf(ctx.column(a.schema, a.name, ref.column)));
  });
}

/** An attribute of a column of composite type: classified itself, or as the column is. */
function attributeOf(ctx: LineageContext, column: Value, name: string): Value {
  const type = rowTypeOf(ctx.env, column.type);
  const attribute = type?.columns.find((a) => a.name === name);
  // Elements of arrays, and what else has no attributes that are known: of no class but the column's own.
  if (type === undefined || attribute === undefined) return { sources: ownOf(ctx, column), exact: true };
  const own = ctx.column(type.schema, type.name, name);
  const sources = ctx.classOf(own) === undefined ? new Set([...ownOf(ctx, column), own]) : new Set([own]);
  return { sources, exact: true, type: attribute.typeOid, ...(attribute.typmod === undefined ? {} : { typmod: attribute.typmod }) };
}

/** References to tables and views among the sources, without attributes of types. */
const ownOf = (ctx: LineageContext, column: Value): ReadonlySet<ColumnRef> => new Set([...column.sources].filter((ref) => ctx.env.catalog?.relation(ref.schema, ref.table)?.kind !== 'c'));

/** What a target list names: a column, an attribute of it, an element. */
function targetOf(ctx: LineageContext, target: ScopeItem, item: NodeOf<'ResTarget'>): Value {
  return (item.indirection ?? []).reduce((value: Value, step) => {
    const name = stringOf(step);
    return name === undefined ? { sources: ownOf(ctx, value), exact: true } : attributeOf(ctx, value, name);
  }, columnOf(ctx, target, item.name ?? ''));
}

/** A column of the target; of an item without known columns, by its name. */
function columnOf(ctx: LineageContext, target: ScopeItem, name: string): Value {
  const hit = target.columns.find((c) => c.name === name);
  if (hit !== undefined) return hit.value;
  if (target.open !== undefined) return target.open(name);
  ctx.unresolved(`column "${name}" does not exist in ${target.alias}`);
  return CONSTANT;
}

function insertColumns(ctx: LineageContext, insert: NodeOf<'InsertStmt'>, place: Place): readonly NamedValue[] {
  const target = targetItem(ctx, insert.relation);
  const items = allOf(insert.cols, 'ResTarget');
  const names = insert.cols === undefined ? target.columns.map((c) => c.name) : items.map((c) => c.name ?? '');
  const source = insert.selectStmt === undefined ? [] : ctx.engine.query(insert.selectStmt, place);
  source.forEach((column, i) => {
    ctx.commit(column.tests);
    const name = names[i] ?? '';
    const item = items[i];
    ctx.within(column.node, () => checkFlow(ctx, column.value, target.open !== undefined && names[i] === undefined ? CONSTANT : item === undefined ? columnOf(ctx, target, name) : targetOf(ctx, target, item), `column ${target.alias}.${name}`));
  });
  const conflict = insert.onConflictClause;
  if (conflict !== undefined) {
    const excluded: ScopeItem = { ...target, alias: 'excluded', colVisible: false };
    const scope: Place = { scope: { items: [target, excluded], parent: place.scope }, ctes: place.ctes };
    // Whether a row conflicts tells whether the value is there.
    for (const element of allOf(conflict.infer?.indexElems, 'IndexElem')) {
      ctx.group(element.name === undefined ? ctx.engine.expression(element.expr, scope) : columnOf(ctx, target, element.name));
    }
    ctx.engine.predicate(conflict.infer?.whereClause, scope);
    ctx.engine.predicate(conflict.whereClause, scope);
    assign(ctx, target, conflict.targetList, scope);
  }
  return returning(ctx, insert.returningClause, { scope: { items: [target], parent: place.scope }, ctes: place.ctes }, target);
}

/** SET column = value, with (a, b) = (...) taken apart. */
function assign(ctx: LineageContext, target: ScopeItem, list: readonly Node[] | undefined, place: Place): void {
  for (const item of allOf(list, 'ResTarget')) {
    const name = item.name ?? '';
    for (const step of item.indirection ?? []) {
      const index = as(step, 'A_Indices');
      if (index !== undefined) ctx.filter(derived(ctx.engine.expression(index.lidx, place), ctx.engine.expression(index.uidx, place)), 'other');
    }
    ctx.within(item.val, () => checkFlow(ctx, assigned(ctx, item.val, place), targetOf(ctx, target, item), `column ${target.alias}.${name}`));
  }
}

function assigned(ctx: LineageContext, node: Node | undefined, place: Place): Value {
  const multi = as(node, 'MultiAssignRef');
  if (multi === undefined) return ctx.engine.expression(node, place);
  const position = (multi.colno ?? 1) - 1;
  const row = as(multi.source, 'RowExpr');
  if (row !== undefined) return ctx.engine.expression(row.args?.[position], place);
  const value = ctx.engine.expression(multi.source, place);
  return value.fields?.[position]?.value ?? derived(value);
}

function mergeWrite(ctx: LineageContext, merge: NodeOf<'MergeStmt'>, place: Place): readonly NamedValue[] {
  const target = targetItem(ctx, merge.relation);
  const scope = withTarget(ctx, target, merge.sourceRelation === undefined ? [] : [merge.sourceRelation], place);
  ctx.engine.predicate(merge.joinCondition, scope);
  for (const when of allOf(merge.mergeWhenClauses, 'MergeWhenClause')) {
    ctx.engine.predicate(when.condition, scope);
    if (when.commandType === 'CMD_UPDATE') assign(ctx, target, when.targetList, scope);
    if (when.commandType !== 'CMD_INSERT') continue;
    const items = allOf(when.targetList, 'ResTarget');
    const names = when.targetList === undefined ? target.columns.map((c) => c.name) : items.map((c) => c.name ?? '');
    (when.values ?? []).forEach((v, i) => {
      const name = names[i];
      const item = items[i];
      ctx.within(v, () => checkFlow(ctx, ctx.engine.expression(v, scope), name === undefined ? CONSTANT : item === undefined ? columnOf(ctx, target, name) : targetOf(ctx, target, item), `column ${target.alias}.${name ?? ''}`));
    });
  }
  // RETURNING of MERGE lists the source's columns before the target's.
  const items = scope.scope?.items ?? [];
  const reordered: Place = { scope: { items: [...items.slice(1), ...items.slice(0, 1)], parent: place.scope }, ctes: place.ctes };
  return returning(ctx, merge.returningClause, reordered, target);
}

function returning(ctx: LineageContext, clause: ReturningClause | undefined, place: Place, target: ScopeItem): readonly NamedValue[] {
  if (clause === undefined) return [];
  const options = allOf(clause.options, 'ReturningOption');
  const rows = (['OLD', 'NEW'] as const).map((which) => {
    const alias = options.find((o) => o.option === `RETURNING_OPTION_${which}`)?.value ?? which.toLowerCase();
    return { ...itemOf(alias, target.columns), ...(target.open === undefined ? {} : { open: target.open }), system: true, colVisible: false };
  });
  return ctx.engine.targets(clause.exprs, { scope: { items: [...(place.scope?.items ?? []), ...rows], parent: place.scope?.parent }, ctes: place.ctes });
}
