/** A `window.sallyport` without Electron, for looking at screens. The address says what to show: `?scene=workbench`. */
import type { AuthState } from '../contract/ipc/auth.ts';
import type { AppStatus } from '../contract/ipc/app.ts';
import type { SallyportApi } from '../contract/ipc/index.ts';
import { ipcChannels, listenerName } from '../contract/ipc/channels.ts';
import type { Settings } from '../contract/ipc/settings.ts';
import { defaultSettings } from '../contract/ipc/settings.ts';
import type { DryRunStatement, WorkbenchEvent } from '../contract/ipc/workbench.ts';
import { splitSql } from '../ui/sql-tokens.ts';
import * as data from './fake-data.ts';

type Emit = (channel: string, payload: unknown) => void;

function dryRun(sql: string): DryRunStatement[] {
  return splitSql(sql).map(({ from, to }) => {
    const text = sql.slice(from, to);
    const verb = /^\w+(\s+(TABLE|DATABASE))?/i.exec(text)?.[0].toUpperCase() ?? '';
    const base = { from, to, statement: verb, approvers: [], quorum: 0, masked: [], explanations: [] };
    const head = { from, to: from + (/^\w+\s+(from\s+)?\w+/i.exec(text)?.[0].length ?? 0) };
    if (/^drop\s+database/i.test(text)) return { ...base, effect: 'deny', reason: 'Databases are never dropped through Sallyport.', policyIds: ['guardrails.no-drop-database'], explanations: [{ from, to, severity: 'denied', sentence: `\`${text}\` is denied: databases are never dropped through Sallyport.`, offers: [] }] };
    if (/^(update|delete)(?![\s\S]*\bwhere\b)/i.test(text)) return { ...base, effect: 'hold', reason: `${verb} without a WHERE on production.`, policyIds: ['approvals.prod-no-where'], approvers: ['dba'], quorum: 1, explanations: [{ ...head, severity: 'held', sentence: `This ${verb} has no WHERE: it waits for dba.`, offers: [{ kind: 'edit', label: 'Add a WHERE', edits: [{ from: to, to, insert: ' WHERE id = 0' }], select: { from: to + 12, to: to + 13 } }, { kind: 'ask', label: 'Ask dba', approvers: ['dba'] }] }] };
    const masked = data.customerColumns.flatMap((c) => (c.mask !== undefined && /customers/i.test(text) ? [{ column: c.name, mask: c.mask }] : []));
    return { ...base, effect: 'allow', reason: 'Allowed for engineering.', policyIds: ['access.engineering-read'], masked };
  });
}

const rowsFor = (sql: string): number => (sql.includes('generate_series') ? 120_000 : 500);

function runEvents(tabId: string, runId: string, sql: string): WorkbenchEvent[] {
  const run = { tabId, runId };
  const started: WorkbenchEvent = { type: 'started', ...run, startedMs: Date.now() };
  const [first] = dryRun(sql);
  if (first?.effect === 'deny') {
    const error = { sqlstate: '42501', message: first.reason, hint: 'Ask the platform team to retire a database; they do it outside of Sallyport.', refusal: 'denied' as const, policyIds: first.policyIds, reference: '019aa1f0-7c3e/9' };
    return [started, { type: 'error', ...run, error }, { type: 'finished', ...run, elapsedMs: 2.1, outcome: 'error', transaction: 'idle' }];
  }
  if (first?.effect === 'hold') {
    return [started, { type: 'held', ...run, approvalId: 'apr_3', sql, reason: first.reason, policyIds: first.policyIds, approvers: first.approvers, quorum: 1, approvals: 0, expiresMs: Date.now() + 14 * 60_000 }];
  }
  const total = rowsFor(sql);
  const batches: WorkbenchEvent[] = [];
  for (let at = 0; at < total; at += 2_000) batches.push({ type: 'rows', ...run, resultId: `${runId}-0`, rows: Array.from({ length: Math.min(2_000, total - at) }, (_, i) => data.customerRow(at + i)) });
  const detector = { classId: 'email', kind: 'token' as const, rule: 'detector email' };
  const cells = Array.from({ length: Math.floor(total / 6) }, (_, i) => ({ row: i * 6 + 4, column: 7, mask: detector }));
  return [
    started,
    { type: 'columns', ...run, resultId: `${runId}-0`, statement: 0, columns: data.customerColumns },
    ...batches,
    { type: 'masks', ...run, resultId: `${runId}-0`, columns: [], cells },
    { type: 'notice', ...run, severity: 'NOTICE', message: '3 columns are masked: email, phone, pan', sqlstate: '00000' },
    { type: 'complete', ...run, resultId: `${runId}-0`, statement: 0, tag: `SELECT ${total}`, rowCount: total, elapsedMs: 42.7, truncated: false },
    { type: 'finished', ...run, elapsedMs: 44.1, outcome: 'ok', transaction: 'idle' },
  ];
}

const plan = [
  'Limit  (cost=0.42..8.61 rows=50 width=118)',
  '  ->  Nested Loop  (cost=0.42..16380.10 rows=100000 width=118)',
  '        ->  Index Scan Backward using customers_created_at_idx on customers c  (cost=0.29..4210.29 rows=100000 width=86)',
  '        ->  Index Scan using cards_customer_id_idx on cards k  (cost=0.13..0.15 rows=1 width=32)',
  '              Index Cond: (customer_id = c.id)',
];

const signedIn: AuthState = { phase: 'signed_in', name: 'Alice Weber', subject: 'alice@example.com', groups: ['engineering', 'dba'], issuer: 'https://login.example.com', expiresMs: data.now + 7 * 3_600_000, deviceId: 'dev_5a2b7e0c91d34f6688aa01b2c3d4e5f6', keyProtection: 'memory' };

function calls(emit: Emit, query: URLSearchParams): Record<string, (request: never) => unknown> {
  const scene = query.get('scene') ?? '';
  const empty = query.has('empty');
  let settings: Settings = { ...defaultSettings, theme: query.get('theme') === 'dark' ? 'dark' : 'light' };
  let auth: AuthState =
    scene === 'device' || scene === 'device-error' ? data.awaitedDevice(scene === 'device-error') : scene === 'no-policy' || scene === 'no-policy-refused' ? data.awaitedPolicy(scene === 'no-policy-refused') : scene === 'sign-in' ? { phase: 'signed_out', storeUrl: 'https://store.example.com' } : scene === 'signing-in' ? { phase: 'signing_in', startedMs: data.now, where: 'browser', verificationCode: 'KXTR-49QM' } : signedIn;
  const status: AppStatus = {
    identity: { name: 'Alice Weber', subject: 'alice@example.com', expiresMs: data.now + 7 * 3_600_000 },
    recording: { state: 'recording', sessions: 1 },
    spool: query.has('offline') ? { sizeBytes: 48_300_000, limitBytes: 2_147_483_648, pendingChunks: 46, state: 'offline', lastError: 'store.example.com does not answer.' } : { sizeBytes: 0, limitBytes: 2_147_483_648, pendingChunks: 0, state: 'idle' },
    policy: { name: 'starter', serial: 14, digest: data.bundleDigest, ageMs: 340_000, ...data.policyProblem(query.get('problem')) },
    pendingApprovals: empty ? 0 : 2,
  };
  let tabs = 0;
  let runs = 0;
  return {
    'app.info': () => ({ version: '0.1.0', electron: '45.4.1', platform: 'linux', storeUrl: 'https://store.example.com', demo: false }),
    'app.status': () => status,
    'app.copyText': () => null,
    'app.ready': () => null,
    'auth.state': () => auth,
    'auth.signIn': () => (auth = { phase: 'signing_in', startedMs: Date.now(), where: 'browser' }),
    'auth.cancel': () => (auth = { phase: 'signed_out', message: 'You cancelled the sign-in.' }),
    'auth.signOut': () => {
      auth = { phase: 'signed_out' };
      emit('auth.stateChanged', auth);
      return auth;
    },
    'auth.retry': () => auth,
    'auth.useCode': () => auth,
    'connections.list': () => (empty ? [] : data.connections),
    'connections.refresh': () => data.connections,
    'connections.openEndpoint': () => data.connections[0],
    'connections.closeEndpoint': () => null,
    'connections.copyNative': () => data.connections[0],
    'workbench.open': ({ connection }: { connection: string }) => {
      const found = data.connections.find((c) => c.name === connection);
      return { tabId: `tab-${++tabs}`, connection, database: found?.database ?? '', labels: found?.labels ?? {}, serverVersion: 'PostgreSQL 15.8', sessionId: '019aa1f0-7c3e-7d10-9b2a-5f0e2c1d0001' };
    },
    'workbench.close': () => null,
    'workbench.run': ({ tabId, sql }: { tabId: string; sql: string }) => {
      const runId = `run-${++runs}`;
      for (const event of runEvents(tabId, runId, sql)) setTimeout(() => emit('workbench.event', event), 5);
      return { runId };
    },
    'workbench.cancel': ({ tabId }: { tabId: string }) => {
      const run = { tabId, runId: `run-${runs}` };
      emit('workbench.event', { type: 'hold_changed', ...run, approvalId: 'apr_3', state: 'cancelled', approvals: 0 });
      emit('workbench.event', { type: 'finished', ...run, elapsedMs: 900, outcome: 'cancelled', transaction: 'idle' });
      return null;
    },
    'workbench.dryRun': ({ sql }: { sql: string }) => (/\bfrom\s*;?\s*$/i.test(sql) ? { state: 'unparsed', message: 'syntax error at end of input' } : { state: 'decided', statements: dryRun(sql), unparsed: [], elapsedMs: 0.6 }),
    'workbench.explain': () => ({ ok: true, lines: plan, elapsedMs: 2.2 }),
    'workbench.schema': () => data.schema,
    'workbench.history': () => data.history,
    'workbench.exportCsv': () => ({ saved: true, basename: 'shop.csv', sizeBytes: 48_000 }),
    'approvals.list': () => (empty ? [] : data.approvals.map((a) => ({ ...a }))),
    'approvals.get': ({ id }: { id: string }) => data.approvals.find((a) => a.id === id),
    'approvals.decide': ({ id, decision }: { id: string; decision: string }) => ({ ...data.approvals.find((a) => a.id === id), state: decision === 'approve' ? 'approved' : 'denied' }),
    'sessions.list': () => (empty ? [] : data.sessions),
    'sessions.get': ({ id }: { id: string }) => ({
      summary: data.sessions.find((s) => s.id === id),
      user: { name: 'Alice Weber', subject: 'alice@example.com', groups: ['engineering'] },
      deviceId: 'dev_5a2b7e0c91d34f6688aa01b2c3d4e5f6', address: 'shop-db.internal:5432', program: 'Sallyport workbench', recordingLevel: 'masked',
      policy: { name: 'starter', serial: 14, digest: data.bundleDigest }, protocol: 'postgres', records: data.records,
    }),
    'sessions.shown': () => ({ events: [], after: null }),
    'sessions.verify': () => data.report,
    'sessions.export': () => ({ saved: true, basename: 'shop.srz', sizeBytes: 184_000 }),
    'policy.active': () => data.policy,
    'policy.check': () => data.policy,
    'settings.get': () => settings,
    'settings.set': (next: Settings) => {
      settings = next;
      emit('settings.changed', next);
      return next;
    },
  };
}

/** Answers every call of the contract after a moment; events go to whoever listens. */
export function createFakeSallyport(search: string): SallyportApi {
  const listeners = new Map<string, Set<(payload: unknown) => void>>();
  const emit: Emit = (channel, payload) => {
    for (const listener of listeners.get(channel) ?? []) listener(payload);
  };
  const query = new URLSearchParams(search);
  const answers = calls(emit, query);
  const api: Record<string, Record<string, unknown>> = {};
  for (const [slice, { calls: names, events }] of Object.entries(ipcChannels)) {
    const out: Record<string, unknown> = {};
    for (const name of names) {
      out[name] = async (request: never) => {
        if (query.has('broken')) return { ok: false, error: { code: 'env.store', message: 'The store at store.example.com does not answer.', fix: 'Check the network, then try again.' } };
        return { ok: true, value: await Promise.resolve(answers[`${slice}.${name}`]?.(request)) };
      };
    }
    for (const event of events) {
      out[listenerName(event)] = (listener: (payload: unknown) => void) => {
        const set = listeners.get(`${slice}.${event}`) ?? new Set();
        listeners.set(`${slice}.${event}`, set.add(listener));
        return () => set.delete(listener);
      };
    }
    api[slice] = out;
  }
  return api as unknown as SallyportApi;
}
