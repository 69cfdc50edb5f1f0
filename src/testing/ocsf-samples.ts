/** A session and an approval to make OCSF events of. */
import { parseApprovalRequest, type ApprovalRequest } from '../evidence/approval.ts';
import type { Emitter } from '../evidence/ocsf-event.ts';
import type { ReadRecord } from '../evidence/read.ts';
import type { OpenStatement } from '../evidence/types.ts';
import { parseDeviceId, parseSessionId } from '../base/ids.ts';
import type { ClearValue } from '../evidence/record.ts';
import type { Json } from '../base/jcs.ts';

export const emitter: Emitter = { origin: 'store.test', productVersion: '0.1.0' };

const T = 1_780_000_000_000;
const sessionId = parseSessionId('01980000-0000-7000-8000-000000000001');
const deviceId = parseDeviceId(`dev_${'ab'.repeat(16)}`);

export const open: OpenStatement = {
  v: 1,
  session_id: sessionId,
  device_id: deviceId,
  device_seq: 1,
  prev_open_sha256: '0'.repeat(64),
  user: { iss: 'https://idp.example', sub: 'alice@example.com', name: 'Alice', groups: ['engineering'], id_token_sha256: 'a'.repeat(64) },
  session_pub: '',
  policy: { bundle_sha256: `sha256:${'b'.repeat(64)}`, name: 'starter', serial: 3 },
  target: { connection: 'shop', protocol: 'postgres', host: 'db.internal', port: 5432, database: 'shop', labels: { env: 'prod' } },
  client: { kind: 'native', program: 'psql', address: '127.0.0.1' },
  proxy_build: 'test',
  boot_id: 'boot',
  recording_level: 'masked',
  origin: `store.test/${deviceId}/${sessionId}`,
  t: T,
};

export const record = (n: number, kind: string, clear: Record<string, ClearValue>, fields: Record<string, Json> = {}): ReadRecord => ({ n, kind, t: T + n, m: n * 1_000_000, channel: 0, clear, fields, removed: [], line: n + 1 });

/** One simple query that ran. */
export const statementRecords = (n: number, sql: string, verb: string): ReadRecord[] => [
  record(n, 'sql.query', { dec: 'allow', pol: ['access'], verb: [verb], bytes: sql.length }, { sql }),
  record(n + 1, 'sql.result', { q: n, i: 0, tag: `${verb} 1`, us: 100, rows: 1, bytes: 10, kept: 1 }, { columns: ['a'], rows: [['1']] }),
];

/** One of everything, in the order in which the proxy writes it. */
export function sampleRecords(): ReadRecord[] {
  const approvalId = 'apr_01980000-0000-7000-8000-000000000002';
  return [
    record(0, 'conn.open', { db: 'shop' }, { application_name: 'psql' }),
    record(1, 'session.note', {}, { text: 'a note' }),
    record(2, 'sql.query', { dec: 'allow', pol: ['access'], verb: ['SELECT'], bytes: 40 }, { sql: 'SELECT name, email FROM customers' }),
    record(3, 'sql.result', { q: 2, i: 0, tag: 'SELECT 12', us: 2_000, rows: 12, bytes: 120, kept: 12, mask: ['email:email'], hits: ['email:12'] }, { columns: ['name', 'email'], rows: [] }),
    record(4, 'sql.query', { dec: 'deny', pol: ['no-truncate'], verb: ['TRUNCATE'], bytes: 30 }, { sql: 'TRUNCATE customers', reason: 'TRUNCATE is forbidden' }),
    record(5, 'policy.decision', { q: 4, dec: 'deny', pol: ['no-truncate'], ref: 'ref-1' }, { reason: 'TRUNCATE is forbidden' }),
    record(6, 'sql.query', { dec: 'hold', pol: ['hold-update'], verb: ['UPDATE'], bytes: 30 }, { sql: 'UPDATE customers SET active = false', reason: 'UPDATE without WHERE' }),
    record(7, 'approval.request', { q: 6, id: approvalId, request_sha256: 'c'.repeat(64) }, { request: {} }),
    record(8, 'approval.decision', { q: 6, id: approvalId, counted: true }, { envelope: '{}', reason: 'fine' }),
    record(9, 'policy.decision', { q: 6, id: approvalId, dec: 'approved' }, { reason: 'fine' }),
    record(10, 'sql.result', { q: 6, i: 0, tag: 'UPDATE 3', us: 900 }, {}),
    record(11, 'sql.query', { dec: 'hold', pol: ['hold-delete'], verb: ['DELETE'], bytes: 30 }, { sql: 'DELETE FROM customers', reason: 'DELETE without WHERE' }),
    record(12, 'policy.decision', { q: 11, id: approvalId, dec: 'denied' }, { reason: 'not today' }),
    record(13, 'policy.decision', { q: 11, dec: 'deny', pol: ['hold-delete'], ref: 'ref-2' }, { reason: 'Carol: not today' }),
    record(14, 'sql.parse', { dec: 'allow', pol: ['access'], verb: ['SELECT'], bytes: 40, name: 's1' }, { sql: 'SELECT $1::int' }),
    record(15, 'sql.bind', { q: 14, dec: 'allow', pol: ['access'], bytes: 12 }, { params: ['1'] }),
    record(16, 'sql.result', { q: 15, i: 0, tag: 'SELECT 1', us: 10, rows: 1, bytes: 4, kept: 1 }, { columns: ['int4'], rows: [['1']] }),
    record(17, 'sql.execute', { q: 15, max: 0 }),
    record(18, 'sql.result', { q: 17, i: 0, tag: 'SELECT 1', us: 10, rows: 1, bytes: 4, kept: 1 }, { columns: ['int4'], rows: [['1']] }),
    record(19, 'sql.query', { dec: 'allow', pol: ['access'], verb: ['SELECT'], bytes: 12 }, { sql: 'SELECT 1/0' }),
    record(20, 'sql.error', { q: 19, code: '22012' }, { message: 'division by zero' }),
    record(21, 'gap', { reason: 'disk full' }, {}),
    record(22, 'sql.query', { dec: 'allow', pol: ['access'], verb: ['INSERT'], bytes: 30 }, { sql: 'INSERT INTO t VALUES (1)' }),
  ];
}

export const approvalRequest = (): ApprovalRequest =>
  parseApprovalRequest({
    v: 1,
    type: 'approval-request',
    id: 'apr_01980000-0000-7000-8000-000000000002',
    session_id: sessionId,
    device_id: deviceId,
    connection: 'shop',
    target: { host: 'db.internal', port: 5432, database: 'shop' },
    labels: { env: 'prod' },
    requester: { iss: 'https://idp.example', sub: 'alice@example.com', name: 'Alice', groups: ['engineering'] },
    statement: 'UPDATE customers SET active = false',
    statement_sha256: '11'.repeat(32),
    params: [],
    params_sha256: '22'.repeat(32),
    request_record: { n: 4, leaf: '33'.repeat(32) },
    policy: { bundle: `sha256:${'ab'.repeat(32)}`, ids: ['hold-update'], reason: 'UPDATE without WHERE' },
    approvers: ['dba'],
    quorum: 1,
    created_ms: T,
    expires_ms: T + 600_000,
    nonce: '01980000-0000-7000-8000-000000000003',
    client: 'native psql',
  });
