import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { utf8 } from '../../base/encoding.ts';
import { startTestStore, type Person, type TestStore } from '../../testing/store-harness.ts';
import { bundleOf, forged, forgedText, PolicyAuthor, removeDevice, testDevice, type TestDevice } from '../../testing/policy-repo.ts';
import { promoteBundle, renew, rotateRoot, setStop, withdrawBundle } from '../../tuf/author.ts';
import { rolloutSlot } from '../../tuf/ring.ts';
import { generatePrivatePem, signerOf, tufKey, type TufKey } from '../../tuf/keys.ts';
import { metadataText } from '../../tuf/metadata.ts';
import { writeState, type PolicyState } from './bundle-state.ts';
import { packBundle } from '../../policy/bundle/archive.ts';
import { digestOf } from '../../policy/bundle/files.ts';
import { createStoreClient } from './store-client.ts';
import { stateFileOf } from './bundle-updater.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let store: TestStore;
let security: Person;
let alice: Person;
const devices: TestDevice[] = [];

/** Sign-ins end when the clock moves, and their clients with a restart of the store. */
async function signIn(): Promise<void> {
  security = await store.person('sam@example.com', ['platform']);
  alice = await store.person('alice@example.com', ['engineering']);
}

beforeAll(async () => {
  store = await startTestStore({ roles: { admin: ['platform'], auditor: ['audit'], security: ['platform'] } });
  await signIn();
});
afterAll(() => store.stop());
afterEach(() => devices.splice(0).forEach(removeDevice));

/** The store keeps one repository: every test goes on from where the one before left it. */
let author: PolicyAuthor;
let serial = 0;
const next = (changes?: Readonly<Record<string, string>>): ReturnType<typeof bundleOf> => bundleOf(++serial, changes);
async function device(options: Parameters<typeof testDevice>[3] = {}): Promise<TestDevice> {
  const made = await testDevice(alice, store.clock, author.fingerprint, options);
  devices.push(made);
  return made;
}
async function signInAgain(): Promise<void> {
  await signIn();
  author.client = security.client;
}
/** A device that runs the newest bundle. */
async function current(): Promise<TestDevice> {
  const made = await device();
  await made.updater.check();
  expect(made.updater.status).toMatchObject({ mode: 'normal', error: undefined });
  return made;
}

describe('from the signers to a device', () => {
  it('says clearly that nothing has been pushed yet', async () => {
    author = await PolicyAuthor.create(security.client, store.clock);
    const d = await device();
    await d.updater.check();
    expect(d.updater.inForce).toBeUndefined();
    expect(d.updater.status.error).toMatch(/no policy has been pushed/);
  });

  it('build, sign, push, activate; the store hears of it and logs it', async () => {
    const files = next();
    const versions = await author.release('stable', files);
    expect(versions).toMatchObject({ root: 1, targets: 1, snapshot: 1, timestamp: 1, stable: 1 });
    const d = await current();
    expect(d.updater.inForce?.engine.digest).toBe(digestOf(files));
    expect(d.updater.inForce?.tuf).toEqual({ root: 1, timestamp: 1, snapshot: 1, targets: 1, ring: 1 });
    expect(d.updater.status.active?.signers).toEqual(['ann', 'bob']);
    expect(d.news).toMatchObject([{ event: 'policy.activated', serial }]);
    const [report] = (await security.client.policyDevices()).filter((x) => x.device_id === alice.device.deviceId);
    expect(report?.report).toMatchObject({ outcome: 'activated', ring: 'stable', bundle: { serial } });
  });

  it('takes the next bundle, and only once', async () => {
    const d = await current();
    await author.release('stable', next());
    await d.updater.check();
    await d.updater.check();
    expect(d.updater.active?.record.custom.serial).toBe(serial);
    expect(d.news.filter((n) => n.event === 'policy.activated').length).toBe(2);
  });

  it('goes on after a restart without the store', async () => {
    const d = await current();
    const again = await d.reopen({ read: () => Promise.reject(new Error('offline')) });
    expect(again.updater.inForce?.engine.serial).toBe(serial);
    await again.updater.check();
    expect(again.updater.status).toMatchObject({ mode: 'normal', error: 'offline' });
    expect(again.news).toEqual([]);
  });
});

describe('a store that lies is refused, and the last good bundle goes on', () => {
  async function attacked(attack: (d: TestDevice, before: ReadonlyMap<string, Uint8Array>) => Promise<void> | void): Promise<{ d: TestDevice; was: number; error: string }> {
    const d = await current();
    const before = new Map(d.tap.seen);
    const was = d.updater.active?.record.custom.serial ?? 0;
    await attack(d, before);
    await d.updater.check();
    d.tap.rule = () => undefined;
    return { d, was, error: d.updater.status.error ?? '' };
  }
  const stays = ({ d, was }: { d: TestDevice; was: number }): void => {
    expect(d.updater.active?.record.custom.serial).toBe(was);
    expect(d.updater.status.mode).toBe('normal');
    expect(d.news.at(-1)).toMatchObject({ event: 'policy.refused' });
  };

  it('an old timestamp (rollback)', async () => {
    const r = await attacked(async (d, before) => {
      await author.release('stable', next());
      await d.updater.check();
      d.tap.replay(before);
    });
    expect(r.error).toMatch(/timestamp version \d+ is less than current version \d+/);
    expect(r.d.updater.active?.record.custom.serial).toBe(serial);
  });

  it('an old snapshot under the new timestamp (mix and match)', async () => {
    const r = await attacked(async (d, before) => {
      await author.release('stable', next());
      const old = [...before.keys()].find((p) => p.endsWith('.snapshot.json')) ?? '';
      d.tap.rule = (path) => (path.endsWith('.snapshot.json') ? before.get(old) : undefined);
    });
    expect(r.error).toMatch(/Expected (length|hash)/);
    stays(r);
  });

  it('an old list of the ring under the new snapshot (mix and match)', async () => {
    const r = await attacked(async (d, before) => {
      await author.release('stable', next());
      const old = [...before.keys()].find((p) => p.endsWith('.stable.json')) ?? '';
      d.tap.rule = (path) => (path.endsWith('.stable.json') ? before.get(old) : undefined);
    });
    expect(r.error).toMatch(/Expected (length|hash)/);
    stays(r);
  });

  it('an altered bundle', async () => {
    const r = await attacked(async (d) => {
      await author.release('stable', next());
      d.tap.rule = (path) => (path.startsWith('targets/') ? packBundle(bundleOf(serial, { 'policies/main.cedar': '@id("evil")\npermit(principal, action, resource);\n' })) : undefined);
    });
    expect(r.error).toMatch(/not the file that was signed/);
    stays(r);
  });

  it('metadata changed after signing', async () => {
    const r = await attacked((d, before) => {
      d.tap.rule = (path) => (path === 'metadata/timestamp.json' ? forged(before.get(path), (s) => (s['version'] = 9_999)) : undefined);
    });
    expect(r.error).toMatch(/timestamp was signed by 0\/1 keys/);
    stays(r);
  });

  it('a file without end', async () => {
    const r = await attacked((d) => {
      d.tap.rule = (path) => (path === 'metadata/timestamp.json' ? new Uint8Array(64 * 1024) : undefined);
    });
    expect(r.error).toMatch(/larger than 16384 bytes/);
    stays(r);
  });

  it('garbage', async () => {
    const r = await attacked((d) => {
      d.tap.rule = (path) => (path === 'metadata/timestamp.json' ? utf8('<html>') : undefined);
    });
    expect(r.error).toMatch(/is refused/);
    stays(r);
  });

  it('a first root of its own, to a device that was told another fingerprint', async () => {
    const d = await testDevice(alice, store.clock, 'ab'.repeat(32));
    devices.push(d);
    await d.updater.check();
    expect(d.updater.inForce).toBeUndefined();
    expect(d.updater.status.error).toMatch(/not the one that this device was told to trust/);
  });

  it('an old repository after the cache was deleted', async () => {
    const d = await current();
    const old = new Map(d.tap.seen);
    await author.release('stable', next());
    await d.updater.check();
    const good = d.updater.active?.record.custom.serial;
    rmSync(join(d.dir, 'policy'), { recursive: true });
    const again = await d.reopen();
    expect(again.updater.inForce).toBeUndefined();
    again.tap.replay(old);
    await again.updater.check();
    expect(again.updater.inForce).toBeUndefined();
    expect(again.updater.status.error).toMatch(/has version \d+, this device has seen \d+/);
    again.tap.rule = () => undefined;
    await again.updater.check();
    expect(again.updater.active?.record.custom.serial).toBe(good);
  });

  it('a state file that somebody has edited', async () => {
    const d = await current();
    const file = stateFileOf(d.dir);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"serial":\d+,"ends_ms"/, '"serial":1,"ends_ms"'));
    await expect(d.reopen()).rejects.toThrow(/does not hold what this device wrote/);
  });
});

describe('signers', () => {
  it('a push with one signature short is refused by the store', async () => {
    author.add('stable', next());
    author.sign(author.signers.slice(0, 1));
    await expect(author.push()).rejects.toThrow(/stable was signed by 1\/2 keys/);
    author.sign();
    await author.push();
  });

  it('a device refuses it too, whatever the store says', async () => {
    const d = await current();
    await author.release('stable', next());
    d.tap.rule = (path) => {
      if (!path.endsWith('.stable.json')) return undefined;
      const file = JSON.parse(metadataText(author.repo.rings.get('stable')!)) as { signatures: unknown[] };
      return utf8(JSON.stringify({ ...file, signatures: file.signatures.slice(1) }));
    };
    await d.updater.check();
    // The snapshot names the digest of the whole file, so that is what it falls over first.
    expect(d.updater.status.error).toMatch(/Expected (length|hash)|signed by 1\/2/);
    expect(d.updater.active?.record.custom.serial).toBe(serial - 1);
  });

  it('a version that is taken is not written again, and an older one is refused', async () => {
    const body = (version: number): string => forgedText(metadataText(author.repo.targets), (signed) => (signed['version'] = version));
    await expect(security.client.pushPolicy({ targets: body(author.repo.targets.signed.version) })).resolves.toBeDefined();
    await expect(security.client.pushPolicy({ targets: forgedText(body(author.repo.targets.signed.version), (signed) => (signed['expires'] = '2030-01-01T00:00:00Z')) })).rejects.toThrow(/another content/);
  });

  it('a push without a bundle that it lists is refused', async () => {
    author.add('stable', next());
    author.archives.pop();
    author.sign();
    await expect(author.push()).rejects.toThrow(/has not been uploaded/);
    withdrawBundle(author.repo, serial, 'stable', store.clock.nowMs());
    author.sign();
    await author.push();
  });

  it('only who may push does', async () => {
    await expect(alice.client.pushPolicy({})).rejects.toThrow(/roles do not allow/);
    await expect(alice.client.uploadBundle(new Uint8Array(3))).rejects.toThrow(/roles do not allow/);
    await expect(alice.client.onlineKeys(true)).rejects.toThrow(/roles do not allow/);
  });

  it('new signers and new keys of the store by a new root', async () => {
    const d = await current();
    const online = await security.client.onlineKeys(true);
    const [ann, bob] = author.signers;
    const zoe = signerOf(generatePrivatePem('ed25519'), 'zoe');
    const keys: TufKey[] = [ann!.key, zoe.key];
    rotateRoot(author.repo, { root: { keys, threshold: 2 }, targets: { keys, threshold: 2 }, online: { snapshot: tufKey.parse(online.snapshot), timestamp: tufKey.parse(online.timestamp) } }, store.clock.nowMs());
    author.add('stable', next());
    author.sign([ann!, zoe]);
    await expect(author.push()).rejects.toThrow(/root was signed by 1\/2 keys/);
    author.sign([ann!, bob!, zoe]);
    await author.push();
    author.signers = [ann!, zoe];
    await d.updater.check();
    expect(d.updater.status).toMatchObject({ error: undefined, active: { signers: ['ann', 'zoe'], custom: { serial } } });
    expect(d.updater.inForce?.tuf?.root).toBe(2);
  });

  it('versions raised to the sky by a stolen key are answered by a new root (fast-forward)', async () => {
    const d = await current();
    // Whoever holds the online keys serves a timestamp of a far future; its keys are the store's own here.
    const state = JSON.parse(readFileSync(stateFileOf(d.dir), 'utf8')) as { state: { floors: { timestamp: number; snapshot: number } } };
    const high = { ...state.state, floors: { ...state.state.floors, timestamp: 9_000_000, snapshot: 9_000_000 } };
    writeState(stateFileOf(d.dir), { id: alice.device.deviceId, signer: alice.device }, high as unknown as PolicyState);
    const caught = await d.reopen();
    await caught.updater.check();
    expect(caught.updater.status.error).toMatch(/seen 9000000/);
    expect(caught.updater.status.mode).toBe('normal');
    const online = await security.client.onlineKeys(true);
    rotateRoot(author.repo, { online: { snapshot: tufKey.parse(online.snapshot), timestamp: tufKey.parse(online.timestamp) } }, store.clock.nowMs());
    await author.release('stable', next());
    await caught.updater.check();
    expect(caught.updater.status).toMatchObject({ error: undefined, active: { custom: { serial } } });
  });
});

describe('rings', () => {
  it('a device hears of its own ring only', async () => {
    const other = await current();
    const canary = await device({ ring: 'canary' });
    await canary.updater.check();
    expect(canary.updater.status.error).toMatch(/ring canary has no bundle/);
    await author.release('canary', next());
    await Promise.all([canary.updater.check(), other.updater.check()]);
    expect(canary.updater.active?.record.custom.serial).toBe(serial);
    expect(other.updater.active?.record.custom.serial).toBe(serial - 1);
  });

  it('promotion lists the same digest in the next ring', async () => {
    const d = await current();
    promoteBundle(author.repo, serial, 'stable', {}, store.clock.nowMs());
    author.sign();
    await author.push();
    await d.updater.check();
    expect(d.updater.active?.record.custom.serial).toBe(serial);
    expect(d.tap.asked.at(-1)).toContain('targets/rings/stable/');
  });

  it('the list of another ring in place of its own is refused', async () => {
    const d = await current();
    const canary = await device({ ring: 'canary' });
    await canary.updater.check();
    await author.release('stable', next());
    const list = [...canary.tap.seen].find(([path]) => path.endsWith('.canary.json'))?.[1];
    d.tap.rule = (path) => (path.endsWith('.stable.json') ? list : undefined);
    await d.updater.check();
    expect(d.updater.status.error).toMatch(/Expected (length|hash)/);
    expect(d.updater.active?.record.custom.serial).toBe(serial - 1);
  });

  it('a ring that nobody delegates', async () => {
    const d = await device({ ring: 'nightly' });
    await d.updater.check();
    expect(d.updater.status.error).toMatch(/no ring nightly/);
  });

  it('a share of the devices, the same ones as the share grows', async () => {
    const slot = rolloutSlot(alice.device.deviceId, 'salt');
    const files = next();
    await author.release('stable', files, { rollout: { percent: slot, salt: 'salt' } });
    const d = await current();
    expect(d.updater.active?.record.custom.serial).toBe(serial - 1);
    expect(d.updater.status.skipped).toEqual([{ serial, why: `is rolled out to ${slot} % of devices, not yet to this one` }]);
    await author.release('stable', files, { rollout: { percent: slot + 1, salt: 'salt' } });
    await d.updater.check();
    expect(d.updater.active?.record.custom.serial).toBe(serial);
  });

  it('not before its time, and not on older programs', async () => {
    const soon = new Date(store.clock.nowMs() + HOUR).toISOString().replace(/\.\d+Z/, 'Z');
    await author.release('stable', next(), { notBefore: soon });
    const d = await current();
    expect(d.updater.status.skipped).toEqual([{ serial, why: `starts ${soon}` }]);
    store.clock.offsetMs = HOUR + 1_000;
    await d.updater.check();
    expect(d.updater.active?.record.custom.serial).toBe(serial);
    store.clock.offsetMs = 0;
    await author.release('stable', next(), { minAgent: '9.0.0' });
    const old = await current();
    expect(old.updater.status.skipped[0]?.why).toMatch(/needs version 9\.0\.0/);
    withdrawBundle(author.repo, serial, 'stable', store.clock.nowMs());
    author.sign();
    await author.push();
  });

  it('a withdrawn bundle stays where it runs: serials only rise', async () => {
    await author.release('stable', next());
    const d = await current();
    withdrawBundle(author.repo, serial, 'stable', store.clock.nowMs());
    author.sign();
    await author.push();
    await d.updater.check();
    expect(d.updater.status).toMatchObject({ error: undefined, active: { custom: { serial } } });
  });
});

describe('the gate', () => {
  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['tests that fail', { 'tests/t.yaml': '- name: nobody may connect\n  as: { subject: a }\n  action: connect\n  expect: deny\n' }, /expected deny/],
    ['a policy that does not parse', { 'policies/main.cedar': 'permit(' }, /policies\/main\.cedar/],
    ['an unknown annotation', { 'policies/main.cedar': '@id("a")\n@colour("red")\npermit(principal, action, resource);\n' }, /unknown annotation/],
    ['a program that is too old', { 'bundle.yaml': 'name: test\nserial: 0\nmin_app_version: 99.0.0\n' }, /99\.0\.0|serial/],
  ])('%s: the bundle before goes on, and the store hears why', async (_what, changes, why) => {
    const d = await current();
    const was = d.updater.active?.record.custom.serial;
    const files = next(changes['bundle.yaml'] === undefined ? changes : { 'bundle.yaml': changes['bundle.yaml'].replace('serial: 0', `serial: ${serial + 1}`) });
    await author.release('stable', files);
    await d.updater.check();
    expect(d.updater.status.error).toMatch(why);
    expect(d.updater.active?.record.custom.serial).toBe(was);
    const report = (await security.client.policyDevices()).find((x) => x.device_id === alice.device.deviceId)?.report;
    expect(report).toMatchObject({ outcome: 'refused', bundle: { serial: was } });
    expect(report?.reason).toMatch(why);
    withdrawBundle(author.repo, serial, 'stable', store.clock.nowMs());
    author.sign();
    await author.push();
  });

  it('sessions end at a swap when the new bundle says so', async () => {
    await author.release('stable', next());
    const d = await current();
    const told: (string | undefined)[] = [];
    d.updater.onChange((_policy, end) => told.push(end));
    await author.release('stable', next());
    await d.updater.check();
    await author.release('stable', next({ 'bundle.yaml': `name: test\nserial: ${serial + 1}\nmin_app_version: 0.1.0\nrunning_sessions: end\n` }));
    await d.updater.check();
    expect(told).toEqual([undefined, 'the policy has changed: connect again']);
  });
});

describe('emergency stop', () => {
  it('ends all work at the next look, and its end restores it', async () => {
    const d = await current();
    const told: (string | undefined)[] = [];
    d.updater.onChange((_policy, end) => told.push(end));
    setStop(author.repo, 'a leak', store.clock.nowMs());
    author.sign();
    await author.push();
    await d.updater.check();
    expect(d.updater.status.mode).toBe('stopped');
    expect(told).toEqual(['security has stopped all work: a leak']);
    const again = await d.reopen({ read: () => Promise.reject(new Error('offline')) });
    expect(again.updater.inForce?.breakGlass).toBe('security has stopped all work: a leak');
    setStop(author.repo, undefined, store.clock.nowMs());
    author.sign();
    await author.push();
    await d.updater.check();
    expect(d.updater.status.mode).toBe('normal');
  });
});

describe('a slow server', () => {
  it('holds nothing up longer than its time', async () => {
    const d = await current();
    // Headers and a first byte, then silence.
    const server = createServer((_request, response) => void response.writeHead(200).write('{'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const slow = createStoreClient({ url: `http://127.0.0.1:${port}`, device: alice.device, policyTimeoutMs: 200 });
    const again = await d.reopen({ read: slow.readPolicy });
    await again.updater.check();
    server.closeAllConnections();
    server.close();
    expect(again.updater.status).toMatchObject({ mode: 'normal', error: expect.stringMatching(/cannot be reached.*(timeout|aborted)/i) as string });
  });
});

describe('time', () => {
  it('an expired timestamp is refused (freeze), and what is verified goes on until its own end', async () => {
    const d = await current();
    const frozen = new Map(d.tap.seen);
    store.clock.offsetMs = 2 * DAY;
    d.tap.replay(frozen);
    await d.updater.check();
    store.clock.offsetMs = 0;
    expect(d.updater.status.error).toMatch(/timestamp\.json expired/);
    expect(d.updater.status.mode).toBe('normal');
    // A look of the store's own at its sign-ins may have fallen into those two days.
    await signInAgain();
  });

  it('the store signs timestamp and snapshot anew before they expire', async () => {
    const before = await security.client.policyVersions();
    store.clock.offsetMs = 13 * HOUR;
    await store.restart();
    await signInAgain();
    const after = await security.client.policyVersions();
    expect(after?.['timestamp']).toBe((before?.['timestamp'] ?? 0) + 1);
    expect(after?.['snapshot']).toBe(before?.['snapshot']);
    await current();
    store.clock.offsetMs = 0;
  });

  it('after the end of targets only break-glass is left; a new push ends that', async () => {
    const glass = '@id("oncall")\n@break_glass("the store is gone")\npermit(principal in Group::"engineering", action, resource);\n';
    await author.release('stable', next({ 'policies/glass.cedar': glass }));
    const d = await current();
    const told: (string | undefined)[] = [];
    d.updater.onChange((_policy, end) => told.push(end));
    store.clock.offsetMs = 31 * DAY;
    d.tap.rule = () => new Error('offline');
    await d.updater.check();
    expect(d.updater.status.mode).toBe('expired');
    expect(d.updater.inForce?.breakGlass).toMatch(/the signed policy ended/);
    expect(told).toEqual([expect.stringMatching(/the signed policy ended/)]);
    expect(d.news.at(-1)).toMatchObject({ event: 'policy.degraded', why: 'expired' });
    const base = { connection: { name: 'shop', protocol: 'postgres' as const, labels: {}, database: 'shop', tls: 'verify' as const }, client: 'native' as const, deviceId: 'd', timeMs: 0, approved: false, action: 'connect' as const };
    const ask = (group: string): string | undefined => d.updater.inForce?.engine.decide({ ...base, principal: { kind: 'User', issuer: 'i', subject: 's', name: 's', groups: [group] } }).effect;
    expect([ask('engineering'), ask('sales')]).toEqual(['allow', 'deny']);
    await signInAgain();
    d.tap.rule = () => undefined;
    renew(author.repo, store.clock.nowMs());
    await author.release('stable', next());
    await d.updater.check();
    expect(d.updater.status).toMatchObject({ mode: 'normal', error: undefined });
    expect(told.at(-1)).toMatch(/valid again/);
    store.clock.offsetMs = 0;
  });
});
