import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApprovalDecision, ApprovalRequest } from '../../evidence/approval.ts';
import { approvalRequestDigest, verifyDecision } from '../../evidence/approval.ts';
import { signDecision } from '../../evidence/sign.ts';
import type { Signer } from '../../evidence/types.ts';
import type { StoreEvent } from '../../contract/store/index.ts';
import { approvalRequest, newApprovalId, type Person, startTestStore, type TestStore } from '../../testing/store-harness.ts';

let store: TestStore;
let alice: Person;
let carol: Person;
let dan: Person;
beforeAll(async () => {
  store = await startTestStore();
  alice = await store.person('alice@example.com', ['engineering', 'dba']);
  carol = await store.person('carol@example.com', ['dba']);
  dan = await store.person('dan@example.com', ['dba']);
});
afterAll(() => store.stop());

const never = (): AbortSignal => new AbortController().signal;

function envelope(by: Person, request: ApprovalRequest, change: Partial<ApprovalDecision> = {}, signer: Signer = by.device): string {
  const { principal } = by.identity;
  const decision: ApprovalDecision = {
    v: 1,
    type: 'approval-decision',
    request_sha256: approvalRequestDigest(request),
    approval_id: request.id,
    decision: 'approve',
    approver: { iss: principal.issuer, sub: principal.subject, name: principal.name },
    reason: 'seen and fine',
    shown_sha256: '44'.repeat(32),
    t: store.clock.nowMs(),
    nonce: request.nonce,
    ...change,
  };
  return signDecision(decision, signer);
}

async function asked(overrides: Partial<ApprovalRequest> = {}): Promise<ApprovalRequest> {
  const request = approvalRequest(alice, store.clock.nowMs(), overrides);
  await alice.client.requestApproval(request);
  return request;
}

describe('life of an approval', () => {
  it('goes from request over inbox and decision to the waiting proxy, which verifies it itself', async () => {
    const request = await asked();
    const waiting = alice.client.waitApproval(request.id, 0, never());
    const inbox = await carol.client.listApprovals({ scope: 'inbox', state: 'pending' });
    expect(inbox.find((i) => i.id === request.id)).toMatchObject({ mayDecide: true, request });
    const after = await carol.client.decide(request.id, envelope(carol, request));
    expect(after).toMatchObject({ state: 'approved', mayDecide: false });
    const status = await waiting;
    expect(status.state).toBe('approved');
    const keys = await alice.client.approverKeys();
    const { principal } = await verifyDecision({ envelope: status.decisions[0]!.envelope, request, keys, nowMs: store.clock.nowMs() });
    expect(principal).toMatchObject({ subject: 'carol@example.com', groups: ['dba'] });
  });

  it('needs as many distinct people as the quorum', async () => {
    const request = await asked({ quorum: 2 });
    expect((await carol.client.decide(request.id, envelope(carol, request))).state).toBe('pending');
    const between = await alice.client.waitApproval(request.id, 0, never());
    expect(between).toMatchObject({ state: 'pending', decisions: [{}] });
    await expect(carol.client.decide(request.id, envelope(carol, request, { reason: 'once more' }))).rejects.toMatchObject({ refusal: 'conflict' });
    expect((await dan.client.decide(request.id, envelope(dan, request))).state).toBe('approved');
  });

  it('ends with one denial and carries the reason', async () => {
    const request = await asked({ quorum: 2 });
    await carol.client.decide(request.id, envelope(carol, request, { decision: 'deny', reason: 'not on a Friday' }));
    expect(await alice.client.waitApproval(request.id, 0, never())).toMatchObject({ state: 'denied', reason: 'not on a Friday' });
    await expect(dan.client.decide(request.id, envelope(dan, request))).rejects.toThrow(/denied already/);
  });

  it('can be cancelled by its requester only', async () => {
    const request = await asked();
    await expect(carol.client.cancelApproval(request.id)).rejects.toMatchObject({ refusal: 'not_found' });
    await alice.client.cancelApproval(request.id);
    expect(await alice.client.waitApproval(request.id, 0, never())).toMatchObject({ state: 'cancelled' });
    await expect(carol.client.decide(request.id, envelope(carol, request))).rejects.toThrow(/cancelled already/);
  });

  it('expires, and then nobody can decide it', async () => {
    const request = await asked({ expires_ms: store.clock.nowMs() + 60_000 });
    const late = envelope(carol, request);
    store.clock.offsetMs += 61_000;
    await expect(carol.client.decide(request.id, late)).rejects.toThrow(/expired/);
    expect(await alice.client.waitApproval(request.id, 0, never())).toMatchObject({ state: 'expired', decisions: [] });
    store.clock.offsetMs = 0;
  });

  it('stops waiting when the caller aborts', async () => {
    const request = await asked();
    const stop = new AbortController();
    const waiting = alice.client.waitApproval(request.id, 0, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'env.cancelled' });
  });

  it('is told live to those it concerns', async () => {
    const stop = new AbortController();
    const seen: StoreEvent[] = [];
    let request: ApprovalRequest | undefined;
    await new Promise<void>((resolve, reject) => {
      void carol.client.subscribe(
        (event) => {
          seen.push(event);
          if (event.type === 'hello') asked().then((r) => (request = r), reject);
          if (event.type === 'approval') resolve();
        },
        stop.signal,
        reject,
      );
    });
    stop.abort();
    expect(seen[0]).toEqual({ type: 'hello' });
    expect(seen.at(-1)).toMatchObject({ type: 'approval', state: 'pending', id: request?.id ?? (seen.at(-1) as { id?: string }).id });
  });
});

describe('what does not count', () => {
  it('refuses self-approval even by a member of the group', async () => {
    const request = await asked();
    await expect(alice.client.decide(request.id, envelope(alice, request))).rejects.toThrow(/own request/);
  });

  it('refuses people outside of the named groups, and hides the request from them', async () => {
    const eve = await store.person('eve@example.com', ['engineering']);
    const request = await asked();
    await expect(eve.client.decide(request.id, envelope(eve, request))).rejects.toThrow(/member of dba/);
    await expect(eve.client.getApproval(request.id)).rejects.toMatchObject({ refusal: 'not_found' });
    expect(await eve.client.listApprovals()).toEqual([]);
  });

  it('refuses forged, foreign and altered envelopes, and stores none of them', async () => {
    const request = await asked();
    const byDan = envelope(dan, request);
    await expect(carol.client.decide(request.id, byDan)).rejects.toThrow(/unknown_key/);
    await expect(carol.client.decide(request.id, envelope(carol, request, {}, dan.device))).rejects.toThrow(/unknown_key/);
    await expect(carol.client.decide(request.id, envelope(carol, request, { approver: { iss: dan.identity.principal.issuer, sub: 'dan@example.com', name: 'Dan' } }))).rejects.toThrow(/approver_mismatch/);
    const good = JSON.parse(envelope(carol, request, { decision: 'deny' })) as { payload: string };
    const flipped = JSON.parse(envelope(carol, request)) as { payload: string };
    await expect(carol.client.decide(request.id, JSON.stringify({ ...flipped, payload: good.payload }))).rejects.toThrow(/bad_signature|malformed/);
    await expect(carol.client.decide(request.id, 'not an envelope')).rejects.toThrow(/malformed/);
    expect((await carol.client.getApproval(request.id)).decisions).toEqual([]);
  });

  it('refuses a decision about another request, and the digest of a changed one', async () => {
    const first = await asked();
    const second = await asked();
    const forFirst = envelope(carol, first);
    await expect(carol.client.decide(second.id, forFirst)).rejects.toThrow(/wrong_request/);
    await expect(carol.client.decide(second.id, envelope(carol, { ...second, statement_sha256: '99'.repeat(32) }))).rejects.toThrow(/wrong_request/);
    await expect(carol.client.decide(second.id, envelope(carol, second, { nonce: first.nonce }))).rejects.toThrow(/wrong_request/);
    await expect(carol.client.decide(newApprovalId(Date.now()), forFirst)).rejects.toMatchObject({ refusal: 'not_found' });
  });

  it('refuses a decision by a revoked key', async () => {
    const fay = await store.person('fay@example.com', ['dba']);
    const request = await asked();
    await fay.client.revokeDevice(fay.device.deviceId, 'lost');
    await fay.client.signIn(await store.token('fay@example.com', ['dba']));
    await expect(fay.client.decide(request.id, envelope(fay, request))).rejects.toThrow(/revoked/);
  });

  it('refuses requests for another person or device, used nonces, changed bodies under one id, and what has expired', async () => {
    const now = store.clock.nowMs();
    const bad = (o: Partial<ApprovalRequest>) => expect(alice.client.requestApproval(approvalRequest(alice, now, o))).rejects;
    await bad({ requester: { iss: 'urn:sallyport:dev-idp', sub: 'carol@example.com', name: 'Carol', groups: ['dba'] } }).toThrow(/another person/);
    await bad({ device_id: carol.device.deviceId }).toThrow(/another device/);
    await bad({ expires_ms: now - 1 }).toThrow(/expired/);
    await bad({ approvers: [] }).toThrow(/no group/);
    await bad({ quorum: 0 }).toThrow(/quorum/);
    const request = await asked();
    await bad({ nonce: request.nonce }).toThrow(/nonce/);
    await bad({ ...request, statement: 'DROP TABLE customers' }).toThrow(/another request has this id/);
    await expect(alice.client.requestApproval(request)).resolves.toBeUndefined();
  });

  it('lets only the device that asked wait for the answer', async () => {
    const request = await asked();
    await expect(carol.client.waitApproval(request.id, 0, never())).rejects.toMatchObject({ refusal: 'not_found' });
  });
});

it('keeps requests and decisions over a restart', async () => {
  const request = await asked({ quorum: 2 });
  await carol.client.decide(request.id, envelope(carol, request));
  await store.restart();
  const again = await store.person('dan@example.com', ['dba']);
  const item = await again.client.getApproval(request.id);
  expect(item).toMatchObject({ state: 'pending', request, mayDecide: true });
  expect(item.decisions).toHaveLength(1);
});
