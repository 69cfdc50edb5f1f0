/**
 * Ingest: the store takes a part of a recording only after it has verified it against everything before it, and only
 * signs for what lies durable in the object store. A part that is there already is answered with the receipt of then.
 */
import { gunzipSync } from 'node:zlib';
import { fromBase64, fromUtf8 } from '../../base/encoding.ts';
import { assert, MalformedError } from '../../base/errors.ts';
import type { SessionId } from '../../base/ids.ts';
import { parseEnvelope, payloadJson, verifyEnvelope } from '../../evidence/dsse.ts';
import { nodeCrypto, nodeSha256Hex } from '../../evidence/node-crypto.ts';
import { parseNote } from '../../evidence/note.ts';
import { chunkName, fileNames, receiptName } from '../../evidence/source.ts';
import { cosign, signReceipt } from '../../evidence/sign.ts';
import { parseClose, parseRecovered, type ReceiptStatement } from '../../evidence/statements.ts';
import type { OpenStatement, PublicKeyRef, SignedReceipt } from '../../evidence/types.ts';
import { bindingOf, verifyChunk, verifyOpen } from '../../evidence/verify-chunk.ts';
import { FindingError } from '../../evidence/verify-findings.ts';
import { parseOpen } from '../../evidence/statements.ts';
import type { Queries } from '../db/database.ts';
import type { Actor, ProvenDevice } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
import { appendToLog } from '../log/append.ts';
import type { TransparencyLog } from '../log/log.ts';
import { raiseSecurityEvent } from '../notify/security-event.ts';
import { queueForSearch } from '../search/jobs.ts';
import type { ObjectStore } from '../storage/objects.ts';
import type { StoreKeys } from '../trust/store-keys.ts';
import { advance, endRecording, findChunk, findRecording, insertRecording, lastChunk, type RecordingRow } from './repository.ts';

/** Uncompressed bytes of one chunk. The writer cuts at 1 MiB; one record of the largest size may make it longer. */
export const CHUNK_LIMIT_BYTES = 128 * 1024 * 1024;
export const EMPTY_ROOT = nodeSha256Hex(new Uint8Array(0));

export interface IngestPorts {
  readonly objects: ObjectStore;
  readonly keys: StoreKeys;
  /** First part of the origin that recordings of this store carry. */
  readonly origin: string;
  readonly log: Pick<TransparencyLog, 'prove'>;
}

export const objectKey = (session: SessionId, name: string): string => `recordings/${session}/${name}`;

/** @throws StoreError; nothing is stored then */
export async function takeOpen(tx: Queries, p: IngestPorts, o: { session: SessionId; envelope: string; device: ProvenDevice; nowMs: number }): Promise<OpenStatement> {
  const { device } = o;
  const key = { deviceId: device.deviceId, keyId: nodeSha256Hex(device.publicKey), alg: device.alg, publicKey: device.publicKey };
  const { open } = await named(() => verifyOpen(o.envelope, key, nodeCrypto));
  if (open.session_id !== o.session) throw refused('the open statement is of another session');
  if (open.origin !== `${p.origin}/${device.deviceId}/${o.session}`) throw refused(`the recording's origin is ${open.origin}, this store is ${p.origin}`);
  if (open.user.iss !== device.owner.iss || open.user.sub !== device.owner.sub) throw refused('the open statement names another person than the owner of this device');
  const sha256 = nodeSha256Hex(o.envelope);
  const existing = await findRecording(tx, o.session, true);
  if (existing !== undefined) {
    if (existing.open_sha256 !== sha256) throw new StoreError('conflict', 'this session was opened with another statement');
    return open;
  }
  await putSame(p, objectKey(o.session, fileNames.open), Buffer.from(o.envelope));
  await insertRecording(tx, open, { envelope: o.envelope, sha256, emptyRoot: EMPTY_ROOT });
  await appendToLog(tx, { kind: 'session.open', envelope: o.envelope, tMs: o.nowMs });
  return open;
}

export interface ChunkUpload {
  readonly session: SessionId;
  readonly index: number;
  readonly gzip: Uint8Array;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly device: ProvenDevice;
  /** Where the upload came from. */
  readonly address: string;
  readonly nowMs: number;
}

/** @throws StoreError: conflict for another content or order, unprocessable with the finding for what does not verify */
export async function takeChunk(tx: Queries, p: IngestPorts, c: ChunkUpload): Promise<SignedReceipt> {
  const recording = await ownRecording(tx, c.session, c.device);
  const bytes = unzipped(c);
  const known = await findChunk(tx, c.session, c.index);
  if (known !== undefined) {
    if (known.sha256 !== c.sha256) throw new StoreError('conflict', `chunk ${c.index} is here with another content`);
    return { envelope: known.receipt, cosignature: known.cosignature };
  }
  if (recording.state !== 'open' || recording.tail) throw new StoreError('conflict', 'the recording has ended: nothing can follow');
  if (c.index !== recording.chunks) throw new StoreError('conflict', `chunk ${recording.chunks} comes next, not chunk ${c.index}`);
  const { verified, breakGlass } = await verifiedChunk(recording, bytes);
  const { state, root, note } = verified;
  if (breakGlass !== undefined) await raiseSecurityEvent(tx, c.nowMs, { kind: 'break_glass', object: c.session, detail: breakGlass }, actorOf(c));
  const tail = state.checkpointSize !== state.size;
  const receipt = signReceipt(receiptOf(c, c.index, c.sha256, state.size, root), p.keys.receipt);
  await putSame(p, objectKey(c.session, chunkName(c.index)), c.gzip);
  // Replaced, not put anew: after a failed commit the same part comes again and gets a receipt of its own time.
  await p.objects.replace(objectKey(c.session, receiptName(c.index)), Buffer.from(receipt));
  const cosignature = note === undefined ? '' : witness(p, recording, note, state.checkpointSize, c.nowMs);
  await advance(tx, c.session, { idx: c.index, sha256: c.sha256, sizeBytes: c.sizeBytes, receipt, cosignature, tMs: c.nowMs }, { state, root, note, tail });
  await queueForSearch(tx, c.session, c.index, c.nowMs);
  return { envelope: receipt, cosignature };
}

/** @throws StoreError as takeChunk */
export async function takeEnd(tx: Queries, p: IngestPorts, o: { session: SessionId; kind: 'close' | 'recovered'; envelope: string; device: ProvenDevice; nowMs: number }): Promise<SignedReceipt> {
  const recording = await ownRecording(tx, o.session, o.device);
  const sha256 = nodeSha256Hex(o.envelope);
  if (recording.state !== 'open') {
    const ended = o.kind === 'close' ? 'closed' : 'recovered';
    if (recording.state !== ended || recording.end_sha256 !== sha256) throw new StoreError('conflict', `the recording was ${recording.state} with another statement`);
    return { envelope: recording.end_receipt ?? '', cosignature: recording.end_cosignature ?? '' };
  }
  await named(() => (o.kind === 'close' ? checkClose(recording, o.envelope) : checkRecovered(recording, o.envelope, o.device)));
  await putSame(p, objectKey(o.session, fileNames[o.kind]), Buffer.from(o.envelope));
  const last = await lastChunk(tx, o.session);
  const cosignature = last?.cosignature ?? '';
  if (recording.witnessed_note !== null) await putFinalNote(p, tx, recording, recording.witnessed_note);
  const receipt = signReceipt(receiptOf(o, o.kind, sha256, recording.size, recording.root), p.keys.receipt);
  await p.objects.replace(objectKey(o.session, receiptName(o.kind)), Buffer.from(receipt));
  await appendToLog(tx, { kind: o.kind === 'close' ? 'session.close' : 'session.recovered', envelope: o.envelope, tMs: o.nowMs });
  await endRecording(tx, o.session, { state: o.kind === 'close' ? 'closed' : 'recovered', nowMs: o.nowMs, sha256, receipt, cosignature });
  return { envelope: receipt, cosignature };
}

/** The last signed checkpoint with the witness's line: what an offline verifier reads as final.note. */
async function putFinalNote(p: IngestPorts, tx: Queries, recording: RecordingRow, note: string): Promise<void> {
  const line = await cosignatureOf(tx, recording.session_id);
  await p.objects.replace(objectKey(recording.session_id, fileNames.finalNote), Buffer.from(`${note}${line}`));
}

/** The newest cosignature; the tail chunk of a recovered recording may have none. */
async function cosignatureOf(tx: Queries, session: SessionId): Promise<string> {
  for (let at = (await lastChunk(tx, session))?.idx ?? -1; at >= 0; at--) {
    const chunk = await findChunk(tx, session, at);
    if (chunk !== undefined && chunk.cosignature !== '') return chunk.cosignature;
  }
  return '';
}

async function ownRecording(tx: Queries, session: SessionId, device: { readonly deviceId: string }): Promise<RecordingRow> {
  const recording = await findRecording(tx, session, true);
  if (recording === undefined || recording.device_id !== device.deviceId) throw new StoreError('not_found', 'this device has opened no such recording');
  return recording;
}

/** Lengths are limited before anything is unpacked: a small gzip can hold a large file. */
function unzipped(c: ChunkUpload): Uint8Array {
  if (c.sizeBytes > CHUNK_LIMIT_BYTES) throw new StoreError('too_large', `a chunk holds at most ${CHUNK_LIMIT_BYTES} bytes`);
  let bytes: Buffer;
  try {
    bytes = gunzipSync(c.gzip, { maxOutputLength: c.sizeBytes });
  } catch {
    throw refused('the chunk is not gzip, or unpacks to more than it says');
  }
  if (bytes.length !== c.sizeBytes || nodeSha256Hex(bytes) !== c.sha256) throw refused('the chunk is not what its digest says');
  return bytes;
}

/** What the device says at the beginning of a session that only break-glass rules let in (docs/distribution.md). */
const BREAK_GLASS = 'break-glass: ';
const ALARM_DETAIL_CHARS = 500;

/** Whose alarm it is: the device's, and by that its owner's. */
const actorOf = (c: ChunkUpload): Actor => ({ user: undefined, device: c.device, address: c.address });

interface CheckedChunk {
  readonly verified: Awaited<ReturnType<typeof verifyChunk>>;
  /** Why break-glass was used, as the recording itself says it. */
  readonly breakGlass: string | undefined;
}

async function verifiedChunk(recording: RecordingRow, bytes: Uint8Array): Promise<CheckedChunk> {
  let breakGlass: string | undefined;
  const binding = bindingOf(openOf(recording), recording.open_envelope, nodeCrypto);
  const verified = await named(() =>
    verifyChunk({
      binding,
      state: recording.log_state,
      bytes,
      crypto: nodeCrypto,
      recoveredTail: true,
      onRecord: ({ record, disclosures }) => {
        // Content may be removed later, by a signed redaction in the store; it must be there when it comes.
        if (disclosures.length !== record.d.length) throw refused(`record ${record.n} lacks the content that its header names`);
        const note = record.k === 'session.note' ? disclosures.find((d) => d.field === 'text')?.value : undefined;
        if (typeof note === 'string' && note.startsWith(BREAK_GLASS)) breakGlass ??= note.slice(BREAK_GLASS.length).replace(/\p{Cc}+/gu, ' ').slice(0, ALARM_DETAIL_CHARS);
      },
    }),
  );
  return { verified, breakGlass };
}

/** The witness signs only what grows, and only what this store has verified record by record. */
function witness(p: IngestPorts, recording: RecordingRow, note: string, size: number, nowMs: number): string {
  assert(size > recording.witnessed_size, 'a witness never signs a checkpoint that does not grow');
  return cosign(parseNote(note).text, p.keys.witness, nowMs);
}

async function checkClose(recording: RecordingRow, envelope: string): Promise<void> {
  const publicKey = fromBase64(openOf(recording).session_pub);
  const close = parseClose(await signedPayload(envelope, 'close', { keyId: nodeSha256Hex(publicKey), alg: 'Ed25519', publicKey }));
  const state = recording.log_state;
  if (close.session_id !== recording.session_id) throw refused('the close statement is of another session');
  const same = close.size === recording.size && close.root === recording.root && close.bytes === recording.bytes && (state?.checkpointSize ?? 0) === close.size && !recording.tail;
  if (!same) throw refused(`the close statement says ${close.size} records in ${close.bytes} bytes, the store holds ${recording.size} in ${recording.bytes}, or their roots differ`);
}

async function checkRecovered(recording: RecordingRow, envelope: string, device: ProvenDevice): Promise<void> {
  const r = parseRecovered(await signedPayload(envelope, 'recovered', { keyId: nodeSha256Hex(device.publicKey), alg: device.alg, publicKey: device.publicKey }));
  if (r.session_id !== recording.session_id) throw refused('the recovery statement is of another session');
  const same = r.size === recording.size && r.root === recording.root && r.bytes === recording.bytes && r.last_checkpoint_size === Math.max(recording.log_state?.checkpointSize ?? 0, 0);
  if (!same) throw refused(`the recovery statement says ${r.size} records in ${r.bytes} bytes, the store holds ${recording.size} in ${recording.bytes}, or their roots differ`);
}

async function signedPayload(text: string, kind: 'close' | 'recovered', key: PublicKeyRef): Promise<unknown> {
  const envelope = parseEnvelope(text, kind);
  if (envelope.signatures.length !== 1 || !(await verifyEnvelope(envelope, key, nodeCrypto))) throw refused(`the ${kind} statement is not signed by the key that may sign it`);
  return payloadJson(envelope);
}

/** The open statement was verified when it was taken; here only its members are read. */
const openOf = (recording: RecordingRow): OpenStatement => parseOpen(payloadJson(parseEnvelope(recording.open_envelope, 'open')));

const receiptOf = (o: { session: SessionId; nowMs: number }, part: ReceiptStatement['part'], sha256: string, size: number, root: string): ReceiptStatement => ({ v: 1, session_id: o.session, part, sha256, size, root, t: o.nowMs });

/** An object is written once. One that is there must be the same: after a power cut the database may have forgotten it. */
async function putSame(p: IngestPorts, key: string, bytes: Uint8Array): Promise<void> {
  if ((await p.objects.putNew(key, bytes)) === 'created') return;
  const there = await p.objects.get(key);
  if (there === undefined || !there.equals(bytes)) throw new StoreError('conflict', 'this part is here with another content');
}

const refused = (message: string): StoreError => new StoreError('unprocessable', message);

/** What does not verify is the uploader's fault and is named to it. */
async function named<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FindingError) throw new StoreError('unprocessable', `${error.message} (${error.finding.code}, record ${error.finding.n})`, { cause: error });
    if (error instanceof MalformedError) throw new StoreError('unprocessable', error.message, { cause: error });
    throw error;
  }
}

/** UTF-8 text of an uploaded statement. */
export function statementText(raw: Uint8Array): string {
  try {
    return fromUtf8(raw);
  } catch (error) {
    throw new StoreError('bad_request', 'the statement is not UTF-8', { cause: error });
  }
}

