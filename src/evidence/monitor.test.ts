import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../base/encoding.ts';
import { systemRandom } from '../base/clock.ts';
import { uuidv7 } from '../base/ids.ts';
import { testSigner } from '../testing/evidence-session.ts';
import { leafHash, rootOf } from './merkle.ts';
import { followLog, type FollowState, parseFollowState } from './monitor-log.ts';
import { type Alarm, parseLedgerState, SessionLedger } from './monitor-sessions.ts';
import { nodeCrypto, nodeSha256 } from './node-crypto.ts';
import { formatVkey, noteKeyTypes } from './note.ts';
import { signCheckpoint, signStatement } from './sign.ts';
import { parseTlogPolicy } from './tlog-policy.ts';
import { deviceIdOf } from './verify-crypto.ts';
import { openInput } from '../testing/evidence-session.ts';
import { canonicalJson, type Json } from '../base/jcs.ts';

const device = testSigner('device');
const deviceId = deviceIdOf(device.publicKey);
const t0 = 1_780_000_000_000;
const hour = 3_600_000;
const zeros = '0'.repeat(64);
const session = (): string => uuidv7(t0, systemRandom.bytes(10));

function open(seq: number, prev: string, id = session(), t = t0): { id: string; entry: Uint8Array; sha256: string } {
  const statement = { v: 1, session_id: id, device_id: deviceId, device_seq: seq, prev_open_sha256: prev, ...openInput, session_pub: '', origin: `store/${deviceId}/${id}`, t };
  const entry = utf8(signStatement('open', JSON.parse(JSON.stringify(statement)) as Json, device));
  return { id, entry, sha256: toHex(nodeSha256(entry)) };
}
const close = (id: string, size = 3): Uint8Array => utf8(signStatement('close', { v: 1, session_id: id, size, root: zeros, bytes: 1, counts: {}, last_t: t0, end: 'closed', reason: 'x', t: t0 }, device));
const rules = { nowMs: t0 + 48 * hour, maxOpenMs: 24 * hour, graceMs: hour };

function taken(entries: readonly Uint8Array[], ledger = new SessionLedger(nodeSha256)): { alarms: Alarm[]; ledger: SessionLedger } {
  const alarms = entries.flatMap((e, i) => ledger.take(i, e).alarms);
  return { alarms: [...alarms, ...ledger.standing(rules)], ledger };
}
const codes = (entries: readonly Uint8Array[]): string[] => taken(entries).alarms.map((a) => a.code);

describe('sessions of the log', () => {
  const a = open(1, zeros);
  const b = open(2, a.sha256);
  const c = open(3, b.sha256);

  it('are fine when each has an end and the chain holds, in any order of arrival', () => {
    for (const order of [[a, b, c], [c, b, a], [b, c, a]]) expect(codes([...order.map((o) => o.entry), ...order.map((o) => close(o.id))])).toEqual([]);
  });
  it('without an end are reported, once they are old', () => {
    const { alarms } = taken([a.entry, b.entry, close(b.id)]);
    expect(alarms).toEqual([expect.objectContaining({ code: 'never_closed', key: a.id, message: expect.stringMatching(new RegExp(`${a.id} of device ${deviceId} was opened at .* \\(entry 0\\)`)) as string })]);
    expect(new SessionLedger(nodeSha256).standing(rules)).toEqual([]);
    const young = new SessionLedger(nodeSha256);
    young.take(0, open(1, zeros, session(), rules.nowMs - hour).entry);
    expect(young.standing(rules)).toEqual([]);
  });
  it('show gaps, wrong links and numbers used twice', () => {
    expect(taken([a.entry, c.entry, close(a.id), close(c.id)]).alarms).toEqual([expect.objectContaining({ code: 'device_gap', message: expect.stringContaining('recorded number 2') as string })]);
    const far = open(7, c.sha256);
    expect(taken([a.entry, far.entry, close(a.id), close(far.id)]).alarms[0]?.message).toContain('numbers 2 to 6');
    const wrong = open(2, 'f'.repeat(64));
    expect(codes([a.entry, wrong.entry, close(a.id), close(wrong.id)])).toEqual(['device_chain']);
    const twin = open(2, a.sha256);
    expect(codes([a.entry, b.entry, twin.entry, close(a.id), close(b.id), close(twin.id)])).toEqual(['device_repeated']);
  });
  it('that end without a beginning, or cannot be read, are reported', () => {
    expect(codes([close(a.id)])).toEqual(['end_without_open']);
    expect(codes([utf8('not json')])).toEqual(['entry_unreadable']);
    expect(codes([utf8(Buffer.from(a.entry).toString().replace('"payload":"', '"payload":"AAAA'))])).toEqual(['entry_unreadable']);
    expect(codes([utf8(canonicalJson({ v: 1, kind: 'device.revoked', t: 1 }))])).toEqual([]);
  });
  it('go on from a saved state, and a damaged one is refused', () => {
    const first = taken([a.entry]).ledger;
    const state = JSON.parse(JSON.stringify(first.state())) as unknown;
    expect(taken([b.entry, close(a.id), close(b.id)], new SessionLedger(nodeSha256, parseLedgerState(state))).alarms).toEqual([]);
    for (const bad of [null, {}, { v: 2, running: [], devices: [] }, { v: 1, running: [{}], devices: [] }, { v: 1, running: [], devices: [{ id: 'x', seq: -1, sha256: zeros, ahead: [] }] }]) expect(() => parseLedgerState(bad)).toThrow();
  });
});

describe('following a log', () => {
  const log = { name: 'store.test/log', signer: testSigner('log') };
  const policy = parseTlogPolicy(`log ${formatVkey({ name: log.name, publicKey: log.signer.publicKey }, noteKeyTypes.ed25519)}\nquorum none\n`);
  const entries = Array.from({ length: 12 }, (_, i) => utf8(`{"n":${i}}`));

  function look(served: readonly Uint8Array[], state?: FollowState, signed = served, signer = log.signer): ReturnType<typeof followLog> {
    const note = signCheckpoint({ origin: log.name, size: signed.length, root: rootOf(signed.map((e) => leafHash(e))) }, signer);
    const source = {
      checkpoint: () => Promise.resolve(note),
      entries: async function* (from: number, to: number): AsyncGenerator<Uint8Array> {
        await Promise.resolve();
        yield* served.slice(from, to);
      },
    };
    return followLog(source, policy, state, { crypto: nodeCrypto, onEntry: () => undefined });
  }
  const codeOf = async (looked: ReturnType<typeof followLog>): Promise<string[]> => (await looked).alarms.map((a) => a.code);

  it('goes on from look to look, also over a saved state', async () => {
    let state: FollowState | undefined;
    for (const size of [0, 3, 3, 8, 12]) {
      const looked = await look(entries.slice(0, size), state);
      expect(looked.alarms).toEqual([]);
      state = parseFollowState(JSON.parse(JSON.stringify(looked.state)));
      expect(state.size).toBe(size);
    }
  });
  it('finds a log that was rewritten, shortened, or serves other entries than it signed', async () => {
    const { state } = await look(entries.slice(0, 8));
    const rewritten = entries.map((e, i) => (i === 4 ? utf8('{"n":"other"}') : e));
    expect(await codeOf(look(rewritten, state))).toEqual(['log_forked']);
    expect(await codeOf(look(rewritten.slice(0, 8), state))).toEqual(['log_forked']);
    expect(await codeOf(look(entries.slice(0, 7), state))).toEqual(['log_went_back']);
    expect(await codeOf(look(rewritten, undefined, entries))).toEqual(['log_forked']);
    expect(await codeOf(look(entries.slice(0, 10), state, entries))).toEqual(['log_unreadable']);
    expect(await codeOf(look(entries, state, entries, testSigner('other')))).toEqual(['log_not_signed']);
    expect((await look(rewritten, state)).state).toEqual(state);
  });
});
