/** Where a generated query begins: every way to name a classified column. Each gives a key `k` and a value `x`. */
import type { Random } from './random.ts';
import type { Kind } from './values.ts';
import { bare, qualified } from './world.ts';
import type { Column, Derivative, Table, World } from './world.ts';

/** A query with the columns `k`, a small whole number, and `x`, which holds canaries. Others may stand beside them. */
export interface Query {
  readonly sql: string;
  readonly kind: Kind;
  /** Constructs used, outermost last. */
  readonly path: readonly string[];
  /** It writes: it stands alone or in a CTE, never in a subquery, a cursor or a view. */
  readonly writes?: boolean;
}

interface Target {
  readonly table: Table;
  readonly column: Column;
}

function targets(world: World): readonly Target[] {
  return world.tables.flatMap((table) => table.columns.filter((c) => c.secret).map((column) => ({ table, column })));
}

export function source(world: World, random: Random): Query {
  if (world.derivatives.length > 0 && random.chance(0.35)) return fromDerivative(random.pick(world.derivatives), random);
  const target = random.pick(targets(world));
  const [name, make] = random.pick(BASES);
  const made = make(target, random, world);
  return { ...made, path: [name] };
}

type Made = Omit<Query, 'path'>;
type Base = (target: Target, random: Random, world: World) => Made;

const jsonKey = (column: Column): string => bare(column.name).replaceAll("'", "''");

const BASES: readonly (readonly [string, Base])[] = [
  ['column', ({ table, column }) => ({ sql: `SELECT id AS k, ${column.name} AS x FROM ${qualified(table)}`, kind: column.type.kind })],
  ['alias', ({ table, column }) => ({ sql: `SELECT "Q".id AS k, "Q".${column.name} x FROM ${qualified(table)} AS "Q"`, kind: column.type.kind })],
  ['qualified', ({ table, column }) => ({ sql: `SELECT ${qualified(table)}.id AS k, ${qualified(table)}.${column.name} AS x FROM ${table.shape === 'partitioned' ? '' : 'ONLY '}${qualified(table)}`, kind: column.type.kind })],
  ['column aliases', ({ table, column }) => ({ sql: `SELECT ${aliasOf(table, 'id')} AS k, ${aliasOf(table, column.name)} AS x FROM ${qualified(table)} AS q(${table.columns.map((c) => aliasOf(table, c.name)).join(', ')})`, kind: column.type.kind })],
  ['star', ({ table, column }) => ({ sql: `SELECT q.id AS k, q.${column.name} AS x FROM (SELECT * FROM ${qualified(table)}) q`, kind: column.type.kind })],
  ['TABLE', ({ table, column }) => ({ sql: `WITH q AS (TABLE ${qualified(table)}) SELECT id AS k, ${column.name} AS x FROM q`, kind: column.type.kind })],
  ['field of row', ({ table, column }) => ({ sql: `SELECT q.id AS k, (q).${column.name} AS x FROM ${qualified(table)} q`, kind: column.type.kind })],
  ['star of row', ({ table, column }) => ({ sql: `SELECT z.id AS k, z.${column.name} AS x FROM (SELECT (q).* FROM ${qualified(table)} q) z`, kind: column.type.kind })],
  ['whole row', ({ table }) => ({ sql: `SELECT q.id AS k, q AS x FROM ${qualified(table)} q`, kind: 'row' })],
  ['row_to_json', ({ table, column }) => ({ sql: `SELECT q.id AS k, jsonb_build_object('k', row_to_json(q)::jsonb -> '${jsonKey(column)}') AS x FROM ${qualified(table)} q`, kind: 'json' })],
  ['to_jsonb of row', ({ table }) => ({ sql: `SELECT q.id AS k, jsonb_build_object('k', to_jsonb(q)) AS x FROM ${qualified(table)} q`, kind: 'json' })],
  ['json_each_text', ({ table, column }) => ({ sql: `SELECT q.id AS k, e.value AS x FROM ${qualified(table)} q, json_each_text(row_to_json(q)) e WHERE e.key = '${jsonKey(column)}'`, kind: 'encoded' })],
  ['self join USING', ({ table, column }) => ({ sql: `SELECT id AS k, b.${column.name} AS x FROM ${qualified(table)} a JOIN ${qualified(table)} b USING (id)`, kind: column.type.kind })],
  ['outer join', ({ table, column }) => ({ sql: `SELECT g.n AS k, q.${column.name} AS x FROM generate_series(1, 4) AS g(n) LEFT JOIN ${qualified(table)} q ON q.id = g.n`, kind: column.type.kind })],
  ['join alias', ({ table, column }) => ({ sql: `SELECT j.id AS k, j.${column.name} AS x FROM (${qualified(table)} a CROSS JOIN (VALUES (1)) v(one)) j`, kind: column.type.kind })],
  ['NATURAL join', ({ table, column }) => ({ sql: `SELECT id AS k, ${column.name} AS x FROM ${qualified(table)} NATURAL JOIN (VALUES (1), (2), (3)) v(id)`, kind: column.type.kind })],
  ['another table', ({ table, column }, random, world) => ({ sql: `SELECT o.id AS k, q.${column.name} AS x FROM ${qualified(random.pick(world.tables))} o, ${qualified(table)} q WHERE o.id = q.id`, kind: column.type.kind })],
  ['LATERAL', ({ table, column }) => ({ sql: `SELECT q.id AS k, l.y AS x FROM ${qualified(table)} q, LATERAL (SELECT q.${column.name} AS y) l`, kind: column.type.kind })],
  ['correlated', ({ table, column }) => ({ sql: `SELECT g AS k, (SELECT q.${column.name} FROM ${qualified(table)} q WHERE q.id = g) AS x FROM generate_series(1, 4) g`, kind: column.type.kind })],
  ['sample', ({ table, column }) => ({ sql: `SELECT id AS k, ${column.name} AS x FROM ${qualified(table)} TABLESAMPLE BERNOULLI (100)`, kind: column.type.kind })],
  ['UPDATE RETURNING', ({ table, column }) => ({ sql: `UPDATE ${qualified(table)} AS q SET id = q.id WHERE q.id < 9 RETURNING q.id AS k, q.${column.name} AS x`, kind: column.type.kind, writes: true })],
  ['DELETE RETURNING', ({ table, column }) => ({ sql: `DELETE FROM ${qualified(table)} AS q WHERE q.id = 4 RETURNING q.id AS k, q.${column.name} AS x`, kind: column.type.kind, writes: true })],
  ['UPDATE FROM', ({ table, column }, _, world) => ({ sql: `UPDATE ${world.sink} s SET n = 1 FROM ${qualified(table)} q WHERE q.id < 9 RETURNING q.id AS k, q.${column.name} AS x`, kind: column.type.kind, writes: true })],
];

const aliasOf = (table: Table, name: string): string => `a${table.columns.findIndex((c) => c.name === name)}`;

function fromDerivative(d: Derivative, random: Random): Query {
  const { kind } = d;
  switch (d.sort) {
    case 'scalar function':
      return random.chance(0.5)
        ? { sql: `SELECT g AS k, ${d.name}(g) AS x FROM generate_series(1, 4) g`, kind, path: ['function'] }
        : { sql: `SELECT g AS k, l.y AS x FROM generate_series(1, 4) g, LATERAL (SELECT ${d.name}(g) AS y) l`, kind, path: ['function, LATERAL'] };
    case 'row function':
      return random.chance(0.5)
        ? { sql: `SELECT gk AS k, gx AS x FROM ${d.name}`, kind, path: ['table function'] }
        : { sql: `SELECT q.a AS k, q.b AS x FROM ROWS FROM (${d.name}, generate_series(1, 3)) AS q(a, b, c)`, kind, path: ['ROWS FROM'] };
    case 'view':
    case 'child':
      return { sql: `SELECT ${d.key} AS k, ${d.column} AS x FROM ${d.name}`, kind, path: [d.sort] };
  }
}
