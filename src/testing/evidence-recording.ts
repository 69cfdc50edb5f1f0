/** A whole recording for tests: written, closed, witnessed, received, with the trust that fits it. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toBase64, utf8 } from '../base/encoding.ts';
import { nextChunk } from '../evidence/chunks.ts';
import { parseNote } from '../evidence/note.ts';
import { cosign, signReceipt } from '../evidence/sign.ts';
import { receiptName, type RecordingSource } from '../evidence/source.ts';
import { parseTrust, type Trust } from '../evidence/trust.ts';
import type { Signer } from '../evidence/types.ts';
import { deviceIdOf } from '../evidence/verify-crypto.ts';
import { bindingOf, verifyChunk } from '../evidence/verify-chunk.ts';
import { nodeCrypto } from '../evidence/node-crypto.ts';
import { parseEnvelope, payloadJson } from '../evidence/dsse.ts';
import { parseOpen } from '../evidence/statements.ts';
import type { SessionRecorder } from '../evidence/write.ts';
import { openTestRecorder, recordSession, testSigner, type TestRecorderOptions } from './evidence-session.ts';

export const witness = { name: 'store.example.com/witness', signer: testSigner('witness') };
export const receiptKey = testSigner('receipt');

const keyEntry = (s: Signer): Record<string, string> => ({ key_id: s.keyId, alg: s.alg, public_key: toBase64(s.publicKey) });
const deviceEntry = (s: Signer): Record<string, unknown> => ({ device_id: deviceIdOf(s.publicKey), public_key: toBase64(s.publicKey), alg: s.alg, enrolled_ms: 1_770_000_000_000 });

export interface TrustChange {
  readonly device?: Signer;
  readonly compromisedSinceMs?: number;
  readonly approvers?: readonly { readonly signer: Signer; readonly sub: string; readonly revokedMs?: number }[];
  readonly redactors?: { readonly threshold: number; readonly keys: readonly Signer[] };
  readonly exporters?: readonly Signer[];
}

/** As trust.json, before parsing. */
export function trustJson(change: TrustChange = {}): Record<string, unknown> {
  const revoked = (ms: number | undefined): Record<string, unknown> => (ms === undefined ? {} : { revoked: { compromised_since_ms: ms } });
  return {
    v: 1,
    organisation: 'Example',
    devices: [{ ...deviceEntry(change.device ?? testSigner('device')), ...revoked(change.compromisedSinceMs) }, deviceEntry(testSigner('other-device'))],
    witnesses: [{ name: witness.name, public_key: toBase64(witness.signer.publicKey) }],
    receipt_keys: [keyEntry(receiptKey)],
    approvers: (change.approvers ?? []).map((a) => ({ ...keyEntry(a.signer), principal: { iss: 'https://idp.example', sub: a.sub, name: a.sub, groups: ['dba'] }, ...revoked(a.revokedMs) })),
    ...(change.exporters === undefined ? {} : { exporters: change.exporters.map(keyEntry) }),
    ...(change.redactors === undefined ? {} : { redactors: { threshold: change.redactors.threshold, keys: change.redactors.keys.map(keyEntry) } }),
  };
}

export const testTrust = (change: TrustChange = {}): Trust => parseTrust(trustJson(change));

/** Plays the store for a session directory: receives all chunks, cosigns the last checkpoint, writes receipts. */
export async function receiveAll(dir: string, o: { nowMs: number; minBytes?: number }): Promise<void> {
  const openText = readFileSync(join(dir, 'open.dsse.json'), 'utf8');
  const open = parseOpen(payloadJson(parseEnvelope(openText, 'open')));
  const binding = bindingOf(open, openText, nodeCrypto);
  mkdirSync(join(dir, 'receipts'), { recursive: true });
  let state: Parameters<typeof verifyChunk>[0]['state'];
  let end = { size: 0, root: createHash('sha256').digest('hex') };
  for (let from = 0; ; ) {
    const chunk = await nextChunk(dir, from, { minBytes: o.minBytes ?? 1_000, flush: true });
    if (chunk === undefined) break;
    const bytes = readFileSync(join(dir, 'log.ndjson')).subarray(chunk.fromByte, chunk.toByte);
    const result = await verifyChunk({ binding, state, bytes, crypto: nodeCrypto, recoveredTail: chunk.note === undefined });
    end = { size: result.size, root: result.root };
    const receipt = { v: 1, session_id: open.session_id, part: chunk.index, sha256: chunk.sha256, ...end, t: o.nowMs } as const;
    writeFileSync(join(dir, receiptName(chunk.index)), signReceipt(receipt, receiptKey));
    if (result.note !== undefined) writeFileSync(join(dir, 'final.note'), result.note + cosign(parseNote(result.note).text, witness, o.nowMs));
    state = result.state;
    from = chunk.toByte;
  }
  for (const part of ['close', 'recovered'] as const) {
    const path = join(dir, `${part}.dsse.json`);
    const file = readIfThere(path);
    if (file === undefined) continue;
    const sha256 = createHash('sha256').update(file).digest('hex');
    writeFileSync(join(dir, receiptName(part)), signReceipt({ v: 1, session_id: open.session_id, part, sha256, ...end, t: o.nowMs }, receiptKey));
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** A closed recording of `statements` statements in `<dir>/<session>`. */
export async function closedRecording(o: TestRecorderOptions & { readonly statements?: number; readonly perCheckpoint?: number; readonly witnessedMs?: number }): Promise<SessionRecorder> {
  const recorder = await openTestRecorder(o);
  await recordSession(recorder, o.statements ?? 10, o.perCheckpoint ?? 3);
  await recorder.close({ reason: 'client closed the connection' });
  if (o.witnessedMs !== undefined) await receiveAll(recorder.dir, { nowMs: o.witnessedMs });
  return recorder;
}

/** A recording in memory, for tampering. */
export function memorySource(files: Readonly<Record<string, string | Uint8Array>>): RecordingSource {
  const bytes = new Map(Object.entries(files).map(([name, content]) => [name, typeof content === 'string' ? utf8(content) : content]));
  const log = bytes.get('log.ndjson');
  return {
    names: [...bytes.keys()].filter((n) => n !== 'log.ndjson'),
    file: (name) => bytes.get(name),
    log: () => (log === undefined ? undefined : pieces(log)),
  };
}

/** Cut at odd places on purpose: no reader may rely on where a block ends. */
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let at = 0; at < bytes.length; at += 977) yield bytes.subarray(at, at + 977);
}
