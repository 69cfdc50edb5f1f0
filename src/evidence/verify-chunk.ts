/** One uploaded chunk, checked against what came before it: the store's half of ingest. */
import { fromBase64, toHex, utf8 } from '../base/encoding.ts';
import { parseEnvelope, payloadJson, verifyEnvelope } from './dsse.ts';
import { parseOpen } from './statements.ts';
import type { OpenStatement, PublicKeyRef } from './types.ts';
import type { CryptoPort } from './verify-crypto.ts';
import { FindingError } from './verify-findings.ts';
import { LogVerifier, type LogBinding, type LogState, type VerifiedRecord } from './verify-log.ts';

/**
 * Reads an open statement that must be signed by exactly `device`.
 * @throws FindingError `open_signature`, `wrong_device`; MalformedError when it cannot be read
 */
export async function verifyOpen(envelope: string, device: PublicKeyRef & { readonly deviceId: string }, crypto: CryptoPort): Promise<{ open: OpenStatement; binding: LogBinding }> {
  const parsed = parseEnvelope(envelope, 'open');
  const finding = (code: 'open_signature' | 'wrong_device', reason: string): FindingError => new FindingError({ code, n: 0, line: 0, reason });
  if (parsed.signatures.length !== 1 || parsed.signatures[0]?.keyId !== device.keyId) throw finding('wrong_device', `the open statement is not signed by the key of ${device.deviceId}`);
  if (!(await verifyEnvelope(parsed, device, crypto))) throw finding('open_signature', 'the signature does not fit the open statement');
  const open = parseOpen(payloadJson(parsed));
  if (open.device_id !== device.deviceId) throw finding('wrong_device', `the open statement names ${open.device_id}, its key belongs to ${device.deviceId}`);
  return { open, binding: bindingOf(open, envelope, crypto) };
}

/** What the log is checked against. Only for an open statement whose signature has been verified. */
export function bindingOf(open: OpenStatement, envelope: string, crypto: CryptoPort): LogBinding {
  const sessionPub = fromBase64(open.session_pub);
  const ends = `/${open.device_id}/${open.session_id}`;
  if (sessionPub.length !== 32 || !open.origin.endsWith(ends)) throw new FindingError({ code: 'open_signature', n: 0, line: 0, reason: 'the open statement has no session key or a foreign origin' });
  return { origin: open.origin, sessionPub, openSha256: toHex(crypto.sha256(utf8(envelope))) };
}

export interface ChunkInput {
  readonly binding: LogBinding;
  /** State after the chunk before; undefined for the first. */
  readonly state: LogState | undefined;
  /** Uncompressed. */
  readonly bytes: Uint8Array;
  readonly crypto: CryptoPort;
  /** True only for the last chunk of a recovered recording, which may end without a checkpoint. */
  readonly recoveredTail?: boolean;
  readonly onRecord?: (record: VerifiedRecord) => void;
}

export interface ChunkResult {
  readonly state: LogState;
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** The checkpoint note that ends the chunk; the last one in it for a recovered tail; undefined when it has none. */
  readonly note: string | undefined;
}

/** @throws FindingError naming the first bad record of the chunk */
export async function verifyChunk(input: ChunkInput): Promise<ChunkResult> {
  const log = new LogVerifier({ binding: input.binding, crypto: input.crypto, resume: input.state, onRecord: input.onRecord });
  await log.push(input.bytes);
  log.end();
  if (!log.endsWithCheckpoint && input.recoveredTail !== true) {
    throw new FindingError({ code: 'cut_tail', n: log.size, line: 0, reason: 'the chunk does not end with a checkpoint' });
  }
  return { state: log.state(), size: log.size, root: log.rootHex(), note: log.lastNote };
}
