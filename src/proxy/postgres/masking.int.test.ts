/** Promise 3 on real servers: whatever a client asks, no value of a classified column reaches it or the recording. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pgConnect, TestGateway } from '../../testing/gateway.ts';
import { leaksIn, leaksUnder, startTap, type Tap } from '../../testing/leaks.ts';
import { sendCancel, WireClient } from '../../testing/pg-wire-client.ts';
import { startPostgres, type PostgresServer } from '../../testing/postgres-server.ts';
import { createShop, type Shop } from '../../testing/shop.ts';
import { targetPassword } from '../../testing/target-password.ts';
import { encodeBind, encodeClose, encodeDescribe, encodeExecute, encodeFlush, encodeParse, encodeQuery, encodeSync, noticeField, type BackendMessage } from '../../wire/postgres/index.ts';

let server: PostgresServer;
let shop: Shop;
let gateway: TestGateway;
let tap: Tap;

beforeAll(async () => {
  server = await startPostgres();
  shop = await createShop(server);
  gateway = await TestGateway.start({ server });
  tap = await startTap(gateway.listener().port);
}, 120_000);

afterAll(async () => {
  tap.stop();
  await gateway.stop();
  await server.stop();
});

/** What came back: cells of rows as text, SQLSTATEs of errors. */
interface Answer {
  readonly cells: string[];
  readonly errors: string[];
  readonly messages: string[];
}

const login = (): { host: string; port: number; user: string; password: string; database: string } => {
  const { host, user, password, database } = gateway.listener();
  return { host, port: tap.port, user, password, database };
};

async function open(): Promise<WireClient> {
  return WireClient.connect(login());
}

/** Reads to ReadyForQuery. A statement that is held is withdrawn: nobody approves here. */
async function answer(client: WireClient): Promise<Answer> {
  const result: Answer = { cells: [], errors: [], messages: [] };
  for (;;) {
    const message = await client.next();
    if (message.type === 'ReadyForQuery') return result;
    await take(message, result, client);
  }
}

async function take(message: BackendMessage, into: Answer, client: WireClient): Promise<void> {
  if (message.type === 'DataRow') for (const cell of message.cells) into.cells.push(cell === null ? '∅' : cell.toString('utf8'));
  if (message.type === 'CopyData') into.cells.push(message.data.toString('latin1'));
  if (message.type === 'ErrorResponse') {
    into.errors.push(noticeField(message.fields, 'code') ?? '');
    into.messages.push(noticeField(message.fields, 'message') ?? '', noticeField(message.fields, 'detail') ?? '');
  }
  if (message.type === 'NoticeResponse') {
    const text = noticeField(message.fields, 'message') ?? '';
    into.messages.push(text);
    if (text.startsWith('held for approval') && client.keyData) await sendCancel('127.0.0.1', tap.port, client.keyData);
  }
}

async function ask(client: WireClient, sql: string): Promise<Answer> {
  client.send(encodeQuery(sql));
  return answer(client);
}

/** Runs the statements in a session of their own and gives the last answer. Nothing received on the way may hold a value. */
async function attempt(...statements: string[]): Promise<Answer> {
  tap.clear();
  const client = await open();
  let last: Answer = { cells: [], errors: [], messages: [] };
  for (const sql of statements) last = await ask(client, sql);
  client.close();
  expect(leaksIn(tap.received(), shop.canaries)).toEqual([]);
  return last;
}

describe('queries that people write: rows come, values do not', () => {
  const rows = shop6();
  it.each([
    ['all columns', 'SELECT * FROM customers', rows],
    ['an alias', 'SELECT email AS id, phone AS n FROM customers', rows],
    ['an expression', "SELECT upper(email) || '!', substr(iban, 3, 12), reverse(ssn) FROM customers", rows],
    ['a CTE', 'WITH x AS (SELECT id, email e FROM customers) SELECT e FROM x', rows],
    ['a subquery', 'SELECT (SELECT email FROM customers c WHERE c.id = o.customer_id) FROM orders o', rows],
    ['a derived table', 'SELECT s.a FROM (SELECT phone AS a FROM customers) s', rows],
    ['a join', 'SELECT c.email, k.card_number, o.note FROM customers c JOIN cards k ON k.customer_id = c.id JOIN orders o ON o.customer_id = c.id', rows],
    ['a view', 'SELECT who, contact FROM contacts', rows],
    ['a function in SQL', 'SELECT shout(email) FROM customers', rows],
    ['a whole row', 'SELECT c FROM customers c', rows],
    ['a whole row as text', 'SELECT c::text FROM customers c', rows],
    ['JSON of a row', 'SELECT row_to_json(c), to_jsonb(c) FROM customers c', rows],
    ['JSON aggregates', 'SELECT json_agg(email), jsonb_object_agg(id, phone) FROM customers', 1],
    ['JSON that holds an address', "SELECT extra, extra->'contact'->>'mail', extra #>> '{contact,mail}' FROM orders", rows],
    ['an array of them', 'SELECT array_agg(ssn), array_agg(email) FROM customers', 1],
    ['an array column', 'SELECT tags, tags[2], unnest(tags) FROM orders', 1],
    ['free text', 'SELECT note FROM orders', rows],
    ['free text, glued', "SELECT string_agg(note, ' / ') FROM orders", 1],
    ['a set operation', 'SELECT name FROM customers UNION ALL SELECT email FROM customers', rows],
    ['CASE', "SELECT CASE WHEN id > 0 THEN email ELSE 'none' END FROM customers", rows],
    ['COALESCE and NULLIF', "SELECT coalesce(phone, 'x'), nullif(iban, 'y') FROM customers", rows],
    ['a window', 'SELECT first_value(email) OVER (ORDER BY id), lag(ssn) OVER (ORDER BY id) FROM customers', rows],
    ['LATERAL', 'SELECT l.x FROM customers c, LATERAL (SELECT c.email || c.phone AS x) l', rows],
    ['VALUES beside it', 'SELECT v.a, c.email FROM (VALUES (1)) v(a) CROSS JOIN customers c', rows],
    ['bytes', "SELECT convert_to(email, 'UTF8'), encode(convert_to(card_number, 'UTF8'), 'base64') FROM customers JOIN cards ON cards.id = customers.id", rows],
    ['one column of a composite', 'SELECT (c).email FROM customers c', rows],
    ['a table function of rows', "SELECT * FROM json_populate_record(NULL::customers, (SELECT row_to_json(c) FROM customers c WHERE id = 1))", 0],
    ['TABLE', 'TABLE customers', rows],
    ['a recursive CTE', 'WITH RECURSIVE r(n, m) AS (SELECT 1, email FROM customers WHERE id = 1 UNION ALL SELECT n + 1, m FROM r WHERE n < 3) SELECT * FROM r', 0],
  ])('%s', async (_, sql, atLeast) => {
    const { cells, errors } = await attempt(sql);
    if (atLeast > 0) {
      expect(errors).toEqual([]);
      expect(cells.length).toBeGreaterThanOrEqual(atLeast);
    }
  });

  function shop6(): number {
    return 6;
  }
});

describe('writes', () => {
  it('RETURNING of INSERT, UPDATE, DELETE and of a CTE around them', async () => {
    const inserted = await attempt("INSERT INTO customers SELECT 900, 'x', email || '.x', phone, ssn, iban, password, 20 FROM customers WHERE id = 1 RETURNING *");
    expect(inserted.errors.length + inserted.cells.length).toBeGreaterThan(0);
    const updated = await attempt('UPDATE customers SET age = age + 1 WHERE id = 2 RETURNING email, upper(phone), *');
    expect(updated.errors).toEqual([]);
    expect(updated.cells).toHaveLength(10);
    await attempt('WITH u AS (UPDATE customers SET age = age WHERE id = 3 RETURNING email) SELECT email FROM u');
    await attempt('BEGIN', 'DELETE FROM cards WHERE id = 4 RETURNING card_number', 'ROLLBACK');
  });

  it('the detail of a unique violation', async () => {
    const address = shop.customers[2]?.email ?? '';
    const { errors, messages } = await attempt(`INSERT INTO customers VALUES (901, 'x', '${address}', NULL, NULL, NULL, NULL, 20)`);
    expect(errors).toEqual(['23505']);
    expect(messages.join(' ')).toContain('duplicate key value');
  });

  it('the detail of a violation that shows at COMMIT, simple and extended', async () => {
    const { errors } = await attempt('BEGIN', 'INSERT INTO logins SELECT 902, password FROM logins WHERE id = 1', 'COMMIT');
    expect(errors).toHaveLength(1);
    const secret = shop.customers[0]?.secret ?? '';
    tap.clear();
    const client = await open();
    client.send(encodeQuery('BEGIN'));
    await answer(client);
    client.send(encodeQuery(`INSERT INTO logins VALUES (903, '${secret}')`));
    await answer(client);
    client.send(encodeQuery('COMMIT'));
    expect((await answer(client)).errors).toEqual(['23505']);
    client.send(encodeParse('', `INSERT INTO logins VALUES (904, '${secret}')`), encodeBind({}), encodeExecute(''), encodeSync());
    expect((await answer(client)).errors).toEqual(['23505']);
    client.close();
    expect(leaksIn(tap.received(), shop.canaries)).toEqual([]);
  });

  it('the row in the detail of a check violation', async () => {
    const { errors } = await attempt('UPDATE customers SET age = 3 WHERE id = 5');
    expect(errors).toEqual(['23514']);
  });

  it.each([
    ['a cast to int', 'SELECT email::int FROM customers'],
    ['a cast in the list', "SELECT id, (password || '')::numeric FROM customers"],
    ['a cast to a date', 'SELECT ssn::date FROM customers'],
    ['JSON that is none', 'SELECT password::json FROM customers'],
    ['a bad regular expression', "SELECT 'x' ~ ('(' || password) FROM customers"],
    ['an enum of it', 'SELECT password::regclass FROM customers'],
    ['XML', "SELECT xpath('/', ('<' || password)::xml) FROM customers"],
    ['an interval', 'SELECT password::interval FROM customers'],
    ['to_number and friends', "SELECT to_timestamp(password, 'YYYY') FROM customers"],
  ])('the text of an error: %s', async (_, sql) => {
    const { cells } = await attempt(sql);
    expect(cells).toEqual([]);
  });
});

describe('ways around', () => {
  it.each([
    ['a notice', ["DO $$ BEGIN RAISE NOTICE '%', (SELECT email FROM customers LIMIT 1); END $$"]],
    ['an opaque function', ['SELECT opaque_mail(1)']],
    ['a notification', ['LISTEN ch', "SELECT pg_notify('ch', password) FROM customers", 'SELECT 1']],
    ['a setting', ["SELECT set_config('app.x', password, false) FROM customers WHERE id = 1", "SELECT current_setting('app.x', true)"]],
    ['a setting that is reported', ["SELECT set_config('application_name', password, false) FROM customers WHERE id = 1", 'SHOW application_name']],
    ['a temp table', ['CREATE TEMP TABLE t AS SELECT id, password AS p FROM customers', 'SELECT p FROM t']],
    ['a temp table, filled later', ['CREATE TEMP TABLE t2 (p text)', 'INSERT INTO t2 SELECT password FROM customers', 'SELECT p FROM t2']],
    ['SELECT INTO', ['SELECT password AS p INTO TEMP t3 FROM customers', 'SELECT p FROM t3']],
    ['a temp view', ['CREATE TEMP VIEW tv AS SELECT password AS p FROM customers', 'SELECT p FROM tv']],
    ['an update elsewhere', ["UPDATE plain SET label = (SELECT password FROM customers WHERE id = 1) WHERE id = 1", 'SELECT label FROM plain WHERE id = 1']],
    ['an insert elsewhere', ['INSERT INTO plain SELECT 5000 + id, password FROM customers', 'SELECT label FROM plain WHERE id > 5000']],
    ['MERGE elsewhere', ['MERGE INTO plain p USING customers c ON p.id = c.id WHEN MATCHED THEN UPDATE SET label = c.password', 'SELECT label FROM plain WHERE id < 10']],
    ['ON CONFLICT', ["INSERT INTO plain VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET label = (SELECT password FROM customers LIMIT 1)", 'SELECT label FROM plain WHERE id = 1']],
    ['a large object', ["SELECT lo_from_bytea(4711, convert_to((SELECT password FROM customers LIMIT 1), 'UTF8'))", "SELECT convert_from(lo_get(4711), 'UTF8')"]],
    ['SQL in text', ["SELECT query_to_xml('SELECT password FROM customers', true, true, '')", "SELECT table_to_xml('customers', true, true, '')", "SELECT database_to_xml(true, true, '')", "SELECT * FROM ts_stat('SELECT to_tsvector(password) FROM customers')"]],
    ['statistics', ['ANALYZE customers', "SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'customers'", 'SELECT stavalues1 FROM pg_statistic']],
    ['a cursor', ['BEGIN', 'DECLARE c CURSOR FOR SELECT password || id FROM customers', 'FETCH ALL FROM c', 'MOVE ABSOLUTE 0 IN c', 'FETCH 2 FROM c', 'COMMIT']],
    ['a holdable cursor', ['DECLARE h CURSOR WITH HOLD FOR SELECT password AS a FROM customers', 'FETCH ALL h', 'CLOSE h']],
    ['PREPARE and EXECUTE', ['PREPARE p AS SELECT upper(password), email FROM customers WHERE id > $1', 'EXECUTE p(0)', 'EXECUTE p(1)']],
    ['a table made by EXECUTE', ['PREPARE p2 AS SELECT password AS a FROM customers', 'CREATE TEMP TABLE pt AS EXECUTE p2', 'SELECT a FROM pt']],
    ['the text of a prepared statement', ["PREPARE p3 AS SELECT 1 WHERE 'x' = 'x'", 'SELECT statement FROM pg_prepared_statements']],
    ['EXPLAIN', ['EXPLAIN SELECT * FROM customers WHERE id = 1', 'EXPLAIN (ANALYZE, VERBOSE) SELECT email FROM customers', 'EXPLAIN SELECT * FROM customers WHERE age > (SELECT 1 WHERE (SELECT password FROM customers LIMIT 1) IS NOT NULL)']],
    ['several statements at once', ["SELECT 1; SELECT email FROM customers; SELECT password, ssn FROM customers"]],
    ['a search path that moves in one string', ['SET search_path = decoy; SELECT upper(customers::text) FROM customers; RESET search_path; SELECT upper(customers::text) FROM customers']],
    ['a search path undone by ROLLBACK TO', ['BEGIN', 'SAVEPOINT a', 'SET search_path = decoy', 'ROLLBACK TO a', 'SELECT upper(customers::text) FROM customers', 'COMMIT']],
    ['a search path undone by ROLLBACK AND CHAIN', ['BEGIN', 'SET search_path = decoy', 'ROLLBACK AND CHAIN', 'SELECT upper(customers::text) FROM customers', 'COMMIT']],
    ['a local search path after COMMIT AND CHAIN', ['BEGIN', 'SET LOCAL search_path = decoy', 'COMMIT AND CHAIN', 'SELECT upper(customers::text) FROM customers', 'COMMIT']],
    ['a search path set by a function', ["SELECT set_config('search_path', 'decoy', false)", 'SELECT upper(customers::text) FROM customers', "SELECT set_config('search_' || 'path', 'public', false)", 'SELECT upper(customers::text) FROM customers']],
    ['a search path after an error', ['SET search_path = decoy', 'BEGIN', 'SET search_path = public', 'SELECT 1/0', 'ROLLBACK', 'SET search_path = public', 'SELECT upper(customers::text) FROM customers']],
    ['a temp table in front, rolled back', ['BEGIN', 'SAVEPOINT a', 'CREATE TEMP TABLE customers (id int)', 'SELECT upper(customers::text) FROM customers', 'ROLLBACK TO a', 'SELECT upper(customers::text) FROM customers', 'ROLLBACK']],
    ['a temp table in front, dropped', ['CREATE TEMP TABLE customers (id int)', 'SELECT upper(customers::text) FROM customers', 'DROP TABLE pg_temp.customers', 'SELECT upper(customers::text) FROM customers']],
    ['a temp table ON COMMIT DROP', ['BEGIN', 'CREATE TEMP TABLE customers (id int) ON COMMIT DROP', 'COMMIT', 'SELECT upper(customers::text) FROM customers']],
    ['DISCARD', ['CREATE TEMP TABLE customers (id int)', 'DISCARD TEMP', 'SELECT upper(customers::text) FROM customers', 'DISCARD ALL', 'SELECT upper(customers::text) FROM customers']],
    ['another role', ['SET ROLE app', 'SELECT password FROM customers', 'RESET ROLE']],
    ['strings read differently', ["SET standard_conforming_strings = off", "SELECT 'a\\' , (SELECT password FROM customers LIMIT 1) AS \"x -- ' \""]],
    ['a filter that answers questions', ["SELECT id FROM customers WHERE password LIKE 'p%'", "SELECT id FROM customers WHERE ssn < '5'", 'SELECT id FROM customers ORDER BY password']],
    ['a sum over characters', ["SELECT ascii(substr(password, 3, 1)), length(email) FROM customers"]],
    ['division by a value', ['SELECT 1 / (ascii(substr(password, 1, 1)) - 112) FROM customers']],
    ['pg_get_expr and definitions', ['SELECT pg_get_viewdef(\'contacts\'::regclass)', "SELECT prosrc FROM pg_proc WHERE proname = 'opaque_mail'"]],
    ['activity of others', ["SELECT query FROM pg_stat_activity"]],
    ['a function over a set', ['SELECT * FROM ROWS FROM (json_to_recordset((SELECT json_agg(c) FROM customers c)) AS (email text, password text))']],
    ['jsonb_each_text of a row', ['SELECT e.value FROM customers c, jsonb_each_text(to_jsonb(c)) e']],
    ['regexp_split', ["SELECT regexp_split_to_table(password, '') FROM customers"]],
    ['generate_series by a value', ['SELECT count(*) FROM generate_series(1, (SELECT ascii(password) FROM customers LIMIT 1))']],
    ['xmlelement', ['SELECT xmlelement(name x, password), xmlforest(email) FROM customers']],
    ['format and concat', ["SELECT format('%s', password), concat_ws('-', email, phone) FROM customers"]],
    ['an operator by its function', ['SELECT textcat(password, name), texteq(password, name) FROM customers']],
    ['a domain and a cast', ['SELECT password::varchar(5)::text, email::bytea FROM customers']],
    ['a grouping', ['SELECT password, count(*) FROM customers GROUP BY password', 'SELECT max(password), min(email) FROM customers', 'SELECT mode() WITHIN GROUP (ORDER BY ssn) FROM customers']],
    ['DISTINCT ON', ['SELECT DISTINCT ON (id) id, password FROM customers']],
    ['a quoted name', ['SELECT "password" AS "p;w" FROM "public"."customers"']],
    ['comments and unicode escapes', ['SELECT/**/U&"p\\0061ssword"/**/FROM customers -- x']],
    ['a composite that is compared', ['SELECT (c).* FROM customers c', 'SELECT ROW(c.*) FROM customers c']],
  ])('%s', async (_, statements) => {
    await attempt(...statements);
  });

  it('a name prepared in SQL and taken over by the protocol', async () => {
    tap.clear();
    const client = await open();
    await ask(client, "PREPARE p AS SELECT upper('a')");
    await ask(client, 'DEALLOCATE ALL');
    client.send(encodeParse('p', 'SELECT upper(password) FROM customers'), encodeSync());
    await answer(client);
    await ask(client, 'EXECUTE p');
    client.close();
    expect(leaksIn(tap.received(), shop.canaries)).toEqual([]);
  });

  it('a name prepared in SQL, closed by the protocol', async () => {
    tap.clear();
    const client = await open();
    await ask(client, "PREPARE q AS SELECT upper('a')");
    client.send(encodeClose('statement', 'q'), encodeParse('q', 'SELECT upper(password) FROM customers'), encodeSync());
    await answer(client);
    await ask(client, 'EXECUTE q');
    await ask(client, 'DISCARD ALL');
    await ask(client, 'PREPARE q AS SELECT lower(password) FROM customers');
    client.send(encodeBind({ statement: 'q' }), encodeExecute(''), encodeSync());
    await answer(client);
    client.close();
    expect(leaksIn(tap.received(), shop.canaries)).toEqual([]);
  });

  it('a portal with the name of a cursor', async () => {
    tap.clear();
    const client = await open();
    for (const sql of ['BEGIN', "DECLARE c CURSOR FOR SELECT upper('a')", 'CLOSE c']) await ask(client, sql);
    client.send(encodeParse('', 'SELECT upper(password) FROM customers'), encodeBind({ portal: 'c' }), encodeFlush());
    client.send(encodeQuery('FETCH ALL FROM c'));
    expect((await answer(client)).errors).toEqual(['42501']);
    client.close();
    expect(leaksIn(tap.received(), shop.canaries)).toEqual([]);
  });

  it('a cursor of an earlier transaction', async () => {
    tap.clear();
    const client = await open();
    for (const sql of ['BEGIN', "DECLARE c CURSOR FOR SELECT upper('a')", 'COMMIT', 'BEGIN']) await ask(client, sql);
    client.send(encodeParse('', 'SELECT upper(password) FROM customers'), encodeBind({ portal: 'c' }), encodeExecute('c', 1), encodeSync());
    await answer(client);
    await ask(client, 'FETCH ALL FROM c');
    client.close();
    expect(leaksIn(tap.received(), shop.canaries)).toEqual([]);
  });
});

describe('COPY', () => {
  it.each([
    ['text', 'COPY customers TO STDOUT'],
    ['CSV', 'COPY customers TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *)'],
    ['binary', 'COPY customers TO STDOUT (FORMAT binary)'],
    ['a query', "COPY (SELECT upper(email), password || 'x' AS y, note FROM customers JOIN orders ON orders.id = customers.id) TO STDOUT WITH CSV DELIMITER '|'"],
    ['old syntax', 'COPY customers (email, ssn) TO STDOUT WITH DELIMITER AS \';\' NULL AS \'nil\''],
    ['odd quoting', "COPY customers TO STDOUT (FORMAT csv, QUOTE 'e', ESCAPE '\\', DELIMITER '@')"],
  ])('%s', async (_, sql) => {
    const { cells, errors } = await attempt(sql);
    expect(errors).toEqual([]);
    expect(cells.join('').length).toBeGreaterThan(100);
  });

  it.each(["SET client_encoding = 'LATIN1'", "SET NAMES 'SJIS'", "SELECT set_config('client_encoding', 'LATIN1', false)"])('a foreign encoding is refused with the reason: %s', async (sql) => {
    const client = await open();
    client.send(encodeQuery(sql));
    const messages = await client.until('ErrorResponse');
    expect(JSON.stringify(messages.at(-1))).toMatch(/use UTF8/i);
    client.close();
  });

  it('a foreign encoding in COPY', async () => {
    await attempt("COPY customers TO STDOUT (ENCODING 'LATIN1')");
    await attempt("COPY customers TO STDOUT (FORMAT csv, ENCODING 'EUC_JP')");
  });

  it.each(['', '(format csv)', '(format binary)'])('\\copy %s with psql', async (format) => {
    tap.clear();
    const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-copy-'));
    const file = path.join(dir, 'out');
    const { code, stderr } = await gateway.psql(['-v', 'ON_ERROR_STOP=1', '-c', `\\copy customers to '${file}' ${format}`], { port: tap.port });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const bytes = readFileSync(file);
    rmSync(dir, { recursive: true });
    expect(bytes.length).toBeGreaterThan(100);
    expect(leaksIn(bytes, shop.canaries)).toEqual([]);
  });

  it('COPY back in what was masked is refused', async () => {
    const { stderr } = await gateway.psql(['-c', "\\copy (select id + 2000, email, email from customers) to program 'cat > /dev/null'", '-c', '\\copy plain (id, label) from stdin'], { input: '3001\tmsk_email_bcfvfbqvqknq\n\\.\n' });
    expect(stderr).toContain('mask token');
  });
});

describe('clients of the extended protocol', () => {
  it('node-postgres: prepared, binary, executed again without Describe', async () => {
    tap.clear();
    const client = await pgConnect(login());
    const query = { name: 'q1', text: 'SELECT id, email, phone, password, note FROM customers JOIN orders USING (id) WHERE id >= $1 ORDER BY 1', values: [1], binary: true };
    const first = await client.query(query);
    const second = await client.query(query);
    expect(first.rows).toHaveLength(6);
    expect(second.rows).toEqual(first.rows);
    await client.end();
    expect(leaksIn(tap.received(), shop.canaries)).toEqual([]);
  });

  it('a portal in pieces, text and binary, and Describe of both', async () => {
    tap.clear();
    const client = await open();
    client.send(encodeParse('s', 'SELECT email, ssn, id FROM customers WHERE id <= 6 ORDER BY id'), encodeDescribe('statement', 's'), encodeBind({ portal: 'a', statement: 's', resultFormats: [1] }), encodeDescribe('portal', 'a'), encodeExecute('a', 2), encodeExecute('a', 2), encodeBind({ portal: 'b', statement: 's', resultFormats: [1, 0, 1] }), encodeExecute('b', 3), encodeExecute('a', 0), encodeSync());
    const { cells, errors } = await answer(client);
    expect(errors).toEqual([]);
    expect(cells).toHaveLength((2 + 2 + 3 + 2) * 3);
    // The statement lives on, and without Describe.
    client.send(encodeBind({ statement: 's' }), encodeExecute(''), encodeSync());
    expect((await answer(client)).cells).toHaveLength(18);
    client.close();
    expect(leaksIn(tap.received(), shop.canaries)).toEqual([]);
  });

  it('a mask token is not written in the place of the value', async () => {
    const client = await pgConnect(login());
    const { rows } = await client.query<{ email: string }>('SELECT email FROM customers WHERE id = 1');
    await expect(client.query('UPDATE customers SET email = $1 WHERE id = 2', [rows[0]?.email])).rejects.toMatchObject({ code: '42501' });
    await expect(client.query({ text: `UPDATE customers SET email = '${rows[0]?.email ?? ''}' WHERE id = 2` })).rejects.toMatchObject({ code: '42501' });
    await client.end();
  });
});

describe('what stays on this machine', () => {
  it('no recording, spool file, stored object, database page or log line holds a value or the credential', async () => {
    // The statement that a person writes holds a value too.
    const c = shop.customers[0];
    const client = await pgConnect(login());
    await client.query(`SELECT id FROM customers WHERE email = '${c?.email ?? ''}'`);
    await client.query('SELECT id FROM customers WHERE email = $1 OR ssn = $2', [c?.email, c?.ssn]).catch(() => undefined);
    await client.query(`SELECT 1 AS "${c?.email ?? ''}"`).catch(() => undefined);
    await client.end();
    await gateway.halt();
    const values = [...shop.canaries, targetPassword];
    expect(leaksUnder(gateway.dataDir, values)).toEqual([]);
    expect(leaksIn(Buffer.from(gateway.stdout + gateway.process.stderr), values)).toEqual([]);
  });
});
