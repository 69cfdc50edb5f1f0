/** Waiting for a device's approval and for a first policy, against a real store. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AwaitedDevice, AwaitedPolicy } from '../../contract/ipc/auth.ts';
import { pinOfDigest } from '../../proxy/core/bundle-cache.ts';
import { BundleUpdater } from '../../proxy/core/bundle-updater.ts';
import { createStoreClient, type DeviceSigner, type StoreClient } from '../../proxy/core/store-client.ts';
import { openDeviceFile } from '../../proxy/core/store-client-device.ts';
import { bundleOf, PolicyAuthor } from '../../testing/policy-repo.ts';
import { startTestStore, type TestStore } from '../../testing/store-harness.ts';
import { Attempt } from './attempt.ts';
import { enrolledDevice } from './wait-device.ts';
import { awaitedPolicy } from './wait-policy.ts';

let store: TestStore;
let admin: StoreClient;
let dir: string;
let made = 0;

beforeAll(async () => {
  store = await startTestStore({ devices: { enrolment: 'approval' } });
  dir = mkdtempSync(path.join(tmpdir(), 'sallyport-waiting-'));
  admin = createStoreClient({ url: store.url() });
  await admin.signIn(await store.token('pat@example.com', ['platform']));
});
afterAll(async () => {
  await store.stop();
  rmSync(dir, { recursive: true, force: true });
});

type Waiting = AwaitedDevice | AwaitedPolicy;

/** A person with a new device, and what the window would show. */
async function newcomer(): Promise<{ client: StoreClient; device: DeviceSigner; attempt: Attempt; abort: AbortController; shown: Waiting[]; until: (matches: (s: Waiting) => boolean) => Promise<Waiting>; enrol: () => Promise<void> }> {
  const device = openDeviceFile(path.join(dir, `device-${++made}`));
  const client = createStoreClient({ url: store.url(), device });
  await client.signIn(await store.token('alice@example.com', ['engineering']));
  const abort = new AbortController();
  const shown: Waiting[] = [];
  const watchers = new Set<() => void>();
  const attempt = new Attempt(abort.signal, {
    where: () => undefined,
    waiting: (s) => {
      shown.push(s);
      for (const w of [...watchers]) w();
    },
  });
  const until = (matches: (s: Waiting) => boolean): Promise<Waiting> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = shown.find(matches);
        if (found === undefined) return;
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
    });
  const enrol = (): Promise<void> => enrolledDevice({ attempt, client, person: { name: 'Alice', subject: 'alice@example.com' }, deviceName: 'laptop', keyProtection: 'os', nowMs: Date.now });
  return { client, device, attempt, abort, shown, until, enrol };
}

describe('a device that an administrator has to approve', () => {
  it('is shown with what the administrator sees, and goes on by the event of its approval', async () => {
    const { device, enrol, until, shown } = await newcomer();
    const enrolled = enrol();
    await until((s) => s.look.lastMs !== undefined);
    expect(shown[0]).toMatchObject({ phase: 'device_waiting', deviceId: device.deviceId, deviceName: 'laptop', name: 'Alice', look: { checking: false } });
    expect((await admin.listDevices()).find((d) => d.device_id === device.deviceId)).toMatchObject({ name: 'laptop', state: 'pending' });
    await admin.approveDevice(device.deviceId);
    await enrolled;
  });

  it('says that a code is none, and goes on with one that is', async () => {
    const { attempt, enrol, until } = await newcomer();
    const enrolled = enrol();
    await until((s) => s.phase === 'device_waiting');
    attempt.nudge({ code: 'hunter2' });
    await until((s) => s.look.error !== undefined);
    attempt.nudge({ code: `spd_${'x'.repeat(43)}` });
    await until((s) => /unknown, used, expired/.test(s.look.error ?? ''));
    attempt.nudge({ code: (await admin.makeDeviceCode({})).code });
    await enrolled;
  });

  it('ends with a reason when it is refused, and stays refused', async () => {
    const { attempt: waiting, device, enrol, until } = await newcomer();
    const enrolled = expect(enrol()).rejects.toMatchObject({ code: 'denied', message: expect.stringMatching(/refused this device/) as string });
    await until((s) => s.phase === 'device_waiting');
    await admin.revokeDevice(device.deviceId, 'not ours');
    // Its sessions have ended with it, and with them what the store tells it.
    waiting.nudge();
    await enrolled;
    const again = createStoreClient({ url: store.url(), device });
    await again.signIn(await store.token('alice@example.com', ['engineering']));
    const attempt = new Attempt(new AbortController().signal, { where: () => undefined, waiting: () => undefined });
    await expect(enrolledDevice({ attempt, client: again, person: { name: 'Alice', subject: 'a' }, deviceName: 'laptop', keyProtection: 'os', nowMs: Date.now })).rejects.toMatchObject({ code: 'denied', message: expect.stringMatching(/revoked/) as string });
  });

  it('can be given up', async () => {
    const { abort, enrol, until } = await newcomer();
    const enrolled = expect(enrol()).rejects.toMatchObject({ code: 'env.cancelled' });
    await until((s) => s.phase === 'device_waiting');
    abort.abort();
    await enrolled;
  });
});

describe('a device without a policy', () => {
  it('waits, says why, and goes on with the first push; a root that it was not told to trust is refused', async () => {
    const { client, device, enrol, attempt, until } = await newcomer();
    const enrolled = enrol();
    await until((s) => s.phase === 'device_waiting');
    await admin.approveDevice(device.deviceId);
    await enrolled;
    const author = await PolicyAuthor.create(admin, store.clock);
    author.add('stable', bundleOf(1));
    author.sign();
    const updaterFor = (sha256: string, name: string): Promise<BundleUpdater> => BundleUpdater.open({ dataDir: path.join(dir, name), device: { id: device.deviceId, signer: device }, clock: store.clock, pin: pinOfDigest(sha256), ring: 'stable', agent: '0.1.0', read: client.readPolicy, report: (e) => client.reportPolicy(e) });
    const person = { name: 'Alice', subject: 'alice@example.com' };
    const waiting = awaitedPolicy({ attempt, client, updater: await updaterFor(author.fingerprint, 'good'), person, nowMs: Date.now });
    expect(await until((s) => s.phase === 'policy_waiting')).toMatchObject({ ring: 'stable', rootSha256: author.fingerprint, refused: false, why: 'no policy has been pushed to the store yet' });
    await author.push();
    expect((await waiting).tuf).toMatchObject({ root: 1 });
    const other = await newcomerTrusting('ab'.repeat(32), updaterFor);
    expect(other).toMatchObject({ refused: true, why: expect.stringMatching(/not the one that this device was told to trust/) as string });
  });
});

/** What a device shows that was told of another root; then it gives up. */
async function newcomerTrusting(sha256: string, updaterFor: (sha256: string, name: string) => Promise<BundleUpdater>): Promise<Waiting> {
  const { client, attempt, abort, until } = await newcomer();
  const waiting = expect(awaitedPolicy({ attempt, client, updater: await updaterFor(sha256, 'other'), person: { name: 'Alice', subject: 'a' }, nowMs: Date.now })).rejects.toMatchObject({ code: 'env.cancelled' });
  const shown = await until((s) => s.phase === 'policy_waiting');
  abort.abort();
  await waiting;
  return shown;
}
