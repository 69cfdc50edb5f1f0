/**
 * A condition on one or two columns, tried with values around every constant in it and at the ends of what the columns
 * can hold: where all of them pass, so does every row. Ranges that overlap, arithmetic that cancels out and the like
 * are found so, whatever their form.
 */
import type { CatalogRelation } from '../types.ts';
import { isAlways } from './tautology.ts';
import { as, constOf, isObject, kindOf, strings } from './tree.ts';
import type { Node } from './tree.ts';

const MAX_TRIALS = 400;
const RANGES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [21, [-32_768, 32_767]],
  [23, [-2_147_483_648, 2_147_483_647]],
  [20, [-9_007_199_254_740_991, 9_007_199_254_740_991]],
]);
const FRACTIONS: ReadonlySet<number> = new Set([700, 701, 1700]);
const TEXTS: ReadonlySet<number> = new Set([25, 1042, 1043]);
/** Keys are counted up from 1, and none gets as far as this. */
const KEYS = [1, 999_999_998] as const;

type Sample = string | number | boolean | null;

/** Rows are of these years. */
const YEARS = ['1990-01-01 00:00:00', '2024-02-29 12:30:00', '2099-12-31 23:59:59'] as const;
const MOMENTS: ReadonlySet<number> = new Set([1082, 1114, 1184]);
const BOOL = 16;
const UUID = 2950;
/** The server gives out none of zeros. */
const UUIDS = ['0f2b1c1e-7a53-4c1d-8000-5d2f60718293', 'f3a9c0de-1b2c-4d3e-9f4a-0b1c2d3e4f50'] as const;
/** First and last place of a row. */
const PLACES = ['(0,1)', '(7,3)', '(4294967294,226)'] as const;

/** True when the condition holds for every sample of the columns in it. False where it holds anything but such columns. */
export function isSampledAlways(where: Node, alias: string, relation: CatalogRelation | undefined): boolean {
  if (relation === undefined) return false;
  const seen: Seen = { columns: new Set(), constants: [], nulls: false };
  if (!look(where, alias, seen) || seen.columns.size === 0 || seen.columns.size > 2) return false;
  const lists: { readonly name: string; readonly values: readonly Sample[] }[] = [];
  for (const name of seen.columns) {
    const values = name === 'ctid' ? PLACES : samplesOf(relation.columns.find((c) => c.name === name), seen);
    if (values === undefined) return false;
    lists.push({ name, values });
  }
  if (lists.reduce((n, l) => n * l.values.length, 1) > MAX_TRIALS) return false;
  return trials(lists).every((t) => isAlways(filled(where, t) as Node));
}

interface Seen {
  readonly columns: Set<string>;
  readonly constants: Sample[];
  /** Something is asked about NULL. */
  nulls: boolean;
}

/** Gathers columns and constants; false when there is something of which nothing can be said. */
function look(tree: unknown, alias: string, seen: Seen): boolean {
  if (Array.isArray(tree)) return tree.every((t) => look(t, alias, seen));
  if (!isObject(tree)) return true;
  const node = tree as unknown as Node;
  const kind = kindOf(node);
  if (kind === 'ParamRef' || kind === 'CurrentOfExpr') return false;
  const names = strings(as(node, 'ColumnRef')?.fields);
  if (kind === 'ColumnRef') {
    const name = names.at(-1);
    if (name === undefined || names.length > 2 || (names.length === 2 && names[0] !== alias)) return false;
    seen.columns.add(name);
    return true;
  }
  const constant = constOf(node);
  if (constant !== undefined) {
    if (constant.kind === 'null') seen.nulls = true;
    else if (typeof constant.value !== 'boolean') seen.constants.push(constant.value, ...within(constant.value));
    return true;
  }
  if (kind === 'NullTest' || kind === 'CoalesceExpr' || kind === 'BooleanTest') seen.nulls = true;
  return Object.values(tree).every((t) => look(t, alias, seen));
}

/** Elements of an array or ends of a range that are written as text. */
const within = (value: Sample): readonly Sample[] => (typeof value === 'string' && /^\s*[[({].*[\])}]\s*$/.test(value) ? value.replaceAll(/[[\](){}"\s]/g, '').split(',') : []);

function samplesOf(column: CatalogRelation['columns'][number] | undefined, seen: Seen): readonly Sample[] | undefined {
  if (column === undefined) return undefined;
  const none: readonly Sample[] = seen.nulls && column.notNull !== true ? [null] : [];
  if (TEXTS.has(column.typeOid)) return [...new Set<Sample>([...seen.constants.map(String), ...seen.constants.map((c) => `${String(c)}x`), '', 'a', 'Zz 9#', '\u{10ffff}~', ...none])];
  if (column.typeOid === BOOL) return [true, false, ...none];
  if (column.typeOid === UUID) return [...UUIDS, ...seen.constants.filter((c) => typeof c === 'string' && /^[\da-f-]{36}$/i.test(c) && !/^[0-]+$/.test(c)), ...none];
  if (MOMENTS.has(column.typeOid)) return [...new Set<Sample>([...YEARS, ...seen.constants.filter((c) => typeof c === 'string' && /^(19[9]|20)\d/.test(c)), ...none])];
  const range = RANGES.get(column.typeOid);
  const step = range === undefined ? 0.5 : 1;
  if (range === undefined && !FRACTIONS.has(column.typeOid)) return undefined;
  const isKey = range !== undefined && column.notNull === true && /(^|_)id$/i.test(column.name);
  const [low, high] = isKey ? KEYS : (range ?? [-1e15, 1e15]);
  const around = seen.constants.map(Number).filter((n) => Number.isFinite(n)).flatMap((n) => [n - step, n, n + step]);
  return [...new Set<Sample>([low, high, ...(isKey ? [2, 7] : [0, 1]), ...around.filter((n) => n >= low && n <= high), ...none])];
}

function trials(lists: readonly { readonly name: string; readonly values: readonly Sample[] }[]): ReadonlyMap<string, Sample>[] {
  let out: ReadonlyMap<string, Sample>[] = [new Map()];
  for (const { name, values } of lists) out = out.flatMap((t) => values.map((v) => new Map([...t, [name, v]])));
  return out;
}

/** The condition with samples in the places of columns. */
function filled(tree: unknown, trial: ReadonlyMap<string, Sample>): unknown {
  if (Array.isArray(tree)) return tree.map((t) => filled(t, trial));
  if (!isObject(tree)) return tree;
  const fields = as(tree as unknown as Node, 'ColumnRef')?.fields;
  if (fields !== undefined) return constant(trial.get(strings(fields).at(-1) ?? '') ?? null);
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, filled(value, trial)]));
}

function constant(value: Sample): Node {
  if (value === null) return { A_Const: { isnull: true } };
  if (typeof value === 'boolean') return { A_Const: { boolval: value ? { boolval: true } : {} } };
  return typeof value === 'number' ? { A_Const: { fval: { fval: String(value) } } } : { A_Const: { sval: { sval: value } } };
}
