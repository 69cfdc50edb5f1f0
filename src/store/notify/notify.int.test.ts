import { createServer as createHttpsServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { verify } from 'node:crypto';
import { SMTPServer } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { approvalRequest, type Person, startTestStore, type TestStore } from '../../testing/store-harness.ts';
import { makeTlsFiles, type TlsFiles } from '../../testing/tls-files.ts';
import { notifyQueued, notifyStatus } from '../../contract/store/index.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const signingKey = `whsk_${Buffer.alloc(32, 9).toString('base64')}`;

interface Hook {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}
interface Mail {
  readonly to: string[];
  readonly text: string;
  readonly secure: boolean;
}

let tls: TlsFiles;
let web: Server;
let smtp: SMTPServer;
let store: TestStore;
let alice: Person;
let admin: Person;
const hooks: Hook[] = [];
const mails: Mail[] = [];
/** Answers of the next calls; 200 when there are none. */
const answers: number[] = [];

beforeAll(async () => {
  tls = makeTlsFiles();
  web = createHttpsServer({ cert: tls.cert, key: tls.key }, take);
  const webPort = await listen(web);
  smtp = new SMTPServer({
    cert: tls.cert,
    key: tls.key,
    authMethods: ['PLAIN', 'LOGIN'],
    onAuth: (auth, session, done) => (auth.username === 'store' && auth.password === 'pass' && session.secure ? done(null, { user: 'store' }) : done(new Error('no'))),
    onData: (stream, session, done) => {
      const parts: Buffer[] = [];
      stream.on('data', (d: Buffer) => parts.push(d));
      stream.on('end', () => {
        mails.push({ to: session.envelope.rcptTo.map((r) => r.address), text: Buffer.concat(parts).toString('utf8'), secure: session.secure });
        done();
      });
    },
  });
  const smtpPort = await listen(smtp.server);
  const ca = { ca_file: tls.caFile };
  store = await startTestStore({
    public_url: 'https://store.example.com',
    notify: {
      channels: [
        { name: 'hook', type: 'webhook', url: `https://127.0.0.1:${webPort}/hook`, secret: { value: secret }, signing_key: { value: signingKey }, ...ca },
        { name: 'chat', type: 'slack', url: { value: `https://127.0.0.1:${webPort}/services/T/B/x` }, events: ['approval.requested'], approver_groups: ['dba'], show_statements: true, ...ca },
        { name: 'mail', type: 'email', from: 'store@example.com', to: ['ops@example.com', 'dba@example.com'], smtp: { host: '127.0.0.1', port: smtpPort, user: 'store', password: { value: 'pass' }, ...ca } },
        { name: 'plain', type: 'email', from: 'store@example.com', to: ['ops@example.com'], events: ['device.revoked'], smtp: { host: '127.0.0.1', port: smtpPort } },
      ],
    },
  });
  alice = await store.person('alice@example.com', ['engineering']);
  admin = await store.person('root@example.com', ['platform']);
});
afterAll(async () => {
  await store.stop();
  await new Promise<void>((resolve) => smtp.close(() => resolve()));
  await new Promise<void>((resolve) => void web.close(() => resolve()));
  tls.remove();
});

function take(request: IncomingMessage, response: ServerResponse): void {
  const parts: Buffer[] = [];
  request.on('data', (d: Buffer) => parts.push(d));
  request.on('end', () => {
    hooks.push({ path: request.url ?? '', headers: Object.fromEntries(Object.entries(request.headers).map(([k, v]) => [k, String(v)])), body: Buffer.concat(parts).toString('utf8') });
    response.writeHead(answers.shift() ?? 200).end();
  });
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
  const token = await signInToken();
  const response = await fetch(`${store.url()}${path}`, { method, headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}
let cached: string | undefined;
async function signInToken(): Promise<string> {
  if (cached !== undefined) return cached;
  const response = await fetch(`${store.url()}/v1/signin`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ id_token: await store.token('root@example.com', ['platform']) }) });
  cached = ((await response.json()) as { token: string }).token;
  return cached;
}
const ofKind = (kind: string): Hook[] => hooks.filter((h) => h.path === '/hook' && (JSON.parse(h.body) as { type: string }).type === kind);
const status = async (name: string): Promise<{ waiting: number; sent: number; dead: number; last_error?: string | undefined; public_key?: string | undefined }> => notifyStatus.parse(await call('GET', '/v1/notify/status')).channels.find((c) => c.name === name)!;

describe('an approval request', () => {
  it('reaches webhook, chat and mail; the webhook is signed, and only the chat shows the statement', async () => {
    const request = approvalRequest(alice, store.clock.nowMs());
    await alice.client.requestApproval(request);
    await eventually(() => expect([ofKind('approval.requested').length, hooks.filter((h) => h.path !== '/hook').length, mails.length]).toEqual([1, 1, 1]));

    const [hook] = ofKind('approval.requested');
    const event = new Webhook(secret).verify(hook!.body, hook!.headers) as { data: { approval: Record<string, unknown>; link: string } };
    expect(event.data).toMatchObject({ approval: { id: request.id, requester: alice.identity.principal.name, connection: 'shop', approvers: ['dba'] }, link: `https://store.example.com/sessions/${request.session_id}` });
    expect(hook!.body).not.toContain(request.statement);
    expect(() => new Webhook(secret).verify(hook!.body.replace('shop', 'shop2'), hook!.headers)).toThrow();
    expect(() => new Webhook(secret).verify(hook!.body, { ...hook!.headers, 'webhook-timestamp': '1700000000' })).toThrow();

    const { public_key: publicKey } = await status('hook');
    const ed25519 = /v1a,(\S+)/.exec(hook!.headers['webhook-signature'] ?? '')?.[1] ?? '';
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(publicKey!.slice('whpk_'.length), 'base64')]);
    const content = Buffer.from(`${hook!.headers['webhook-id']}.${hook!.headers['webhook-timestamp']}.${hook!.body}`);
    expect(verify(null, content, { key: spki, format: 'der', type: 'spki' }, Buffer.from(ed25519, 'base64'))).toBe(true);

    expect(hooks.find((h) => h.path !== '/hook')?.body).toContain('UPDATE customers SET active = false');
    expect(mails[0]).toMatchObject({ to: ['ops@example.com', 'dba@example.com'], secure: true });
    expect(mails[0]!.text).toContain('Subject: [Sallyport] Approval needed: a statement of');
    expect(mails[0]!.text).not.toContain('UPDATE customers');
  });

  it('for other approvers does not go to a channel that asks for a group', async () => {
    const before = hooks.filter((h) => h.path !== '/hook').length;
    await alice.client.requestApproval(approvalRequest(alice, store.clock.nowMs(), { approvers: ['security'] }));
    await eventually(() => expect(ofKind('approval.requested')).toHaveLength(2));
    await eventually(async () => expect((await status('mail')).sent).toBeGreaterThanOrEqual(2));
    expect(hooks.filter((h) => h.path !== '/hook')).toHaveLength(before);
  });

  it('that was cancelled, and one that ran out of time, are told of', async () => {
    const cancelled = approvalRequest(alice, store.clock.nowMs());
    await alice.client.requestApproval(cancelled);
    await alice.client.cancelApproval(cancelled.id);
    const late = approvalRequest(alice, store.clock.nowMs(), { expires_ms: store.clock.nowMs() + 60_000 });
    await alice.client.requestApproval(late);
    await eventually(() => expect(ofKind('approval.requested')).toHaveLength(4));
    store.clock.offsetMs += 61_000;
    await eventually(() => expect([ofKind('approval.cancelled').length, ofKind('approval.expired').length]).toEqual([1, 1]));
  });
});

describe('delivery', () => {
  it('is tried again with the same id after the receiver failed, and not after it has the message', async () => {
    answers.push(503);
    const before = ofKind('test').length;
    await call('POST', '/v1/notify/test', { channel: 'hook' });
    await eventually(() => expect(ofKind('test')).toHaveLength(before + 1));
    await eventually(async () => expect((await status('hook')).last_error).toContain('503'));
    store.clock.offsetMs += 10_000;
    await eventually(() => expect(ofKind('test')).toHaveLength(before + 2));
    const [first, second] = ofKind('test').slice(before);
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    await eventually(async () => expect((await status('hook')).waiting).toBe(0));
    store.clock.offsetMs += 3_600_000;
    await call('POST', '/v1/notify/test', { channel: 'mail' });
    await eventually(() => expect(mails.at(-1)?.text).toContain('Test message'));
    expect(ofKind('test')).toHaveLength(before + 2);
  });

  it('does not happen in clear, nor to a mail server that cannot be verified', async () => {
    const before = mails.length;
    const { queued } = notifyQueued.parse(await call('POST', '/v1/notify/test', { channel: 'plain' }));
    expect(queued).toHaveLength(1);
    await eventually(async () => expect((await status('plain')).last_error).toMatch(/certificate|self/i));
    expect(mails).toHaveLength(before);
    await expect(call('POST', '/v1/notify/test', { channel: 'nobody' })).rejects.toThrow(/404/);
  });
});

it('an alarm from a monitor, and a revoked device, are told of', async () => {
  cached = undefined;
  await call('POST', '/v1/security-events', { kind: 'log_fork', object: 'log', detail: 'two roots at size 12' });
  await call('POST', '/v1/security-events', { kind: 'log_fork', object: 'log', detail: 'two roots at size 12' });
  await admin.client.signIn(await store.token('root@example.com', ['platform']));
  await admin.client.revokeDevice(alice.device.deviceId, 'lost');
  // Messages go out beside each other: the later one may be there first.
  await eventually(() => {
    expect(ofKind('device.revoked')).toHaveLength(1);
    expect(ofKind('security.log_fork')).toHaveLength(1);
  });
  expect(JSON.parse(ofKind('security.log_fork')[0]!.body)).toMatchObject({ data: { title: 'The transparency log shows two histories: log', detail: 'two roots at size 12' } });
});

it('is for administrators only', async () => {
  const response = await fetch(`${store.url()}/v1/signin`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ id_token: await store.token('eve@example.com', ['engineering']) }) });
  const { token } = (await response.json()) as { token: string };
  for (const [method, path, body] of [['GET', '/v1/notify/status', undefined], ['POST', '/v1/notify/test', '{}'], ['POST', '/v1/security-events', '{"kind":"log_fork","object":"log","detail":"x"}']] as const) {
    const answer = await fetch(`${store.url()}${path}`, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, ...(body === undefined ? {} : { body }) });
    expect(answer.status).toBe(403);
  }
});
