/** What well-behaved clients say after sign-on, against the shop's tables: the raw material of the fuzzer. */
import { client as c } from '../pg-messages.ts';

const one = (sql: string): Buffer[] => [c.parse('', sql), c.bind('', '', [], [], []), c.describe('P', ''), c.execute('', 0)];

/** Forbidden everywhere by the starter bundle: none of it may reach the target, however it is wrapped or cut. */
export const forbidden: readonly string[] = [
  "COPY plain TO PROGRAM 'cat'",
  "SELECT pg_read_file('/etc/hostname')",
  'SET session_replication_role = replica',
  "SELECT 1; COPY plain FROM '/etc/hostname'",
];

export const conversations: readonly (readonly Buffer[])[] = [
  [c.query('SELECT 1'), c.query(''), c.query('SELECT id, label FROM plain WHERE id < 4; SELECT 2')],
  [c.query('SELECT email, phone, ssn FROM customers ORDER BY id LIMIT 2')],
  [...one('SELECT * FROM plain WHERE id < 3'), c.sync()],
  [c.parse('s1', 'SELECT $1::int4 + 1, $2::text', [23]), c.describe('S', 's1'), c.flush(), c.bind('p1', 's1', [], ['41', null], [1]), c.execute('p1', 0), c.close('P', 'p1'), c.close('S', 's1'), c.sync()],
  [c.query('BEGIN'), c.parse('', 'SELECT g FROM generate_series(1, 7) g'), c.bind('c', '', [], [], [0]), c.execute('c', 3), c.execute('c', 3), c.execute('c', 3), c.sync(), c.query('COMMIT')],
  [...one("INSERT INTO scratch VALUES (1, 'a')"), ...one('SELECT nowhere'), ...one('SELECT 1'), c.sync(), c.sync()],
  [c.query('COPY scratch FROM STDIN'), c.copyData('1\tx\n2\t'), c.copyData('y\n'), c.copyDone()],
  [c.query('COPY scratch FROM STDIN'), c.copyData('1\tx\n'), c.copyFail('no more'), c.query('SELECT 1')],
  [...one('COPY scratch FROM STDIN'), c.sync(), c.copyData('5\tz\n'), c.copyDone(), c.sync()],
  [c.query('COPY (SELECT id, label FROM plain WHERE id < 50) TO STDOUT')],
  [c.query('COPY (SELECT id, email FROM customers) TO STDOUT (FORMAT csv)'), c.query('COPY plain TO STDOUT (FORMAT binary)')],
  [c.query('PREPARE q AS SELECT label FROM plain WHERE id = $1'), c.query('EXECUTE q(3)'), c.query('DEALLOCATE q')],
  [c.query('BEGIN; DECLARE k CURSOR FOR SELECT * FROM plain'), c.query('FETCH 5 FROM k'), c.query('CLOSE k; ROLLBACK')],
  [c.query("SET application_name = 'fuzz'"), c.query('SHOW application_name'), c.query('RESET ALL')],
  [c.query('SELECT 1/0'), c.query('SELEKT'), c.query("SELECT 'ü世界🌍' AS \"Grüße\"")],
  [c.query('LISTEN fz'), c.query("NOTIFY fz, 'x'"), c.query('UNLISTEN *')],
  [c.query('CREATE TEMP TABLE tt (a int); INSERT INTO tt VALUES (1), (2)'), c.query('SELECT * FROM tt'), ...one('SELECT count(*) FROM tt'), c.sync()],
  [c.functionCall(1598, [], [], 0), c.query('SELECT 1')],
  [c.query("DO $$ BEGIN RAISE NOTICE 'n'; END $$")],
  [c.parse('', "SELECT repeat('x', 3000)", []), c.bind('', '', [], [], []), c.execute('', 1), c.execute('', 1), c.sync()],
  [c.bind('', 'never', [], [], []), c.execute('never', 0), c.describe('S', 'never'), c.sync()],
  ...forbidden.map((sql) => [c.query(sql), ...one(sql), c.sync(), c.query('SELECT 1')]),
  [c.terminate()],
];
