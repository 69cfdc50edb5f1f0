/** Whether every value that lineage knows of can be one of a type: of a function's argument or of its result. */
import type { AnalysisEnv, CatalogRelation } from '../types.ts';
import { FIRST_USER_OID } from '../user-oids.ts';
import type { Value } from './value.ts';

/** OIDs of types that take every value that the server puts into them unasked: texts, pseudo-types, rows. */
const TAKE_ALL: ReadonlySet<number> = new Set([19, 25, 705, 1042, 1043, 2249, 2275, 2276, 2277, 2278, 2283, 2287, 2776, 3500, 3831, 4537, 4538, 5077, 5078, 5079, 5080]);
/** Types that the server puts other values into, of which some are too large or are no such thing. */
const NARROW: ReadonlySet<number> = new Set([18, 20, 21, 23, 24, 26, 700, 701, 790, 1266, 1560, 1562, 1700, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191]);
/** Types of which every value is one of the larger types too. */
const WIDER: ReadonlyMap<number, readonly number[]> = new Map([
  [21, [20, 23, 700, 701, 1700]],
  [23, [20, 701, 1700]],
  [20, [1700]],
  [700, [701]],
]);

const isWider = (value: Value, type: number): boolean => value.type === type || (value.type !== undefined && WIDER.get(value.type)?.includes(type) === true);

const TEXT = 25;
const VARCHAR = 1043;
const NUMERIC = 1700;
const INTEGERS: ReadonlySet<number> = new Set([20, 21, 23]);

/** True for whole numbers, and for numbers of a fixed number of digits. */
export const isBoundedType = (type: number | undefined, typmod: number | undefined): boolean => type !== undefined && (INTEGERS.has(type) || (type === NUMERIC && typmod !== undefined));

/** True when a column takes every value: it is of the same type, or a text without a limit. */
export const fitsColumn = (value: Value, type: number | undefined, typmod: number | undefined): boolean =>
  (typmod === undefined && (type === TEXT || type === VARCHAR)) || (value.type === type && value.typmod === typmod);

/** The table or composite type of whose rows this is the type: no array of them, and no domain. */
export function rowTypeOf(env: AnalysisEnv, type: number | undefined): CatalogRelation | undefined {
  const relation = type === undefined ? undefined : env.catalog?.relationOfType?.(type);
  return relation?.rowTypes?.[0] === type ? relation : undefined;
}

/** True when values that are put side by side fit the columns of a row. */
export const fitsRow = (columns: CatalogRelation['columns'], values: readonly Value[]): boolean =>
  columns.length === values.length && columns.every((c, i) => values[i]?.sources.size === 0 || (values[i] !== undefined && fitsColumn(values[i], c.typeOid, c.typmod)));

function isRow(env: AnalysisEnv, type: number, value: Value): boolean {
  const relation = rowTypeOf(env, type);
  return relation !== undefined && value.fields !== undefined && fitsRow(relation.columns, value.fields.map((f) => f.value));
}

/** True when passing the value for an argument of the type cannot fail. */
export function fitsInto(env: AnalysisEnv, value: Value, type: number | undefined): boolean {
  return type === undefined || value.sources.size === 0 || TAKE_ALL.has(type) || isWider(value, type) || isRow(env, type, value);
}

/** True when giving the value as a result of the type can fail. */
export function mayRefuse(env: AnalysisEnv, value: Value, type: number | undefined): boolean {
  if (type === undefined || value.sources.size === 0 || isWider(value, type)) return false;
  return NARROW.has(type) || (type >= FIRST_USER_OID && rowTypeOf(env, type) === undefined);
}
