/** Well-formed messages in an order that no sane client would choose: what a server answers to them is the measure. */
import { client as c } from '../pg-messages.ts';
import type { SeededRandom } from './random.ts';

const NAMES = ['', '', 'a', 'b'];

/** Statements of every kind that moves the protocol's state, on tables without classified columns. */
const STATEMENTS = [
  'SELECT 1',
  "SELECT id, label FROM plain WHERE id < 3",
  'SELECT g FROM generate_series(1, 5) g',
  'SELECT $1::int4 AS n',
  'INSERT INTO seqs VALUES (1)',
  'COPY seqs FROM STDIN',
  'COPY (SELECT 1, 2) TO STDOUT',
  'SELECT 1/0',
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'SAVEPOINT x',
  'ROLLBACK TO x',
  '',
  'SELECT nowhere',
  'SET search_path = seqs_schema, public',
  'RESET search_path',
  'CREATE TEMP TABLE IF NOT EXISTS tt (a int)',
  'DEALLOCATE ALL',
  'DISCARD ALL',
  'DECLARE k CURSOR FOR SELECT g FROM generate_series(1, 9) g',
  'PREPARE sp AS SELECT 42',
  "SET application_name = 'seq'",
  'SHOW application_name',
] as const;

/** Names that nobody has made are refused by the gateway in its own words: what is executed or fetched is made in the same text. */
const TEXTS = [...STATEMENTS, 'BEGIN; DECLARE t CURSOR FOR SELECT g FROM generate_series(1, 9) g; FETCH 2 FROM t; FETCH 3 FROM t; COMMIT', 'SELECT 1; SELECT 2', 'BEGIN; SELECT 1/0', 'COPY seqs FROM STDIN; SELECT 3', 'SELECT 1; ; SELECT nowhere; SELECT 4', 'INSERT INTO seqs VALUES (2); ROLLBACK', 'PREPARE tp AS SELECT 7; EXECUTE tp; DEALLOCATE tp'] as const;

/** The query that ends a sequence; its row says that everything before has been answered. */
export const END = 'the end of the sequence';

function message(r: SeededRandom): Buffer {
  switch (r.below(13)) {
    case 0:
    case 1:
      return c.query(r.pick(TEXTS));
    case 2:
    case 3:
      return c.parse(r.pick(NAMES), r.pick(STATEMENTS));
    case 4:
    case 5:
      return c.bind(r.pick(NAMES), r.pick(NAMES), [], r.chance(0.2) ? ['5'] : [], r.chance(0.3) ? [1] : []);
    case 6:
      return c.describe(r.chance(0.5) ? 'S' : 'P', r.pick(NAMES));
    case 7:
    case 8:
      return c.execute(r.pick(NAMES), r.pick([0, 0, 1, 2]));
    case 9:
      return c.close(r.chance(0.5) ? 'S' : 'P', r.pick(NAMES));
    case 10:
      return c.flush();
    case 11:
      return r.pick([c.copyData('1\n'), c.copyData('x\n'), c.copyDone(), c.copyFail('no')]);
    default:
      return c.sync();
  }
}

/** A group that makes sense by itself, so that sequences get further than their first error. */
function group(r: SeededRandom): readonly Buffer[] {
  const sql = r.pick(STATEMENTS);
  const [portal, statement] = [r.pick(NAMES), r.pick(NAMES)];
  const close = r.chance(0.3) ? [c.close('S', statement)] : [];
  return [...close, c.parse(statement, sql), c.bind(portal, statement, [], sql.includes('$1') ? ['7'] : [], []), ...(r.chance(0.5) ? [c.describe('P', portal)] : []), c.execute(portal, r.pick([0, 0, 2])), ...(r.chance(0.6) ? [c.sync()] : [])];
}

export function sequence(r: SeededRandom): readonly Buffer[] {
  const out: Buffer[] = [];
  for (let n = 2 + r.below(12); n > 0; n--) out.push(...(r.chance(0.45) ? group(r) : [message(r)]));
  return [...out, c.copyDone(), c.sync(), c.query(`SELECT '${END}'`)];
}
