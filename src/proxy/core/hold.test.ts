/** What counts as an approval: real signatures, a store that lies. */
import { describe, expect, it } from 'vitest';
import { EnvironmentError } from '../../base/errors.ts';
import { parseApprovalId, parseDeviceId, parseSessionId, type ApprovalId } from '../../base/ids.ts';
import { approvalRequestDigest, type ApprovalDecision, type ApprovalRequest } from '../../evidence/approval.ts';
import { signDecision } from '../../evidence/sign.ts';
import type { Signer } from '../../evidence/types.ts';
import type { Principal } from '../../policy/types.ts';
import { FakeClock, testSigner } from '../../testing/evidence-session.ts';
import { person } from '../../testing/policy.ts';
import { awaitApproval, type HoldInput, type HoldResult } from './hold.ts';
import type { ApprovalStatus, ApproverKey, ControlPlane, SignedDecision } from './ports.ts';

const now = 1_780_000_000_000;
const uuid = '0190a5d2-7c1e-7000-8000-0000000000';
const alice = person('alice@example.com', 'engineering');
const carol = person('carol@example.com', 'dba');
const dave = person('dave@example.com', 'dba');

const request = (changes: Partial<ApprovalRequest> = {}): ApprovalRequest => ({
  v: 1,
  type: 'approval-request',
  id: parseApprovalId(`apr_${uuid}01`),
  session_id: parseSessionId(`${uuid}02`),
  device_id: parseDeviceId(`dev_${'0'.repeat(32)}`),
  connection: 'shop',
  target: { host: '127.0.0.1', port: 5432, database: 'shop' },
  labels: { env: 'prod' },
  requester: { iss: alice.issuer, sub: alice.subject, name: alice.name, groups: ['engineering'] },
  statement: 'UPDATE customers SET active = false',
  statement_sha256: '11'.repeat(32),
  params: [],
  params_sha256: '22'.repeat(32),
  request_record: { n: 4, leaf: '33'.repeat(32) },
  policy: { bundle: `sha256:${'ab'.repeat(32)}`, ids: ['hold'], reason: 'no WHERE' },
  approvers: ['dba'],
  quorum: 1,
  created_ms: now,
  expires_ms: now + 600_000,
  nonce: 'nonce-of-the-request-1',
  client: 'native',
  ...changes,
});

interface Vote {
  readonly by: Principal;
  readonly verb?: 'approve' | 'deny';
  readonly of?: ApprovalRequest;
  readonly signer?: Signer;
  readonly changes?: Partial<ApprovalDecision>;
}

const signerOf = (p: Principal): Signer => testSigner(p.subject);

function vote(v: Vote, asked: ApprovalRequest): SignedDecision {
  const of = v.of ?? asked;
  const decision: ApprovalDecision = {
    v: 1,
    type: 'approval-decision',
    request_sha256: approvalRequestDigest(of),
    approval_id: of.id,
    decision: v.verb ?? 'approve',
    approver: { iss: v.by.issuer, sub: v.by.subject, name: v.by.name },
    reason: 'looked at it',
    shown_sha256: '44'.repeat(32),
    t: now + 1_000,
    nonce: of.nonce,
    ...v.changes,
  };
  return { envelope: signDecision(decision, v.signer ?? signerOf(v.by)), decision };
}

const keyOf = (p: Principal, changes: Partial<ApproverKey> = {}): ApproverKey => {
  const { keyId, publicKey, alg } = signerOf(p);
  return { keyId, publicKey, alg, principal: p, ...changes };
};

const unused = (): never => {
  throw new Error('not part of a hold');
};

/** A store that gives these answers in order, and then waits until it is aborted. */
function store(statuses: readonly ApprovalStatus[], keys: readonly ApproverKey[], changes: Partial<ControlPlane> = {}): ControlPlane & { cancelled: ApprovalId[]; asked: ApprovalRequest[] } {
  const left = [...statuses];
  const cancelled: ApprovalId[] = [];
  const asked: ApprovalRequest[] = [];
  return {
    cancelled,
    asked,
    targets: unused,
    lease: unused,
    uploadOpen: unused,
    uploadChunk: unused,
    uploadClose: unused,
    requestApproval: (r) => {
      asked.push(r);
      return Promise.resolve();
    },
    cancelApproval: (id) => {
      cancelled.push(id);
      return Promise.resolve();
    },
    waitApproval: (_, __, signal) => {
      const next = left.shift();
      if (next) return Promise.resolve(next);
      return new Promise((_resolve, reject) => {
        const end = (): void => reject(new EnvironmentError('env.store', 'aborted'));
        if (signal.aborted) end();
        else signal.addEventListener('abort', end);
      });
    },
    approverKeys: () => Promise.resolve(keys),
    ...changes,
  };
}

interface Run {
  readonly result: HoldResult;
  readonly verdicts: { counted: boolean; reason: string }[];
}

async function hold(control: ControlPlane, asked = request(), changes: Partial<HoldInput> = {}): Promise<Run> {
  const verdicts: Run['verdicts'] = [];
  const result = await awaitApproval({
    control,
    clock: new FakeClock(now + 2_000, 0),
    request: asked,
    mayApprove: (p) => (p.groups.includes('dba') ? { allowed: true, reason: '' } : { allowed: false, reason: 'not in dba' }),
    signal: new AbortController().signal,
    onDecision: (_, v) => verdicts.push({ counted: v.counted, reason: v.reason }),
    ...changes,
  });
  return { result, verdicts };
}

const keys = [keyOf(alice), keyOf(carol), keyOf(dave)];
const approvedBy = (votes: readonly Vote[], asked = request()): ApprovalStatus => ({ state: 'approved', decisions: votes.map((v) => vote(v, asked)) });

describe('a decision that counts', () => {
  it('one approver of the group', async () => {
    const { result, verdicts } = await hold(store([approvedBy([{ by: carol }])], keys));
    expect(result).toMatchObject({ outcome: 'approved', approvers: [carol] });
    expect(verdicts).toEqual([{ counted: true, reason: 'looked at it' }]);
  });

  it('two of two, who answer one after the other', async () => {
    const asked = request({ quorum: 2 });
    const first: ApprovalStatus = { state: 'pending', decisions: [vote({ by: carol }, asked)] };
    const second: ApprovalStatus = { state: 'approved', decisions: [...first.decisions, vote({ by: dave }, asked)] };
    const { result } = await hold(store([first, second], keys), asked);
    expect(result).toMatchObject({ outcome: 'approved', approvers: [carol, dave] });
  });

  it('a denial, with its reason and its author', async () => {
    const { result } = await hold(store([{ state: 'denied', reason: 'x', decisions: [vote({ by: carol, verb: 'deny', changes: { reason: 'not on Friday' } }, request())] }], keys));
    expect(result).toMatchObject({ outcome: 'denied', reason: 'not on Friday', by: carol.name });
  });
});

describe('a store that says approved without a decision that counts', () => {
  const other = request({ id: parseApprovalId(`apr_${uuid}09`), nonce: 'nonce-of-the-request-2' });
  it.each<[string, string, Vote, readonly ApproverKey[]]>([
    ['the requester', 'own request', { by: alice }, keys],
    ['somebody outside the group', 'not in dba', { by: person('mallory@example.com', 'engineering') }, [...keys, keyOf(person('mallory@example.com', 'engineering'))]],
    ['a key that nobody enrolled', 'not enrolled', { by: carol, signer: testSigner('forger') }, keys],
    ['a revoked key', 'revoked', { by: carol }, [keyOf(carol, { revokedMs: now })]],
    ['an envelope for another request', 'another request', { by: carol, of: other }, keys],
    ['the same request with another statement', 'another request', { by: carol, of: request({ statement_sha256: '99'.repeat(32) }) }, keys],
    ['the same request with other parameters', 'another request', { by: carol, of: request({ params_sha256: '99'.repeat(32) }) }, keys],
    ['the same request in another session', 'another request', { by: carol, of: request({ session_id: parseSessionId(`${uuid}08`) }) }, keys],
    ['the same request on another target', 'another request', { by: carol, of: request({ target: { host: '10.0.0.1', port: 5432, database: 'shop' } }) }, keys],
    ['another nonce', 'another request', { by: carol, changes: { nonce: 'nonce-of-the-request-7' } }, keys],
    ['a name that is not the owner of the key', 'another person', { by: carol, signer: signerOf(dave) }, keys],
    ['a decision after the expiry', 'expired', { by: carol, changes: { t: now + 700_000 } }, keys],
    ['somebody of the same name from another provider', 'another person', { by: carol }, [keyOf(carol, { principal: { ...carol, issuer: 'https://elsewhere.example' } })]],
  ])('%s', async (_, why, v, known) => {
    const { result, verdicts } = await hold(store([approvedBy([v])], known));
    expect(result.outcome).toBe('refused');
    expect(verdicts).toEqual([{ counted: false, reason: expect.stringContaining(why) as string }]);
  });

  it('no decision at all', async () => {
    expect((await hold(store([{ state: 'approved', decisions: [] }], keys))).result).toMatchObject({ outcome: 'refused' });
    expect((await hold(store([{ state: 'denied', reason: 'because', decisions: [] }], keys))).result).toMatchObject({ outcome: 'refused' });
  });

  it('one person twice is not two', async () => {
    const asked = request({ quorum: 2 });
    const { result } = await hold(store([approvedBy([{ by: carol }, { by: carol, changes: { reason: 'and again' } }], asked)], keys), asked);
    expect(result.outcome).toBe('refused');
  });

  it('one person with two devices is not two', async () => {
    const asked = request({ quorum: 2 });
    const second = testSigner('carol-phone');
    const known = [...keys, { keyId: second.keyId, publicKey: second.publicKey, alg: second.alg, principal: carol }];
    const { result } = await hold(store([approvedBy([{ by: carol }, { by: carol, signer: second }], asked)], known), asked);
    expect(result.outcome).toBe('refused');
  });

  it('an altered envelope', async () => {
    const good = vote({ by: carol }, request());
    const envelope = JSON.parse(good.envelope) as { payload: string; signatures: { sig: string }[] };
    const payload = Buffer.from(envelope.payload, 'base64').toString().replace('looked at it', 'looked at IT');
    const forged = { ...good, envelope: JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') }) };
    expect((await hold(store([{ state: 'approved', decisions: [forged] }], keys))).result.outcome).toBe('refused');
    expect((await hold(store([{ state: 'approved', decisions: [{ ...good, envelope: 'not json' }] }], keys))).result.outcome).toBe('refused');
  });

  it('keys that cannot be had', async () => {
    const control = store([approvedBy([{ by: carol }])], keys, { approverKeys: () => Promise.reject(new EnvironmentError('env.store', 'away')) });
    expect((await hold(control)).result.outcome).toBe('refused');
  });
});

describe('no decision', () => {
  it('a store that is away when asked: refused at once', async () => {
    const control = store([], keys, { requestApproval: () => Promise.reject(new EnvironmentError('env.store', 'nobody there')) });
    expect((await hold(control)).result).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('nobody there') as string });
  });

  it('an abort withdraws the request', async () => {
    const abort = new AbortController();
    const control = store([], keys);
    const running = hold(control, request(), { signal: abort.signal });
    abort.abort();
    expect((await running).result.outcome).toBe('cancelled');
    expect(control.cancelled).toEqual([request().id]);
  });

  it('an abort counts also when the store cannot be told', async () => {
    const control = store([], keys, { cancelApproval: () => Promise.reject(new EnvironmentError('env.store', 'away')) });
    expect((await hold(control, request(), { signal: AbortSignal.abort() })).result.outcome).toBe('cancelled');
  });

  it('the end of its time, whatever the store says', async () => {
    expect((await hold(store([], keys), request(), { clock: new FakeClock(now + 600_000, 0) })).result).toMatchObject({ outcome: 'expired', reason: 'expired after 10 minutes without a decision' });
    expect((await hold(store([{ state: 'expired', decisions: [] }], keys))).result.outcome).toBe('expired');
    const late = store([approvedBy([{ by: carol }])], keys);
    expect((await hold(late, request(), { clock: new FakeClock(now + 600_001, 0) })).result.outcome).toBe('expired');
  });

  it('an answer lost on the way is asked for again', async () => {
    let calls = 0;
    const base = store([approvedBy([{ by: carol }])], keys);
    const control = { ...base, waitApproval: (...args: Parameters<ControlPlane['waitApproval']>): Promise<ApprovalStatus> => (calls++ === 0 ? Promise.reject(new EnvironmentError('env.store', 'reset')) : base.waitApproval(...args)) };
    expect((await hold(control)).result.outcome).toBe('approved');
  });
});
