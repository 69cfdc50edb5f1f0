/** The way of recordings to the store: each part once, only with receipts that count, damaged ones beside the way. */
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EnvironmentError } from '../../base/errors.ts';
import { parseDeviceId, type SessionId } from '../../base/ids.ts';
import { SpoolMeter } from '../../evidence/spool-budget.ts';
import { signReceipt } from '../../evidence/sign.ts';
import type { Signer, SignedReceipt } from '../../evidence/types.ts';
import { deviceIdOf } from '../../evidence/verify-crypto.ts';
import { closedRecording, receiptKey } from '../../testing/evidence-recording.ts';
import { FakeClock, openTestRecorder, recordSession, testSigner } from '../../testing/evidence-session.ts';
import { ProxyEvents } from './events.ts';
import type { ControlPlane } from './ports.ts';
import { StoreRefusal } from './store-client.ts';
import { Uploader } from './uploader.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-upload-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true });
});

interface FakeStore extends ControlPlane {
  /** Each part that was taken, with how often. */
  readonly taken: Map<string, number>;
}

const unused = (): never => {
  throw new Error('not part of an upload');
};

/** A store that keeps what it gets; `answer` may refuse a part, or give another receipt for it. */
function fakeStore(o: { signer?: Signer; refuse?: (session: SessionId, part: string) => Error | undefined } = {}): FakeStore {
  const taken = new Map<string, number>();
  const take = (session: SessionId, part: string | number, sha256: string): Promise<SignedReceipt> => {
    const error = o.refuse?.(session, String(part));
    if (error) return Promise.reject(error);
    const key = `${session}/${part}`;
    taken.set(key, (taken.get(key) ?? 0) + 1);
    const envelope = signReceipt({ v: 1, session_id: session, part: part as number, sha256, size: 1, root: '0'.repeat(64), t: 1 }, o.signer ?? receiptKey);
    return Promise.resolve({ envelope, cosignature: '' });
  };
  return {
    taken,
    targets: unused,
    lease: unused,
    requestApproval: unused,
    cancelApproval: unused,
    waitApproval: unused,
    approverKeys: unused,
    uploadOpen: async (session) => {
      await take(session, 'open', '');
    },
    uploadChunk: (session, chunk) => take(session, chunk.index, chunk.sha256),
    uploadClose: (session, kind, text) => take(session, kind, createHash('sha256').update(text).digest('hex')),
  };
}

function uploader(control: ControlPlane): { up: Uploader; uploaded: string[] } {
  const events = new ProxyEvents();
  const uploaded: string[] = [];
  events.on((e) => {
    if (e.event === 'session.uploaded') uploaded.push(e.session_id);
  });
  const signer = testSigner('device');
  const up = new Uploader({ dir, control, device: { id: parseDeviceId(deviceIdOf(signer.publicKey)), signer }, clock: new FakeClock(), events, spool: new SpoolMeter(), bootId: 'boot-2', receiptKeys: () => Promise.resolve([receiptKey]) });
  return { up, uploaded };
}

const recording = (seed: string): Promise<SessionId> => closedRecording({ dir, seed }).then((r) => r.sessionId);
const stderr = (): string[] => {
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  return lines;
};

describe('upload', () => {
  it('sends open, chunks and close once each, and nothing after that', async () => {
    const session = await recording('a');
    const store = fakeStore();
    const { up, uploaded } = uploader(store);
    await up.start();
    await up.settle();
    expect(uploaded).toEqual([session]);
    expect([...store.taken.keys()].map((k) => k.split('/')[1])).toEqual(expect.arrayContaining(['open', '0', 'close']));
    await up.stop();
    const again = uploader(store);
    await again.up.start();
    await again.up.stop();
    expect([...store.taken.values()].every((n) => n === 1)).toBe(true);
  });

  it('a crash leaves a recording that is recovered and sent', async () => {
    const recorder = await openTestRecorder({ dir, seed: 'crashed' });
    await recordSession(recorder, 4);
    const { up, uploaded } = uploader(fakeStore());
    await up.start();
    await up.stop();
    expect(uploaded).toEqual([recorder.sessionId]);
    expect(existsSync(path.join(recorder.dir, 'recovered.dsse.json'))).toBe(true);
  });

  it('goes on where it was when the program ended between two parts', async () => {
    const session = await recording('b');
    const first = fakeStore({ refuse: (_, part) => (part === 'close' ? new EnvironmentError('env.store', 'gone') : undefined) });
    const one = uploader(first);
    await one.up.start();
    await one.up.stop();
    expect(one.uploaded).toEqual([]);
    expect(one.up.state).toMatchObject({ state: 'offline', error: 'gone' });
    const second = fakeStore();
    const two = uploader(second);
    await two.up.start();
    await two.up.stop();
    expect([...second.taken.keys()]).toEqual([`${session}/close`]);
  });

  it('a torn line of progress is a part that is sent again', async () => {
    const session = await recording('c');
    const one = uploader(fakeStore());
    await one.up.start();
    await one.up.stop();
    const file = path.join(dir, session, 'upload.ndjson');
    truncateSync(file, readFileSync(file).length - 3);
    const store = fakeStore();
    const two = uploader(store);
    await two.up.start();
    await two.up.stop();
    expect([...store.taken.keys()]).toEqual([`${session}/close`]);
    expect(two.uploaded).toEqual([session]);
  });
});

describe('receipts that do not count', () => {
  it('of a key that is not the store’s: nothing is taken as sent', async () => {
    await recording('d');
    const { up, uploaded } = uploader(fakeStore({ signer: testSigner('impostor') }));
    await up.start();
    await up.stop();
    expect(uploaded).toEqual([]);
    expect(up.state.error).toContain('not signed by a trusted store key');
    expect(up.state.pendingSessions).toBe(1);
  });
});

describe('damaged recordings', () => {
  it.each<[string, (at: string) => void]>([
    ['progress that does not parse', (at) => writeFileSync(path.join(at, 'upload.ndjson'), '{"part":"open"}\nnonsense\n')],
    ['an open statement that does not parse', (at) => {
      writeFileSync(path.join(at, 'open.dsse.json'), 'garbage');
      rmSync(path.join(at, 'close.dsse.json'));
    }],
    ['no open statement', (at) => rmSync(path.join(at, 'open.dsse.json'))],
    ['an open statement of another device', (at) => {
      const other = readFileSync(path.join(at, 'open.dsse.json'), 'utf8');
      writeFileSync(path.join(at, 'open.dsse.json'), other.replace(/"sig":"..../, '"sig":"AAAA'));
      rmSync(path.join(at, 'close.dsse.json'));
    }],
  ])('%s: kept as it is, said so, and the others go', async (_, damage) => {
    const bad = await recording('bad');
    const good = await recording('good');
    const before = readFileSync(path.join(dir, bad, 'log.ndjson'));
    damage(path.join(dir, bad));
    const lines = stderr();
    const store = fakeStore();
    const { up, uploaded } = uploader(store);
    await up.start();
    await up.stop();
    expect(uploaded).toContain(good);
    expect(uploaded).not.toContain(bad);
    expect(readFileSync(path.join(dir, bad, 'log.ndjson')).equals(before)).toBe(true);
    expect(lines.length + (up.state.error === undefined ? 0 : 1)).toBeLessThanOrEqual(1);
  });

  it('one that the store refuses does not hold up the others', async () => {
    const bad = await recording('refused');
    const good = await recording('taken');
    const { up, uploaded } = uploader(fakeStore({ refuse: (session) => (session === bad ? new StoreRefusal(409, 'conflict', 'another open is there') : undefined) }));
    await up.start();
    await up.stop();
    expect(uploaded).toEqual([good]);
    expect(up.state.error).toContain('another open is there');
  });

  it('a truncated log is cut to its last whole record, and sent', async () => {
    const recorder = await openTestRecorder({ dir, seed: 'cut' });
    await recordSession(recorder, 6);
    const log = path.join(recorder.dir, 'log.ndjson');
    truncateSync(log, readFileSync(log).length - 17);
    const { up, uploaded } = uploader(fakeStore());
    await up.start();
    await up.stop();
    expect(uploaded).toEqual([recorder.sessionId]);
  });
});
