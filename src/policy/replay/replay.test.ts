import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { ReadRecord } from '../../evidence/read.ts';
import { compareOutcomes } from './compare.ts';
import { TokenPairs } from './masks.ts';
import { replaySteps } from './steps.ts';
import type { Cell, RecordedResult, ReplayedResult, ReplayStep } from './types.ts';
import { withValues } from './values.ts';

const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function record(n: number, kind: string, clear: ReadRecord['clear'] = {}, fields: ReadRecord['fields'] = {}, removed: readonly string[] = []): ReadRecord {
  return { n, kind, t: n, m: n, channel: 0, clear, fields, removed, line: n + 1 };
}

async function steps(records: readonly ReadRecord[]): Promise<ReplayStep[]> {
  const found: ReplayStep[] = [];
  for await (const step of replaySteps(Readable.from(records) as AsyncIterable<ReadRecord>)) found.push(step);
  return found;
}
const result = (n: number, q: number, tag: string): ReadRecord => record(n, 'sql.result', { q, i: 0, tag, us: 1 });
const query = (n: number, sql: string, dec = 'allow'): ReadRecord => record(n, 'sql.query', { dec, pol: [] }, { sql });

describe('steps of a recording', () => {
  it('put answers with their requests, also where requests were sent ahead of answers', async () => {
    const found = await steps([
      query(1, 'SELECT 1'), query(2, 'DROP TABLE a', 'deny'), query(3, 'SELECT 3'), result(4, 1, 'SELECT 1'), result(5, 3, 'SELECT 1'), query(6, 'SELECT 6'), record(7, 'sql.error', { q: 6, code: '42P01' }, { message: 'no' }),
    ]);
    expect(found.map((s) => [s.n, s.outcome.results.length, s.outcome.error?.code, s.skip?.why])).toEqual([[1, 1, undefined, undefined], [2, 0, undefined, 'refused'], [3, 1, undefined, undefined], [6, 0, '42P01', undefined]]);
  });

  it('run a bound statement as often as it was bound, and a portal on', async () => {
    const found = await steps([
      record(1, 'sql.parse', { dec: 'allow', name: 's' }, { sql: 'SELECT $1' }),
      record(2, 'sql.bind', { q: 1, dec: 'allow' }, { params: ['7', null, { b64: 'AAAAAQ==' }] }),
      record(3, 'sql.result', { q: 2, i: 0, tag: 'suspended', rows: 2, kept: 2 }, { columns: ['a'], rows: [['1'], ['2']] }),
      record(4, 'sql.execute', { q: 2, max: 2 }),
      record(5, 'sql.result', { q: 4, i: 0, tag: 'SELECT 1', rows: 1, kept: 1 }, { columns: ['a'], rows: [['3']] }),
    ]);
    expect(found).toMatchObject([
      { n: 2, kind: 'bind', parse: 1, sql: 'SELECT $1', maxRows: 2, params: [{ kind: 'text', text: '7' }, { kind: 'null' }, { kind: 'binary', b64: 'AAAAAQ==' }] },
      { n: 4, kind: 'fetch', portal: 2, maxRows: 2 },
    ]);
  });

  it('give an error that names no request to the first without an answer, or to a Parse alone', async () => {
    const alone = await steps([record(1, 'sql.parse', { dec: 'allow' }, { sql: 'SELECT nothing' }), record(2, 'sql.error', { q: 0, code: '42703' }, { message: 'no' })]);
    expect(alone).toMatchObject([{ n: 1, kind: 'parse', outcome: { error: { code: '42703' } } }]);
    const bound = await steps([record(1, 'sql.parse', { dec: 'allow' }, { sql: 'SELECT nothing' }), record(2, 'sql.bind', { q: 1, dec: 'allow' }), record(3, 'sql.error', { q: 0, code: '42703' }, { message: 'no' })]);
    expect(bound).toMatchObject([{ n: 2, kind: 'bind', outcome: { error: { code: '42703' } } }]);
  });

  it('are not run when they were refused, held, redacted, masked, unanswered, or fed by COPY', async () => {
    const found = await steps([
      query(1, 'DELETE FROM a', 'hold'), record(2, 'policy.decision', { q: 1, dec: 'approved' }), result(3, 1, 'DELETE 1'),
      query(4, 'DELETE FROM b', 'hold'), record(5, 'policy.decision', { q: 4, dec: 'expired' }, { reason: 'nobody came' }),
      record(6, 'sql.query', { dec: 'allow' }, {}, ['sql']), result(7, 6, 'SELECT 1'),
      query(8, 'COPY a FROM STDIN'), record(9, 'sql.copy', { q: 8, dir: 'in', bytes: 5, sha256: EMPTY }), result(10, 8, 'COPY 1'),
      query(11, "SELECT '****'"), result(12, 11, 'SELECT 1'),
      query(13, "UPDATE a SET b = 'msk_literal_bcdfghjkmnpq'"), result(14, 13, 'UPDATE 1'),
      query(15, 'SELECT pg_sleep(9)'),
    ]);
    expect(found.map((s) => s.skip?.why)).toEqual([undefined, 'refused', 'redacted', 'copy in', 'masked', 'masked', 'no outcome']);
    expect(found[1]?.skip?.detail).toContain('nobody came');
  });

  it('are filled in from given values, quoted, and only when every mask has one', async () => {
    const [step] = await steps([query(1, "UPDATE a SET b = 'msk_literal_bcdfghjkmnpq', c = 'msk_literal_qpnmkjhgfdcb'"), result(2, 1, 'UPDATE 1')]);
    if (step === undefined) throw new Error('no step');
    expect(withValues(step, new Map([['msk_literal_bcdfghjkmnpq', 'x']])).skip?.why).toBe('masked');
    const filled = withValues(step, new Map([['msk_literal_bcdfghjkmnpq', "O'Neil"], ['msk_literal_qpnmkjhgfdcb', '***']]));
    expect(filled).toMatchObject({ sql: "UPDATE a SET b = 'O''Neil', c = '***'", skip: undefined });
  });
});

const then = (rows: readonly (readonly Cell[])[], more: Partial<RecordedResult> = {}): RecordedResult => ({ index: 0, tag: `SELECT ${rows.length}`, rows: rows.length, columns: ['id', 'email'], cells: rows, kept: rows.length, masked: new Map(), hasMasks: false, removed: [], ...more });
const now = (rows: readonly (readonly Cell[])[], more: Partial<ReplayedResult> = {}): ReplayedResult => ({ tag: `SELECT ${rows.length}`, rows: rows.length, columns: ['id', 'email'], cells: rows, restSha256: EMPTY, ...more });
const compared = (a: RecordedResult, b: ReplayedResult, pairs = new TokenPairs()): ReturnType<typeof compareOutcomes> => compareOutcomes({ results: [a], copies: [] }, { results: [b], copies: [] }, pairs);
const details = (a: RecordedResult, b: ReplayedResult, pairs?: TokenPairs): string[] => compared(a, b, pairs).differences.map((d) => d.detail);
const [A, B, C, D] = ['msk_email_bcdfghjkmnpq', 'msk_email_qpnmkjhgfdcb', 'msk_email_cccccccccccc', 'msk_email_dddddddddddd'];

describe('comparing', () => {
  it('finds cells, rows and columns that differ', () => {
    expect(details(then([['1', 'a'], ['2', 'b']]), now([['1', 'a'], ['2', 'c']]))).toEqual(['row 2, email: "b" then, "c" now']);
    expect(details(then([['1', 'a']]), now([['1', null]]))).toEqual(['row 1, email: "a" then, null now']);
    expect(details(then([['1', 'a']]), now([['1', 'a'], ['2', 'b']]))).toEqual(['1 rows then, 2 now', 'only now: ["2","b"]']);
    expect(details(then([['1', 'a']]), now([['1', 'a']], { columns: ['id', 'mail'] }))).toEqual(['column 2 was email then and is mail now']);
    expect(details(then([['1', 'a']]), now([['1']], { columns: ['id'] }))).toEqual(['2 columns then, 1 now; gone: email']);
    expect(details(then([['1', { b64: 'AA==' }]]), now([['1', { b64: 'AQ==' }]]))).toEqual(['row 1, email: "b64:AA==" then, "b64:AQ==" now']);
  });

  it('takes another order for no difference, and says so', () => {
    expect(compared(then([['1', 'a'], ['2', 'b']]), now([['2', 'b'], ['1', 'a']]))).toMatchObject({ differences: [], remarks: ['the same rows in another order'] });
  });

  it('holds masked values against each other by which are equal, over the whole session', () => {
    const pairs = new TokenPairs();
    expect(details(then([['1', A], ['2', B], ['3', A]]), now([['1', C], ['2', D], ['3', C]]), pairs)).toEqual([]);
    expect(details(then([['1', A]]), now([['1', C]]), pairs)).toEqual([]);
    expect(details(then([['1', A]]), now([['1', D]]), pairs)).toEqual([`row 1, email: the masked value ${A} was the same as before then and is another one now`]);
    expect(details(then([['1', A], ['2', B]]), now([['1', C], ['2', C]]))).toEqual([`row 2, email: the masked value ${B} was another one than ${A} then and is the same now`]);
    expect(details(then([['1', A]]), now([['1', null]]))).toHaveLength(1);
    expect(details(then([['1', '6d736b5f-0000-8000-8000-000000000001']]), now([['1', '6d736b5f-1111-8111-9111-111111111111']]))).toEqual([]);
  });

  it('says what cannot be compared, and why', () => {
    expect(compared(then([['1', A]], { masked: new Map([[1, 'email']]) }), now([['1', 'a@b.example']]))).toMatchObject({ differences: [], notComparable: ['column email: masked then, not now'] });
    expect(compared(then([['1', 'x']]), now([['1', A]]))).toMatchObject({ differences: [], notComparable: ['column email: masked now, not then'] });
    expect(compared(then([], { tag: 'SELECT 3', rows: 3, kept: 3, removed: ['rows'] }), now([['1', 'a'], ['2', 'a'], ['3', 'a']]))).toMatchObject({ differences: [], notComparable: ['3 rows: redacted'] });
    const long = then([['1', 'a']], { rows: 9, rest: 'ab'.repeat(32) });
    expect(compared(long, now([['1', 'a']], { rows: 9, restSha256: 'ab'.repeat(32) }))).toMatchObject({ differences: [], notComparable: [] });
    expect(compared(long, now([['1', 'a']], { rows: 9, restSha256: 'cd'.repeat(32) })).differences[0]?.detail).toMatch(/the 8 rows after row 1 are others/);
    expect(compared({ ...long, hasMasks: true }, now([['1', 'a']], { rows: 9, restSha256: 'cd'.repeat(32) })).notComparable[0]).toMatch(/8 further rows/);
  });

  it('compares errors by their SQLSTATE, and tags with their counts', () => {
    const said = (a: string | undefined, b: string | undefined): string[] => {
      const outcome = (code: string | undefined) => ({ results: [], copies: [], ...(code === undefined ? {} : { error: { code, message: 'x' } }) });
      return compareOutcomes(outcome(a), outcome(b), new TokenPairs()).differences.map((d) => d.detail);
    };
    expect(said('42P01', '42P01')).toEqual([]);
    expect(said('42P01', undefined)).toEqual(['error 42P01 (x) then, no error now']);
    expect(said(undefined, '42703')).toEqual(['no error then, error 42703 (x) now']);
    const tag = (a: string, b: string): string[] => details({ index: 0, tag: a, cells: [], kept: 0, masked: new Map(), hasMasks: false, removed: [] }, { tag: b, cells: [], restSha256: EMPTY });
    expect(tag('UPDATE 1', 'UPDATE 2')).toEqual(['UPDATE 1 then, UPDATE 2 now']);
    expect(tag('COMMIT', 'ROLLBACK')).toEqual(['COMMIT then, ROLLBACK now']);
  });

  it('compares COPY data line by line', () => {
    const copy = (a: string, b: string, bytes = a.length): string[] =>
      compareOutcomes({ results: [], copies: [{ direction: 'out', bytes, sha256: '1', data: a }] }, { results: [], copies: [{ direction: 'out', bytes: b.length, sha256: '2', data: b }] }, new TokenPairs()).differences.map((d) => d.detail);
    expect(copy('1\ta\n2\tb\n', '1\ta\n2\tc\n')).toEqual(['COPY data, line 2: "2\\tb" then, "2\\tc" now']);
    expect(copy(`1\t${A}\n`, `1\t${C}\n`)).toEqual([]);
  });
});
