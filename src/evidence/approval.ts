/**
 * Approvals (docs/formats/recording.md section 7): what is asked, what is answered, and the check before a held
 * statement runs. Quorum, Cedar's `approve` and "used once" are the proxy's checks: they need its state.
 */
import { fromUtf8, toHex, utf8 } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';
import { parseApprovalId, parseDeviceId, parseSessionId, type ApprovalId, type DeviceId, type SessionId } from '../base/ids.ts';
import { canonicalJson } from '../base/jcs.ts';
import { parseEnvelope, payloadJson, verifyEnvelope } from './dsse.ts';
import { count, exactly, hex32, labels, object, oneOf, text, texts } from './parse.ts';
import { pureSha256, type Sha256 } from './merkle.ts';
import { webCrypto, type CryptoPort } from './verify-crypto.ts';
import type { PublicKeyRef } from './types.ts';

export interface ApprovalRequest {
  readonly v: 1;
  readonly type: 'approval-request';
  readonly id: ApprovalId;
  readonly session_id: SessionId;
  readonly device_id: DeviceId;
  readonly connection: string;
  readonly target: { readonly host: string; readonly port: number; readonly database: string };
  readonly labels: Readonly<Record<string, string>>;
  readonly requester: { readonly iss: string; readonly sub: string; readonly name: string; readonly groups: readonly string[] };
  /** Text as shown to people: detector-masked. */
  readonly statement: string;
  /** Hex, of the exact bytes that will be sent. */
  readonly statement_sha256: string;
  /** As shown. */
  readonly params: readonly string[];
  /** Hex, of the length-prefixed exact parameter bytes including formats. */
  readonly params_sha256: string;
  /** The record of the held statement; `leaf` is its leaf hash in hex. */
  readonly request_record: { readonly n: number; readonly leaf: string };
  readonly policy: { readonly bundle: string; readonly ids: readonly string[]; readonly reason: string };
  /** Groups of which each approver must be in at least one. */
  readonly approvers: readonly string[];
  /** Distinct people. */
  readonly quorum: number;
  readonly created_ms: number;
  readonly expires_ms: number;
  readonly nonce: string;
  readonly client: string;
}

export interface ApprovalDecision {
  readonly v: 1;
  readonly type: 'approval-decision';
  /** `approvalRequestDigest` of the request that was decided. */
  readonly request_sha256: string;
  readonly approval_id: ApprovalId;
  readonly decision: 'approve' | 'deny';
  readonly approver: { readonly iss: string; readonly sub: string; readonly name: string };
  readonly reason: string;
  /** Hex, of the text that was on the approver's screen. */
  readonly shown_sha256: string;
  readonly t: number;
  /** The request's nonce. */
  readonly nonce: string;
}

export type ApprovalRefusal =
  | 'unknown_key'
  | 'revoked_key'
  | 'bad_signature'
  | 'wrong_request'
  | 'expired'
  | 'self_approval'
  | 'approver_mismatch'
  | 'malformed';

/** A decision does not count. The code is for machines, the message for the person who waits. */
export class ApprovalError extends Error {
  override readonly name = 'ApprovalError';
  readonly code: ApprovalRefusal;
  constructor(code: ApprovalRefusal, message: string) {
    super(message);
    this.code = code;
  }
}

/** The person behind an approver's key, as enrolment says. */
export interface ApproverPrincipal {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
}

export interface ApproverKeyRef<P extends ApproverPrincipal = ApproverPrincipal> extends PublicKeyRef {
  readonly principal: P;
  /** From this time on the key's signatures do not count. */
  readonly revokedMs?: number;
}

const copy = (r: ApprovalRequest): Parameters<typeof canonicalJson>[0] => ({
  ...r,
  target: { ...r.target },
  labels: { ...r.labels },
  requester: { ...r.requester },
  request_record: { ...r.request_record },
  policy: { ...r.policy },
});

/** The request's canonical bytes (RFC 8785): what is stored, shown and hashed. */
export const approvalRequestBytes = (request: ApprovalRequest): Uint8Array => utf8(canonicalJson(copy(request)));

/** SHA-256 hex of the request's canonical JSON. */
export const approvalRequestDigest = (request: ApprovalRequest, sha256: Sha256 = pureSha256): string => toHex(sha256(approvalRequestBytes(request)));

const requestKeys = ['v', 'type', 'id', 'session_id', 'device_id', 'connection', 'target', 'labels', 'requester', 'statement', 'statement_sha256', 'params', 'params_sha256', 'request_record', 'policy', 'approvers', 'quorum', 'created_ms', 'expires_ms', 'nonce', 'client'];

/** Statements are parsed up to 1 MiB of UTF-8; shown text may be longer by its masks. */
const statementMaxChars = 2 * 1024 * 1024;

/** @throws MalformedError naming the member that is wrong. */
export function parseApprovalRequest(value: unknown): ApprovalRequest {
  const o = object(value, 'approval request', requestKeys);
  const target = object(o['target'], 'target', ['host', 'port', 'database']);
  const requester = object(o['requester'], 'requester', ['iss', 'sub', 'name', 'groups']);
  const record = object(o['request_record'], 'request_record', ['n', 'leaf']);
  const policy = object(o['policy'], 'policy', ['bundle', 'ids', 'reason']);
  const quorum = count(o['quorum'], 'quorum');
  if (quorum < 1) throw new MalformedError('malformed.value', 'quorum is less than 1');
  return {
    v: exactly(o['v'], 'v', 1),
    type: exactly(o['type'], 'type', 'approval-request'),
    id: parseApprovalId(o['id']),
    session_id: parseSessionId(o['session_id']),
    device_id: parseDeviceId(o['device_id']),
    connection: text(o['connection'], 'connection'),
    target: { host: text(target['host'], 'target.host'), port: count(target['port'], 'target.port'), database: text(target['database'], 'target.database') },
    labels: labels(o['labels'], 'labels'),
    requester: { iss: text(requester['iss'], 'requester.iss'), sub: text(requester['sub'], 'requester.sub'), name: text(requester['name'], 'requester.name'), groups: texts(requester['groups'], 'requester.groups') },
    statement: text(o['statement'], 'statement', statementMaxChars),
    statement_sha256: hex32(o['statement_sha256'], 'statement_sha256'),
    params: texts(o['params'], 'params'),
    params_sha256: hex32(o['params_sha256'], 'params_sha256'),
    request_record: { n: count(record['n'], 'request_record.n'), leaf: hex32(record['leaf'], 'request_record.leaf') },
    policy: { bundle: text(policy['bundle'], 'policy.bundle'), ids: texts(policy['ids'], 'policy.ids'), reason: text(policy['reason'], 'policy.reason') },
    approvers: texts(o['approvers'], 'approvers'),
    quorum,
    created_ms: count(o['created_ms'], 'created_ms'),
    expires_ms: count(o['expires_ms'], 'expires_ms'),
    nonce: nonce(o['nonce']),
    client: text(o['client'], 'client'),
  };
}

const decisionKeys = ['v', 'type', 'request_sha256', 'approval_id', 'decision', 'approver', 'reason', 'shown_sha256', 't', 'nonce'];

/** @throws MalformedError naming the member that is wrong. */
export function parseApprovalDecision(value: unknown): ApprovalDecision {
  const o = object(value, 'approval decision', decisionKeys);
  const approver = object(o['approver'], 'approver', ['iss', 'sub', 'name']);
  return {
    v: exactly(o['v'], 'v', 1),
    type: exactly(o['type'], 'type', 'approval-decision'),
    request_sha256: hex32(o['request_sha256'], 'request_sha256'),
    approval_id: parseApprovalId(o['approval_id']),
    decision: oneOf(o['decision'], 'decision', ['approve', 'deny']),
    approver: { iss: text(approver['iss'], 'approver.iss'), sub: text(approver['sub'], 'approver.sub'), name: text(approver['name'], 'approver.name') },
    reason: text(o['reason'], 'reason'),
    shown_sha256: hex32(o['shown_sha256'], 'shown_sha256'),
    t: count(o['t'], 't'),
    nonce: nonce(o['nonce']),
  };
}

/** At least 16 characters, so that an empty nonce never matches an empty nonce. */
function nonce(value: unknown): string {
  const v = text(value, 'nonce', 256);
  if (v.length < 16) throw new MalformedError('malformed.length', 'nonce is shorter than 16 characters');
  return v;
}

export interface VerifyDecisionInput<P extends ApproverPrincipal> {
  /** DSSE text, as the approver's device signed it. */
  readonly envelope: string;
  /** The request as this side holds it, not as the store echoes it. */
  readonly request: ApprovalRequest;
  readonly keys: readonly ApproverKeyRef<P>[];
  readonly nowMs: number;
  readonly crypto?: CryptoPort;
}

/**
 * Checks one signed decision against one request: enrolled key, not revoked, good signature, this request and nonce,
 * not expired, approver is the key's person and not the requester.
 * @throws ApprovalError with the reason why the decision does not count
 */
export async function verifyDecision<P extends ApproverPrincipal>(input: VerifyDecisionInput<P>): Promise<{ decision: ApprovalDecision; principal: P }> {
  const { request, nowMs, crypto = webCrypto } = input;
  const envelope = orMalformed(() => parseEnvelope(input.envelope, 'approval-decision'));
  const only = envelope.signatures[0];
  if (only === undefined || envelope.signatures.length !== 1) throw new ApprovalError('malformed', 'a decision carries exactly one signature');
  const key = input.keys.find((k) => k.keyId === only.keyId);
  if (key === undefined) throw new ApprovalError('unknown_key', 'the decision is signed by a key that is not enrolled as an approver');
  if (!(await verifyEnvelope(envelope, key, crypto))) throw new ApprovalError('bad_signature', 'the signature does not fit the decision');
  const decision = orMalformed(() => parseApprovalDecision(payloadJson(envelope)));
  if (canonicalJson({ ...decision, approver: { ...decision.approver } }) !== fromUtf8(envelope.payload)) throw new ApprovalError('malformed', 'the decision is not canonical JSON');
  // A signer controls its own `t`, so the verifier's time counts as well.
  if (key.revokedMs !== undefined && key.revokedMs <= Math.max(nowMs, decision.t)) throw new ApprovalError('revoked_key', 'the approver\u2019s key is revoked');
  const sameRequest = decision.request_sha256 === approvalRequestDigest(request, crypto.sha256) && decision.approval_id === request.id && decision.nonce === request.nonce;
  if (!sameRequest) throw new ApprovalError('wrong_request', 'the decision is about another request');
  if (!(nowMs < request.expires_ms) || !(decision.t < request.expires_ms)) throw new ApprovalError('expired', 'the request has expired');
  if (key.principal.issuer !== decision.approver.iss || key.principal.subject !== decision.approver.sub) throw new ApprovalError('approver_mismatch', 'the key belongs to another person than the decision names');
  if (decision.decision === 'approve' && decision.approver.iss === request.requester.iss && decision.approver.sub === request.requester.sub) {
    throw new ApprovalError('self_approval', 'nobody approves their own request');
  }
  return { decision, principal: key.principal };
}

function orMalformed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedError) throw new ApprovalError('malformed', error.message);
    throw error;
  }
}
