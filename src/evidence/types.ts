/** Types of SRB v1 shared by writer, reader, verifier and store. docs/formats/recording.md is the specification. */
import type { DeviceId, SessionId } from '../base/ids.ts';
import type { Json } from '../base/jcs.ts';

export type KeyAlg = 'Ed25519' | 'ES256';

/** A public key as trust files and statements name it. */
export interface PublicKeyRef {
  readonly keyId: string;
  readonly alg: KeyAlg;
  /** Raw 32 bytes (Ed25519) or SPKI DER (ES256). */
  readonly publicKey: Uint8Array;
}

/** A private key behind a door: the key itself may live in a keychain. */
export interface Signer extends PublicKeyRef {
  /** Synchronous where the key is in memory: checkpoints are on the recording's path. */
  sign(message: Uint8Array): Uint8Array;
}

/** Content of one record that goes into a salted disclosure beside the signed header. */
export interface Field {
  readonly name: string;
  readonly value: Json;
}

export type RecordKind =
  | 'session.note'
  | 'auth'
  | 'conn.open'
  | 'conn.close'
  | 'policy.decision'
  | 'approval.request'
  | 'approval.decision'
  | 'sql.query'
  | 'sql.parse'
  | 'sql.bind'
  | 'sql.execute'
  | 'sql.result'
  | 'sql.error'
  | 'sql.notice'
  | 'sql.copy'
  | 'ssh.shell'
  | 'ssh.exec'
  | 'ssh.pty.in'
  | 'ssh.pty.out'
  | 'ssh.pty.resize'
  | 'ssh.output'
  | 'ssh.exit'
  | 'ssh.sftp'
  | 'ssh.sftp.end'
  | 'ssh.forward'
  | 'ssh.forward.bound'
  | 'ssh.forward.open'
  | 'ssh.forward.end'
  | 'ssh.agent'
  | 'ssh.agent.open'
  | 'ssh.agent.sign'
  | 'ssh.agent.end'
  | 'mask.applied'
  | 'gap'
  | 'clock';

/** Versions of the signed metadata by which a policy bundle came to a device; `ring` is that of the ring's own list. */
export type TufVersions = Readonly<Record<'root' | 'timestamp' | 'snapshot' | 'targets' | 'ring', number>>;

export interface OpenStatement {
  readonly v: 1;
  readonly session_id: SessionId;
  readonly device_id: DeviceId;
  /** Gapless per device. */
  readonly device_seq: number;
  /** SHA-256 hex of the DSSE file of the device's previous open; 64 zeros for the first. */
  readonly prev_open_sha256: string;
  readonly user: { readonly iss: string; readonly sub: string; readonly name: string; readonly groups: readonly string[]; readonly id_token_sha256: string };
  /** base64 of the raw Ed25519 public key that signs this session's checkpoints and close. */
  readonly session_pub: string;
  readonly policy: { readonly bundle_sha256: string; readonly name: string; readonly serial: number; readonly tuf?: TufVersions };
  readonly target: { readonly connection: string; readonly protocol: string; readonly host: string; readonly port: number; readonly database: string; readonly labels: Readonly<Record<string, string>> };
  readonly client: { readonly kind: 'app' | 'native' | 'agent'; readonly program: string; readonly address: string };
  readonly proxy_build: string;
  readonly boot_id: string;
  readonly recording_level: string;
  readonly origin: string;
  /** Milliseconds since the epoch. */
  readonly t: number;
}

/** One upload unit: whole lines of log.ndjson, ending with a checkpoint line; gzip on the wire. */
export interface ReceivedChunk {
  readonly index: number;
  readonly gzip: Uint8Array;
  /** SHA-256 hex of the uncompressed bytes. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** The store's signed answer: the spool may delete what it covers. */
export interface SignedReceipt {
  /** DSSE envelope (JSON text) by the store's receipt key. */
  readonly envelope: string;
  /** C2SP cosignature line of the witness over the checkpoint that ends the chunk. */
  readonly cosignature: string;
}
