/**
 * Code that a statement runs without naming it: triggers, rules, and the functions that defaults, constraints, domains
 * and row-security policies call. docs/masking.md says what is made of each.
 */
import { vouchedFor } from '../facts/resolve.ts';
import type { CatalogFunction, CatalogRelation, HiddenCode } from '../types.ts';
import type { LineageContext } from './context.ts';
import { bodyValue } from './functions.ts';
import { relatives } from './family.ts';

/** Notes what runs when rows of the table are written. Rows of a partitioned table are written to its partitions. */
export function writesTo(ctx: LineageContext, relation: CatalogRelation | undefined): void {
  if (relation === undefined || !ctx.anyClassified) return;
  for (const table of [relation, ...relatives(ctx.env.catalog, relation)]) {
    for (const code of table.hidden ?? []) if (code.kind !== 'policy') runs(ctx, table, code);
  }
}

/** Notes what runs when rows of the table are read: functions of row-security policies. */
export function readsFrom(ctx: LineageContext, relation: CatalogRelation): void {
  if (relation.hidden === undefined || !ctx.anyClassified) return;
  for (const code of relation.hidden) if (code.kind === 'policy') runs(ctx, relation, code);
}

function runs(ctx: LineageContext, table: CatalogRelation, code: HiddenCode): void {
  const label = `${table.schema}.${table.name}`;
  if (code.kind === 'rule') {
    // A rule makes another statement of this one; that one has not been looked at.
    ctx.refuse('opaque', `rule ${code.name} on ${label} makes other statements of this one`);
    return;
  }
  const called = code.function;
  if (called === undefined) return;
  const overloads = ctx.env.catalog?.functions(called.schema, called.name) ?? [];
  if (harmless(called.language) || (overloads.length > 0 && overloads.every((f) => vouchedFor(ctx.env, f) !== undefined))) return;
  if (called.language !== 'sql') {
    ctx.hiddenCode = true;
    return;
  }
  for (const f of overloads) followed(ctx, label, code, f);
}

/** A SQL function that a default calls may bring classified values into the table. */
function followed(ctx: LineageContext, label: string, code: HiddenCode, f: CatalogFunction): void {
  if (f.language !== 'sql' || f.body === undefined || code.kind !== 'default') {
    ctx.hiddenCode = true;
    return;
  }
  const value = bodyValue(ctx, `${f.schema}.${f.name}`, f.body, []);
  const [first] = ctx.classified(value);
  if (first !== undefined) ctx.refuse('opaque', `the default of ${label}.${code.name} would put values of ${first.schema}.${first.table}.${first.column} into the table`);
}

const harmless = (language: string): boolean => language === 'c' || language === 'internal';
