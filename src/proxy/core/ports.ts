/**
 * What the proxy needs from outside: the store (targets, leases, approvals, uploads) and the person's identity.
 * src/proxy/core/store-client.ts implements ControlPlane over the store's HTTP API; nothing else does.
 */
import type { ApprovalDecision, ApprovalRequest } from '../../evidence/approval.ts';
import type { ConnectionInfo, Principal } from '../../policy/types.ts';
import type { ApprovalId, SessionId } from '../../base/ids.ts';
import type { ReceivedChunk, SignedReceipt } from '../../evidence/types.ts';

/** A registered target, without its credential. */
export interface Target {
  readonly info: ConnectionInfo;
  readonly host: string;
  readonly port: number;
  /** PEM of the CA that signs the target's certificate; system roots when absent. */
  readonly tlsCa?: string;
  /** SSH: the target's host keys, as lines of a known_hosts file without the name. Any other key is refused. */
  readonly hostKeys?: readonly string[];
}

/** A target credential. It stays in the proxy process and is never printed: `toJSON` and inspect give `[credential]`. */
export interface Credential {
  readonly user: string;
  /** What `reveal` gives: a password, an SSH private key as text, or a certificate for the key that the lease was asked with. */
  readonly kind: 'password' | 'private_key' | 'certificate';
  /** The secret, for the upstream sign-on only. */
  reveal(): string;
}

export interface SignedInIdentity {
  readonly principal: Principal;
  /** SHA-256 of the ID token, hex: goes into the recording's open statement. */
  readonly idTokenSha256: string;
  /** Expiry of the sign-in. */
  readonly expiresMs: number;
}

export type ApprovalStatus =
  | { readonly state: 'pending'; readonly decisions: readonly SignedDecision[] }
  | { readonly state: 'approved'; readonly decisions: readonly SignedDecision[] }
  | { readonly state: 'denied'; readonly decisions: readonly SignedDecision[]; readonly reason: string }
  | { readonly state: 'expired' | 'cancelled'; readonly decisions: readonly SignedDecision[] };

/** A DSSE envelope (JSON text) by the approver's device key over an ApprovalDecision. Untrusted until `verifyDecision`. */
export interface SignedDecision {
  readonly envelope: string;
  readonly decision: ApprovalDecision;
}

/** A key that may decide approvals, as the store's enrolment says. The proxy checks it again against its trust. */
export interface ApproverKey {
  readonly keyId: string;
  readonly publicKey: Uint8Array;
  readonly alg: 'Ed25519' | 'ES256';
  readonly principal: Principal;
  readonly revokedMs?: number;
}

/** Every method rejects with EnvironmentError('env.store') when the store cannot be reached or answers garbage. */
export interface ControlPlane {
  targets(): Promise<readonly Target[]>;
  /** @param sshPublicKey of a key pair made for this session, for targets that take certificates: `ssh-ed25519 AAAA...` */
  lease(connection: string, session: SessionId, sshPublicKey?: string): Promise<Credential>;
  requestApproval(request: ApprovalRequest): Promise<void>;
  cancelApproval(id: ApprovalId): Promise<void>;
  /** Resolves with the next status that differs from `seen` decisions; long-poll or stream underneath. */
  waitApproval(id: ApprovalId, seen: number, signal: AbortSignal): Promise<ApprovalStatus>;
  approverKeys(): Promise<readonly ApproverKey[]>;
  /** Idempotent. `open` is the session's open.dsse.json. */
  uploadOpen(session: SessionId, open: string): Promise<void>;
  uploadChunk(session: SessionId, chunk: ReceivedChunk): Promise<SignedReceipt>;
  /** `close` is close.dsse.json or recovered.dsse.json. */
  uploadClose(session: SessionId, kind: 'close' | 'recovered', close: string): Promise<SignedReceipt>;
}
