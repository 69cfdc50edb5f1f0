import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toBase64, utf8 } from '../../base/encoding.ts';
import { systemRandom } from '../../base/clock.ts';
import { parseSessionId, uuidv7 } from '../../base/ids.ts';
import { auditList, DEVICE_HEADER, deviceRequestMessage, enrolmentMessage } from '../../contract/store/index.ts';
import { ed25519Signer, generateSeed } from '../../evidence/sign.ts';
import { createStoreClient, type DeviceSigner, type SignInResult } from '../../proxy/core/store-client.ts';
import { withDeviceId } from '../../proxy/core/store-client-device.ts';
import { canary, type Person, startTestStore, type TestStore } from '../../testing/store-harness.ts';

let store: TestStore;
let alice: Person;
beforeAll(async () => {
  store = await startTestStore();
  alice = await store.person('alice@example.com', ['engineering']);
});
afterAll(() => store.stop());

const session = () => parseSessionId(uuidv7(Date.now(), systemRandom.bytes(10)));

async function audit(): Promise<ReturnType<typeof auditList.parse>['entries']> {
  const auditor = createStoreClient({ url: store.url() });
  const { token } = await auditor.signIn(await store.token('erin@example.com', ['audit']));
  const response = await fetch(`${store.url()}/v1/audit?limit=500`, { headers: { authorization: `Bearer ${token}` } });
  return auditList.parse(await response.json()).entries;
}

/** A request signed by hand, so that each part of it can be wrong. */
async function signed(o: { path: string; method?: string; body?: string; signedBody?: string; t?: number; nonce?: string; host?: string; device?: DeviceSigner; token?: string }): Promise<{ status: number; message: string; replay: () => Promise<number> }> {
  const device = o.device ?? alice.device;
  const method = o.method ?? 'GET';
  const t = o.t ?? Date.now();
  const nonce = o.nonce ?? randomBytes(16).toString('base64url');
  const message = deviceRequestMessage({ method, host: o.host ?? new URL(store.url()).host, path: o.path, t, nonce, body: utf8(o.signedBody ?? o.body ?? '') });
  const headers: Record<string, string> = { [DEVICE_HEADER]: `${device.deviceId} ${t} ${nonce} ${toBase64(device.sign(message))}` };
  if (o.token !== undefined) headers['authorization'] = `Bearer ${o.token}`;
  if (o.body !== undefined) headers['content-type'] = 'application/json';
  const send = () => fetch(`${store.url()}${o.path}`, { method, headers, ...(o.body === undefined ? {} : { body: o.body }) });
  const response = await send();
  const parsed = (await response.json()) as { error?: { message: string } };
  return { status: response.status, message: parsed.error?.message ?? '', replay: async () => (await send()).status };
}

describe('device signatures', () => {
  it('accepts a good one once and refuses its replay', async () => {
    const first = await signed({ path: '/v1/targets' });
    expect(first.status).toBe(200);
    expect(await first.replay()).toBe(401);
  });

  it('refuses a signature over another path', async () => {
    const t = Date.now();
    const nonce = randomBytes(16).toString('base64url');
    const message = deviceRequestMessage({ method: 'GET', host: new URL(store.url()).host, path: '/v1/trust', t, nonce, body: new Uint8Array(0) });
    const response = await fetch(`${store.url()}/v1/targets`, { headers: { [DEVICE_HEADER]: `${alice.device.deviceId} ${t} ${nonce} ${toBase64(alice.device.sign(message))}` } });
    expect(response.status).toBe(401);
  });

  it('refuses a signature over another body, another host, another time', async () => {
    const { token } = alice.identity;
    const body = JSON.stringify({ session_id: session() });
    expect(await signed({ path: '/v1/targets/shop/lease', method: 'POST', body, signedBody: '{}', token })).toMatchObject({ status: 401, message: expect.stringContaining('does not verify') as string });
    expect((await signed({ path: '/v1/targets', host: 'other.example' })).status).toBe(401);
    expect(await signed({ path: '/v1/targets', t: Date.now() - 3_600_000 })).toMatchObject({ status: 401, message: expect.stringContaining('clock') as string });
    expect((await signed({ path: '/v1/targets', t: Date.now() + 3_600_000 })).status).toBe(401);
  });

  it('refuses a device that is not enrolled', async () => {
    expect((await signed({ path: '/v1/targets', device: withDeviceId(ed25519Signer(generateSeed())) })).status).toBe(401);
  });
});

describe('enrolment', () => {
  async function attempt(change: (o: { challenge: string; publicKey: string; iss: string; sub: string; alg: string }) => Partial<{ challenge: string; sub: string; publicKey: string }>, who: SignInResult = alice.identity): Promise<number> {
    const device = ed25519Signer(generateSeed());
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${who.token}` };
    const { challenge } = (await (await fetch(`${store.url()}/v1/devices/challenge`, { method: 'POST', headers, body: '{}' })).json()) as { challenge: string };
    const right = { challenge, alg: 'Ed25519', publicKey: toBase64(device.publicKey), iss: who.principal.issuer, sub: who.principal.subject };
    const signature = toBase64(device.sign(enrolmentMessage({ ...right, ...change(right) })));
    const body = JSON.stringify({ public_key: right.publicKey, alg: 'Ed25519', name: 'x', challenge, signature });
    const status = (await fetch(`${store.url()}/v1/devices`, { method: 'POST', headers, body })).status;
    if (status === 200) expect((await fetch(`${store.url()}/v1/devices`, { method: 'POST', headers, body })).status).toBe(403);
    return status;
  }

  it('takes a proof once', async () => {
    expect(await attempt(() => ({}))).toBe(200);
  });

  it('refuses a proof over another challenge, for another person, of another key', async () => {
    expect(await attempt(() => ({ challenge: 'A'.repeat(43) }))).toBe(403);
    expect(await attempt(() => ({ sub: 'mallory@example.com' }))).toBe(403);
    expect(await attempt(() => ({ publicKey: toBase64(new Uint8Array(32)) }))).toBe(403);
  });

  it('refuses a key that belongs to somebody else, and a key that was revoked', async () => {
    const bob = createStoreClient({ url: store.url(), device: alice.device });
    await bob.signIn(await store.token('bob@example.com'));
    await expect(bob.enrolDevice('stolen')).rejects.toThrow(/somebody else/);
    const dave = await store.person('dave@example.com', []);
    await dave.client.revokeDevice(dave.device.deviceId, 'lost');
    await dave.client.signIn(await store.token('dave@example.com'));
    await expect(dave.client.enrolDevice('again')).rejects.toThrow(/revoked/);
  });

  it('refuses everything from a revoked device, and only owners and administrators revoke', async () => {
    const dave = await store.person('dave@example.com', [], 'dave-2');
    await expect(alice.client.revokeDevice(dave.device.deviceId, 'spite')).rejects.toMatchObject({ refusal: 'not_found' });
    await dave.client.targets();
    const admin = createStoreClient({ url: store.url() });
    await admin.signIn(await store.token('root@example.com', ['platform']));
    await admin.revokeDevice(dave.device.deviceId, 'stolen laptop', Date.now() - 1_000);
    await expect(dave.client.targets()).rejects.toThrow(/revoked/);
    await expect(dave.client.lease('shop', session())).rejects.toMatchObject({ refusal: 'unauthenticated' });
    await dave.client.signIn(await store.token('dave@example.com'));
    await expect(dave.client.lease('shop', session())).rejects.toThrow(/revoked/);
    const keys = await alice.client.approverKeys();
    expect(keys.find((k) => k.keyId === dave.device.keyId)?.revokedMs).toBeLessThan(Date.now());
  });
});

describe('targets and leases', () => {
  it('lists targets without credentials and leases one to the signed-in owner of the device', async () => {
    const targets = await alice.client.targets();
    expect(targets).toEqual([{ info: { name: 'shop', protocol: 'postgres', labels: { env: 'prod' }, database: 'shop', tls: 'verify' }, host: '127.0.0.1', port: 5432 }]);
    const id = session();
    const credential = await alice.client.lease('shop', id);
    expect(credential.user).toBe('app');
    expect(credential.reveal()).toBe(canary);
    expect(JSON.stringify({ credential })).not.toContain(canary);
    expect(inspect(credential, { showHidden: true })).not.toContain(canary);
    const entry = (await audit()).find((e) => e.action === 'target.lease' && e.detail.includes(id));
    expect(entry).toMatchObject({ sub: 'alice@example.com', device_id: alice.device.deviceId, object: 'shop', outcome: 'ok' });
  });

  it('refuses a lease without a sign-in, and with the device of somebody else', async () => {
    const signedOut = createStoreClient({ url: store.url(), device: alice.device });
    await expect(signedOut.lease('shop', session())).rejects.toMatchObject({ refusal: 'unauthenticated' });
    const bob = createStoreClient({ url: store.url(), device: alice.device });
    await bob.signIn(await store.token('bob@example.com'));
    await expect(bob.lease('shop', session())).rejects.toThrow(/somebody else/);
    expect((await audit()).some((e) => e.action === 'target.lease' && e.outcome === 'refused')).toBe(true);
  });

  it('lets only administrators register targets, and hides those of other groups', async () => {
    const body = JSON.stringify({ name: 'vault', protocol: 'postgres', host: '10.0.0.1', port: 5432, groups: ['dba'], credentials: { user: 'root', password: canary } });
    const post = async (groups: string[]): Promise<number> => {
      const c = createStoreClient({ url: store.url() });
      const { token } = await c.signIn(await store.token('somebody@example.com', groups));
      return (await fetch(`${store.url()}/v1/targets`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` }, body })).status;
    };
    expect(await post(['engineering'])).toBe(403);
    expect(await post(['audit'])).toBe(403);
    expect(await post(['platform'])).toBe(200);
    expect((await alice.client.targets()).map((t) => t.info.name)).toEqual(['shop']);
    await expect(alice.client.lease('vault', session())).rejects.toMatchObject({ refusal: 'not_found' });
    const carol = await store.person('carol@example.com', ['dba']);
    expect((await carol.client.lease('vault', session())).reveal()).toBe(canary);
  });

  it('keeps no credential in clear anywhere in its data directory', () => {
    const found = spawnGrep(canary, store.dataDir);
    expect(found).toBe('');
    expect(spawnGrep('CREATE|PG_VERSION|18', store.dataDir)).not.toBe('');
  });

  it('does not start with another seal key, which could open no credential', async () => {
    const path = join(store.dataDir, 'store', 'seal.key');
    const key = readFileSync(path);
    writeFileSync(path, randomBytes(32), { mode: 0o600 });
    await expect(store.restart()).rejects.toThrow(/seal\.key is not the key/);
    writeFileSync(path, key, { mode: 0o600 });
    await store.restart();
  });
});

function spawnGrep(pattern: string, dir: string): string {
  try {
    return execFileSync('grep', ['-rlasE', pattern, dir], { encoding: 'utf8' });
  } catch (error) {
    // 2: a file went away meanwhile; the store is at work.
    if (error instanceof Error && 'status' in error && (error.status === 1 || error.status === 2) && 'stdout' in error) return String(error.stdout);
    throw error;
  }
}
