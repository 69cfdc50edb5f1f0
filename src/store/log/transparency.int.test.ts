/** The log over HTTP: who may read what, this store as a witness, timestamps and revocation through to the verifier, and the commands. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { monitorCommand } from '../../cli/monitor.ts';
import { recordingsCommand } from '../../cli/recordings.ts';
import { leafHash } from '../../evidence/merkle.ts';
import { nodeCrypto, nodeSha256 } from '../../evidence/node-crypto.ts';
import { formatVkey, noteKeyTypes, parseCheckpoint, parseNote, parseVkey } from '../../evidence/note.ts';
import { signCheckpoint } from '../../evidence/sign.ts';
import { readSrz } from '../../evidence/srz-read.ts';
import { parseTrust, type Trust } from '../../evidence/trust.ts';
import { verifyRecording, type VerifyReport } from '../../evidence/verify.ts';
import { testSigner } from '../../testing/evidence-session.ts';
import { type Person, startTestStore, type TestStore } from '../../testing/store-harness.ts';
import { type RecordedSession, scratch, uploadedSession } from '../../testing/store-recordings.ts';
import { startTestTsa, type TestTsa } from '../../testing/test-tsa.ts';
import { witnessClient } from './witness-client.ts';

const otherLog = { name: 'other.example/log', signer: testSigner('other log') };
let tsa: TestTsa;
let store: TestStore;
let alice: Person;
let audrey: Person;
let session: RecordedSession;
let second: RecordedSession;
let dir: string;
let config: string;
let srz: string;
let other: string;

beforeAll(async () => {
  dir = scratch();
  tsa = await startTestTsa('ec');
  const witness_for = [formatVkey({ name: otherLog.name, publicKey: otherLog.signer.publicKey }, noteKeyTypes.ed25519)];
  store = await startTestStore({ log: { checkpoint_seconds: 0.05, witness_for, tsa: { name: 'Test TSA', url: tsa.url, certificate: tsa.rootPem } } });
  alice = await store.person('alice@example.com', ['engineering']);
  audrey = await store.person('audrey@example.com', ['audit']);
  session = await uploadedSession(store, alice);
  second = await uploadedSession(store, alice);
  config = join(dir, 'store.yaml');
  writeFileSync(config, `data_dir: ${store.dataDir}\n`);
  srz = join(dir, 'first.srz');
  other = join(dir, 'second.srz');
  writeFileSync(srz, await audrey.client.downloadSrz(session.id));
  writeFileSync(other, await audrey.client.downloadSrz(second.id));
});
afterAll(async () => {
  await store.stop();
  await tsa.stop();
  rmSync(dir, { recursive: true, force: true });
});

const status = async (path: string, by?: Person): Promise<number> => (await fetch(`${store.url()}${path}`, by === undefined ? {} : { headers: { authorization: `Bearer ${by.identity.token}` } })).status;
const trust = async (): Promise<Trust> => parseTrust(await audrey.client.trust());
const verified = async (with_: Trust): Promise<VerifyReport> => verifyRecording(readSrz(await audrey.client.downloadSrz(session.id)), with_, { crypto: nodeCrypto });

describe('the log over HTTP', () => {
  it('is for the organisation; its entries are for auditors', async () => {
    for (const [path, nobody, engineer, auditor] of [
      ['/log/checkpoint', 401, 200, 200],
      ['/log/tile/0/000.p/1', 401, 200, 200],
      ['/log/tile/entries/000.p/1', 401, 403, 200],
      ['/log/tile/%65ntries/000.p/1', 401, 403, 200],
      ['/log/tile/0/999', 401, 404, 404],
      ['/log/tile/0/0', 401, 400, 400],
    ] as const) {
      expect([path, await status(path), await status(path, alice), await status(path, audrey)]).toEqual([path, nobody, engineer, auditor]);
    }
  });

  it('has each open, close and enrolment', async () => {
    const { size } = parseCheckpoint(parseNote(Buffer.from(await audrey.client.logFile('checkpoint')).toString()).text);
    expect(size).toBeGreaterThanOrEqual(4);
    const report = await verified(await trust());
    expect(report).toMatchObject({ verdict: 'PASS', logged: { origin: 'store.test/log' } });
  });
});

describe('this store as a witness', () => {
  it('cosigns what continues, and nothing else', async () => {
    const key = parseVkey((await witnessLine()) ?? '', noteKeyTypes.cosignature);
    const client = witnessClient(key, `${store.url()}/witness`);
    const leaves = [1, 2, 3].map((n) => leafHash(Uint8Array.of(n), nodeSha256));
    const root = (n: number): Uint8Array => (n === 1 ? leaves[0]! : new Uint8Array(32).fill(n));
    const note = (n: number): string => signCheckpoint({ origin: otherLog.name, size: n, root: root(n) }, otherLog.signer);
    expect(await client.cosign({ note: note(1), size: 1, consistency: () => Promise.resolve([]) })).toMatch(/^\u2014 store\.test\/witness /);
    expect(await client.cosign({ note: note(1), size: 1, consistency: () => Promise.resolve([]) })).toMatch(/^\u2014 store\.test\/witness /);
    await expect(client.cosign({ note: note(2), size: 2, consistency: () => Promise.resolve([leaves[1]!]) })).rejects.toThrow(/answered 422/);
    // A new client knows no size; it is told and asks again.
    const late = witnessClient(key, `${store.url()}/witness`);
    expect(await late.cosign({ note: note(1), size: 1, consistency: () => Promise.resolve([]) })).toContain('store.test/witness');
    const stranger = signCheckpoint({ origin: 'nobody.example/log', size: 1, root: root(1) }, otherLog.signer);
    await expect(client.cosign({ note: stranger, size: 1, consistency: () => Promise.resolve([]) })).rejects.toThrow(/answered 404/);
  });

  const witnessLine = async (): Promise<string | undefined> => /^witness store (\S+)$/m.exec(((await audrey.client.trust()) as { log_policy: string }).log_policy)?.[1];
});

describe('time', () => {
  it('is attested by the timestamp authority, and demanded where trust names one', async () => {
    const now = await trust();
    const report = await verified(now);
    expect(report.timestampMs).toBeGreaterThan(Date.now() - 120_000);
    expect(report.steps.find((s) => s.name === 'timestamp')?.detail).toMatch(/^Test TSA saw the log checkpoint/);
    const source = readSrz(await audrey.client.downloadSrz(session.id));
    const bare = { ...source, names: source.names.filter((n) => n !== 'tsa/checkpoint.tsr' && n !== 'export.dsse.json'), file: (n: string) => (n === 'tsa/checkpoint.tsr' || n === 'export.dsse.json' ? undefined : source.file(n)) };
    expect((await verifyRecording(bare, now, { crypto: nodeCrypto })).firstBad).toMatchObject({ code: 'timestamp_invalid' });
    const swapped = { ...bare, names: source.names.filter((n) => n !== 'export.dsse.json'), file: (n: string) => (n === 'tsa/checkpoint.tsr' ? tsa.token(Buffer.from('another checkpoint')) : bare.file(n)) };
    expect((await verifyRecording(swapped, now, { crypto: nodeCrypto })).firstBad).toMatchObject({ code: 'timestamp_invalid', reason: expect.stringContaining('not by Test TSA') as string });
  });

  it('decides about a device that was compromised: before it was seen, or after', async () => {
    const now = await trust();
    const compromised = (ms: number): Trust => ({ ...now, devices: now.devices.map((d) => (d.deviceId === alice.device.deviceId ? { ...d, compromisedSinceMs: ms } : d)) });
    const seen = (await verified(now)).witnessedMs ?? 0;
    expect((await verified(compromised(seen + 1))).verdict).toBe('PASS');
    expect((await verified(compromised(seen))).firstBad).toMatchObject({ code: 'revoked_device' });
    // Without receipts and cosignature of the session, the log's witnesses and the authority are who has seen it.
    const source = readSrz(await audrey.client.downloadSrz(session.id));
    const gone = (n: string): boolean => n.startsWith('receipts/') || n === 'final.note' || n === 'export.dsse.json';
    const bare = { ...source, names: source.names.filter((n) => !gone(n)), file: (n: string) => (gone(n) ? undefined : source.file(n)) };
    const logged = (await verifyRecording(bare, now, { crypto: nodeCrypto })).witnessedMs ?? 0;
    expect(logged).toBeGreaterThan(0);
    expect((await verifyRecording(bare, compromised(logged + 1), { crypto: nodeCrypto })).verdict).toBe('PASS');
    expect((await verifyRecording(bare, compromised(logged), { crypto: nodeCrypto })).firstBad).toMatchObject({ code: 'revoked_device' });
  });

  it('goes on without the authority; only what needs it fails', async () => {
    tsa.fail();
    const later = await uploadedSession(store, alice);
    const report = await verifyRecording(readSrz(await audrey.client.downloadSrz(later.id)), await trust(), { crypto: nodeCrypto });
    expect(report.firstBad).toMatchObject({ code: 'timestamp_invalid' });
    expect(store.problems.join()).toContain('the timestamp authority Test TSA gave no timestamp');
    expect((await verified(await trust())).verdict).toBe('PASS');
  });
});

describe('commands', () => {
  async function run(command: ReturnType<typeof monitorCommand>, ...args: string[]): Promise<{ code: number; out: string }> {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      await command.parseAsync(args, { from: 'user' });
      return { code: typeof process.exitCode === 'number' ? process.exitCode : 0, out: write.mock.calls.map((c) => String(c[0])).join('') };
    } finally {
      write.mockRestore();
      process.exitCode = undefined;
    }
  }
  const as = (): string[] => ['--config', config, '--as', 'audrey@example.com', '--groups', 'audit'];

  it('monitor looks, remembers, and says what is wrong', async () => {
    const memory = join(dir, 'memory');
    expect(await run(monitorCommand(), ...as(), '--state', memory)).toMatchObject({ code: 0, out: expect.stringMatching(/^ok: log of \d+ entries, 3 sessions/) as string });
    const late = await run(monitorCommand(), ...as(), '--state', memory, '--full', '--json');
    expect(JSON.parse(late.out.trim())).toMatchObject({ event: 'looked', alarms: 0, sessions: 3 });
    writeFileSync(memory, '{"v":1,"log":{},"sessions":{}}');
    await expect(run(monitorCommand(), ...as(), '--state', memory)).rejects.toThrow(/memory.*cannot be read/);
  });

  it('redact proposes and signs for the first person, and signs for the second', async () => {
    const by = (who: string, groups: string): string[] => ['--config', config, '--as', who, '--groups', groups];
    const first = await run(recordingsCommand(), 'redact', second.id, '--content', '0:sql', '--basis', 'GDPR Art. 17', '--ticket', 'T-1', ...by('petra@example.com', 'privacy'));
    expect(first.out).toMatch(/record 0, sql, \d+ bytes\nsigned by petra@example.com; it waits for the second person/);
    const id = /r-[0-9a-f-]{36}/.exec(first.out)?.[0] ?? '';
    expect((await run(recordingsCommand(), 'redact', id, ...by('sam@example.com', 'security'))).out).toContain('in force and in the log (done)');
    await expect(run(recordingsCommand(), 'redact', id, ...by('alice@example.com', 'engineering'))).rejects.toThrow();
    await expect(run(recordingsCommand(), 'redact', second.id, '--content', 'x', '--basis', 'b', '--ticket', 't', ...by('petra@example.com', 'privacy'))).rejects.toThrow(/not a record number/);
  });

  it('verify proves one export with the trust file alone, and several against each other', async () => {
    const trustFile = join(dir, 'trust.json');
    expect((await run(recordingsCommand(), 'trust', ...as(), '-o', trustFile)).code).toBe(0);
    const one = await run(recordingsCommand(), 'verify', srz, '--trust', trustFile);
    expect(one).toMatchObject({ code: 0, out: expect.stringMatching(/^PASS\n[^]*ok {3}transparency: 2 statements are in the log store\.test\/log[^]*ok {3}timestamp: Test TSA/) as string });
    const both = await run(recordingsCommand(), 'verify', srz, other, '--trust', trustFile);
    expect(both).toMatchObject({ code: 0, out: expect.stringContaining('2 recordings of 1 device: numbers 1 to 2, none missing') as string });
  });
});
