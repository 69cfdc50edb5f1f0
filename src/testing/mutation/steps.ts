/** Ways to put a query inside another one so that its value still comes out. */
import { rewrite } from './expressions.ts';
import type { Random } from './random.ts';
import type { Query } from './sources.ts';
import type { Kind } from './values.ts';

interface Step {
  readonly name: string;
  /** Kinds that it works for; all when not given. */
  readonly only?: readonly Kind[];
  readonly to?: Kind;
  write(q: string, random: Random): string;
}

const ORDERED: readonly Kind[] = ['text', 'encoded', 'number', 'date', 'time', 'uuid', 'texts', 'numbers', 'bytes'];
const EQUAL: readonly Kind[] = [...ORDERED, 'json', 'composite', 'row'];
const TEXT: readonly Kind[] = ['text', 'encoded'];

const STEPS: readonly Step[] = [
  { name: 'derived table', write: (q) => `SELECT * FROM (${q}) q` },
  { name: 'renamed columns', write: (q) => `SELECT b AS x, a AS k FROM (SELECT k, x FROM (${q}) p) q(a, b)` },
  { name: 'CTE', write: (q) => `WITH q AS (${q}) SELECT k, x FROM q` },
  { name: 'CTE, materialised', write: (q) => `WITH q(k, x) AS MATERIALIZED (SELECT k, x FROM (${q}) p) SELECT q.* FROM q WHERE true` },
  { name: 'CTE of a CTE', write: (q) => `WITH a AS (${q}), b AS (SELECT * FROM a) SELECT b.k, b.x FROM b JOIN a USING (k)` },
  { name: 'shadowing CTE', write: (q) => `WITH q AS (${q}) SELECT k, x FROM (WITH q AS (SELECT k, x FROM q) SELECT * FROM q) r` },
  { name: 'recursive CTE', write: (q) => `WITH RECURSIVE r(n, k, x) AS (SELECT 0, k, x FROM (${q}) p UNION ALL SELECT n + 1, k, x FROM r WHERE n < 1) SELECT k, x FROM r` },
  { name: 'UNION ALL', write: (q) => `SELECT k, x FROM (${q}) p UNION ALL SELECT k, x FROM (${q}) r WHERE k > 2` },
  { name: 'UNION ALL with NULL', write: (q) => `SELECT 0 AS k, NULL AS x UNION ALL (SELECT k, x FROM (${q}) p)` },
  { name: 'UNION', only: EQUAL, write: (q) => `(SELECT k, x FROM (${q}) p) UNION (SELECT k, x FROM (${q}) r)` },
  { name: 'INTERSECT', only: EQUAL, write: (q) => `SELECT k, x FROM (${q}) p INTERSECT SELECT k, x FROM (${q}) r` },
  { name: 'EXCEPT', only: EQUAL, write: (q) => `SELECT k, x FROM (${q}) p EXCEPT SELECT k, x FROM (${q}) r WHERE k < 0` },
  { name: 'LATERAL', write: (q) => `SELECT p.k, l.y AS x FROM (${q}) p CROSS JOIN LATERAL (SELECT p.x AS y) l` },
  { name: 'LATERAL, twice', write: (q) => `SELECT g AS k, l.x FROM generate_series(1, 4) g, LATERAL (SELECT p.x FROM (${q}) p WHERE p.k = g) l` },
  { name: 'scalar subquery', write: (q) => `SELECT g AS k, (SELECT p.x FROM (${q}) p WHERE p.k = g LIMIT 1) AS x FROM generate_series(1, 4) AS g` },
  { name: 'array subquery', only: ORDERED, write: (q) => `SELECT 1 AS k, u.x FROM unnest(ARRAY(SELECT p.x FROM (${q}) p)) AS u(x)` },
  { name: 'VALUES', write: (q) => `SELECT v.k, v.x FROM (VALUES (1, (SELECT p.x FROM (${q}) p LIMIT 1)), (2, NULL)) AS v(k, x)` },
  { name: 'NATURAL join', write: (q) => `SELECT k, x FROM (${q}) p NATURAL JOIN (SELECT g AS k FROM generate_series(1, 9) g) s` },
  { name: 'USING', write: (q) => `SELECT k, p.x FROM (${q}) p LEFT JOIN (VALUES (1), (2)) v(k) USING (k)` },
  { name: 'FULL JOIN', write: (q) => `SELECT coalesce(p.k, s.k) AS k, p.x FROM (${q}) p FULL JOIN (VALUES (1), (77)) s(k) ON p.k = s.k` },
  { name: 'EXISTS', write: (q) => `SELECT p.k, p.x FROM (${q}) p WHERE EXISTS (SELECT FROM (${q}) r WHERE r.k = p.k)` },
  { name: 'IN on the key', write: (q) => `SELECT p.k, p.x FROM (${q}) p WHERE p.k IN (SELECT r.k FROM (${q}) r)` },
  { name: 'ORDER BY and LIMIT', write: (q) => `SELECT k, x FROM (${q}) p ORDER BY k LIMIT 3` },
  { name: 'FETCH FIRST', write: (q) => `SELECT p.* FROM (${q}) p ORDER BY p.k OFFSET 0 FETCH FIRST 9 ROWS ONLY` },
  { name: 'DISTINCT ON', write: (q) => `SELECT DISTINCT ON (k) k, x FROM (${q}) p` },
  { name: 'DISTINCT', only: EQUAL, write: (q) => `SELECT DISTINCT k, x FROM (${q}) p` },
  { name: 'GROUP BY the value', only: EQUAL, write: (q) => `SELECT min(k) AS k, x FROM (${q}) p GROUP BY x` },
  { name: 'GROUPING SETS', only: ORDERED, write: (q) => `SELECT k, x FROM (${q}) p GROUP BY GROUPING SETS ((k, x), (k))` },
  { name: 'ROLLUP', only: ORDERED, write: (q) => `SELECT k, x FROM (${q}) p GROUP BY ROLLUP (x, k)` },
  { name: 'first_value', write: (q) => `SELECT k, first_value(x) OVER (ORDER BY k) AS x FROM (${q}) p` },
  { name: 'lag', write: (q) => `SELECT k, lag(x, 1) OVER w AS x FROM (${q}) p WINDOW w AS (ORDER BY k)` },
  { name: 'lead of all', write: (q) => `SELECT k, last_value(x) OVER (ORDER BY k ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS x FROM (${q}) p` },
  { name: 'max', only: ['text', 'encoded', 'number', 'date', 'time'], write: (q) => `SELECT k, max(x) AS x FROM (${q}) p GROUP BY k` },
  { name: 'min as window', only: ['text', 'encoded', 'number', 'date', 'time'], write: (q) => `SELECT k, min(x) OVER (PARTITION BY k) AS x FROM (${q}) p` },
  { name: 'string_agg', only: TEXT, to: 'encoded', write: (q) => `SELECT 1 AS k, string_agg(x, '/' ORDER BY k) AS x FROM (${q}) p` },
  { name: 'array_agg', only: ['text', 'encoded', 'uuid', 'date'], to: 'texts', write: (q) => `SELECT 1 AS k, array_agg(x::text) FILTER (WHERE k > 0) AS x FROM (${q}) p` },
  { name: 'json_agg', to: 'json', write: (q) => `SELECT 1 AS k, jsonb_build_object('k', json_agg(x)) AS x FROM (${q}) p` },
  { name: 'jsonb_object_agg', to: 'json', write: (q) => `SELECT 1 AS k, jsonb_build_object('k', jsonb_object_agg(k, x)) AS x FROM (${q}) p WHERE k IS NOT NULL` },
  { name: 'xmlagg', only: TEXT, to: 'encoded', write: (q) => `SELECT 1 AS k, xmlagg(xmlelement(name e, x))::text AS x FROM (${q}) p` },
  { name: 'percentile_disc', only: ['text', 'encoded', 'number', 'date'], write: (q) => `SELECT 1 AS k, percentile_disc(0) WITHIN GROUP (ORDER BY x) AS x FROM (${q}) p` },
  { name: 'whole row', to: 'row', write: (q) => `SELECT p.k, p AS x FROM (SELECT k, x FROM (${q}) o) p` },
  { name: 'row_to_json', to: 'json', write: (q) => `SELECT p.k, jsonb_build_object('k', row_to_json(p)) AS x FROM (${q}) p` },
  { name: 'jsonb_each_text', to: 'encoded', write: (q) => `SELECT p.k, e.value AS x FROM (${q}) p, jsonb_each_text(to_jsonb(p)) AS e(key, value) WHERE e.key = 'x'` },
  { name: 'json_to_recordset', to: 'encoded', write: (q) => `SELECT r.k, r.x FROM json_to_recordset((SELECT json_agg(p) FROM (${q}) p)) AS r(k int, x text)` },
  { name: 'unnest', only: ['texts'], to: 'encoded', write: (q) => `SELECT p.k, u AS x FROM (${q}) p, unnest(p.x) AS u` },
  { name: 'unnest in the list', only: ['texts'], to: 'encoded', write: (q) => `SELECT p.k, unnest(p.x) AS x FROM (${q}) p` },
  { name: 'ROWS FROM', only: ['texts'], to: 'encoded', write: (q) => `SELECT p.k, u.x FROM (${q}) p, ROWS FROM (unnest(p.x), generate_series(1, 2)) AS u(x, n)` },
  { name: 'regexp_split_to_table', only: TEXT, to: 'encoded', write: (q) => `SELECT p.k, s.x FROM (${q}) p, regexp_split_to_table(p.x::text, '~') AS s(x)` },
];

export const SCRATCH = 'CREATE TEMP TABLE IF NOT EXISTS scratch (n int)';

/** The query inside one more construct: an expression over its value, or a query around it. */
export function wrap(query: Query, random: Random): Query {
  // What writes may stand in a WITH at the top and nowhere else.
  if (query.writes === true) return { sql: `WITH q AS (${query.sql}) SELECT k, x FROM q`, kind: query.kind, path: [...query.path, 'CTE of a write'], writes: true };
  if (random.chance(0.45) && query.kind !== 'row') {
    const made = rewrite('x', query.kind, random);
    return { sql: `SELECT k, ${made.sql} AS x FROM (${query.sql}) e`, kind: made.kind, path: [...query.path, made.name] };
  }
  const step = random.pick(STEPS.filter((s) => s.only?.includes(query.kind) ?? true));
  return { sql: step.write(query.sql, random), kind: step.to ?? query.kind, path: [...query.path, step.name] };
}
