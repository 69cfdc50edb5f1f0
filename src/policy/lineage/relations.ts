/** Columns of tables and views with their sources. */
import { resolveTable } from '../facts/resolve.ts';
import type { QualifiedName } from '../facts/tree.ts';
import { parseSql } from '../parse.ts';
import type { CatalogRelation, ColumnRef } from '../types.ts';
import { FIRST_USER_OID } from '../user-oids.ts';
import { isBoundedType } from './fits.ts';
import type { LineageContext, Place } from './context.ts';
import { relatives } from './family.ts';
import type { ScopeColumn, ScopeItem } from './scope.ts';
import { CONSTANT, derived, isFirm } from './value.ts';
import type { NamedValue, Value } from './value.ts';

const NOWHERE: Place = { scope: undefined, ctes: undefined };

/** The FROM item for a named relation. Without a catalog every column name is taken to be one of its columns. */
export function relationItem(ctx: LineageContext, name: QualifiedName, alias: string | undefined): ScopeItem {
  const found = resolveTable(name, ctx.env);
  const item = { alias: alias ?? found.name, ...(alias === undefined ? { schema: found.schema } : {}), relVisible: true, colVisible: true, system: true };
  const label = `${found.schema}.${found.name}`;
  if (found.ambiguous) ctx.refuse('unresolved', `relation "${found.name}" may be a temporary one of this session`);
  if (found.relation !== undefined) {
    ctx.engine.reads(found.relation);
    return { ...item, columns: relationColumns(ctx, found.relation) };
  }
  if (ctx.env.catalog !== undefined) ctx.refuse('unresolved', `relation "${label}" is not in the catalog snapshot`);
  const open = (column: string): Value => ({ sources: new Set([ctx.column(found.schema, found.name, column)]), exact: true });
  return { ...item, columns: [], open };
}

export function relationColumns(ctx: LineageContext, relation: CatalogRelation): readonly ScopeColumn[] {
  // Anyone who may can put views into information_schema.
  const system = (relation.schema === 'pg_catalog' || relation.schema === 'information_schema') && relation.oid < FIRST_USER_OID;
  const columns = !system && (relation.kind === 'v' || relation.kind === 'm') ? viewColumns(ctx, relation) : baseColumns(ctx, relation);
  if (columns.some((c) => ctx.hidden(c.value))) ctx.touchesClassified = true;
  return columns;
}

function baseColumns(ctx: LineageContext, relation: CatalogRelation): readonly ScopeColumn[] {
  const plain = ctx.columnsOnce(relation, () => plainColumns(ctx, relation));
  if (!relation.columns.some((c) => c.generated !== undefined)) return plain;
  const item: ScopeItem = { alias: relation.name, columns: plain, system: true, relVisible: true, colVisible: true };
  return plain.map((column, i) => {
    const { generated: expression, virtual } = relation.columns[i] ?? {};
    if (expression === undefined) return column;
    const computed = generatedValue(ctx, relation, expression, item);
    return { ...column, value: derived(column.value, computed.value), ...(virtual && computed.tests ? { tests: computed.tests } : {}) };
  });
}

function plainColumns(ctx: LineageContext, relation: CatalogRelation): readonly ScopeColumn[] {
  const family = relatives(ctx.env.catalog, relation);
  return relation.columns.map((c): ScopeColumn => {
    const own = ctx.column(relation.schema, relation.name, c.name);
    const sources = new Set<ColumnRef>([own]);
    // A partition holds its parent's rows and a parent shows its partitions': a class on either covers both.
    for (const other of family) {
      const ref = ctx.column(other.schema, other.name, c.name);
      if (ctx.classOf(ref) !== undefined) sources.add(ref);
    }
    for (const ref of ofComposite(ctx, c.typeOid)) sources.add(ref);
    const guard = ctx.guardOf(relation.schema, relation.name, c.name);
    return { name: c.name, value: { sources, exact: true, type: c.typeOid, ...(c.typmod === undefined ? {} : { typmod: c.typmod }), ...(isBoundedType(c.typeOid, c.typmod) ? { bounded: true } : {}) }, ...(guard === undefined ? {} : { guard }) };
  });
}

/** Classified attributes of a column's composite type: `contact` holds what `(contact).email` shows. */
function ofComposite(ctx: LineageContext, typeOid: number): readonly ColumnRef[] {
  const type = ctx.env.catalog?.relationOfType?.(typeOid);
  if (type === undefined || ctx.expanding.includes(`type ${type.oid}`)) return [];
  ctx.expanding.push(`type ${type.oid}`);
  const found = type.columns.flatMap((a) => {
    const ref = ctx.column(type.schema, type.name, a.name);
    return [...(ctx.classOf(ref) === undefined ? [] : [ref]), ...ofComposite(ctx, a.typeOid)];
  });
  ctx.expanding.pop();
  return found;
}

/** Attributes of a value of composite type: each shows what the whole may hold of its own class, and what the column itself holds. */
export function compositeFields(ctx: LineageContext, value: Value): readonly NamedValue[] | undefined {
  if (value.type === undefined) return undefined;
  const type = ctx.env.catalog?.relationOfType?.(value.type);
  if (type === undefined || value.type !== type.rowTypes?.[0]) return undefined;
  const attributes = new Set(ofComposite(ctx, value.type));
  const rest = [...value.sources].filter((ref) => !attributes.has(ref));
  return type.columns.map((a) => {
    const own = ctx.column(type.schema, type.name, a.name);
    return { name: a.name, value: { sources: new Set([...rest, ...(ctx.classOf(own) === undefined ? [] : [own]), ...ofComposite(ctx, a.typeOid)]), exact: value.exact, type: a.typeOid } };
  });
}

function generatedValue(ctx: LineageContext, relation: CatalogRelation, expression: string, item: ScopeItem): NamedValue {
  const parsed = parseSql(`SELECT ${expression}`);
  const [statement] = parsed.ok ? parsed.statements : [];
  if (statement === undefined) {
    ctx.refuse('opaque', `a generated column of ${relation.schema}.${relation.name} cannot be parsed`);
    return { name: '', value: CONSTANT };
  }
  const reads = new Map(ctx.reads);
  const place: Place = { scope: { items: [item], parent: undefined }, ctes: undefined };
  const { result, tests } = ctx.elsewhere(() => ctx.putOff(() => ctx.engine.query(statement.node, place)));
  // The server read them when the row was written; this statement has not.
  ctx.reads.clear();
  for (const [key, ref] of reads) ctx.reads.set(key, ref);
  const value = derived(...result.map((c) => c.value));
  return { name: '', value, tests: [...tests, ...result.flatMap((c) => c.tests ?? [])] };
}

/** A view by its definition: where its columns come from, in the names of the tables below. */
function viewColumns(ctx: LineageContext, view: CatalogRelation): ScopeColumn[] {
  const label = `${view.schema}.${view.name}`;
  const own = (i: number): ColumnRef => ctx.column(view.schema, view.name, view.columns[i]?.name ?? '');
  const unknown = (): ScopeColumn[] => view.columns.map((c, i) => ({ name: c.name, value: { sources: new Set([own(i)]), exact: true } }));
  if (view.definition === undefined || ctx.expanding.includes(label)) {
    ctx.refuse('opaque', `the definition of view ${label} is not known`);
    return unknown();
  }
  const parsed = parseSql(view.definition);
  const [statement] = parsed.ok ? parsed.statements : [];
  if (statement === undefined) {
    ctx.refuse('opaque', `the definition of view ${label} cannot be parsed`);
    return unknown();
  }
  ctx.expanding.push(label);
  const columns = ctx.elsewhere(() => ctx.nested(`view ${label}`, () => ctx.underPath(ctx.printedPath, () => ctx.engine.query(statement.node, NOWHERE))));
  ctx.expanding.pop();
  if (columns.length !== view.columns.length) {
    ctx.refuse('unresolved', `view ${label} has ${view.columns.length} columns, its definition gives ${columns.length}`);
    return unknown();
  }
  return view.columns.map((c, i) => {
    const value = columns[i]?.value ?? CONSTANT;
    const ref = own(i);
    const classified = ctx.classOf(ref) !== undefined;
    const tests = columns[i]?.tests;
    return { name: c.name, ...(tests === undefined ? {} : { tests }), value: classified ? { sources: new Set([...value.sources, ref]), exact: value.exact, firm: isFirm(value) } : value };
  });
}
