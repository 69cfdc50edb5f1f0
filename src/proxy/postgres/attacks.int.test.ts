/**
 * Attacks that once worked, each in its smallest form, on the starter bundle. `values` bring a canary out whole, `bits`
 * ask a question about a hidden value: its two variants must be answered alike, whatever the value is.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AttackClient } from '../../testing/attack-client.ts';
import { gatewayConfig, pgConnect, TestGateway } from '../../testing/gateway.ts';
import { leaksIn, startTap, type Tap } from '../../testing/leaks.ts';
import { startPostgres, type PostgresServer } from '../../testing/postgres-server.ts';
import { createShop, type Shop } from '../../testing/shop.ts';
import { encodeBind, encodeClose, encodeExecute, encodeParse, encodeQuery, encodeSync } from '../../wire/postgres/index.ts';

let server: PostgresServer;
let shop: Shop;
let gateway: TestGateway;
let tap: Tap;
let taps: Tap[] = [];

beforeAll(async () => {
  server = await startPostgres();
  shop = await createShop(server);
  const admin = await pgConnect({ host: server.host, port: server.port, user: server.superuser, password: server.password, database: 'postgres' });
  await admin.query('CREATE DATABASE dev OWNER app TEMPLATE shop');
  await admin.end();
  const options = { server, databases: ['shop', 'dev'] };
  const { connections } = gatewayConfig(options) as { connections: { name: string }[] };
  gateway = await TestGateway.start({ ...options, config: { connections: connections.map((c) => ({ ...c, labels: { env: c.name === 'shop' ? 'prod' : 'dev' } })) } });
}, 120_000);

afterAll(async () => {
  for (const t of taps) t.stop();
  await gateway.stop();
  await server.stop();
});

type Place = 'shop' | 'dev';

async function open(place: Place): Promise<AttackClient> {
  const { user, password, database } = gateway.listener(place);
  return AttackClient.open({ host: '127.0.0.1', port: tap.port, user, password, database });
}

/** Runs statements in a session of their own; a line that begins with `B: ` in a second one. */
async function play(place: Place, statements: readonly string[]): Promise<string[]> {
  const [a, b] = [await open(place), await open(place)];
  const answers: string[] = [];
  for (const sql of statements) answers.push(await (sql.startsWith('B: ') ? b.ask(sql.slice(3)) : a.ask(sql)));
  a.close();
  b.close();
  return answers;
}

async function withTap<T>(place: Place, run: () => Promise<T>): Promise<T> {
  tap = await startTap(gateway.listener(place).port);
  taps.push(tap);
  const result = await run();
  expect(leaksIn(tap.received(), shop.canaries)).toEqual([]);
  tap.stop();
  taps = taps.filter((t) => t !== tap);
  return result;
}

const upper = 'SELECT id, upper(name) AS a FROM customers';
const evil = 'SELECT id, upper(password) AS a FROM customers';

describe('values', () => {
  it.each<[string, Place, string[]]>([
    ['EXECUTE after a view was replaced', 'shop', [`CREATE TEMP VIEW tv AS ${upper}`, 'PREPARE p AS SELECT upper(a) FROM tv', 'EXECUTE p', `CREATE OR REPLACE TEMP VIEW tv AS ${evil}`, 'EXECUTE p']],
    ['EXECUTE after a temporary view came in front', 'shop', ['PREPARE p AS SELECT upper(label) FROM plain WHERE id < 4', 'EXECUTE p', 'CREATE TEMP VIEW plain AS SELECT id, upper(password) AS label FROM customers', 'EXECUTE p']],
    ['EXECUTE after the path moved', 'shop', ['SET search_path = decoy', 'PREPARE p AS SELECT upper(customers::text) FROM customers', 'EXECUTE p', 'SET search_path = public', 'EXECUTE p']],
    ['EXECUTE after a temporary table went', 'shop', ['CREATE TEMP TABLE customers (id int)', 'PREPARE p AS SELECT upper(customers::text) FROM customers', 'EXECUTE p', 'DROP TABLE pg_temp.customers', 'EXECUTE p']],
    ['EXPLAIN ANALYZE and CREATE TABLE AS of such a one', 'shop', [`CREATE TEMP VIEW tv AS ${upper}`, 'PREPARE p AS SELECT upper(a) AS a FROM tv', `CREATE OR REPLACE TEMP VIEW tv AS ${evil}`, 'CREATE TEMP TABLE stolen AS EXECUTE p', 'SELECT a FROM stolen']],
    ['EXECUTE after a function was replaced', 'dev', ["CREATE FUNCTION pg_temp.fx(int) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT upper('x') $$", 'PREPARE pf AS SELECT pg_temp.fx(id) FROM plain WHERE id < 4', 'CREATE OR REPLACE FUNCTION pg_temp.fx(int) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT upper(password) FROM customers WHERE id = $1 $$', 'EXECUTE pf']],
    ['a view replaced and read in one string', 'shop', [`CREATE TEMP VIEW tv AS ${upper}`, 'SELECT upper(a) FROM tv LIMIT 1', `CREATE OR REPLACE TEMP VIEW tv AS ${evil}; SELECT upper(a) FROM tv`]],
    ['a temporary table dropped and read in one string', 'shop', ['CREATE TEMP TABLE customers (id int)', 'SELECT upper(customers::text) FROM customers', 'DROP TABLE pg_temp.customers; SELECT upper(customers::text) FROM customers']],
    ['a cast to a row type that a temporary table hides', 'shop', ['CREATE TEMP TABLE plain (label text, id text, n text)', "SELECT (ROW(password, 'x', 'y')::plain).label FROM customers"]],
    ['a rule on a temporary table', 'shop', ['CREATE TEMP TABLE r1 (id int, v text)', 'CREATE TEMP TABLE r2 (id int, v text)', 'CREATE RULE rr AS ON INSERT TO r1 DO ALSO INSERT INTO r2 SELECT id, password FROM customers', "INSERT INTO r1 VALUES (1, 'x')", 'SELECT v FROM r2']],
    ['a notice of DO', 'dev', ["DO $$ BEGIN RAISE NOTICE '%', (SELECT string_agg(password, ' ') FROM customers); END $$"]],
    ['DO that copies', 'dev', ['CREATE TEMP TABLE copied (v text)', 'DO $$ BEGIN INSERT INTO copied SELECT password FROM customers; END $$', 'SELECT v FROM copied']],
    ['a row of FROM inside a function', 'dev', ['CREATE FUNCTION row_of() RETURNS SETOF text LANGUAGE sql STABLE AS $$ SELECT (q).password FROM customers q $$', 'SELECT * FROM row_of()', 'SELECT row_of()']],
    ['a row of FROM as text inside a function', 'dev', ['CREATE FUNCTION row_text() RETURNS SETOF text LANGUAGE sql STABLE AS $$ SELECT q::text FROM customers q $$', 'SELECT * FROM row_text()']],
    ['a trigger', 'dev', ['CREATE TEMP TABLE trg (id int, v text)', 'CREATE FUNCTION pg_temp.tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := (SELECT password FROM customers LIMIT 1); RETURN NEW; END $$', 'CREATE TRIGGER t BEFORE INSERT ON trg FOR EACH ROW EXECUTE FUNCTION pg_temp.tf()', "INSERT INTO trg VALUES (1, 'x') RETURNING v", 'SELECT v FROM trg']],
    ['a trigger in the place of a view', 'dev', ['CREATE VIEW vt AS SELECT id, label FROM plain', 'CREATE FUNCTION vf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.label := (SELECT password FROM customers LIMIT 1); RETURN NEW; END $$', 'CREATE TRIGGER vtt INSTEAD OF INSERT ON vt FOR EACH ROW EXECUTE FUNCTION vf()', "INSERT INTO vt VALUES (90000, 'x') RETURNING label"]],
    ['a cast with a function', 'dev', ['CREATE TYPE ct AS (a int)', 'CREATE FUNCTION cf(ct) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT password FROM customers LIMIT 1); END $$', 'CREATE CAST (ct AS text) WITH FUNCTION cf(ct)', 'SELECT ROW(1)::ct::text', 'SELECT CAST(ROW(1)::ct AS text)']],
    ['a default with a function', 'dev', ["CREATE FUNCTION secret_of(i int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT password FROM customers WHERE id = i); END $$", 'CREATE TEMP TABLE dflt (id int, v text DEFAULT secret_of(1))', 'INSERT INTO dflt (id) VALUES (1)', 'SELECT v FROM dflt']],
    ['a schema named after the user, by another session', 'dev', ['SELECT upper(label) FROM plain LIMIT 1', 'B: CREATE SCHEMA app', 'B: CREATE VIEW app.plain AS SELECT id, upper(password) AS label FROM customers', 'SELECT upper(label) FROM plain LIMIT 3', 'B: DROP SCHEMA app CASCADE']],
  ])('%s', async (_, place, statements) => {
    await withTap(place, () => play(place, statements));
  });
});

const X = 'x'.repeat(63);
const harmless = "SELECT upper('a')";
const stolen = 'SELECT upper(password) FROM customers';

describe('names of the protocol', () => {
  it.each<[string, ((c: AttackClient) => Buffer[])[]]>([
    ['a statement name that the server cuts', [() => [encodeParse(`${X}1`, harmless)], () => [encodeClose('statement', `${X}2`)], () => [encodeParse(`${X}2`, stolen)], () => [encodeBind({ statement: `${X}1` }), encodeExecute('')]]],
    ['a portal name that the server cuts', [() => [encodeParse('g', harmless), encodeParse('e', stolen), encodeBind({ portal: `${X}1`, statement: 'g' }), encodeClose('portal', `${X}2`), encodeBind({ portal: `${X}2`, statement: 'e' }), encodeExecute(`${X}1`)]]],
    ['a cut portal name that is a cursor', [() => [encodeParse('', `DECLARE ${X} CURSOR WITH HOLD FOR ${harmless}`), encodeBind({}), encodeExecute('')], () => [encodeClose('portal', `${X}2`), encodeParse('e', stolen), encodeBind({ portal: `${X}3`, statement: 'e' }), encodeParse('', `FETCH ALL FROM ${X}`), encodeBind({}), encodeExecute('')]]],
    ['a cut statement name that SQL prepared', [() => [encodeParse('', `PREPARE ${X} AS ${harmless}`), encodeBind({}), encodeExecute('')], () => [encodeClose('statement', `${X}2`), encodeParse(`${X}3`, stolen)], () => [encodeParse('', `EXECUTE ${X}`), encodeBind({}), encodeExecute('')]]],
    ['letters of several bytes', [() => [encodeParse(`${'ä'.repeat(31)}b1`, harmless)], () => [encodeClose('statement', `${'ä'.repeat(31)}b2`), encodeParse(`${'ä'.repeat(31)}b2`, stolen)], () => [encodeBind({ statement: `${'ä'.repeat(31)}b1` }), encodeExecute('')]]],
  ])('%s', async (_, batches) => {
    await withTap('shop', async () => {
      const c = await open('shop');
      for (const batch of batches) {
        c.send(...batch(c), encodeSync());
        await c.answer();
      }
      c.close();
    });
  });

  it('a portal whose name a cursor has taken over', async () => {
    await withTap('shop', async () => {
      for (const close of ['CLOSE c', 'CLOSE ALL']) {
        const c = await open('shop');
        await c.ask('BEGIN');
        c.send(encodeParse('g', harmless), encodeBind({ portal: 'c', statement: 'g' }), encodeSync());
        await c.answer();
        for (const sql of [close, `DECLARE c CURSOR FOR ${stolen}`]) await c.ask(sql);
        c.send(encodeExecute('c'), encodeSync());
        await c.answer();
        c.close();
      }
    });
  });

  it('a portal that runs on after a function was replaced', async () => {
    const [before, after] = ["SELECT 'x'::text FROM plain LIMIT 1", 'SELECT upper(password) FROM customers WHERE id = $1 LIMIT 1'].map((body) => `CREATE OR REPLACE FUNCTION calls(int) RETURNS text LANGUAGE sql VOLATILE AS $$ ${body} $$`);
    await withTap('dev', async () => {
      for (const first of [[], [encodeExecute('p', 1)]]) {
        const c = await open('dev');
        for (const sql of [before ?? '', 'BEGIN']) await c.ask(sql);
        c.send(encodeParse('s', 'SELECT calls(id) FROM plain WHERE id < 7'), encodeBind({ statement: 's', portal: 'p' }), ...first, encodeSync());
        await c.answer();
        await c.ask(after ?? '');
        c.send(encodeExecute('p', 3), encodeSync());
        await c.answer();
        c.close();
      }
    });
  });

  it.each([
    ['an insert', ['CREATE TEMP TABLE kept (v text)'], 'INSERT INTO kept SELECT a FROM racy', 'SELECT v FROM kept'],
    ['a new table', [], 'CREATE TEMP TABLE kept AS SELECT a AS v FROM racy', 'SELECT v FROM kept'],
    ['a copy', [], 'COPY (SELECT a FROM racy) TO STDOUT', 'SELECT 1'],
    ['an error', [], 'SELECT a::int FROM racy', 'SELECT 1'],
  ])('%s of a view replaced under a lock', async (_, before, move, look) => {
    await withTap('dev', async () => {
      const [a, b] = [await open('dev'), await open('dev')];
      for (const sql of [`CREATE OR REPLACE VIEW racy AS ${upper}`, ...before]) await a.ask(sql);
      await b.ask('BEGIN');
      await b.ask(`CREATE OR REPLACE VIEW racy AS ${evil}`);
      a.send(encodeQuery(move));
      await settled(b);
      await b.ask('COMMIT');
      await a.answer();
      await a.ask(look);
      a.close();
      b.close();
    });
  });

  it('a view replaced under a lock while the statement waits for it', async () => {
    await withTap('dev', async () => {
      const [a, b] = [await open('dev'), await open('dev')];
      await a.ask(`CREATE OR REPLACE VIEW racy AS ${upper}`);
      await a.ask('SELECT upper(a) FROM racy LIMIT 1');
      await b.ask('BEGIN');
      await b.ask(`CREATE OR REPLACE VIEW racy AS ${evil}`);
      a.send(encodeQuery('SELECT upper(a) FROM racy'));
      // The statement waits in the server, or has been refused: either way the server has seen what it will see of it.
      await settled(b);
      await b.ask('COMMIT');
      await a.answer();
      a.close();
      b.close();
    });
  });
});

describe('objects that are changed past the gateway', () => {
  const asOwner = async (sql: string): Promise<void> => {
    const owner = await pgConnect({ host: server.host, port: server.port, user: server.superuser, password: server.password, database: 'shop' });
    await owner.query(sql);
    await owner.end();
  };
  const text = (body: string): string => `CREATE OR REPLACE FUNCTION public.outside_f() RETURNS SETOF text LANGUAGE sql AS $$ ${body} $$`;

  beforeAll(async () => {
    await asOwner(`CREATE VIEW public.outside AS ${upper}; CREATE VIEW public.over_outside AS SELECT id, a FROM public.outside; ${text('SELECT name FROM public.customers')}`);
    await asOwner('GRANT SELECT ON public.outside, public.over_outside TO PUBLIC');
  });

  it.each<[string, string, string]>([
    ['a view', `CREATE OR REPLACE VIEW public.outside AS ${evil}`, 'SELECT upper(a) FROM outside'],
    ['a view below a view', `CREATE OR REPLACE VIEW public.outside AS ${evil}`, 'SELECT upper(a) FROM over_outside'],
    ['a view that a COPY reads', `CREATE OR REPLACE VIEW public.outside AS ${evil}`, 'COPY (SELECT upper(a) FROM outside) TO STDOUT'],
    ['a function', text('SELECT password FROM public.customers'), 'SELECT * FROM outside_f()'],
  ])('%s: no row as it was taken for before, and no refusal for long', async (_, change, ask) => {
    await withTap('shop', async () => {
      const client = await open('shop');
      await client.ask(ask);
      await asOwner(change);
      // Refused, or masked already when the watch has seen the change before.
      await client.ask(ask);
      expect(await client.ask(ask)).not.toContain('run it again');
      client.close();
    });
    await asOwner(`CREATE OR REPLACE VIEW public.outside AS ${upper}; ${text('SELECT name FROM public.customers')}`);
  });

  it('a view behind a prepared statement', async () => {
    await withTap('shop', async () => {
      const client = await open('shop');
      await client.ask('PREPARE q AS SELECT upper(a) FROM outside');
      client.send(Buffer.concat([encodeParse('q2', 'SELECT upper(a) FROM outside'), encodeSync()]));
      await client.answer();
      await asOwner(`CREATE OR REPLACE VIEW public.outside AS ${evil}`);
      client.send(Buffer.concat([encodeBind({ portal: '', statement: 'q2' }), encodeExecute(''), encodeSync()]));
      await client.answer();
      await client.ask('EXECUTE q');
      client.close();
    });
  });
});

/** Resolves when the other session waits for a lock, or after enough questions that it never will. */
async function settled(observer: AttackClient): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if ((await observer.ask('SELECT count(*) FROM pg_locks WHERE NOT granted')).startsWith('[1]')) return;
  }
}

const small = "password < '!'";
const large = "password < '~'";
const fill = (table: string): string => `INSERT INTO ${table} SELECT id, password FROM customers WHERE id = 1`;

const BIRTHDAYS = 'CREATE TEMP TABLE people (id int, date_of_birth timestamp)';
const DAYS = "generate_series(timestamp '1980-01-01', timestamp '1989-12-31', '1 day') g";
const enumerations = [
  `SELECT p.id, to_char(g, 'YYYY') FROM people p JOIN ${DAYS} ON p.date_of_birth = g`,
  `SELECT p.id, (SELECT to_char(g, 'YYYY') FROM ${DAYS} WHERE g = p.date_of_birth) FROM people p`,
  "SELECT v.d FROM people p JOIN (VALUES (timestamp '1984-03-07', 1)) v(d, n) ON v.d = p.date_of_birth",
  `SELECT p.id FROM people p WHERE date_of_birth = ANY (ARRAY(SELECT g FROM ${DAYS}))`,
  `SELECT p.id FROM people p WHERE date_of_birth IN (SELECT g FROM ${DAYS})`,
  `WITH d AS (SELECT g AS d FROM ${DAYS}) SELECT d FROM people p, d WHERE d.d = p.date_of_birth`,
  `SELECT x.n FROM people p JOIN (SELECT g AS date_of_birth, 1 AS n FROM ${DAYS}) x USING (date_of_birth)`,
];

describe('bits', () => {
  it.each<[string, Place, string[], string[]]>([
    ['a check of a new table', 'shop', [`CREATE TEMP TABLE g (id int, password text CHECK (${small}))`, fill('g')], [`CREATE TEMP TABLE g (id int, password text CHECK (${large}))`, fill('g')]],
    ['a check of a generated column', 'shop', [`CREATE TEMP TABLE g (id int, password text, b bool GENERATED ALWAYS AS (${small}) STORED, CHECK (b))`, fill('g')], [`CREATE TEMP TABLE g (id int, password text, b bool GENERATED ALWAYS AS (${large}) STORED, CHECK (b))`, fill('g')]],
    ['a partition', 'shop', ['CREATE TEMP TABLE p (id int, password text) PARTITION BY RANGE (password)', "CREATE TEMP TABLE p1 PARTITION OF p FOR VALUES FROM (MINVALUE) TO ('!')", "CREATE TEMP TABLE p2 PARTITION OF p FOR VALUES FROM ('!') TO (MAXVALUE)", fill('p'), 'SELECT id FROM p1'], ['CREATE TEMP TABLE p (id int, password text) PARTITION BY RANGE (password)', "CREATE TEMP TABLE p1 PARTITION OF p FOR VALUES FROM (MINVALUE) TO ('~')", "CREATE TEMP TABLE p2 PARTITION OF p FOR VALUES FROM ('~') TO (MAXVALUE)", fill('p'), 'SELECT id FROM p1']],
    ['the length of a column', 'shop', ['CREATE TEMP TABLE g (id int, password varchar(3))', fill('g')], ['CREATE TEMP TABLE g (id int, password varchar(300))', fill('g')]],
    ['a unique index on a part', 'shop', ['CREATE TEMP TABLE g (id int, password text)', 'INSERT INTO g SELECT id, password FROM customers', 'CREATE UNIQUE INDEX ON g (substr(password, 1, 2))'], ['CREATE TEMP TABLE g (id int, password text)', 'INSERT INTO g SELECT id, password FROM customers', 'CREATE UNIQUE INDEX ON g (substr(password, 3, 9))']],
    ['statistics', 'shop', ['CREATE TEMP TABLE k (id int, password text)', "INSERT INTO k VALUES (0, '!')", fill('k'), 'ANALYZE k', "SELECT correlation FROM pg_stats WHERE tablename = 'k' AND attname = 'password'"], ['CREATE TEMP TABLE k (id int, password text)', "INSERT INTO k VALUES (0, '~')", fill('k'), 'ANALYZE k', "SELECT correlation FROM pg_stats WHERE tablename = 'k' AND attname = 'password'"]],
    ['CLUSTER', 'dev', ['CREATE TEMP TABLE k (id int, password text)', fill('k'), "INSERT INTO k VALUES (0, '!')", 'CREATE INDEX i ON k (password)', 'CLUSTER k USING i', 'SELECT id FROM k'], ['CREATE TEMP TABLE k (id int, password text)', fill('k'), "INSERT INTO k VALUES (0, '~')", 'CREATE INDEX i ON k (password)', 'CLUSTER k USING i', 'SELECT id FROM k']],
    ['a policy of rows', 'dev', ['CREATE TEMP TABLE rls (id int)', 'INSERT INTO rls VALUES (1)', 'ALTER TABLE rls ENABLE ROW LEVEL SECURITY', 'ALTER TABLE rls FORCE ROW LEVEL SECURITY', `CREATE POLICY pol ON rls USING ((SELECT ${small} FROM customers WHERE id = 1))`, 'SELECT * FROM rls'], ['CREATE TEMP TABLE rls (id int)', 'INSERT INTO rls VALUES (1)', 'ALTER TABLE rls ENABLE ROW LEVEL SECURITY', 'ALTER TABLE rls FORCE ROW LEVEL SECURITY', `CREATE POLICY pol ON rls USING ((SELECT ${large} FROM customers WHERE id = 1))`, 'SELECT * FROM rls']],
    ['a side effect under a condition', 'shop', [`SELECT CASE WHEN ${small} THEN nextval('counter') END FROM customers WHERE id = 1`, 'SELECT is_called FROM counter'], [`SELECT CASE WHEN ${large} THEN nextval('counter') END FROM customers WHERE id = 1`, 'SELECT is_called FROM counter']],
    ['a subplan that runs or does not', 'shop', [`EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT CASE WHEN ${small} THEN (SELECT count(*) FROM plain) END FROM customers WHERE id = 1`], [`EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT CASE WHEN ${large} THEN (SELECT count(*) FROM plain) END FROM customers WHERE id = 1`]],
    ['an error or none', 'shop', ["SELECT 1 / (ascii(password) - ascii('p')) FROM customers WHERE id = 1"], ["SELECT 1 / (ascii(password) - ascii('q')) FROM customers WHERE id = 1"]],
    ['a number of rows', 'shop', ["SELECT 1 FROM customers, unnest(string_to_array(password, 'p')) WHERE id = 1"], ["SELECT 1 FROM customers, unnest(string_to_array(password, '~')) WHERE id = 1"]],
    ['a part kept under the name of the class', 'shop', ['CREATE TEMP TABLE g (id int, email text)', 'INSERT INTO g SELECT id, substr(email, 1, 1) FROM customers', "SELECT count(*) FROM g WHERE email = 'c'"], ['CREATE TEMP TABLE g (id int, email text)', 'INSERT INTO g SELECT id, substr(email, 1, 1) FROM customers', "SELECT count(*) FROM g WHERE email = '~'"]],
    ['a part made by CREATE TABLE AS', 'shop', ['CREATE TEMP TABLE g AS SELECT id, substr(email, 1, 1) AS email FROM customers', "SELECT count(*) FROM g WHERE email = 'c'"], ['CREATE TEMP TABLE g AS SELECT id, substr(email, 1, 1) AS email FROM customers', "SELECT count(*) FROM g WHERE email = '~'"]],
    ['a part written to the table itself', 'shop', ['BEGIN', "INSERT INTO customers (id, name, email) SELECT 9000, 'x', substr(email, 1, 1) FROM customers WHERE id = 1", "SELECT count(*) FROM customers WHERE email = 'c'", 'ROLLBACK'], ['BEGIN', "INSERT INTO customers (id, name, email) SELECT 9000, 'x', substr(email, 1, 1) FROM customers WHERE id = 1", "SELECT count(*) FROM customers WHERE email = '~'", 'ROLLBACK']],
    ['a part cut by the type of a column', 'shop', ['CREATE TEMP TABLE g (id int, email "char")', 'INSERT INTO g SELECT id, email FROM customers', "SELECT count(*) FROM g WHERE email = 'c'"], ['CREATE TEMP TABLE g (id int, email "char")', 'INSERT INTO g SELECT id, email FROM customers', "SELECT count(*) FROM g WHERE email = '~'"]],
    ['the size of a table', 'shop', ['CREATE TEMP TABLE g (id int, email text)', `INSERT INTO g SELECT id, CASE WHEN email < '!' THEN '${'a'.repeat(100)}' ELSE '' END FROM customers, generate_series(1, 1000) WHERE id = 1`, "SELECT pg_relation_size('g')", 'SELECT max(ctid) FROM g'], ['CREATE TEMP TABLE g (id int, email text)', `INSERT INTO g SELECT id, CASE WHEN email < '~' THEN '${'a'.repeat(100)}' ELSE '' END FROM customers, generate_series(1, 1000) WHERE id = 1`, "SELECT pg_relation_size('g')", 'SELECT max(ctid) FROM g']],
    ['memory of a sort', 'shop', [`EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, SUMMARY OFF) SELECT CASE WHEN email < '!' THEN '${'a'.repeat(80)}' ELSE '' END FROM customers c, generate_series(1, 500) g WHERE c.id = 1 ORDER BY g`], [`EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, SUMMARY OFF) SELECT CASE WHEN email < '~' THEN '${'a'.repeat(80)}' ELSE '' END FROM customers c, generate_series(1, 500) g WHERE c.id = 1 ORDER BY g`]],
    ...enumerations.map((sql): [string, Place, string[], string[]] => [`every possible value: ${sql}`, 'shop', [BIRTHDAYS, "INSERT INTO people VALUES (1, '1984-03-07')", sql], [BIRTHDAYS, "INSERT INTO people VALUES (1, '2084-03-07')", sql]]),
  ])('%s', async (_, place, one, other) => {
    await withTap(place, async () => {
      const [a, b] = [await play(place, one), await play(place, other)];
      expect(b).toEqual(a);
    });
  });
});

describe('guardrails of production', () => {
  it.each<[string, string[]]>([
    ['a temporary name dropped twice in one string', ['CREATE TEMP TABLE logins (id int)', 'DROP TABLE logins; DROP TABLE logins']],
    ['a temporary name renamed away in the same string', ['CREATE TEMP TABLE orders (id int, note text)', 'ALTER TABLE orders RENAME TO o2; TRUNCATE orders']],
    ['a temporary name discarded in the same string', ['CREATE TEMP TABLE orders (id int)', 'DISCARD TEMP; TRUNCATE orders']],
    ['a temporary name that ends with its transaction', ['BEGIN', 'CREATE TEMP TABLE logins (id int) ON COMMIT DROP', 'COMMIT; DROP TABLE logins']],
    ['a temporary name that CASCADE takes away', ['CREATE TEMP TABLE t (id int)', 'CREATE TEMP TABLE orders () INHERITS (t)', 'DROP TABLE t CASCADE; TRUNCATE orders']],
    ['a temporary view that CASCADE takes away', ['CREATE TEMP TABLE t (id int)', 'CREATE TEMP VIEW contacts AS SELECT id FROM t', 'DROP TABLE t CASCADE; DROP VIEW contacts']],
    ['a path set in the same string', ['CREATE TEMP TABLE orders (id int)', 'SET search_path = public, pg_temp; TRUNCATE orders']],
  ])('%s', async (_, statements) => {
    await withTap('shop', () => play('shop', statements));
    const owner = await pgConnect({ host: server.host, port: server.port, user: server.superuser, password: server.password, database: 'shop' });
    const { rows } = await owner.query<{ left: string }>('SELECT (SELECT count(*) FROM public.logins) + (SELECT count(*) FROM public.orders) + (SELECT count(*) FROM public.contacts) AS left');
    await owner.end();
    expect(Number(rows[0]?.left)).toBe(3 * shop.customers.length);
  });
});
