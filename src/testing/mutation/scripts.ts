/** What a client sends to run a generated query: one statement, or several that hand its value on. */
import { Random } from './random.ts';
import { source } from './sources.ts';
import type { Query } from './sources.ts';
import { wrap } from './steps.ts';
import type { Kind } from './values.ts';
import type { World } from './world.ts';

/** How a statement is sent. `pieces` fetches a portal a row at a time; `again` executes it once more without Describe. */
export type Via = 'simple' | 'text' | 'binary' | 'pieces' | 'again';

export interface Script {
  readonly name: string;
  readonly path: readonly string[];
  readonly statements: readonly string[];
  readonly via: Via;
  /** In a transaction of its own. Directly on the server it always is, and is rolled back. */
  readonly inTransaction: boolean;
  /** Must not be in a transaction that is rolled back: what it sends comes after COMMIT. */
  readonly open: boolean;
  /** An error is what carries the value. */
  readonly fails: boolean;
  /** Takes back what no ROLLBACK takes back: sequences keep what the direct run put into them. */
  readonly undo?: string;
}

interface Frame {
  readonly name: string;
  readonly weight: number;
  readonly only?: readonly Kind[];
  readonly writes?: true;
  readonly simple?: true;
  readonly open?: true;
  readonly transaction?: true;
  readonly fails?: true;
  undo?(world: World): string;
  write(q: string, tag: string, world: World, random: Random): readonly string[];
}

/** Kinds that a column can have: a row without a type of its own is none of them. */
const STORED: readonly Kind[] = ['text', 'encoded', 'number', 'date', 'time', 'uuid', 'json', 'texts', 'numbers', 'bytes', 'composite'];

const literal = (sql: string): string => `'${sql.replaceAll("'", "''")}'`;

const FRAMES: readonly Frame[] = [
  { name: 'query', weight: 16, writes: true, write: (q) => [q] },
  { name: 'all columns', weight: 3, write: (q) => [`SELECT * FROM (${q}) q`] },
  { name: 'whole rows', weight: 2, write: (q) => [`SELECT q FROM (${q}) q`] },
  { name: 'rows as text', weight: 2, write: (q) => [`SELECT q::text, q.* FROM (${q}) q`] },
  { name: 'COPY', weight: 2, write: (q, _, __, random) => [`COPY (${q}) TO STDOUT ${random.pick(['', '(FORMAT csv, HEADER)', '(FORMAT csv, QUOTE \'~\', FORCE_QUOTE *)', 'WITH DELIMITER \';\''])}`] },
  { name: 'COPY binary', weight: 1, write: (q) => [`COPY (${q}) TO STDOUT (FORMAT binary)`] },
  { name: 'PREPARE and EXECUTE', weight: 2, writes: true, write: (q, tag) => [`PREPARE ${tag} AS ${q}`, `EXECUTE ${tag}`] },
  { name: 'PREPARE with a parameter', weight: 1, write: (q, tag) => [`PREPARE ${tag}(int) AS SELECT x FROM (${q}) q WHERE k < $1`, `EXECUTE ${tag}(50)`, `EXECUTE ${tag}(60)`] },
  { name: 'cursor', weight: 2, transaction: true, write: (q, tag) => [`DECLARE ${tag} CURSOR FOR ${q}`, `FETCH 1 FROM ${tag}`, `FETCH ALL FROM ${tag}`] },
  { name: 'scrolling cursor', weight: 1, transaction: true, write: (q, tag) => [`DECLARE ${tag} BINARY SCROLL CURSOR FOR ${q}`, `MOVE ALL IN ${tag}`, `FETCH BACKWARD ALL FROM ${tag}`] },
  { name: 'cursor WITH HOLD', weight: 1, write: (q, tag) => [`DECLARE ${tag} CURSOR WITH HOLD FOR ${q}`, `FETCH ALL ${tag}`, `CLOSE ${tag}`] },
  { name: 'temp table', only: STORED, weight: 2, write: (q, tag) => [`CREATE TEMP TABLE ${tag} AS ${q}`, `SELECT * FROM ${tag}`] },
  { name: 'SELECT INTO', only: STORED, weight: 1, write: (q, tag) => [`SELECT * INTO TEMP ${tag} FROM (${q}) q`, `TABLE ${tag}`] },
  { name: 'filled temp table', weight: 1, write: (q, tag) => [`CREATE TEMP TABLE ${tag} (v text)`, `INSERT INTO ${tag} SELECT x::text FROM (${q}) q`, `SELECT v FROM ${tag}`] },
  { name: 'table', only: STORED, weight: 1, write: (q, tag, w) => [`CREATE TABLE ${w.sink}_${tag} AS ${q}`, `SELECT x FROM ${w.sink}_${tag}`] },
  { name: 'temp view', only: STORED, weight: 2, write: (q, tag) => [`CREATE TEMP VIEW ${tag} AS ${q}`, `SELECT * FROM ${tag}`] },
  { name: 'view', only: STORED, weight: 1, write: (q, tag, w) => [`CREATE VIEW ${w.sink}_${tag} AS ${q}`, `SELECT x, k FROM ${w.sink}_${tag}`] },
  { name: 'materialised view', only: STORED, weight: 1, write: (q, tag, w) => [`CREATE MATERIALIZED VIEW ${w.sink}_${tag} AS ${q}`, `SELECT x, k FROM ${w.sink}_${tag}`] },
  { name: 'view replaced after PREPARE', only: STORED, weight: 1, write: (q, tag) => [`CREATE TEMP VIEW ${tag} AS SELECT 1 AS k, upper('none') AS x`, `PREPARE p_${tag} AS SELECT x || '' AS y FROM ${tag}`, `CREATE OR REPLACE TEMP VIEW ${tag} AS SELECT 1 AS k, q.x::text AS x FROM (${q}) q`, `EXECUTE p_${tag}`] },
  { name: 'view replaced in the same string', only: STORED, simple: true, weight: 1, write: (q, tag) => [`CREATE TEMP VIEW ${tag} AS SELECT 1 AS k, upper('none') AS x`, `CREATE OR REPLACE TEMP VIEW ${tag} AS SELECT 1 AS k, q.x::text AS x FROM (${q}) q; SELECT x || '' FROM ${tag}`] },
  { name: 'rule', weight: 1, write: (q, tag) => [`CREATE TEMP TABLE ${tag} (v text)`, `CREATE TEMP TABLE r_${tag} (v text)`, `CREATE RULE r AS ON INSERT TO r_${tag} DO ALSO INSERT INTO ${tag} SELECT x::text FROM (${q}) q`, `INSERT INTO r_${tag} VALUES ('go')`, `SELECT v FROM ${tag}`] },
  { name: 'trigger', weight: 1, write: (q, tag, w) => [`CREATE TEMP TABLE ${tag} (v text)`, `CREATE FUNCTION ${w.sink}_${tag}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN NEW.v := (SELECT string_agg(x::text, ' ') FROM (${q}) q); RETURN NEW; END $f$`, `CREATE TRIGGER t BEFORE INSERT ON ${tag} FOR EACH ROW EXECUTE FUNCTION ${w.sink}_${tag}()`, `INSERT INTO ${tag} VALUES ('go') RETURNING v`] },
  { name: 'DO that copies', weight: 1, write: (q, tag) => [`CREATE TEMP TABLE ${tag} (v text)`, `DO $d$ BEGIN INSERT INTO ${tag} SELECT x::text FROM (${q}) q; END $d$`, `SELECT v FROM ${tag}`] },
  { name: 'INSERT SELECT', weight: 2, write: (q, _, w) => [`INSERT INTO ${w.sink} (v) SELECT x::text FROM (${q}) q`, `SELECT v FROM ${w.sink}`] },
  { name: 'INSERT SELECT RETURNING', weight: 1, write: (q, _, w) => [`INSERT INTO ${w.sink} (v) SELECT x::text FROM (${q}) q RETURNING v`] },
  { name: 'UPDATE', weight: 1, write: (q, _, w) => [`UPDATE ${w.sink} SET v = (SELECT x::text FROM (${q}) q WHERE x IS NOT NULL LIMIT 1) WHERE n = 0`, `SELECT v FROM ${w.sink}`] },
  { name: 'UPDATE in a CTE', weight: 1, write: (q, _, w) => [`WITH u AS (UPDATE ${w.sink} s SET v = q.x::text FROM (${q}) q WHERE s.n = 0 AND q.x IS NOT NULL RETURNING s.v) SELECT v FROM u`] },
  { name: 'MERGE', weight: 1, write: (q, _, w) => [`MERGE INTO ${w.sink} s USING (SELECT x::text AS y FROM (${q}) o WHERE x IS NOT NULL LIMIT 1) q ON s.n = 0 WHEN MATCHED THEN UPDATE SET v = q.y`, `SELECT v FROM ${w.sink}`] },
  { name: 'sequence', weight: 1, only: ['number'], write: (q, _, w) => [`SELECT setval('${w.sequence}', max(x)::bigint) IS NULL FROM (${q}) q`, `SELECT last_value FROM ${w.sequence}`], undo: (w) => `SELECT setval('${w.sequence}', 1, false)` },
  { name: 'function', weight: 1, write: (q, tag, w) => [`CREATE FUNCTION ${w.sink}_${tag}() RETURNS SETOF text LANGUAGE sql STABLE AS $f$ SELECT x::text FROM (${q}) q $f$`, `SELECT * FROM ${w.sink}_${tag}()`] },
  { name: 'opaque function', weight: 1, write: (q, tag, w) => [`CREATE FUNCTION ${w.sink}_${tag}() RETURNS text LANGUAGE plpgsql AS $f$ BEGIN RETURN (SELECT string_agg(x::text, ' ') FROM (${q}) q); END $f$`, `SELECT ${w.sink}_${tag}()`] },
  { name: 'cast to int', weight: 1, only: ['text', 'encoded', 'uuid', 'json'], fails: true, write: (q) => [`SELECT (x::text || 'z')::int FROM (${q}) q`] },
  { name: 'cast to date', weight: 1, only: ['text', 'encoded'], fails: true, write: (q) => [`SELECT ('z' || x::text)::date FROM (${q}) q`] },
  { name: 'cast to uuid', weight: 1, only: ['text', 'encoded', 'date'], fails: true, write: (q) => [`SELECT count(x::text::uuid) FROM (${q}) q`] },
  { name: 'cast to inet in WHERE', weight: 1, only: ['text', 'encoded'], fails: true, write: (q) => [`SELECT k FROM (${q}) q WHERE x::text::inet IS NOT NULL`] },
  { name: 'broken JSON', weight: 1, only: ['text', 'encoded'], fails: true, write: (q) => [`SELECT ('{' || x::text)::json FROM (${q}) q`] },
  { name: 'broken XML', weight: 1, only: ['text', 'encoded'], fails: true, write: (q) => [`SELECT xmlparse(document '<' || lower(x::text) || ' ' || '>') FROM (${q}) q WHERE x IS NOT NULL`] },
  { name: 'a key twice', weight: 1, only: ['text', 'encoded', 'date', 'uuid'], fails: true, write: (q, tag) => [`CREATE TEMP TABLE ${tag} (v text UNIQUE)`, `INSERT INTO ${tag} SELECT q.x::text FROM (${q}) q, generate_series(1, 2) WHERE q.x IS NOT NULL`] },
  { name: 'a failing row', weight: 1, only: STORED, fails: true, write: (q, tag) => [`CREATE TEMP TABLE ${tag} (v text CHECK (v IS NULL))`, `INSERT INTO ${tag} SELECT x::text FROM (${q}) q WHERE x IS NOT NULL`] },
  { name: 'a large number', weight: 1, only: ['number'], fails: true, write: (q) => [`SELECT x::text::int2 FROM (${q}) q`] },
  { name: 'notification', weight: 1, open: true, write: (q, tag) => [`LISTEN ${tag}`, `SELECT pg_notify('${tag}', x::text) FROM (${q}) q WHERE x IS NOT NULL`, 'SELECT 1'] },
  { name: 'setting', weight: 1, write: (q, tag) => [`SELECT count(set_config('app.${tag}', x::text, false)) FROM (${q}) q WHERE x IS NOT NULL`, `SELECT current_setting('app.${tag}')`] },
  { name: 'reported setting', weight: 1, write: (q) => [`SELECT count(set_config('application_name', left(x::text, 40), true)) FROM (${q}) q WHERE x IS NOT NULL`, 'SHOW application_name'] },
  { name: 'notice', weight: 1, simple: true, write: (q) => [`DO $d$ BEGIN RAISE NOTICE '%', (SELECT string_agg(x::text, ' ') FROM (${q}) q); END $d$`] },
  { name: 'SQL in text', weight: 1, write: (q) => [`SELECT query_to_xml(${literal(`SELECT x::text FROM (${q}) q`)}, true, false, '')`] },
  { name: 'several statements', weight: 1, simple: true, write: (q) => [`SELECT 1; ${q}; SELECT 2`] },
  { name: 'EXPLAIN first', weight: 1, write: (q) => [`EXPLAIN (VERBOSE) ${q}`, `SELECT q.* FROM (${q}) q`] },
  { name: 'ANALYZE and statistics', weight: 1, only: ['text', 'encoded'], transaction: true, write: (q, tag) => [`CREATE TEMP TABLE ${tag} AS SELECT x FROM (${q}) q, generate_series(1, 3)`, `ANALYZE ${tag}`, `SELECT most_common_vals FROM pg_stats WHERE tablename = '${tag}'`] },
];

/** Scripts of a seed, in order. The same seed gives the same scripts. */
export function makeScripts(world: World, count: number): readonly Script[] {
  return Array.from({ length: count }, (_, i) => makeScript(world, new Random(world.seed, `script ${i}`), `s${world.seed}_${i}`));
}

function makeScript(world: World, random: Random, tag: string): Script {
  let query: Query = source(world, random);
  for (let depth = random.between(0, 5); depth > 0; depth--) query = wrap(query, random);
  const fitting = FRAMES.filter((f) => (f.only?.includes(query.kind) ?? true) && (query.writes !== true || f.writes === true));
  const frame = random.pick(fitting.flatMap((f) => Array.from({ length: f.weight }, () => f)));
  const statements = frame.write(query.sql, tag, world, random);
  const via: Via = frame.simple ? 'simple' : random.pick(['simple', 'simple', 'text', 'binary', 'binary', 'pieces', 'again']);
  const inTransaction = frame.open ? false : frame.transaction === true || query.writes === true || random.chance(0.5);
  return { name: frame.name, path: [...query.path, frame.name, via], statements, via, inTransaction, open: frame.open ?? false, fails: frame.fails ?? false, ...(frame.undo && { undo: frame.undo(world) }) };
}
