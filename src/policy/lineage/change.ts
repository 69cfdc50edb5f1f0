/** Changes of schema that would take classified columns out of sight of the rules that name them, or ask questions about them. */
import type { PartitionBoundSpec, RangeVar } from 'libpg-query';
import { takesVouchedName } from '../facts/opaque-code.ts';
import { resolveTable } from '../facts/resolve.ts';
import { allOf, as, qualified, stringOf, strings } from '../facts/tree.ts';
import type { Node, NodeOf } from '../facts/tree.ts';
import type { CatalogRelation } from '../types.ts';
import { isQuiet } from './compare.ts';
import { itemOf } from './context.ts';
import type { LineageContext, Place } from './context.ts';
import { laterCode } from './later-code.ts';
import { relationItem } from './relations.ts';
import type { ScopeColumn, ScopeItem } from './scope.ts';
import { derived } from './value.ts';
import { checkFlow } from './write.ts';

/** Refuses a change that moves classified values or names, and notes what a change asks of them. */
export function changeRules(ctx: LineageContext, node: Node): void {
  const rename = as(node, 'RenameStmt');
  if (rename !== undefined) renamed(ctx, rename);
  const move = as(node, 'AlterObjectSchemaStmt');
  if (move?.relation !== undefined) {
    const found = relationOf(ctx, move.relation);
    if (found !== undefined) keepsClasses(ctx, found, (c) => ({ schema: move.newschema ?? '', table: found.name, column: c }), `moving ${found.schema}.${found.name} to schema ${move.newschema ?? ''}`);
    else unknownTable(ctx, move.relation, MOVED.has(move.objectType ?? ''));
  }
  const type = move?.relation === undefined && TYPES.has(move?.objectType ?? '') ? typeNamed(ctx, move?.object) : undefined;
  if (type !== undefined) keepsClasses(ctx, type, (c) => ({ schema: move?.newschema ?? '', table: type.name, column: c }), `moving type ${type.schema}.${type.name} to schema ${move?.newschema ?? ''}`);
  const contents = as(node, 'AlterExtensionContentsStmt');
  // What an extension brought is taken for what it was when it came.
  if (contents !== undefined && contents.action !== -1) ctx.refuse('opaque', `extension ${contents.extname ?? ''} would vouch for what it did not bring`);
  const alter = as(node, 'AlterTableStmt');
  if (alter !== undefined) altered(ctx, alter);
  if (takesVouchedName(node, ctx.env)) ctx.refuse('opaque', 'the bundle vouches for another body under that name');
  const create = as(node, 'CreateStmt') ?? as(node, 'CreateForeignTableStmt')?.base;
  if (create !== undefined) created(ctx, create);
  const index = as(node, 'IndexStmt');
  if (index?.relation !== undefined) {
    const place = tablePlace(ctx, index.relation);
    ctx.engine.predicate(index.whereClause, place);
    // Rows that an index over an expression tells apart, or a constraint refuses, answer questions about parts of a value.
    for (const element of allOf(index.indexParams, 'IndexElem')) ctx.filter(ctx.engine.expression(element.expr, place), 'other', element.expr);
  }
  for (const element of as(node, 'CreateSchemaStmt')?.schemaElts ?? []) changeRules(ctx, element);
  const refresh = as(node, 'RefreshMatViewStmt');
  // Its rows are computed again, and its errors quote them.
  if (refresh?.relation !== undefined) tableItem(ctx, refresh.relation);
  const cluster = as(node, 'ClusterStmt');
  if (cluster?.relation !== undefined) ordered(ctx, cluster.relation);
  laterCode(ctx, node);
}

/** Rows come out of a clustered table in the order of the index, which the snapshot does not know. */
function ordered(ctx: LineageContext, range: RangeVar): void {
  for (const column of tableItem(ctx, range).columns) ctx.filter(column.value, 'other');
}

const relationOf = (ctx: LineageContext, range: { readonly schemaname?: string; readonly relname?: string }): CatalogRelation | undefined =>
  resolveTable({ schema: range.schemaname, name: range.relname ?? '' }, ctx.env).relation;

const tableItem = (ctx: LineageContext, range: { readonly schemaname?: string; readonly relname?: string }): ScopeItem =>
  relationItem(ctx, { schema: range.schemaname, name: range.relname ?? '' }, undefined);

const placeOf = (item: ScopeItem): Place => ({ scope: { items: [item], parent: undefined }, ctes: undefined });

/** The table's columns in sight of expressions in a definition. */
export const tablePlace = (ctx: LineageContext, range: { readonly schemaname?: string; readonly relname?: string }): Place => placeOf(tableItem(ctx, range));

/** Rules name columns by schema, table and column: a new name must fall under the same class. */
function keepsClasses(ctx: LineageContext, relation: CatalogRelation, after: (column: string) => { schema: string; table: string; column: string }, what: string): void {
  for (const c of relation.columns) {
    const before = ctx.env.classify({ schema: relation.schema, table: relation.name, column: c.name });
    if (before === undefined) continue;
    if (ctx.env.classify(after(c.name))?.id !== before.id) ctx.refuse('opaque', `${what} would take column ${c.name} out of the class ${before.id}`);
  }
}

const TYPES: ReadonlySet<string> = new Set(['OBJECT_TYPE', 'OBJECT_DOMAIN']);

/** The composite type that a list of names means. */
const typeNamed = (ctx: LineageContext, object: Node | undefined): CatalogRelation | undefined => resolveTable(qualified(as(object, 'List')?.items), ctx.env).relation;

const MOVED = new Set(['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW', 'OBJECT_FOREIGN_TABLE']);

/** A table that the snapshot does not know may be there all the same, made or moved a moment ago by others: its classes are not known. */
function unknownTable(ctx: LineageContext, range: NodeOf<'RangeVar'> | undefined, isTable: boolean): void {
  if (range === undefined || !isTable || ctx.env.catalog === undefined) return;
  ctx.refuse('opaque', `table ${range.schemaname === undefined ? '' : `${range.schemaname}.`}${range.relname ?? ''} is not known, and so not which classes its columns are of; run it again`);
}

function renamed(ctx: LineageContext, rename: NodeOf<'RenameStmt'>): void {
  const name = rename.newname ?? '';
  if (rename.renameType === 'OBJECT_LANGUAGE') ctx.refuse('opaque', 'the name of a language tells which code can be followed');
  const type = TYPES.has(rename.renameType ?? '') ? typeNamed(ctx, rename.object) : undefined;
  if (type !== undefined) keepsClasses(ctx, type, (c) => ({ schema: type.schema, table: name, column: c }), `renaming type ${type.schema}.${type.name} to ${name}`);
  if (rename.renameType === 'OBJECT_SCHEMA') {
    const old = rename.subname ?? stringOf(rename.object) ?? '';
    for (const relation of ctx.env.catalog?.relations() ?? []) {
      if (relation.schema === old) keepsClasses(ctx, relation, (c) => ({ schema: name, table: relation.name, column: c }), `renaming schema ${old} to ${name}`);
    }
    return;
  }
  const relation = rename.relation === undefined ? undefined : relationOf(ctx, rename.relation);
  if (relation === undefined) return unknownTable(ctx, rename.relation, MOVED.has(rename.relationType ?? rename.renameType ?? '') || MOVED.has(rename.renameType ?? ''));
  if (rename.renameType === 'OBJECT_COLUMN' || rename.renameType === 'OBJECT_ATTRIBUTE') {
    keepsClasses(ctx, relation, (c) => ({ schema: relation.schema, table: relation.name, column: c === rename.subname ? name : c }), `renaming a column of ${relation.schema}.${relation.name} to ${name}`);
  } else if (rename.subname === undefined) {
    keepsClasses(ctx, relation, (c) => ({ schema: relation.schema, table: name, column: c }), `renaming ${relation.schema}.${relation.name} to ${name}`);
  }
}

/** Columns of a table that does not exist yet: those it defines and those it takes over. */
function created(ctx: LineageContext, create: NodeOf<'CreateStmt'>): void {
  const range = create.relation;
  const place = ctx.env.searchPath.find((s) => s !== 'pg_catalog' && !s.startsWith('pg_temp')) ?? 'public';
  const schema = range?.schemaname ?? (range?.relpersistence === 't' ? 'pg_temp' : place);
  const own = (name: string): ScopeColumn => ({ name, value: { sources: new Set([ctx.column(schema, range?.relname ?? '', name)]), exact: true } });
  const likes = allOf(create.tableElts, 'TableLikeClause').flatMap((like) => (like.relation === undefined ? [] : [like.relation]));
  const taken = [...allOf(create.inhRelations, 'RangeVar'), ...likes].flatMap((from) => relationOf(ctx, from)?.columns.map((c) => own(c.name)) ?? []);
  const typed = create.ofTypename === undefined ? undefined : resolveTable(qualified(create.ofTypename.names), ctx.env).relation;
  const definitions = allOf(create.tableElts, 'ColumnDef');
  const plain = itemOf(range?.relname ?? '', [...taken, ...(typed?.columns ?? []).map((c) => own(c.name)), ...definitions.map((d) => own(d.colname ?? ''))]);
  const item = { ...plain, columns: plain.columns.map((c) => withGenerated(ctx, c, definitions, plain)) };
  for (const definition of definitions) defined(ctx, definition, item);
  bounded(ctx, create.partbound);
  for (const constraint of [...allOf(create.tableElts, 'Constraint'), ...allOf(create.constraints, 'Constraint')]) constrained(ctx, constraint, item, undefined);
  // Which partition a row is in shows between which bounds its key lies.
  for (const element of allOf(create.partspec?.partParams, 'PartitionElem')) {
    const key = element.name === undefined ? ctx.engine.expression(element.expr, placeOf(item)) : own(element.name).value;
    ctx.filter(key, 'other', element.expr);
  }
}

/** Bounds of a partition are computed now, and anyone can read them in the catalogs. */
function bounded(ctx: LineageContext, bound: PartitionBoundSpec | undefined): void {
  for (const datum of [...(bound?.listdatums ?? []), ...(bound?.lowerdatums ?? []), ...(bound?.upperdatums ?? [])]) kept(ctx, datum, 'the bounds of the partition');
}

/** A value that the catalogs would keep. */
function kept(ctx: LineageContext, expression: Node | undefined, where: string): void {
  const value = ctx.engine.expression(expression, { scope: undefined, ctes: undefined });
  const [first] = ctx.classified(value);
  if (first !== undefined) ctx.within(expression, () => ctx.refuse('opaque', `${where} would hold a value of ${first.schema}.${first.table}.${first.column} for everybody to read`));
}

/** A generated column holds what it is computed from. */
function withGenerated(ctx: LineageContext, column: ScopeColumn, definitions: readonly NodeOf<'ColumnDef'>[], plain: ScopeItem): ScopeColumn {
  const definition = definitions.find((d) => d.colname === column.name);
  const generated = allOf(definition?.constraints, 'Constraint').find((c) => c.contype === 'CONSTR_GENERATED');
  return generated === undefined ? column : { ...column, value: derived(column.value, ctx.putOff(() => ctx.engine.expression(generated.raw_expr, placeOf(plain))).result) };
}

function defined(ctx: LineageContext, definition: NodeOf<'ColumnDef'>, item: ScopeItem): void {
  const target = item.columns.find((c) => c.name === definition.colname);
  if (definition.raw_default !== undefined && target !== undefined) {
    checkFlow(ctx, ctx.engine.expression(definition.raw_default, placeOf(item)), target.value, `column ${item.alias}.${target.name}`);
  }
  for (const constraint of allOf(definition.constraints, 'Constraint')) constrained(ctx, constraint, item, target);
}

/** CHECK and EXCLUDE answer questions about each row; a default is a value that flows into the column. */
function constrained(ctx: LineageContext, constraint: NodeOf<'Constraint'>, item: ScopeItem, target: ScopeColumn | undefined): void {
  const place = placeOf(item);
  switch (constraint.contype) {
    case 'CONSTR_CHECK':
      ctx.engine.predicate(constraint.raw_expr, place);
      return;
    case 'CONSTR_DEFAULT': {
      const value = ctx.engine.expression(constraint.raw_expr, place);
      if (target !== undefined) ctx.within(constraint.raw_expr, () => checkFlow(ctx, value, target.value, `column ${item.alias}.${target.name}`));
      return;
    }
    // Read like the columns it is computed from; computing it must not fail because of them.
    case 'CONSTR_GENERATED':
      if (!isQuiet(constraint.raw_expr)) ctx.engine.expression(constraint.raw_expr, place);
      return;
    case 'CONSTR_EXCLUSION':
      for (const pair of allOf(constraint.exclusions, 'List')) {
        const element = as(pair.items?.[0], 'IndexElem');
        const column = item.columns.find((c) => c.name === element?.name);
        ctx.filter(column?.value ?? ctx.engine.expression(element?.expr, place), 'other');
      }
      ctx.engine.predicate(constraint.where_clause, place);
      return;
    // Which values the other table has is answered for every row.
    case 'CONSTR_FOREIGN':
      referenced(ctx, constraint, item, target);
      return;
    default:
      return;
  }
}

/** A foreign key. With ON UPDATE CASCADE the server copies the other table's values into the column. */
function referenced(ctx: LineageContext, constraint: NodeOf<'Constraint'>, item: ScopeItem, target: ScopeColumn | undefined): void {
  const own = (constraint.fk_attrs === undefined ? [target?.name] : strings(constraint.fk_attrs)).map((name) => item.columns.find((c) => c.name === name));
  for (const column of own) if (column !== undefined) ctx.filter(column.value, 'equality');
  if (constraint.fk_upd_action !== 'c' || constraint.pktable === undefined) return;
  const keys = strings(constraint.pk_attrs);
  const columns = constraint.pktable.schemaname === undefined && constraint.pktable.relname === item.alias ? item.columns : tableItem(ctx, constraint.pktable).columns;
  own.forEach((column, i) => {
    if (column === undefined) return;
    // Without names the primary key is meant, which the snapshot does not tell.
    const from = keys.length > 0 ? columns.filter((c) => c.name === keys[i]) : columns.filter((c) => ctx.hidden(c.value));
    for (const key of from) ctx.within(constraint, () => checkFlow(ctx, { ...key.value, exact: true }, { ...column.value, ...(key.value.type === undefined ? {} : { type: key.value.type, ...(key.value.typmod === undefined ? {} : { typmod: key.value.typmod }) }) }, `column ${item.alias}.${column.name}, by ON UPDATE CASCADE,`));
  });
}

/** A child or partition that is let go keeps its rows, but only the classes of its own name. */
function letGo(ctx: LineageContext, parent: RangeVar, child: RangeVar): void {
  const [found, from] = [relationOf(ctx, child), relationOf(ctx, parent)];
  if (found === undefined || from === undefined) return unknownTable(ctx, found === undefined ? child : parent, true);
  for (const c of tableItem(ctx, child).columns) {
    const own = ctx.env.classify({ schema: found.schema, table: found.name, column: c.name });
    const [other] = ctx.classified(c.value).filter((ref) => ctx.classOf(ref)?.id !== own?.id);
    if (other !== undefined) ctx.refuse('opaque', `${found.schema}.${found.name} alone would show column ${c.name}, which is of the class ${ctx.classOf(other)?.id ?? ''} as part of ${from.schema}.${from.name}`);
  }
}

function altered(ctx: LineageContext, alter: NodeOf<'AlterTableStmt'>): void {
  if (alter.relation === undefined || relationOf(ctx, alter.relation) === undefined) return;
  const item = tableItem(ctx, alter.relation);
  for (const command of allOf(alter.cmds, 'AlterTableCmd')) {
    const constraint = as(command.def, 'Constraint');
    if (constraint !== undefined) constrained(ctx, constraint, item, undefined);
    const target = item.columns.find((c) => c.name === command.name);
    const definition = as(command.def, 'ColumnDef');
    const partition = as(command.def, 'PartitionCmd');
    bounded(ctx, partition?.bound);
    if (partition?.name !== undefined && command.subtype !== 'AT_AttachPartition') letGo(ctx, alter.relation, partition.name);
    const parent = as(command.def, 'RangeVar');
    if (command.subtype === 'AT_DropInherit' && parent !== undefined) letGo(ctx, parent, alter.relation);
    if (command.subtype === 'AT_AlterColumnType' && target !== undefined) {
      // Every value has to become one of the new type.
      ctx.filter(target.value, 'other', command.def);
      if (definition?.raw_default !== undefined) checkFlow(ctx, ctx.engine.expression(definition.raw_default, placeOf(item)), target.value, `column ${item.alias}.${target.name}`);
    } else if (command.subtype === 'AT_ColumnDefault' && command.def !== undefined && target !== undefined) {
      const value = ctx.engine.expression(command.def, placeOf(item));
      ctx.within(command.def, () => checkFlow(ctx, value, target.value, `column ${item.alias}.${target.name}`));
    } else if (command.subtype === 'AT_AddColumn' && definition !== undefined) {
      const added: ScopeColumn = { name: definition.colname ?? '', value: { sources: new Set([ctx.column(item.schema ?? '', item.alias, definition.colname ?? '')]), exact: true } };
      defined(ctx, definition, { ...item, columns: [...item.columns, added] });
      // The rows that are there get it as a value that the catalogs keep.
      for (const c of allOf(definition.constraints, 'Constraint')) if (c.contype === 'CONSTR_DEFAULT') kept(ctx, c.raw_expr, 'the catalog of columns');
    } else if (command.subtype === 'AT_DropExpression' && target !== undefined) {
      // What was computed stays, and nothing says any longer from what.
      const own = { sources: new Set([ctx.column(item.schema ?? '', item.alias, target.name)]), exact: true };
      checkFlow(ctx, { ...target.value, whole: true }, own, `column ${item.alias}.${target.name}`);
    } else if (command.subtype === 'AT_SetExpression') ctx.engine.expression(command.def, placeOf(item));
    else if (command.subtype === 'AT_ClusterOn') ordered(ctx, alter.relation);
  }
}
