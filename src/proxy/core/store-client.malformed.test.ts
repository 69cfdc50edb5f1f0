import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ed25519Signer, generateSeed } from '../../evidence/sign.ts';
import { parseApprovalId, parseSessionId } from '../../base/ids.ts';
import { createStoreClient, type StoreClient } from './store-client.ts';
import { withDeviceId } from './store-client-device.ts';

const session = parseSessionId('01990000-0000-7000-8000-000000000000');
const approval = parseApprovalId('apr_01990000-0000-7000-8000-000000000000');
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server that answers everything the same way. */
async function answering(answer: (res: ServerResponse) => void): Promise<StoreClient> {
  const s = createServer((_req, res) => answer(res));
  server = s;
  await new Promise<void>((resolve) => s.listen(0, '127.0.0.1', resolve));
  return createStoreClient({ url: `http://127.0.0.1:${(s.address() as AddressInfo).port}`, device: withDeviceId(ed25519Signer(generateSeed())), userToken: () => `sps_${'A'.repeat(43)}` });
}

const calls: [string, (c: StoreClient) => Promise<unknown>][] = [
  ['targets', (c) => c.targets()],
  ['lease', (c) => c.lease('shop', session)],
  ['approverKeys', (c) => c.approverKeys()],
  ['waitApproval', (c) => c.waitApproval(approval, 0, new AbortController().signal)],
  ['cancelApproval', (c) => c.cancelApproval(approval)],
  ['uploadOpen', (c) => c.uploadOpen(session, '{}')],
  ['uploadChunk', (c) => c.uploadChunk(session, { index: 0, gzip: new Uint8Array([1]), sha256: '00'.repeat(32), sizeBytes: 1 })],
  ['uploadClose', (c) => c.uploadClose(session, 'close', '{}')],
  ['signIn', (c) => c.signIn('token')],
  ['me', (c) => c.me()],
  ['listApprovals', (c) => c.listApprovals()],
  ['listRecordings', (c) => c.listRecordings()],
  ['trust', (c) => c.trust()],
  ['info', (c) => c.info()],
];

const garbage: [string, (res: ServerResponse) => void][] = [
  ['text', (res) => res.end('hello')],
  ['a page of another program', (res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<html>router</html>')],
  ['another shape', (res) => res.end(JSON.stringify({ targets: [{ name: 'x' }], keys: 'none', approvals: {}, unexpected: true }))],
  ['nothing', (res) => res.end()],
  ['an error without a body', (res) => res.writeHead(502).end()],
  ['an error with a strange body', (res) => res.writeHead(500).end('{"error":"boom"}')],
  ['a redirect elsewhere', (res) => res.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
  ['half an answer', (res) => {
    res.writeHead(200, { 'content-length': '1000' }).write('{"targets":');
    setImmediate(() => res.destroy());
  }],
];

describe.each(garbage)('a store that answers with %s', (_name, answer) => {
  it.each(calls)('%s fails with env.store', async (_call, run) => {
    await expect(run(await answering(answer))).rejects.toMatchObject({ name: 'EnvironmentError', code: 'env.store' });
  });
});

it('says what made no sense and where', async () => {
  const client = await answering((res) => res.end('{"targets":[{"name":"bad name"}]}'));
  await expect(client.targets()).rejects.toThrow(/GET \/v1\/targets that makes no sense: targets\.0\.name/);
});

it('does not believe a lease without a user, or with more than it asked for', async () => {
  const client = await answering((res) => res.end(JSON.stringify({ lease_id: 'l', user: '', password: 'p', leased_ms: 1 })));
  await expect(client.lease('shop', session)).rejects.toMatchObject({ code: 'env.store' });
});

it('does not believe a store that took another approval request', async () => {
  const client = await answering((res) => res.end(JSON.stringify({ id: approval, request_sha256: '00'.repeat(32), state: 'approved' })));
  const request = { id: approval, target: {}, labels: {}, requester: {}, request_record: {}, policy: {} } as unknown as Parameters<StoreClient['requestApproval']>[0];
  await expect(client.requestApproval(request)).rejects.toThrow(/another approval request/);
});

it('says that nobody listens', async () => {
  const client = createStoreClient({ url: 'http://127.0.0.1:9' });
  await expect(client.info()).rejects.toThrow(/cannot be reached/);
});

it('refuses to speak to a store in clear over a network', () => {
  expect(() => createStoreClient({ url: 'http://store.example.com' })).toThrow(/https/);
  expect(() => createStoreClient({ url: 'nonsense' })).toThrow(/not the address/);
});
