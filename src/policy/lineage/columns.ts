/** What a column reference means: PostgreSQL's order of look-up over the scopes. */
import { as, kindOf, stringOf } from '../facts/tree.ts';
import type { Node } from '../facts/tree.ts';
import { resolveFunction } from '../facts/resolve.ts';
import type { LineageContext, Place } from './context.ts';
import { functionValue } from './functions.ts';
import { compositeFields } from './relations.ts';
import { SYSTEM_COLUMNS, wholeRow } from './scope.ts';
import type { Scope, ScopeColumn, ScopeItem } from './scope.ts';
import { CONSTANT, derived, GIVEN, isFirm } from './value.ts';
import type { NamedValue, Value } from './value.ts';

/** Value of `a`, `t.a`, `s.t.a`, `t` (whole row) or `t.*` used as a value. */
export function columnValue(ctx: LineageContext, fields: readonly Node[], place: Place): Value {
  const star = fields.length > 0 && kindOf(fields[fields.length - 1] ?? {} as Node) === 'A_Star';
  const names = fields.flatMap((f) => stringOf(f) ?? []);
  if (star) {
    const item = findItem(names, place.scope);
    if (item !== undefined) return useRow(ctx, item);
    ctx.unresolved(`"${names.join('.')}.*" names nothing in the FROM clause`);
    return CONSTANT;
  }
  if (names.length === 1) return bareName(ctx, names[0] ?? '', place.scope);
  const column = names[names.length - 1] ?? '';
  const item = findItem(names.slice(0, -1), place.scope);
  // The field of an argument that is a row.
  const argument = item === undefined ? parametersOf(place.scope) : undefined;
  if (argument !== undefined) return ctx.use(argument(column));
  if (item === undefined) {
    ctx.unresolved(`"${names.slice(0, -1).join('.')}" names nothing in the FROM clause`);
    return CONSTANT;
  }
  const found = inItem(ctx, item, column);
  if (found !== undefined) return found;
  return attributeFunction(ctx, column, useRow(ctx, item), `column "${names.join('.')}" does not exist`);
}

function parametersOf(scope: Scope | undefined): ScopeItem['open'] {
  for (let level = scope; level !== undefined; level = level.parent) {
    const found = level.items.find((i) => i.parameters);
    if (found !== undefined) return found.open;
  }
  return undefined;
}

/** `row.name` may call the function `name` on the row. */
export function attributeFunction(ctx: LineageContext, name: string, row: Value, missing: string): Value {
  const found = resolveFunction({ schema: undefined, name }, ctx.env);
  if (!found.builtin && found.candidates.length === 0) {
    ctx.unresolved(missing);
    return derived(row);
  }
  return functionValue(ctx, found, [row]);
}

function bareName(ctx: LineageContext, name: string, scope: Scope | undefined): Value {
  for (let level = scope; level !== undefined; level = level.parent) {
    const hits = level.items.filter((i) => i.colVisible).flatMap((i) => i.columns.filter((c) => c.name === name));
    if (hits.length === 1 && hits[0] !== undefined) return useColumn(ctx, hits[0]);
    if (hits.length > 1) return derived(...hits.map((h) => useColumn(ctx, h)));
    const open = level.items.filter((i) => i.colVisible && i.open !== undefined);
    if (SYSTEM_COLUMNS.has(name) && level.items.some((i) => i.colVisible && i.system)) return GIVEN;
    if (open.length > 0) {
      const whole = open.every((i) => i.parameters) ? findItem([name], scope) : level.items.find((i) => i.relVisible && i.alias === name);
      if (whole !== undefined && !whole.parameters) return useRow(ctx, whole);
      const values = open.map((i) => ctx.use(i.open?.(name) ?? CONSTANT));
      return values.length === 1 ? (values[0] ?? CONSTANT) : derived(...values);
    }
  }
  const item = findItem([name], scope);
  if (item !== undefined) return useRow(ctx, item);
  ctx.unresolved(`column "${name}" does not exist in the relations of the query`);
  return CONSTANT;
}

function inItem(ctx: LineageContext, item: ScopeItem, name: string): Value | undefined {
  const hits = item.columns.filter((c) => c.name === name);
  if (hits.length > 0) return hits.length === 1 && hits[0] ? useColumn(ctx, hits[0]) : derived(...hits.map((h) => useColumn(ctx, h)));
  if (item.system && SYSTEM_COLUMNS.has(name)) return GIVEN;
  return item.open === undefined ? undefined : ctx.use(item.open(name));
}

/** The FROM item that `t` or `s.t` names, at the nearest level that has one. */
export function findItem(names: readonly string[], scope: Scope | undefined): ScopeItem | undefined {
  const relation = names[names.length - 1];
  const schema = names.length > 1 ? names[names.length - 2] : undefined;
  for (let level = scope; level !== undefined; level = level.parent) {
    const hit = level.items.find((i) => i.relVisible && i.alias === relation && (schema === undefined || i.schema === schema));
    if (hit !== undefined) return hit;
  }
  return undefined;
}

/** Notes that the column is read. Columns that show other tables' values are refused here and nowhere earlier. */
export function useColumn(ctx: LineageContext, column: ScopeColumn): Value {
  if (column.guard !== undefined) ctx.refuse('opaque', column.guard);
  ctx.commit(column.tests);
  return column.value.sources.size === 0 ? { ...column.value, given: true } : ctx.use(column.value);
}

export function useRow(ctx: LineageContext, item: ScopeItem): Value {
  for (const column of item.columns) useColumn(ctx, column);
  return ctx.use(wholeRow(item));
}

/** Columns of `*` or `t.*`, in order; undefined when they are not known. */
export function expandStar(ctx: LineageContext, fields: readonly Node[], place: Place): readonly NamedValue[] | undefined {
  const names = fields.flatMap((f) => stringOf(f) ?? []);
  const scope = place.scope;
  const items = names.length === 0 ? (scope?.items.filter((i) => i.colVisible) ?? []) : [findItem(names, scope)];
  const out: NamedValue[] = [];
  for (const item of items) {
    if (item === undefined) {
      ctx.unresolved(`"${names.join('.')}.*" names nothing in the FROM clause`);
      return undefined;
    }
    if (item.open !== undefined) {
      ctx.use(item.open('*'));
      return undefined;
    }
    for (const column of item.columns) out.push({ name: column.name, value: useColumn(ctx, column) });
  }
  return out;
}

/** The fields of a row value followed by `.name`, `.*` or `[n]`. An array of which all elements are known to be there is a list. */
export function indirect(ctx: LineageContext, base: Value, steps: readonly Node[], place: Place, isList = false): Value {
  let value = base;
  let listed = isList;
  for (const step of steps) {
    const name = stringOf(step);
    if (name !== undefined) {
      const fields: readonly NamedValue[] | undefined = value.fields ?? compositeFields(ctx, value);
      const field = fields?.find((f) => f.name === name);
      listed = false;
      value = field?.value ?? (fields === undefined ? derived(value) : attributeFunction(ctx, name, value, `field "${name}" does not exist in the row`));
      continue;
    }
    const index = as(step, 'A_Indices');
    const bounds = index === undefined ? CONSTANT : derived(ctx.engine.expression(index.lidx, place), ctx.engine.expression(index.uidx, place));
    // An element that is not there is NULL: which one is asked for must not depend on a hidden value.
    ctx.filter(bounds, 'other', step);
    // So is a key of an object, if the object's keys do.
    if (!listed && !isFirm(value)) ctx.filter(value, 'other', step);
    value = { ...derived(value, bounds), firm: isFirm(value) };
  }
  return value;
}
