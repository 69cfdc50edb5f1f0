import { describe, expect, it } from 'vitest';
import type { Json } from '../../base/jcs.ts';
import type { ClearValue } from '../../evidence/record.ts';
import type { ReadRecord } from '../../evidence/read.ts';
import { fold, referencesOf } from './fold.ts';

const APPROVAL = 'apr_0190a5b2-7c00-7000-8000-000000000001';

function record(n: number, kind: string, clear: Record<string, ClearValue> = {}, fields: Record<string, Json> = {}, removed: string[] = []): ReadRecord {
  return { n, kind, t: 1_780_000_000_000 + n, m: n * 1_000_000, channel: 0, clear, fields, removed, line: n + 1 };
}
const folded = (records: ReadRecord[], known: Parameters<typeof fold>[0]['known'] = []) => fold({ records, known, receivedMs: 1_790_000_000_000 });

describe('records as rows of the index', () => {
  it('makes one row of a statement and its answers', () => {
    const { statements, marks } = folded([
      record(0, 'sql.query', { dec: 'allow', pol: ['a', 'a'], verb: ['SELECT', 'SELECT'] }, { sql: 'select 1; select 2' }),
      record(1, 'sql.result', { q: 0, rows: 3, us: 10, mask: ['0:email'], hits: ['email:2'] }),
      record(2, 'sql.result', { q: 0, tag: 'UPDATE 4', us: 5, hits: ['email:1', 'phone:9'], unmask: ['iban'] }),
    ]);
    expect(statements).toMatchObject([{ n: 0, decision: 'allow', policies: ['a'], rows: 7, us: 15, answerN: 2 }]);
    expect([...(statements[0]?.masked ?? [])]).toEqual([['email', 3], ['phone', 9]]);
    expect([...(statements[0]?.unmasked ?? [])]).toEqual(['iban']);
    expect(marks).toEqual([]);
  });

  it('gives each bind the text of its parse, and its executes to it', () => {
    const { statements, texts } = folded([
      record(0, 'sql.parse', { dec: 'allow', verb: ['SELECT'] }, { sql: 'select $1' }),
      record(1, 'sql.bind', { q: 0, dec: 'allow' }, { params: ['42'] }),
      record(2, 'sql.result', { q: 1, rows: 1 }),
      record(3, 'sql.execute', { q: 1, max: 10 }),
      record(4, 'sql.result', { q: 3, rows: 5 }),
    ]);
    expect(statements).toMatchObject([{ n: 1, sql: 'select $1', params: '["42"]', rows: 6, verbs: ['SELECT'] }]);
    expect(texts.map((t) => [t.n, t.parent])).toEqual([[0, undefined], [3, 1]]);
  });

  it('asks for what earlier chunks said, and tells what changes in them', () => {
    const records = [record(10, 'sql.bind', { q: 2, dec: 'allow' }), record(11, 'sql.error', { q: 7, code: '23505' }), record(12, 'policy.decision', { q: 5, id: APPROVAL, dec: 'expired' }, { reason: 'nobody' })];
    expect(referencesOf(records)).toEqual([2, 7, 5]);
    const result = folded(records, [{ n: 2, parent: undefined, sql: 'delete from t', verbs: ['DELETE'], redacted: false }, { n: 7, parent: 6, sql: '', verbs: [], redacted: false }]);
    expect(result.statements).toMatchObject([{ n: 10, sql: 'delete from t' }]);
    expect(result.changes).toMatchObject([{ n: 6, error: '23505', answerN: 11 }, { n: 5, decision: 'denied', approvalId: APPROVAL, reason: 'nobody' }]);
  });

  it('follows a hold to its end', () => {
    const hold = (dec: string) => folded([record(0, 'sql.query', { dec: 'hold' }, { sql: 'drop table t', reason: 'DROP waits' }), record(1, 'approval.request', { q: 0, id: APPROVAL }), record(2, 'policy.decision', { q: 0, id: APPROVAL, dec })]).statements[0];
    expect(hold('approved')).toMatchObject({ decision: 'approved', approvalId: APPROVAL, reason: 'DROP waits' });
    for (const dec of ['denied', 'expired', 'cancelled', 'refused', 'something new']) expect(hold(dec)?.decision).toBe('denied');
    expect(folded([record(0, 'sql.query', { dec: 'hold' }, { sql: 'x' })]).statements[0]?.decision).toBe('held');
  });

  it('takes no permission from silence, and keeps a refusal without statement', () => {
    const { statements } = folded([record(0, 'sql.query', {}, { sql: 'select 1' }), record(1, 'policy.decision', { dec: 'deny' }, { reason: 'cannot be read' }), record(2, 'sql.execute', { dec: 'deny' })]);
    expect(statements.map((s) => [s.decision, s.sql, s.reason])).toEqual([['denied', 'select 1', ''], ['denied', '', 'cannot be read'], ['denied', '', '']]);
  });

  it('bounds whatever a device writes', () => {
    const { statements, marks } = folded([
      record(0, 'sql.query', { dec: 'allow', pol: Array.from({ length: 5_000 }, (_, i) => `p${i}`), verb: 'x'.repeat(9_000) }, { sql: `\u0000\ud800${'y'.repeat(1_000_000)}`, params: 'z'.repeat(100_000) }),
      record(1, 'sql.result', { q: 0, rows: 1.5, us: -1, hits: ['email', 'email:x', ':3', 'a:b:4', 'email:9007199254740993'] }),
      record(2, 'approval.decision', { q: 0, id: 'not an id' }, { envelope: '{}' }),
      record(3, 'unheard.of', { q: 0 }, { text: 'w'.repeat(100_000) }),
    ]);
    expect(statements[0]).toMatchObject({ cut: true });
    expect(statements[0]?.sql.length).toBe(65_536);
    expect(statements[0]?.sql.startsWith('\u2400\ufffd')).toBe(true);
    expect(statements[0]?.policies.length).toBe(200);
    expect(statements[0]?.verbs[0]?.length).toBe(255);
    expect(statements[0]?.params.length).toBe(2_000);
    expect([...(statements[0]?.masked ?? [])]).toEqual([['email', 0], ['a:b', 4]]);
    expect(marks).toMatchObject([{ kind: 'approval', detail: { phase: 'not counted' } }, { kind: 'note' }]);
    expect(marks[1]?.text.length).toBe(500);
  });

  it('believes no clock that is ahead of the store', () => {
    const r = fold({ records: [{ ...record(0, 'sql.query', { dec: 'allow' }, { sql: 'x' }), t: 8_000_000_000_000 }], known: [], receivedMs: 1_790_000_000_000 });
    expect(r.statements[0]?.atMs).toBe(1_790_000_000_000);
  });

  it('says when content was removed', () => {
    expect(folded([record(0, 'sql.query', { dec: 'allow' }, {}, ['sql'])]).statements[0]).toMatchObject({ sql: '', redacted: true });
  });
});

describe('requests of SSH sessions', () => {
  const on = (channel: number, r: ReadRecord): ReadRecord => ({ ...r, channel });

  it('are statements: commands, lines of a gate, files, forwards, with how they ended and what was masked', () => {
    const { statements, marks } = folded([
      record(0, 'ssh.exec', { dec: 'allow', pol: ['dev'] }, { command: 'cat /etc/hosts' }),
      record(1, 'ssh.output', { q: 0, fd: 1, bytes: 3 }, { data: 'never indexed' }),
      record(2, 'ssh.exit', { q: 0, status: 2, in: 0, out: 3, err: 0, hits: ['email:4'] }),
      record(3, 'ssh.sftp', { dec: 'deny', pol: ['no-keys'], op: 'open_read' }, { path: '/root/.ssh/id_rsa', reason: 'keys stay here' }),
      record(4, 'policy.decision', { q: 3, dec: 'deny', pol: ['no-keys'], ref: 'x/3' }, { reason: 'keys stay here' }),
      record(5, 'ssh.sftp', { dec: 'allow', pol: [], op: 'rename' }, { path: '/tmp/a', new_path: '/tmp/b' }),
      record(6, 'ssh.sftp.end', { q: 5, status: 4 }),
      record(7, 'ssh.forward', { dec: 'allow', pol: [], port: 5432 }, { host: 'db.internal' }),
      record(8, 'ssh.forward.end', { q: 7, sent: 1, received: 2 }),
      record(9, 'policy.decision', { dec: 'deny' }, { request: 'X11 forwarding', reason: 'X11 is not forwarded' }),
      record(10, 'mask.applied', { exposed: ['email'] }),
      record(11, 'ssh.forward', { dec: 'hold', pol: ['ask'], port: 0, dir: 'remote' }, { host: 'localhost' }),
      record(12, 'ssh.forward.bound', { q: 11, port: 8080 }),
      record(13, 'ssh.agent', { dec: 'deny', pol: ['no-agent'] }),
      record(14, 'ssh.agent.sign', { q: 13, for: 'sign-on', bytes: 200, flags: 0 }, { key: 'SHA256:abc', user: 'root' }),
    ]);
    expect(statements.map((s) => [s.n, s.sql, s.verbs, s.decision, s.error])).toEqual([
      [0, 'cat /etc/hosts', ['exec'], 'allow', 'exit 2'],
      [3, 'sftp open_read /root/.ssh/id_rsa', ['read'], 'denied', undefined],
      [5, 'sftp rename /tmp/a -> /tmp/b', ['rename'], 'allow', 'sftp 4'],
      [7, 'forward to db.internal:5432', ['forward'], 'allow', undefined],
      [9, 'X11 forwarding', [], 'denied', undefined],
      [11, 'remote forward of localhost:0', ['forward'], 'held', undefined],
      [13, 'agent forwarding', ['agent'], 'denied', undefined],
      [14, 'agent: sign-on root with the key SHA256:abc', ['sign'], 'allow', undefined],
    ]);
    expect([...(statements[0]?.masked ?? [])]).toEqual([['email', 4]]);
    expect(statements[1]?.reason).toBe('keys stay here');
    expect(marks).toMatchObject([{ kind: 'note', text: 'shown in clear for a moment: email' }]);
  });

  it('are what was typed where nothing decides on lines, and the lines where something does', () => {
    const { statements, marks } = folded([
      on(1, record(0, 'ssh.shell', { dec: 'allow', pol: [], pty: true, cols: 80, rows: 24 })),
      on(1, record(1, 'ssh.pty.in', { bytes: 7 }, { data: 'uptime\r' })),
      on(1, record(2, 'ssh.pty.in', { bytes: 1 }, { data: '\r' })),
      on(1, record(3, 'ssh.pty.out', { bytes: 9 }, { data: 'up 3 days' })),
      on(2, record(4, 'ssh.exec', { dec: 'allow', pol: [], typed: true }, { command: 'whoami' })),
      on(2, record(5, 'ssh.pty.in', { bytes: 7 }, { data: 'whoami\r' })),
    ]);
    expect(statements.map((s) => [s.n, s.sql, s.verbs])).toEqual([[0, 'shell', ['shell']], [1, 'uptime', ['typed']], [4, 'whoami', ['line']]]);
    expect(marks).toEqual([]);
  });

  it('are not the looks at paths that programs ask by the hundred, unless they were refused', () => {
    const { statements } = folded([record(0, 'ssh.sftp', { dec: 'allow', pol: [], op: 'lstat' }, { path: '/a' }), record(1, 'ssh.sftp', { dec: 'deny', pol: [], op: 'stat' }, { path: '/b', reason: 'no' })]);
    expect(statements.map((s) => s.sql)).toEqual(['sftp stat /b']);
  });
});
