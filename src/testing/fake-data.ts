/** Invented people, systems and recordings for looking at screens. */
import type { PolicyProblem } from '../contract/ipc/app.ts';
import type { ApprovalDetail } from '../contract/ipc/approvals.ts';
import type { AuthState } from '../contract/ipc/auth.ts';
import type { Connection } from '../contract/ipc/connections.ts';
import type { ActivePolicy } from '../contract/ipc/policy.ts';
import type { SessionSummary, TimelineRecord, VerifyReport } from '../contract/ipc/sessions.ts';
import type { HistoryEntry, SchemaReply } from '../contract/ipc/workbench.ts';
import type { ResultColumn, Row } from '../contract/ipc/common.ts';

export const now = Date.now();
const min = 60_000;
const digest = (seed: string): string => `sha256:${seed.repeat(64).slice(0, 64)}`;

export const bundleDigest = digest('7c1e09ab');

const endpoint = {
  host: '127.0.0.1',
  port: 54_321,
  user: 'alice',
  password: 'local-only-4f1c',
  database: 'shop',
  url: 'postgres://alice:local-only-4f1c@127.0.0.1:54321/shop',
  psql: 'psql "host=127.0.0.1 port=54321 user=alice dbname=shop"',
  pgService: '[sallyport-shop]\nhost=127.0.0.1\nport=54321\nuser=alice\ndbname=shop',
  env: 'export PGHOST=127.0.0.1\nexport PGPORT=54321',
  sessions: 1,
};

export const connections: Connection[] = [
  { name: 'shop', protocol: 'postgres', labels: { env: 'prod', team: 'payments', region: 'eu-west' }, database: 'shop', address: 'shop-db.internal:5432', tls: 'verify', health: { state: 'up', latencyMs: 3.2, checkedMs: now }, endpoint },
  { name: 'shop-staging', protocol: 'postgres', labels: { env: 'staging', team: 'payments', region: 'eu-west' }, database: 'shop', address: 'shop-db.staging.internal:5432', tls: 'verify', health: { state: 'up', latencyMs: 5.8, checkedMs: now } },
  { name: 'warehouse', protocol: 'postgres', labels: { env: 'prod', team: 'analytics', region: 'eu-central' }, database: 'dwh', address: 'dwh-primary.internal:5432', tls: 'verify', health: { state: 'up', latencyMs: 12.4, checkedMs: now } },
  { name: 'identity', protocol: 'postgres', labels: { env: 'prod', team: 'platform', tier: '0' }, database: 'identity', address: 'id-db.internal:5432', tls: 'verify', health: { state: 'down', message: 'No answer from id-db.internal:5432 within 15 s. Check the VPN, then refresh.', checkedMs: now } },
  { name: 'playground', protocol: 'postgres', labels: { env: 'dev', team: 'payments' }, database: 'play', address: '127.0.0.1:5432', tls: 'disable', health: { state: 'checking' } },
  { name: 'catalog-dev', protocol: 'postgres', labels: { env: 'dev', team: 'catalog' }, database: 'catalog', address: 'catalog.dev.internal:5432', tls: 'verify', health: { state: 'unknown' } },
];

export const schema: SchemaReply = {
  searchPath: ['public'],
  tables: [
    {
      schema: 'public',
      name: 'customers',
      kind: 'table',
      columns: [
        { name: 'id', type: 'bigint' },
        { name: 'full_name', type: 'text' },
        { name: 'email', type: 'text', classId: 'email' },
        { name: 'phone', type: 'text', classId: 'phone' },
        { name: 'country', type: 'character(2)' },
        { name: 'created_at', type: 'timestamp with time zone' },
      ],
    },
    { schema: 'public', name: 'cards', kind: 'table', columns: [{ name: 'id', type: 'bigint' }, { name: 'customer_id', type: 'bigint' }, { name: 'pan', type: 'text', classId: 'card' }] },
    { schema: 'public', name: 'orders', kind: 'table', columns: [{ name: 'id', type: 'bigint' }, { name: 'customer_id', type: 'bigint' }, { name: 'total', type: 'numeric(12,2)' }, { name: 'status', type: 'text' }] },
  ],
};

const email = { classId: 'email', kind: 'token', rule: 'email on public.customers.email' } as const;
const phone = { classId: 'phone', kind: 'partial', rule: 'phone on public.customers.phone' } as const;
const card = { classId: 'card', kind: 'partial', rule: 'card on public.cards.pan' } as const;

export const customerColumns: ResultColumn[] = [
  { name: 'id', type: 'bigint' },
  { name: 'full_name', type: 'text' },
  { name: 'email', type: 'text', mask: email },
  { name: 'phone', type: 'text', mask: phone },
  { name: 'pan', type: 'text', mask: card },
  { name: 'country', type: 'character(2)' },
  { name: 'total', type: 'numeric(12,2)' },
  { name: 'note', type: 'text' },
  { name: 'created_at', type: 'timestamp with time zone' },
];

const first = ['Ada', 'Bruno', 'Chidi', 'Dana', 'Emil', 'Farah', 'Goran', 'Hana', 'Ivo', 'June'];
const last = ['Lind', 'Okafor', 'Petrov', 'Sato', 'Weber', 'Moreau', 'Nowak', 'Costa'];
const notes = ['', 'prefers pickup', null, 'called twice about order', 'write to em_7f3a91c2', null];

export function customerRow(i: number): Row {
  return [
    String(i + 1),
    `${first[i % first.length] ?? ''} ${last[(i * 7) % last.length] ?? ''}`,
    i % 11 === 4 ? null : `em_${((i * 2_654_435_761) % 4_294_967_296).toString(16).padStart(8, '0')}`,
    `+•• ••• ••${String((i * 37) % 100).padStart(2, '0')}`,
    `•••• •••• •••• ${String((i * 7_919) % 10_000).padStart(4, '0')}`,
    ['SE', 'NG', 'BG', 'JP', 'DE', 'FR'][i % 6] ?? '',
    ((i * 1_337) % 90_000 / 100).toFixed(2),
    notes[i % notes.length] ?? null,
    new Date(now - i * 3_600_000).toISOString().replace('T', ' ').slice(0, 19) + '+00',
  ];
}

export const approvals: ApprovalDetail[] = [
  {
    id: 'apr_1', state: 'pending', requester: { name: 'Bruno Costa', subject: 'bruno@example.com', groups: ['engineering', 'payments'] },
    connection: 'shop', labels: { env: 'prod', team: 'payments' }, database: 'shop',
    sql: "UPDATE orders\n   SET status = 'refunded',\n       refunded_at = now()\n WHERE status = $1\n   AND created_at < $2::timestamptz",
    reason: 'More than 1,000 rows on production change: a second person looks first.', createdMs: now - 3 * min, expiresMs: now + 12 * min, quorum: 1, approvals: 0, mine: false,
    parameters: [{ position: 1, type: 'text', value: 'disputed' }, { position: 2, type: 'timestamptz', value: '2026-11-01 00:00:00+00' }],
    policyIds: ['approvals.prod-bulk-write'], approvers: ['dba', 'payments-leads'], address: 'shop-db.internal:5432', client: { kind: 'native', program: 'psql 17.2' }, deviceId: 'dev_5a2b7e0c91d34f6688aa01b2c3d4e5f6', sessionId: '019aa1f0-7c3e-7d10-9b2a-5f0e2c1d4a3b',
    digests: { request: digest('a19f33c0'), statement: digest('02be71d4'), bundle: bundleDigest }, bundle: { name: 'starter', serial: 14 }, decisions: [], mayDecide: { allowed: true, reason: '' },
  },
  {
    id: 'apr_2', state: 'pending', requester: { name: 'Hana Sato', subject: 'hana@example.com', groups: ['engineering'] },
    connection: 'warehouse', labels: { env: 'prod', team: 'analytics' }, database: 'dwh', sql: 'TRUNCATE staging.events_2026_10', reason: 'TRUNCATE on production needs the DBA group.', createdMs: now - 9 * min, expiresMs: now + 6 * min, quorum: 2, approvals: 1, mine: false,
    parameters: [], policyIds: ['approvals.prod-truncate'], approvers: ['dba'], address: 'dwh-primary.internal:5432', client: { kind: 'app', program: 'Sallyport' }, deviceId: 'dev_0011223344556677889900aabbccddee', sessionId: '019aa1f0-7c3e-7d10-9b2a-5f0e2c1d4a3c',
    digests: { request: digest('b2'), statement: digest('c3'), bundle: bundleDigest }, bundle: { name: 'starter', serial: 14 },
    decisions: [{ approver: { name: 'Carol Lind', subject: 'carol@example.com', groups: ['dba'] }, decision: 'approve', reason: 'Partition was exported, ticket 4711', tMs: now - 4 * min, keyId: 'dev_9' }], mayDecide: { allowed: true, reason: '' },
  },
  {
    id: 'apr_3', state: 'pending', requester: { name: 'Alice Weber', subject: 'alice@example.com', groups: ['engineering', 'dba'] },
    connection: 'shop', labels: { env: 'prod' }, database: 'shop', sql: 'DELETE FROM carts', reason: 'DELETE without a WHERE on production.', createdMs: now - min, expiresMs: now + 14 * min, quorum: 1, approvals: 0, mine: true,
    parameters: [], policyIds: ['approvals.prod-no-where'], approvers: ['dba'], address: 'shop-db.internal:5432', client: { kind: 'app', program: 'Sallyport' }, deviceId: 'dev_1', sessionId: '019aa1f0-7c3e-7d10-9b2a-5f0e2c1d4a3d',
    digests: { request: digest('d4'), statement: digest('e5'), bundle: bundleDigest }, bundle: { name: 'starter', serial: 14 }, decisions: [], mayDecide: { allowed: false, reason: 'you asked for it yourself. Someone of dba must decide.' },
  },
  {
    id: 'apr_4', state: 'denied', requester: { name: 'Emil Nowak', subject: 'emil@example.com', groups: ['engineering'] },
    connection: 'shop', labels: { env: 'prod' }, database: 'shop', sql: 'DROP TABLE order_items_old', reason: 'DROP TABLE on production.', createdMs: now - 190 * min, expiresMs: now - 175 * min, quorum: 1, approvals: 0, mine: false,
    parameters: [], policyIds: ['approvals.prod-drop'], approvers: ['dba'], address: 'shop-db.internal:5432', client: { kind: 'native', program: 'DBeaver 25.1' }, deviceId: 'dev_1', sessionId: '019aa1f0-7c3e-7d10-9b2a-5f0e2c1d4a3e',
    digests: { request: digest('f6'), statement: digest('07'), bundle: bundleDigest }, bundle: { name: 'starter', serial: 14 },
    decisions: [{ approver: { name: 'Carol Lind', subject: 'carol@example.com', groups: ['dba'] }, decision: 'deny', reason: 'Still read by the nightly report', tMs: now - 180 * min, keyId: 'dev_9' }], mayDecide: { allowed: false, reason: 'it is already decided.' },
  },
];

const session = (n: number, s: Partial<SessionSummary>): SessionSummary => ({
  id: `019aa1f0-7c3e-7d10-9b2a-5f0e2c1d${String(n).padStart(4, '0')}`, connection: 'shop', labels: { env: 'prod' }, database: 'shop', client: 'Sallyport workbench',
  startedMs: now - n * 97 * min, endedMs: now - n * 97 * min + 34 * min, state: 'uploaded', statements: 42 * n, denied: n % 3, held: n % 2, maskedCells: 1_337 * n, sizeBytes: 184_320 * n, verdict: 'PASS', ...s,
});
export const sessions: SessionSummary[] = [
  session(1, { state: 'live', endedMs: null, startedMs: now - 12 * min, verdict: null, statements: 8 }),
  session(2, {}),
  session(3, { connection: 'warehouse', database: 'dwh', client: 'psql 17.2', state: 'pending_upload', verdict: null }),
  session(4, { connection: 'shop-staging', labels: { env: 'staging' }, client: 'DBeaver 25.1', maskedCells: 0 }),
  session(5, { state: 'recovered', verdict: 'RECOVERED' }),
  session(6, { connection: 'playground', labels: { env: 'dev' }, client: 'node-postgres', denied: 0, held: 0, maskedCells: 0 }),
  session(7, { verdict: 'FAIL', connection: 'warehouse', database: 'dwh' }),
  session(8, { verdict: 'PASS_REDACTED' }),
];

const t0 = now - 240 * min;
const replayRows = Array.from({ length: 12 }, (_, i) => customerRow(i).slice(0, 4));
export const records: TimelineRecord[] = [
  { n: 0, tMs: t0, statement: null, kind: 'open', text: 'Session opened on shop by Alice Weber, policy starter #14, level masked' },
  { n: 1, tMs: t0 + 4_000, statement: 1, kind: 'statement', sql: 'SELECT id, full_name, email, phone\n  FROM customers\n ORDER BY created_at DESC\n LIMIT 12', parameters: [] },
  { n: 2, tMs: t0 + 4_001, statement: 1, kind: 'decision', effect: 'allow', reason: 'Reads of shop are allowed for engineering; e-mail and phone stay masked.', policyIds: ['access.engineering-read'] },
  { n: 3, tMs: t0 + 4_020, statement: 1, kind: 'mask', classes: [{ classId: 'email', cells: 12 }, { classId: 'phone', cells: 12 }] },
  { n: 4, tMs: t0 + 4_021, statement: 1, kind: 'result', tag: 'SELECT 12', columns: customerColumns.slice(0, 4), rows: replayRows, rowCount: 12, truncated: false, elapsedMs: 18.4 },
  { n: 5, tMs: t0 + 41_000, statement: 2, kind: 'statement', sql: 'SELECT count(*), status FROM orders WHERE customer_id = $1 GROUP BY status', parameters: ['4711'] },
  { n: 6, tMs: t0 + 41_001, statement: 2, kind: 'decision', effect: 'allow', reason: 'Reads of shop are allowed for engineering.', policyIds: ['access.engineering-read'] },
  { n: 7, tMs: t0 + 41_009, statement: 2, kind: 'result', tag: 'SELECT 2', columns: [{ name: 'count', type: 'bigint' }, { name: 'status', type: 'text' }], rows: [['3', 'paid'], ['1', 'refunded']], rowCount: 2, truncated: false, elapsedMs: 6.1 },
  { n: 8, tMs: t0 + 95_000, statement: 3, kind: 'statement', sql: 'DROP DATABASE shop', parameters: [] },
  { n: 9, tMs: t0 + 95_001, statement: 3, kind: 'decision', effect: 'deny', reason: 'Databases are never dropped through Sallyport.', policyIds: ['guardrails.no-drop-database'] },
  { n: 10, tMs: t0 + 95_002, statement: 3, kind: 'error', sqlstate: '42501', message: 'Denied by policy: databases are never dropped through Sallyport.' },
  { n: 11, tMs: t0 + 180_000, statement: 4, kind: 'statement', sql: "UPDATE orders SET status = 'archived'", parameters: [] },
  { n: 12, tMs: t0 + 180_001, statement: 4, kind: 'decision', effect: 'hold', reason: 'UPDATE without a WHERE on production.', policyIds: ['approvals.prod-no-where'] },
  { n: 13, tMs: t0 + 180_010, statement: 4, kind: 'approval', phase: 'requested', approvalId: 'apr_9' },
  { n: 14, tMs: t0 + 260_000, statement: 4, kind: 'approval', phase: 'approved', approvalId: 'apr_9', by: 'Carol Lind', reason: 'Year-end archive, ticket 5120' },
  { n: 15, tMs: t0 + 262_000, statement: 4, kind: 'result', tag: 'UPDATE 1204', columns: [], rows: [], rowCount: 1_204, truncated: false, elapsedMs: 312 },
  { n: 16, tMs: t0 + 300_000, statement: 5, kind: 'statement', sql: 'SELECT * FROM customer', parameters: [] },
  { n: 17, tMs: t0 + 300_001, statement: 5, kind: 'decision', effect: 'allow', reason: 'Reads of shop are allowed for engineering.', policyIds: ['access.engineering-read'] },
  { n: 18, tMs: t0 + 300_005, statement: 5, kind: 'error', sqlstate: '42P01', message: 'relation "customer" does not exist' },
  { n: 19, tMs: t0 + 320_000, statement: null, kind: 'close', text: 'Session closed by the client' },
];

export const report: VerifyReport = {
  verdict: 'PASS', records: 20, signedThrough: 19, witnessedThrough: 19, checkedMs: now, redactions: [],
  steps: [
    { title: 'Opened by an enrolled device', means: 'What this step proves.', status: 'ok', detail: 'open.dsse.json is signed by dev_5a2b7e0c…, enrolled and not revoked at that time.' },
    { title: 'Every record is there, in order, unchanged', means: 'What this step proves.', status: 'ok', detail: '20 records, chain and Merkle tree agree.' },
    { title: 'Checkpoints', means: 'What this step proves.', status: 'ok', detail: '6 checkpoints signed by the session key; sizes only grow.' },
    { title: 'Closed', means: 'What this step proves.', status: 'ok', detail: 'The close statement names the same size and root.' },
    { title: 'Witnessed by the store', means: 'What this step proves.', status: 'ok', detail: 'The last cosignature covers record 19.' },
    { title: 'Approvals', means: 'What this step proves.', status: 'ok', detail: '1 approval: signature, person and request digest agree.' },
    { title: 'Redactions', means: 'What this step proves.', status: 'skipped', detail: 'Nothing was redacted.' },
  ],
};

const cedar = `@id("approvals.prod-no-where")
@reason("UPDATE or DELETE without a WHERE on production.")
@approve("dba")
@quorum("1")
forbid (
  principal,
  action in [Action::"sql:update", Action::"sql:delete"],
  resource
) when {
  // The whole table changes.
  resource.labels.env == "prod" && (!context.hasWhere || context.tautology)
} unless {
  context.approved
};`;

const about = (topic: string, shop: ActivePolicy['aboutMe'][number]['effect'], staging: ActivePolicy['aboutMe'][number]['effect'], reason: string, id: string): ActivePolicy['aboutMe'] => [
  { connection: 'shop', topic, effect: shop, reason, policyIds: [id] },
  { connection: 'shop-staging', topic, effect: staging, reason, policyIds: [id] },
  { connection: 'warehouse', topic, effect: shop, reason, policyIds: [id] },
];

export const policy: ActivePolicy = {
  name: 'starter', serial: 14, digest: bundleDigest, activatedMs: now - 6 * 60 * min, source: 'ring stable of the store', signers: ['Dana Petrov', 'Goran Moreau'], tests: { passed: 86, total: 86 },
  distribution: {
    ...{ ring: 'stable', rootSha256: '9c1185a5c5e9fc54612808977ee8f548b2258d31a1f0a9f7d1b5a3f3b2e6c4d0', mode: 'normal', why: '', refused: true, verifiedMs: now - 26 * min, endsMs: now + 21 * 24 * 60 * min, lastCheckMs: now - 20_000, error: 'the policy that the store serves is refused: timestamp version 40 is less than current version 41' },
    versions: { root: 2, timestamp: 41, snapshot: 17, targets: 6, ring: 9 },
    waiting: [{ serial: 15, why: 'is rolled out to 20 % of devices, not yet to this one' }],
  },
  classes: [
    { id: 'email', columns: ['*.*.email', '*.*.e_mail'], detectors: ['email'], mask: 'token', predicates: 'equality', unmaskedForMe: false },
    { id: 'phone', columns: ['*.*.phone', '*.*.mobile'], detectors: ['phone'], mask: 'partial', predicates: 'equality', unmaskedForMe: false },
    { id: 'card', columns: ['*.cards.pan'], detectors: ['card'], mask: 'partial', predicates: 'deny', unmaskedForMe: false },
    { id: 'iban', columns: ['*.*.iban'], detectors: ['iban'], mask: 'partial', predicates: 'equality', unmaskedForMe: true },
    { id: 'secret', columns: ['*.*.password*', '*.*.*token*'], detectors: ['token'], mask: 'null', predicates: 'deny', unmaskedForMe: false },
  ],
  policies: [
    { id: 'access.engineering-read', file: 'policies/access.cedar', effect: 'permit', approvers: [], quorum: 0, reason: 'Engineering reads application databases.', text: '@id("access.engineering-read")\npermit (\n  principal in Group::"engineering",\n  action == Action::"sql:select",\n  resource\n);' },
    { id: 'approvals.prod-no-where', file: 'policies/approvals.cedar', effect: 'forbid', approvers: ['dba'], quorum: 1, reason: 'UPDATE or DELETE without a WHERE on production.', text: cedar },
    { id: 'guardrails.no-drop-database', file: 'policies/guardrails.cedar', effect: 'forbid', approvers: [], quorum: 0, reason: 'Databases are never dropped through Sallyport.', text: '@id("guardrails.no-drop-database")\nforbid (principal, action == Action::"sql:drop", resource)\nwhen { context.statement == "DROP DATABASE" };' },
  ],
  aboutMe: [
    ...about('SELECT', 'allow', 'allow', '', 'access.engineering-read'),
    ...about('UPDATE with a WHERE', 'allow', 'allow', '', 'access.engineering-write'),
    ...about('UPDATE without a WHERE', 'hold', 'allow', 'Needs 1 of dba.', 'approvals.prod-no-where'),
    ...about('DROP TABLE', 'hold', 'allow', 'Needs 1 of dba.', 'approvals.prod-drop'),
    ...about('GRANT', 'hold', 'allow', 'Needs 1 of dba.', 'approvals.prod-grant'),
    ...about('DROP DATABASE', 'deny', 'deny', 'Databases are never dropped through Sallyport.', 'guardrails.no-drop-database'),
  ],
};

const rootSha256 = '9c1185a5c5e9fc54612808977ee8f548b2258d31a1f0a9f7d1b5a3f3b2e6c4d0';
const weber = { name: 'Alice Weber', subject: 'alice@example.com' };

export const awaitedDevice = (isRefused: boolean): AuthState => ({
  ...{ phase: 'device_waiting', ...weber, deviceId: 'dev_5a2b7e0c91d34f6688aa01b2c3d4e5f6', deviceName: 'alice-thinkpad.example.com', sinceMs: now - 3 * min, keyProtection: isRefused ? 'memory' : 'os' },
  look: { checking: false, lastMs: now - 40_000, ...(isRefused ? { error: 'The device code is unknown, used, expired or for somebody else.' } : {}) },
});

export const awaitedPolicy = (isRefused: boolean): AuthState => ({
  ...{ phase: 'policy_waiting', ...weber, ring: 'stable', sinceMs: now - 3 * min, rootSha256, refused: isRefused },
  why: isRefused ? 'the policy that the store serves is refused: its first root is not the one that this device was told to trust' : 'no policy has been pushed to the store yet',
  look: { checking: false, lastMs: now - 40_000 },
});

const problems: Readonly<Record<PolicyProblem['kind'], PolicyProblem>> = {
  stopped: { kind: 'stopped', why: 'security has stopped all work: a leaked signing key, see the incident channel', endsMs: now + 21 * 24 * 60 * min },
  expired: { kind: 'expired', why: 'the signed policy ended 2026-11-20T08:00:00.000Z and no newer one could be had', endsMs: now - 24 * 60 * min },
  refused: { kind: 'refused', why: 'the policy that the store serves is refused: timestamp version 40 is less than current version 41', endsMs: now + 21 * 24 * 60 * min },
  ending: { kind: 'ending', why: 'the store at https://store.example.com cannot be reached: connect ECONNREFUSED', endsMs: now + 20 * 60 * min },
};
export const policyProblem = (kind: string | null): { problem?: PolicyProblem } => {
  const problem = Object.values(problems).find((p) => p.kind === kind);
  return problem === undefined ? {} : { problem };
};

export const history: HistoryEntry[] = [
  { id: 'h1', connection: 'shop', sql: 'SELECT id, full_name, email FROM customers LIMIT 50', startedMs: now - 2 * min, elapsedMs: 14, outcome: 'ok', rowCount: 50 },
  { id: 'h2', connection: 'shop', sql: 'DROP DATABASE shop', startedMs: now - 8 * min, elapsedMs: 1, outcome: 'denied', message: 'guardrails.no-drop-database' },
  { id: 'h3', connection: 'shop', sql: "UPDATE orders SET status = 'archived'", startedMs: now - 31 * min, elapsedMs: 82_000, outcome: 'held', rowCount: 1_204 },
  { id: 'h4', connection: 'shop', sql: 'SELECT * FROM customer', startedMs: now - 44 * min, elapsedMs: 3, outcome: 'error' },
];
