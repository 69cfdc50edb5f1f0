import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { z } from 'zod';
import { parseSessionId, uuidv7 } from '../../base/ids.ts';
import { systemRandom } from '../../base/clock.ts';
import { createStoreClient, type DeviceSigner, type StoreClient } from '../../proxy/core/store-client.ts';
import { openDeviceFile } from '../../proxy/core/store-client-device.ts';
import { startTestStore, type TestStore } from '../../testing/store-harness.ts';

let store: TestStore;
let known: DeviceSigner;
beforeAll(async () => {
  const seed = await startTestStore();
  known = openDeviceFile(join(seed.dataDir, 'known'));
  await seed.stop();
  store = await startTestStore({ devices: { enrolment: 'approval', preauthorised: [known.deviceId] } });
});
afterAll(() => store.stop());

const newSession = () => parseSessionId(uuidv7(Date.now(), systemRandom.bytes(10)));
let made = 0;

interface Someone {
  readonly client: StoreClient;
  readonly device: DeviceSigner;
  readonly token: string;
}

async function someone(subject: string, groups: readonly string[] = [], device = openDeviceFile(join(store.dataDir, 'devices-of-test', String(made++)))): Promise<Someone> {
  const client = createStoreClient({ url: store.url(), device, nowMs: () => store.clock.nowMs() });
  const { token } = await client.signIn(await store.token(subject, groups));
  return { client, device, token };
}

const call = async (token: string, method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${store.url()}${path}`, { method, headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, body: await response.json() };
};

const logged = async (kind: string): Promise<string[]> => {
  // The log's own routes belong to another feature; here only that the entry is in the transaction.
  const { PGlite } = await import('@electric-sql/pglite');
  await store.store().stop();
  const pg = await PGlite.create(join(store.dataDir, 'store', 'pg'));
  const { rows } = await pg.query("select convert_from(entry, 'UTF8') as text from log_entries where kind = $1 order by t_ms", [kind]);
  await pg.close();
  await store.restart();
  return z.array(z.object({ text: z.string() })).parse(rows).map((r) => r.text);
};

describe('a new device', () => {
  it('waits for an administrator, and may do nothing until then', async () => {
    const alice = await someone('alice@example.com', ['engineering']);
    expect((await alice.client.enrolDevice('laptop')).state).toBe('pending');
    await expect(alice.client.lease('shop', newSession())).rejects.toThrow(/waits for an administrator's approval: dev_/);
    await expect(alice.client.targets()).rejects.toThrow(/waits for an administrator/);
    await expect(alice.client.uploadOpen(newSession(), '{}')).rejects.toThrow(/waits for an administrator/);
    expect((await alice.client.approverKeys().catch(() => [])).length).toBe(0);
    const admin = await someone('root@example.com', ['platform']);
    const before = await createStoreClient({ url: store.url(), userToken: () => admin.token }).approverKeys();
    expect(before.map((k) => k.principal.subject)).not.toContain('alice@example.com');
    const list = z.object({ devices: z.array(z.object({ device_id: z.string(), state: z.string() })) });
    expect(list.parse((await call(admin.token, 'GET', '/v1/devices')).body).devices).toContainEqual({ device_id: alice.device.deviceId, state: 'pending' });
    expect((await call(admin.token, 'POST', `/v1/devices/${alice.device.deviceId}/approve`)).status).toBe(200);
    expect((await alice.client.lease('shop', newSession())).user).toBe('app');
  });

  it('is approved by administrators only, and never by its owner', async () => {
    const bob = await someone('bob@example.com', ['engineering']);
    await bob.client.enrolDevice('laptop');
    expect((await call(bob.token, 'POST', `/v1/devices/${bob.device.deviceId}/approve`)).status).toBe(403);
    const admin = await someone('root@example.com', ['platform']);
    await admin.client.enrolDevice('own');
    const own = await call(admin.token, 'POST', `/v1/devices/${admin.device.deviceId}/approve`);
    expect(own).toMatchObject({ status: 403, body: { error: { message: 'somebody else must approve your device' } } });
  });

  it('is in at once when the configuration names it', async () => {
    const root = await someone('first@example.com', ['platform'], known);
    expect((await root.client.enrolDevice('first')).state).toBe('enrolled');
  });
});

describe('a device code', () => {
  const code = async (admin: string, body: unknown): Promise<{ code: string; code_id: string }> => {
    const answer = await call(admin, 'POST', '/v1/devices/codes', body);
    expect(answer.status).toBe(200);
    return z.object({ code: z.string(), code_id: z.string(), expires_ms: z.number() }).parse(answer.body);
  };
  const person = (sub: string) => ({ iss: 'urn:sallyport:dev-idp', sub });

  it('lets one device of its person in, once', async () => {
    const admin = await someone('root@example.com', ['platform']);
    const given = await code(admin.token, { person: person('dora@example.com') });
    const eve = await someone('eve@example.com');
    await expect(eve.client.enrolDevice('x', given.code)).rejects.toThrow(/unknown, used, expired or for somebody else/);
    expect(await eve.client.listDevices()).toEqual([]);
    const dora = await someone('dora@example.com');
    expect((await dora.client.enrolDevice('x', given.code)).state).toBe('enrolled');
    const second = await someone('dora@example.com');
    await expect(second.client.enrolDevice('y', given.code)).rejects.toThrow(/unknown, used/);
  });

  it('expires, and can be withdrawn', async () => {
    const admin = await someone('root@example.com', ['platform']);
    const old = await code(admin.token, { hours: 1 });
    store.clock.offsetMs = 2 * 3_600_000;
    const fay = await someone('fay@example.com');
    await expect(fay.client.enrolDevice('x', old.code)).rejects.toThrow(/expired/);
    store.clock.offsetMs = 0;
    const withdrawn = await code(admin.token, {});
    expect((await call(admin.token, 'DELETE', `/v1/devices/codes/${withdrawn.code_id}`)).status).toBe(200);
    const gil = await someone('gil@example.com');
    await expect(gil.client.enrolDevice('x', withdrawn.code)).rejects.toThrow(/unknown/);
  });

  it('is made by administrators only, and not for themselves', async () => {
    const hal = await someone('hal@example.com');
    expect((await call(hal.token, 'POST', '/v1/devices/codes', {})).status).toBe(403);
    const admin = await someone('root@example.com', ['platform']);
    expect((await call(admin.token, 'POST', '/v1/devices/codes', { person: person('root@example.com') })).status).toBe(403);
    const open = await code(admin.token, {});
    await expect(admin.client.enrolDevice('own', open.code)).rejects.toThrow(/unknown/);
  });
});

describe('a sign-in', () => {
  it('belongs to the first device that it is used with', async () => {
    const admin = await someone('root@example.com', ['platform']);
    const [one, two] = [await someone('ivy@example.com'), await someone('ivy@example.com')];
    for (const s of [one, two]) {
      await s.client.enrolDevice('x');
      await call(admin.token, 'POST', `/v1/devices/${s.device.deviceId}/approve`);
    }
    expect((await one.client.lease('shop', newSession())).user).toBe('app');
    const stolen = createStoreClient({ url: store.url(), device: two.device, userToken: () => one.token });
    await expect(stolen.lease('shop', newSession())).rejects.toThrow(/belongs to another device/);
  });
});

describe('revocation', () => {
  it('ends the sessions of the device and those since the compromise, and is in the log', async () => {
    const admin = await someone('root@example.com', ['platform']);
    const jan = await someone('jan@example.com');
    await jan.client.enrolDevice('stolen');
    await call(admin.token, 'POST', `/v1/devices/${jan.device.deviceId}/approve`);
    const other = await someone('jan@example.com');
    await other.client.enrolDevice('kept');
    await call(admin.token, 'POST', `/v1/devices/${other.device.deviceId}/approve`);
    const browserish = await someone('jan@example.com');
    const since = store.clock.nowMs() - 60_000;
    expect((await call(admin.token, 'POST', `/v1/devices/${jan.device.deviceId}/revoke`, { reason: 'stolen laptop', compromised_since_ms: since })).status).toBe(200);
    expect((await call(jan.token, 'GET', '/v1/me')).status).toBe(401);
    expect((await call(browserish.token, 'GET', '/v1/me')).status).toBe(401);
    expect((await call(other.token, 'GET', '/v1/me')).status).toBe(200);
    await expect(jan.client.targets()).rejects.toThrow(/revoked/);
    const again = await someone('jan@example.com', [], jan.device);
    await expect(again.client.enrolDevice('back')).rejects.toThrow(/revoked: make a new one/);
    const entries = await logged('device.revoked');
    expect(entries.map((e) => JSON.parse(e) as unknown)).toContainEqual(expect.objectContaining({ kind: 'device.revoked', device_id: jan.device.deviceId, compromised_since_ms: since, reason: 'stolen laptop' }));
    const enrolled = await logged('device.enrolled');
    expect(enrolled.some((e) => e.includes(jan.device.deviceId))).toBe(true);
  });
});
