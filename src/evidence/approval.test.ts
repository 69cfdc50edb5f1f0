import { describe, expect, it } from 'vitest';
import { utf8 } from '../base/encoding.ts';
import { parseApprovalId } from '../base/ids.ts';
import { approvalDecision, approvalRequest } from '../testing/evidence-approval.ts';
import { testSigner } from '../testing/evidence-session.ts';
import { approvalRequestBytes, approvalRequestDigest, parseApprovalDecision, parseApprovalRequest, verifyDecision, type ApprovalDecision } from './approval.ts';
import { nodeCrypto } from './node-crypto.ts';
import { signDecision, signPayload } from './sign.ts';

const carol = testSigner('carol');
const person = (subject: string): { issuer: string; subject: string; name: string } => ({ issuer: 'https://idp.example', subject, name: subject });
const keys = [{ ...carol, principal: person('carol') }, { ...testSigner('alice'), principal: person('alice') }];
const request = approvalRequest();
const nowMs = request.created_ms + 2_000;
const verify = (envelope: string, change: Partial<Parameters<typeof verifyDecision>[0]> = {}): ReturnType<typeof verifyDecision> => verifyDecision({ envelope, request, keys, nowMs, crypto: nodeCrypto, ...change });
const signed = (change: Partial<ApprovalDecision> = {}, signer = carol): string => signDecision(approvalDecision(request, change), signer);

describe('request', () => {
  it('survives its canonical form', () => {
    const parsed = parseApprovalRequest(JSON.parse(Buffer.from(approvalRequestBytes(request)).toString()));
    expect(parsed).toEqual(request);
    expect(approvalRequestDigest(parsed)).toBe(approvalRequestDigest(request));
  });
  it.each([
    ['another statement', approvalRequest({ statement_sha256: 'f'.repeat(64) })],
    ['other parameters', approvalRequest({ params_sha256: 'f'.repeat(64) })],
    ['another target', approvalRequest({ target: { host: '127.0.0.1', port: 5433, database: 'shop' } })],
  ])('%s is another request', (_name, other) => {
    expect(approvalRequestDigest(other)).not.toBe(approvalRequestDigest(request));
  });
  it.each([
    ['unknown member', { ...request, x: 1 }],
    ['missing member', { ...request, nonce: undefined }],
    ['short nonce', { ...request, nonce: '' }],
    ['no quorum', { ...request, quorum: 0 }],
    ['date as text', { ...request, expires_ms: '2026-01-01' }],
    ['NaN expiry', { ...request, expires_ms: Number.NaN }],
    ['null', null],
  ])('malformed: %s', (_name, value) => {
    expect(() => parseApprovalRequest(value)).toThrow();
  });
});

describe('decision', () => {
  it('counts when all of it fits, on both crypto ports', async () => {
    expect(await verify(signed())).toEqual({ decision: approvalDecision(request), principal: person('carol') });
    expect((await verifyDecision({ envelope: signed({ decision: 'deny' }), request, keys, nowMs })).decision.decision).toBe('deny');
  });

  it.each([
    ['unknown_key', (): ReturnType<typeof verify> => verify(signed({}, testSigner('mallory')))],
    ['bad_signature', (): ReturnType<typeof verify> => verify(signed().replace(/"sig":"..../, '"sig":"AAAA'))],
    ['bad_signature', (): ReturnType<typeof verify> => verify(signed(), { keys: [{ ...testSigner('mallory'), keyId: carol.keyId, principal: person('carol') }] })],
    ['revoked_key', (): ReturnType<typeof verify> => verify(signed(), { keys: [{ ...carol, principal: person('carol'), revokedMs: nowMs }] })],
    ['revoked_key', (): ReturnType<typeof verify> => verify(signed({ t: 0 }), { keys: [{ ...carol, principal: person('carol'), revokedMs: nowMs - 1 }] })],
    ['wrong_request', (): ReturnType<typeof verify> => verify(signed(), { request: approvalRequest({ params_sha256: 'f'.repeat(64) }) })],
    ['wrong_request', (): ReturnType<typeof verify> => verify(signed(), { request: approvalRequest({ nonce: 'another-nonce-0000' }) })],
    ['wrong_request', (): ReturnType<typeof verify> => verify(signed({ nonce: 'another-nonce-0000' }))],
    ['wrong_request', (): ReturnType<typeof verify> => verify(signed({ approval_id: parseApprovalId('apr_0190a5b2-7c00-7000-8000-00000000000f') }))],
    ['expired', (): ReturnType<typeof verify> => verify(signed(), { nowMs: request.expires_ms })],
    ['expired', (): ReturnType<typeof verify> => verify(signed({ t: request.expires_ms }))],
    ['expired', (): ReturnType<typeof verify> => verify(signed(), { nowMs: Number.NaN })],
    ['approver_mismatch', (): ReturnType<typeof verify> => verify(signed({ approver: { iss: 'https://idp.example', sub: 'dave', name: 'dave' } }))],
    ['self_approval', (): ReturnType<typeof verify> => verify(signed({ approver: { iss: 'https://idp.example', sub: 'alice', name: 'alice' } }, testSigner('alice')))],
    ['malformed', (): ReturnType<typeof verify> => verify('{}')],
    ['malformed', (): ReturnType<typeof verify> => verify(signPayload('approval-decision', utf8(JSON.stringify(approvalDecision(request))), [carol]))],
    ['malformed', (): ReturnType<typeof verify> => verify(signPayload('approval-decision', utf8('{"v":1}'), [carol]))],
    ['malformed', (): ReturnType<typeof verify> => verify(signPayload('approval-request', approvalRequestBytes(request), [carol]))],
  ] as const)('%s', async (code, run) => {
    await expect(run()).rejects.toMatchObject({ name: 'ApprovalError', code });
  });

  it('refuses any other value for decision', () => {
    expect(() => parseApprovalDecision({ ...approvalDecision(request), decision: 'approved' })).toThrow();
  });
});
