import { describe, expect, it } from 'vitest';
import { approvalRequest, emitter, open, record, sampleRecords, statementRecords } from '../testing/ocsf-samples.ts';
import { ocsfProblems } from '../testing/ocsf-schema.ts';
import { alarms } from './ocsf-alarm.ts';
import type { AuditFact } from './ocsf-audit.ts';
import { cutText, type OcsfObject, ocsfEndpoint } from './ocsf-event.ts';
import { RecordingEvents } from './ocsf-recording.ts';
import { auditEvent } from './ocsf-store.ts';
import { datastoreActivity } from './ocsf-verb.ts';
import type { ReadRecord } from './read.ts';

const context = { emitter, open, loggedMs: 1_780_000_100_000 };

function eventsOf(records: readonly ReadRecord[]): OcsfObject[] {
  const events = new RecordingEvents(context);
  return [...records.flatMap((r) => events.push(r)), ...events.end()];
}
const fact = (change: Partial<AuditFact>): AuditFact => ({ id: 7, tMs: 1_780_000_000_000, iss: 'https://idp.example', sub: 'alice@example.com', name: 'Alice', groups: ['engineering'], deviceId: '', address: '10.1.2.3', action: 'recording.list', object: 'recordings', outcome: 'ok', detail: '', ...change });
const valid = (event: OcsfObject | undefined): OcsfObject => {
  expect(event).toBeDefined();
  expect(ocsfProblems(event)).toEqual([]);
  return event!;
};

describe('statements of a recording', () => {
  it('are valid, each told once, with the decision, the policy and the counts of what was masked', () => {
    const events = eventsOf(sampleRecords());
    for (const e of events) valid(e);
    expect(events.map((e) => [e['activity_name'], e['disposition'] ?? null, e['status']])).toEqual([
      ['Connect', 'Allowed', 'Success'],
      ['Query', 'Corrected', 'Success'],
      ['Delete', 'Blocked', 'Failure'],
      ['Update', 'Delayed', 'Unknown'],
      ['Update', 'Approved', 'Success'],
      ['Delete', 'Delayed', 'Unknown'],
      ['Delete', 'Rejected', 'Failure'],
      ['Query', 'Allowed', 'Success'],
      ['Query', 'Allowed', 'Success'],
      ['Query', 'Allowed', 'Failure'],
      ['Create', null, 'New'],
      ['Write', 'Allowed', 'Unknown'],
    ]);
    expect(events[1]).toMatchObject({
      type_uid: 600504,
      query_info: { query_string: 'SELECT name, email FROM customers', bytes: 120 },
      duration: 2,
      policy: { uid: open.policy.bundle_sha256, name: 'access', version: '3' },
      metadata: { sequence: 3, correlation_uid: open.session_id, data_classifications: [{ category: 'email', discovery_details: [{ type: 'email', count: 12 }] }] },
    });
    expect(events[2]).toMatchObject({ is_alert: true, status_detail: 'TRUNCATE is forbidden', authorizations: [{ decision: 'deny', policy: { name: 'no-truncate' } }], unmapped: { reference: 'ref-1' } });
    expect(new Set(events.map((e) => (e['metadata'] as { uid: string }).uid)).size).toBe(events.length);
  });

  it('come out the same however the records are cut into parts', () => {
    const records = sampleRecords();
    const whole = eventsOf(records);
    for (let cut = 1; cut < records.length; cut++) {
      const first = new RecordingEvents(context);
      const before = records.slice(0, cut).flatMap((r) => first.push(r));
      const second = new RecordingEvents(context, JSON.parse(JSON.stringify(first.state())) as ReturnType<RecordingEvents['state']>);
      const after = records.slice(cut).flatMap((r) => second.push(r));
      expect([...before, ...after, ...second.end()]).toEqual(whole);
    }
  });

  it('keep a bounded state, and tell what they had to forget', () => {
    const events = new RecordingEvents(context);
    const told: OcsfObject[] = [];
    for (let n = 0; n < 3_000; n++) told.push(...events.push(record(n, 'sql.query', { dec: 'allow', verb: ['SELECT'] }, { sql: `SELECT ${'x'.repeat(1_000)}` })));
    expect(JSON.stringify(events.state()).length).toBeLessThan(1024 * 1024);
    expect(told.length + events.end().length).toBe(3_000);
  });

  it('say which classes were shown in clear', () => {
    const [, event] = eventsOf([...statementRecords(1, 'SELECT 1', 'SELECT'), record(3, 'sql.query', { dec: 'allow', verb: ['SELECT'] }, { sql: 'SELECT email FROM customers' }), record(4, 'sql.result', { q: 3, i: 0, tag: 'SELECT 1', us: 1, unmask: ['email'] })]);
    expect(valid(event)).toMatchObject({ unmapped: { unmasked_classes: ['email'] } });
  });

  it('carry long text cut, and say so', () => {
    const [event] = eventsOf(statementRecords(1, `SELECT '${'é'.repeat(50_000)}'`, 'SELECT'));
    expect(valid(event)).toMatchObject({ metadata: { is_truncated: true } });
    expect(cutText('ab\u{1F600}', 3).text).toBe('ab');
  });

  it('hold no parameter, no row, and no message of the target', () => {
    const secret = 'canary-8842-alice@private.example';
    const records = [
      record(1, 'sql.parse', { dec: 'allow', verb: ['SELECT'], pol: [], name: secret }, { sql: 'SELECT $1' }),
      record(2, 'sql.bind', { q: 1, dec: 'allow', pol: [], bytes: 10 }, { params: [secret] }),
      record(3, 'sql.result', { q: 2, i: 0, tag: 'SELECT 1', us: 5, rows: 1, bytes: 9, kept: 1, mask: [`${secret}:email`] }, { columns: [secret], rows: [[secret]] }),
      record(4, 'sql.query', { dec: 'allow', verb: ['SELECT'], pol: [] }, { sql: 'SELECT 1/0' }),
      record(5, 'sql.error', { q: 4, code: '22012' }, { message: secret }),
      record(6, 'sql.notice', { of: 'notice' }, { text: secret }),
      record(7, 'sql.copy', { q: 4, dir: 'out', bytes: 1, sha256: 'aa' }, { data: secret }),
      record(8, 'session.note', {}, { text: secret }),
    ];
    const text = JSON.stringify(eventsOf(records));
    expect(text).toContain('SELECT $1');
    expect(text).not.toContain('canary');
  });
});

describe('requests of an SSH session', () => {
  const ssh = { ...context, open: { ...open, target: { ...open.target, connection: 'web1', protocol: 'ssh', host: '10.9.8.7', port: 22, database: '' } } };
  const told = (records: readonly ReadRecord[]): OcsfObject[] => {
    const events = new RecordingEvents(ssh);
    return [...records.flatMap((r) => events.push(r)), ...events.end()];
  };
  const sha256 = 'ab'.repeat(32);
  const records = [
    record(0, 'conn.open', {}, { application_name: 'OpenSSH' }),
    record(1, 'ssh.exec', { dec: 'allow', pol: ['dev'], pty: false }, { command: 'uname -a' }),
    record(2, 'ssh.output', { q: 1, fd: 1, bytes: 3 }, { data: 'canary-output' }),
    record(3, 'ssh.exit', { q: 1, status: 3, in: 0, out: 3, err: 0 }),
    record(4, 'ssh.shell', { dec: 'allow', pol: ['dev'], pty: true, cols: 80, rows: 24 }, { term: 'xterm' }),
    record(5, 'ssh.pty.in', { bytes: 4 }, { data: 'canary-typed\r' }),
    record(6, 'ssh.exec', { dec: 'hold', pol: ['ask'], typed: true }, { command: 'systemctl restart nginx', reason: 'restarts are asked for' }),
    record(7, 'policy.decision', { q: 6, id: 'apr_01980000-0000-7000-8000-000000000002', dec: 'approved' }, { reason: 'approved by Carol' }),
    record(8, 'ssh.exec', { dec: 'deny', pol: ['no-rm'], typed: true }, { command: 'rm -rf /', reason: 'not here' }),
    record(9, 'policy.decision', { q: 8, dec: 'deny', pol: ['no-rm'], ref: 'ref-8' }, { reason: 'not here' }),
    record(10, 'ssh.exit', { q: 4, status: 0, in: 9, out: 9, err: 0, hits: ['email:4'] }),
    record(11, 'ssh.sftp', { dec: 'allow', pol: [], op: 'lstat' }, { path: '/tmp' }),
    record(12, 'ssh.sftp', { dec: 'allow', pol: [], op: 'open_read' }, { path: '/tmp/report.csv' }),
    record(13, 'ssh.sftp.end', { q: 12, status: 0, read: 4_096, read_sha256: sha256, written: 0 }),
    record(14, 'ssh.sftp', { dec: 'allow', pol: [], op: 'rename' }, { path: '/tmp/a', new_path: '/tmp/b' }),
    record(15, 'ssh.sftp.end', { q: 14, status: 4 }),
    record(16, 'ssh.sftp', { dec: 'allow', pol: [], op: 'opendir' }, { path: '/tmp' }),
    record(17, 'ssh.forward', { dec: 'deny', pol: ['no-db'], port: 5432 }, { host: 'db.internal', reason: 'not from here' }),
    record(18, 'policy.decision', { q: 17, dec: 'deny', pol: ['no-db'], ref: 'ref-17' }, { reason: 'not from here' }),
    record(19, 'ssh.forward', { dec: 'allow', pol: [], port: 443 }, { host: '10.1.1.1' }),
    record(20, 'ssh.forward.end', { q: 19, sent: 10, received: 20 }),
    record(21, 'policy.decision', { dec: 'deny' }, { request: 'X11 forwarding', reason: 'X11 is not forwarded' }),
    record(22, 'ssh.exec', { dec: 'allow', pol: [] }, { command: 'sleep 1000' }),
    record(23, 'ssh.forward', { dec: 'allow', pol: ['dev'], port: 8080, dir: 'remote' }, { host: 'localhost' }),
    record(24, 'ssh.forward.bound', { q: 23, port: 8080 }),
    record(25, 'ssh.forward.open', { q: 23, port: 40_000 }, { host: '127.0.0.1' }),
    record(26, 'ssh.forward.end', { q: 25, sent: 1, received: 2 }),
    record(27, 'ssh.forward.end', { q: 23, sent: 1, received: 2, connections: 1 }, { reason: 'cancelled' }),
    record(28, 'ssh.agent', { dec: 'allow', pol: ['dev'] }),
    record(29, 'ssh.agent', { dec: 'deny', pol: ['no-agent'] }, { reason: 'it stays' }),
    record(30, 'policy.decision', { q: 29, dec: 'deny', pol: ['no-agent'], ref: 'ref-29' }, { reason: 'it stays' }),
    record(31, 'conn.close', { channels: 3 }),
  ];

  it('are valid, each told once, in the classes for processes, files and SSH', () => {
    const events = told(records);
    for (const e of events) valid(e);
    expect(events.map((e) => [e['class_uid'], e['activity_name'], e['disposition'], e['status']])).toEqual([
      [4007, 'Open', 'Allowed', 'Success'],
      [1007, 'Launch', 'Allowed', 'Failure'],
      [1007, 'Launch', 'Delayed', 'Unknown'],
      [1007, 'Launch', 'Approved', 'Success'],
      [1007, 'Launch', 'Blocked', 'Failure'],
      [1007, 'Launch', 'Corrected', 'Success'],
      [1001, 'Read', 'Allowed', 'Success'],
      [1001, 'Rename', 'Allowed', 'Failure'],
      [1001, 'Open', 'Allowed', 'Success'],
      [4007, 'Refuse', 'Blocked', 'Failure'],
      [4007, 'Traffic', 'Allowed', 'Success'],
      [4007, 'Refuse', 'Blocked', 'Failure'],
      [4007, 'Traffic', 'Allowed', 'Success'],
      [4007, 'Traffic', 'Allowed', 'Success'],
      [4007, 'Refuse', 'Blocked', 'Failure'],
      [4007, 'Close', 'Allowed', 'Success'],
      [1007, 'Launch', 'Allowed', 'Unknown'],
    ]);
    expect(events[1]).toMatchObject({ process: { cmd_line: 'uname -a' }, exit_code: 3, device: { ip: '10.9.8.7', name: 'web1' } });
    expect(events[6]).toMatchObject({ file: { name: 'report.csv', path: '/tmp/report.csv', size: 4_096, hashes: [{ algorithm: 'SHA-256', value: sha256 }] } });
    expect(events[10]).toMatchObject({ dst_endpoint: { ip: '10.1.1.1', port: 443 }, traffic: { bytes_out: 10, bytes_in: 20 } });
    expect(events[12]).toMatchObject({ src_endpoint: { hostname: 'localhost', port: 8080 }, dst_endpoint: { uid: open.device_id }, traffic: { bytes_out: 1, bytes_in: 2 } });
    expect(events[14]).toMatchObject({ unmapped: { request: 'agent', reference: 'ref-29' } });
    expect(new Set(events.map((e) => (e['metadata'] as { uid: string }).uid)).size).toBe(events.length);
  });

  it('come out the same however the records are cut, and hold nothing that was shown or typed', () => {
    const whole = told(records);
    expect(JSON.stringify(whole)).not.toContain('canary');
    for (let cut = 1; cut < records.length; cut++) {
      const first = new RecordingEvents(ssh);
      const before = records.slice(0, cut).flatMap((r) => first.push(r));
      const second = new RecordingEvents(ssh, JSON.parse(JSON.stringify(first.state())) as ReturnType<RecordingEvents['state']>);
      expect([...before, ...records.slice(cut).flatMap((r) => second.push(r)), ...second.end()]).toEqual(whole);
    }
  });
});

describe('rows of the audit trail', () => {
  const request = approvalRequest();
  const cases: readonly (readonly [Partial<AuditFact>, Record<string, unknown>])[] = [
    [{ action: 'identity.signin', detail: 'groups engineering' }, { type_uid: 300201, status: 'Success', auth_protocol: 'OpenID' }],
    [{ action: 'identity.signin', outcome: 'refused', iss: '', sub: '', object: '/v1/signin', detail: 'unauthenticated: no' }, { type_uid: 300201, status: 'Failure', severity: 'Medium' }],
    [{ action: 'identity.signout', object: 'session' }, { type_uid: 300202 }],
    [{ action: 'target.lease', object: 'shop', detail: `session ${open.session_id}` }, { type_uid: 300301, privileges: ['connect:shop'], session: { uid: open.session_id } }],
    [{ action: 'device.enrol', object: 'dev_1' }, { type_uid: 300406, entity: { type: 'Device', uid: 'dev_1' } }],
    [{ action: 'device.revoke', object: 'dev_1', detail: 'lost' }, { type_uid: 300407, severity: 'High' }],
    [{ action: 'approval.request', object: request.id, approval: { request, state: 'pending' } }, { type_uid: 300401, disposition: 'Delayed', entity: { type: 'Access Request', data: { statement: request.statement } } }],
    [{ action: 'approval.decide', object: request.id, approval: { request, state: 'approved', decision: { decision: 'approve', reason: 'fine' } } }, { type_uid: 300403, disposition: 'Approved', comment: 'fine' }],
    [{ action: 'approval.decide', object: request.id, approval: { request, state: 'denied', decision: { decision: 'deny', reason: 'no' } } }, { disposition: 'Rejected' }],
    [{ action: 'approval.expire', object: request.id, iss: '', sub: '', address: 'local', approval: { request, state: 'expired' } }, { type_uid: 300403, disposition: 'Blocked', actor: { app_name: 'sallyport store' } }],
    [{ action: 'policy.push', object: 'policy', detail: 'targets 4' }, { type_uid: 300403, entity: { type: 'Policy' } }],
    [{ action: 'policy.report', object: 'dev_1', detail: 'activated prod #4 all good' }, { type_uid: 300410, status: 'Success', entity: { name: 'prod', version: '4' } }],
    [{ action: 'policy.report', object: 'dev_1', detail: 'refused prod #5 one signature short' }, { type_uid: 300410, status: 'Failure' }],
    [{ action: 'policy.report', object: 'dev_1', detail: 'degraded expired' }, { type_uid: 300411 }],
    [{ action: 'policy.report', object: 'dev_1', detail: 'break_glass prod #4 incident 7' }, { type_uid: 200401, finding_info: { types: ['break_glass'] } }],
    [{ action: 'redaction.sign', object: open.session_id }, { type_uid: 100802 }],
    [{ action: 'recording.open', object: open.session_id }, { type_uid: 100806, log_name: open.session_id }],
    [{ action: 'recording.end', object: open.session_id, detail: 'close' }, { type_uid: 100807 }],
    [{ action: 'recording.export', object: open.session_id }, { type_uid: 100803 }],
    [{ action: 'recording.chunk', object: `${open.session_id}/3`, outcome: 'refused', detail: 'unprocessable: record 4 is missing (dropped, record 4)' }, { type_uid: 200401, severity: 'High', is_alert: true }],
    [{ action: 'recording.list' }, { type_uid: 600302, api: { operation: 'recording.list' } }],
    [{ action: 'target.delete', object: 'shop', outcome: 'refused', detail: 'forbidden: no' }, { type_uid: 600304, status: 'Failure', status_detail: 'forbidden: no' }],
    [{ action: 'something.quite_new', object: '', address: 'not an address' }, { type_uid: 600303 }],
    ...Object.keys(alarms).map((kind): [Partial<AuditFact>, Record<string, unknown>] => [{ action: `security.${kind}`, object: 'log', iss: '', sub: '', address: 'local' }, { type_uid: 200401, is_alert: true, finding_info: { types: [kind] } }]),
  ];
  it.each(cases)('%o makes a valid event', (change, expected) => {
    expect(valid(auditEvent(emitter, fact(change)))).toMatchObject(expected);
  });

  it('that would only be noise make none', () => {
    expect(auditEvent(emitter, fact({ action: 'recording.chunk' }))).toBeUndefined();
    expect(auditEvent(emitter, fact({ action: 'approval.wait' }))).toBeUndefined();
  });

  it('do not tell what somebody searched for', () => {
    expect(JSON.stringify(auditEvent(emitter, fact({ action: 'search.query', object: 'search', detail: '{"q":"alice@private.example"}' })))).not.toContain('private.example');
  });
});

it('the schema check sees what is wrong', () => {
  const good = valid(auditEvent(emitter, fact({ action: 'identity.signin' })));
  const wrong: readonly (readonly [OcsfObject, RegExp])[] = [
    [{ ...good, user: undefined }, /user is required/],
    [{ ...good, colour: 'red' }, /colour is not an attribute/],
    [{ ...good, time: 1_780_000_000 }, /time is not a valid timestamp/],
    [{ ...good, severity_id: 42 }, /severity_id is not one of its values/],
    [{ ...good, severity: 'Fatal' }, /severity_id is "Informational"/],
    [{ ...good, type_uid: 1 }, /type_uid/],
    [{ ...good, service: undefined }, /needs one of service, dst_endpoint/],
    [{ ...good, disposition_id: 1 }, /disposition_id is not an attribute/],
    [{ ...good, user: { groups: [{ name: 3 }], uid: 'a' } }, /user\.groups\[0\]\.name is not a valid string/],
    [{ ...good, src_endpoint: { ip: '999.1.1.1' } }, /src_endpoint\.ip/],
    [{ ...good, certificate: {} }, /no object certificate/],
    [{ ...good, class_uid: 9 }, /class_uid 9/],
  ];
  for (const [event, why] of wrong) expect(ocsfProblems(JSON.parse(JSON.stringify(event))).join('\n')).toMatch(why);
});

it('verbs and addresses are read as they are', () => {
  expect(['SELECT', 'INSERT 0 1', 'DROP TABLE', 'ALTER TABLE', 'CREATE INDEX', 'GRANT', 'SET', ''].map((v) => datastoreActivity(v).id)).toEqual([4, 5, 7, 2, 6, 99, 99, 99]);
  expect([datastoreActivity('COPY', 'in').id, datastoreActivity('COPY', 'out').id]).toEqual([5, 4]);
  expect(ocsfEndpoint('::1', 5432)).toEqual({ ip: '::1', port: 5432 });
  expect(ocsfEndpoint('db.internal')).toEqual({ hostname: 'db.internal' });
  expect(ocsfEndpoint('two words')).toEqual({ name: 'two words' });
});
