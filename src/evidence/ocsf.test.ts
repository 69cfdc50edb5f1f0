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
