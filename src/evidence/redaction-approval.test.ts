/** Redactions and approvals inside recordings. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../base/jcs.ts';
import { parseDeviceId } from '../base/ids.ts';
import { approvalDecision, approvalRequest } from '../testing/evidence-approval.ts';
import { closedRecording, memorySource, testTrust, type TrustChange } from '../testing/evidence-recording.ts';
import { openTestRecorder, testSigner } from '../testing/evidence-session.ts';
import { approvalRequestDigest, type ApprovalDecision, type ApprovalRequest } from './approval.ts';
import { nodeCrypto } from './node-crypto.ts';
import { parseRecord } from './record.ts';
import { signDecision, signRedaction } from './sign.ts';
import { deviceIdOf } from './verify-crypto.ts';
import { verifyRecording, type VerifyReport } from './verify.ts';

let root: string;
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'srb-content-'))));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const load = (dir: string): Record<string, string> => Object.fromEntries(['open.dsse.json', 'close.dsse.json', 'log.ndjson'].map((n) => [n, readFileSync(join(dir, n), 'utf8')]));
const check = (files: Record<string, string>, change: TrustChange): Promise<VerifyReport> => verifyRecording(memorySource(files), testTrust(change), { crypto: nodeCrypto });

describe('redaction', () => {
  it('passes only under a statement for exactly this content, by enough people', async () => {
    const r = await closedRecording({ dir: join(root, 'redact') });
    const files = load(r.dir);
    const lines = files['log.ndjson']!.split('\n');
    const at = lines.findIndex((l) => l.startsWith('D') && l.includes(',2,"rows"'));
    const header = parseRecord(lines[at + 1]!.slice(1));
    const [field, digest, len] = header.d[1]!;
    lines.splice(at, 1);
    const cut = { ...files, 'log.ndjson': lines.join('\n') };
    const [p, s] = [testSigner('privacy'), testSigner('security')];
    const trust = { redactors: { threshold: 2, keys: [p, s] } };
    const statement = (change: object = {}): Parameters<typeof signRedaction>[0] => ({ v: 1, session_id: r.sessionId, items: [{ n: 2, field, digest, len }], legal_basis: 'erasure', ticket: 'T-1', t: 1, ...change });
    const withIt = (text: string): Record<string, string> => ({ ...cut, 'redactions/t-1.dsse.json': text });
    expect(await check(cut, trust)).toMatchObject({ firstBad: { code: 'disclosure_missing', n: 2 }, redactions: [] });
    expect(await check(withIt(signRedaction(statement(), [p, s])), trust)).toMatchObject({ verdict: 'PASS with redactions', redacted: 1, redactions: [{ n: 2, field, legalBasis: 'erasure', ticket: 'T-1' }] });
    expect(await check(withIt(signRedaction(statement(), [p])), trust)).toMatchObject({ firstBad: { code: 'redaction_invalid' }, redactions: [] });
    expect((await check(withIt(signRedaction(statement(), [p, testSigner('mallory')])), trust)).firstBad).toMatchObject({ code: 'redaction_invalid' });
    expect((await check(withIt(signRedaction(statement(), [p, s])), {})).firstBad).toMatchObject({ code: 'redaction_invalid' });
    expect((await check(withIt(signRedaction(statement({ items: [{ n: 3, field, digest, len }] }), [p, s])), trust)).firstBad).toMatchObject({ code: 'disclosure_missing', n: 2 });
  });
});

describe('approvals', () => {
  const carol = testSigner('carol');
  const approvers = [{ signer: carol, sub: 'carol' }];

  async function recording(name: string, o: { request?: Partial<ApprovalRequest>; decision?: Partial<ApprovalDecision>; counted?: boolean; digest?: string; envelope?: (e: string) => string } = {}): Promise<Record<string, string>> {
    const r = await openTestRecorder({ dir: join(root, name) });
    const { n, leaf } = r.append({ kind: 'sql.query', clear: { dec: 'hold' }, fields: [{ name: 'sql', value: 'UPDATE customers SET vip = true' }] });
    const device_id = parseDeviceId(deviceIdOf(testSigner('device').publicKey));
    const request = approvalRequest({ session_id: r.sessionId, device_id, request_record: { n, leaf: Buffer.from(leaf).toString('hex') }, ...o.request });
    r.append({ kind: 'approval.request', clear: { q: n, id: request.id, request_sha256: o.digest ?? approvalRequestDigest(request) }, fields: [{ name: 'request', value: JSON.parse(JSON.stringify(request)) as Json }] });
    const envelope = signDecision(approvalDecision(request, o.decision), carol);
    r.append({ kind: 'approval.decision', clear: { q: n, id: request.id, counted: o.counted ?? true }, fields: [{ name: 'envelope', value: o.envelope?.(envelope) ?? envelope }] });
    await r.close({ reason: 'x' });
    return load(r.dir);
  }

  it('verify with the approver\u2019s enrolled key', async () => {
    const report = await check(await recording('good'), { approvers });
    expect(report).toMatchObject({ verdict: 'PASS' });
    expect(report.steps.at(-1)?.detail).toBe('1 decisions by enrolled approvers');
  });

  it.each([
    ['by nobody enrolled', {}, {}],
    ['by a revoked key', { approvers: [{ ...approvers[0]!, revokedMs: 1 }] }, {}],
    ['altered', { approvers }, { envelope: (e: string): string => e.replace(/"sig":"..../, '"sig":"AAAA') }],
    ['for another request', { approvers }, { decision: { request_sha256: 'f'.repeat(64) } }],
    ['by another person than the key\u2019s', { approvers }, { decision: { approver: { iss: 'https://idp.example', sub: 'dave', name: 'dave' } } }],
    ['of the requester', { approvers }, { request: { requester: { iss: 'https://idp.example', sub: 'carol', name: 'carol', groups: [] } } }],
    ['after it expired', { approvers }, { request: { expires_ms: 1_780_000_000_001 }, decision: { t: 1_780_000_000_000 } }],
  ] as const)('fail when given %s', async (name, change, o) => {
    expect((await check(await recording(name.replaceAll(/\W/g, ''), o), change)).firstBad).toMatchObject({ code: 'approval_invalid', n: 2 });
  });

  it('fail when the request is bound to another record, or is not what its header says', async () => {
    expect((await check(await recording('leaf', { request: { request_record: { n: 0, leaf: 'f'.repeat(64) } } }), { approvers })).firstBad).toMatchObject({ code: 'approval_invalid', n: 1 });
    expect((await check(await recording('digest', { digest: 'f'.repeat(64) }), { approvers })).firstBad).toMatchObject({ code: 'approval_invalid', n: 1 });
  });

  it('that the proxy refused are evidence, not failures', async () => {
    expect((await check(await recording('refused', { counted: false }), {})).verdict).toBe('PASS');
  });
});
