/** The steps of verification after the log itself (docs/formats/recording.md section 6). Each answers a detail or throws. */
import { fromHex, fromUtf8, toHex } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';
import { ApprovalError, approvalRequestDigest, parseApprovalRequest, verifyDecision, type ApprovalRequest } from './approval.ts';
import { parseEnvelope, payloadJson, verifyEnvelope, type StatementKind } from './dsse.ts';
import { parseCheckpoint, parseNote, verifyCosignature, verifyNote } from './note.ts';
import { readReceipt } from './receipt.ts';
import { fileNames, type RecordingSource } from './source.ts';
import { parseClose, parseRecovered, parseRedaction, type CloseStatement, type RecoveredStatement, type RedactionStatement } from './statements.ts';
import type { Trust, TrustedDevice } from './trust.ts';
import type { OpenStatement, PublicKeyRef } from './types.ts';
import { keyIdOf, type CryptoPort } from './verify-crypto.ts';
import { FindingError, type FindingCode } from './verify-findings.ts';
import type { LogBinding, LogVerifier, MissingDisclosure, VerifiedRecord } from './verify-log.ts';

/** What the walk over the log has found; every later step reads it. */
export interface Walked {
  readonly source: RecordingSource;
  readonly trust: Trust;
  readonly crypto: CryptoPort;
  readonly open: OpenStatement;
  readonly device: TrustedDevice;
  readonly binding: LogBinding;
  readonly log: LogVerifier;
  readonly counts: ReadonlyMap<string, number>;
  readonly missing: readonly MissingDisclosure[];
  readonly approvals: readonly VerifiedRecord[];
}

/** One content that is gone, and the verified statement that took it out. */
export interface RedactedContent {
  readonly n: number;
  readonly field: string;
  readonly legalBasis: string;
  readonly ticket: string;
}

export type End = { readonly kind: 'closed'; readonly close: CloseStatement } | { readonly kind: 'recovered'; readonly recovered: RecoveredStatement };

export interface Witnessed {
  /** Records that a trusted witness or a store receipt has seen. */
  readonly through: number;
  /** Earliest time at which the whole recording had been seen; undefined when it never was. */
  readonly wholeMs: number | undefined;
}

export const fail = (code: FindingCode, n: number, reason: string, line = 0): FindingError => new FindingError({ code, n, line, reason });

/** Reads a statement signed by exactly one key. */
async function statement<T>(w: Walked, kind: StatementKind, text: Uint8Array, key: PublicKeyRef, parse: (v: unknown) => T): Promise<T> {
  const envelope = parseEnvelope(fromUtf8(text), kind);
  const good = envelope.signatures.length === 1 && (await verifyEnvelope(envelope, key, w.crypto));
  if (!good) throw fail('close_signature', w.log.size, `the ${kind} statement is not signed by the key that must sign it`);
  return parse(payloadJson(envelope));
}

/** How the recording ends. */
export async function checkEnd(w: Walked): Promise<End> {
  const close = w.source.file(fileNames.close);
  const recovered = w.source.file(fileNames.recovered);
  if (close !== undefined && recovered !== undefined) throw fail('close_mismatch', w.log.size, 'there is both a close and a recovered statement');
  if (close !== undefined) {
    const key: PublicKeyRef = { keyId: keyIdOf(w.binding.sessionPub, w.crypto.sha256), alg: 'Ed25519', publicKey: w.binding.sessionPub };
    const c = await statement(w, 'close', close, key, parseClose);
    if (w.log.size === c.size && !w.log.endsWithCheckpoint) throw fail('cut_tail', w.log.size, 'the checkpoint that ends a closed recording is missing');
    checkExtent(w, c);
    const counted = [...w.counts].every(([kind, n]) => c.counts[kind] === n) && Object.keys(c.counts).length === w.counts.size;
    if (!counted || (w.log.size > 0 && c.last_t !== w.log.lastT)) throw fail('close_mismatch', w.log.size, 'the close statement counts other records');
    return { kind: 'closed', close: c };
  }
  if (recovered === undefined) throw fail('unclosed', w.log.size, `the recording has no end: ${w.log.size} records, no close and no recovered statement`);
  const r = await statement(w, 'recovered', recovered, w.device, parseRecovered);
  checkExtent(w, r);
  if (r.last_checkpoint_size !== Math.max(w.log.checkpointSize, 0)) throw fail('close_mismatch', w.log.size, `the recovered statement saw a checkpoint for ${r.last_checkpoint_size} records`);
  const torn = w.source.file(fileNames.torn);
  if (torn !== undefined && toHex(w.crypto.sha256(torn)) !== r.torn_sha256) throw fail('close_mismatch', w.log.size, 'torn.bin is not what the recovered statement names');
  return { kind: 'recovered', recovered: r };
}

function checkExtent(w: Walked, end: { session_id: string; size: number; root: string; bytes: number }): void {
  const { log } = w;
  if (end.session_id !== w.open.session_id) throw fail('other_session', log.size, `the end statement belongs to session ${end.session_id}`);
  if (log.size < end.size) throw fail('cut_tail', log.size, `records ${log.size} to ${end.size - 1} are cut off`);
  if (log.size > end.size) throw fail('close_mismatch', end.size, `the log goes on after the ${end.size} records that the end statement covers`);
  if (log.rootHex() !== end.root) throw fail('altered', Math.max(log.checkpointSize, 0), `records from ${Math.max(log.checkpointSize, 0)} on are not those of the end statement`);
  // Each removed content line took its letter and line feed with it.
  const removed = w.missing.reduce((sum, m) => sum + m.len + 2, 0);
  if (log.bytes + removed !== end.bytes) throw fail('close_mismatch', log.size, `the log has ${log.bytes} bytes where the end statement says ${end.bytes - removed}`);
}

/** What others have seen of it, and that it agrees with what is here. */
export async function checkWitness(w: Walked, end: End | undefined): Promise<Witnessed & { readonly detail: string }> {
  const seen: { size: number; timeMs: number; by: string; whole: boolean }[] = [];
  const note = w.source.file(fileNames.finalNote);
  if (note !== undefined) seen.push(...(await cosignatures(w, fromUtf8(note), end)));
  for (const name of w.source.names.filter((n) => n.startsWith('receipts/'))) seen.push(await receipt(w, name, end));
  const through = seen.reduce((max, s) => Math.max(max, s.size), 0);
  const whole = seen.filter((s) => s.whole);
  const wholeMs = whole.length === 0 ? undefined : Math.min(...whole.map((s) => s.timeMs));
  const detail = seen.length === 0 ? 'no trusted witness or store has vouched for it' : `${through} of ${w.log.size} records seen by ${[...new Set(seen.map((s) => s.by))].join(', ')}`;
  return { through, wholeMs, detail };
}

function agree(w: Walked, size: number, rootHex: string, who: string, code: FindingCode): void {
  if (size > w.log.size) throw fail('cut_tail', w.log.size, `${who} has seen ${size} records, ${w.log.size} are here`);
  const root = size === w.log.size ? w.log.rootHex() : w.log.roots.get(size);
  if (root !== rootHex) throw fail(code, size, `${who} has seen other records than these`);
}

async function cosignatures(w: Walked, text: string, end: End | undefined): Promise<{ size: number; timeMs: number; by: string; whole: boolean }[]> {
  const note = parseNote(text);
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint.origin !== w.binding.origin) throw fail('other_session', w.log.size, `final.note belongs to ${checkpoint.origin}`);
  if (!(await verifyNote(note, { name: w.binding.origin, publicKey: w.binding.sessionPub }, w.crypto))) throw fail('checkpoint_key', w.log.size, 'final.note is not signed by this session\u2019s key');
  agree(w, checkpoint.size, toHex(checkpoint.root), 'final.note', 'witness_mismatch');
  const out: { size: number; timeMs: number; by: string; whole: boolean }[] = [];
  for (const witness of w.trust.witnesses) {
    const result = await verifyCosignature(note, witness, w.crypto);
    if (result.state === 'bad') throw fail('witness_mismatch', w.log.size, `the cosignature of ${witness.name} is not good`);
    // A recovered tail is vouched for by the device key after the fact, so only a receipt for that statement covers it.
    if (result.state === 'good') out.push({ size: checkpoint.size, timeMs: result.timeMs, by: witness.name, whole: end?.kind === 'closed' && checkpoint.size === w.log.size });
  }
  return out;
}

async function receipt(w: Walked, name: string, end: End | undefined): Promise<{ size: number; timeMs: number; by: string; whole: boolean }> {
  const bad = (reason: string): FindingError => fail('receipt_mismatch', w.log.size, `${name}: ${reason}`);
  const file = w.source.file(name) ?? new Uint8Array(0);
  const r = await readReceipt(fromUtf8(file), w.trust.receiptKeys, w.crypto).catch((error: unknown) => {
    throw error instanceof MalformedError ? bad(error.message) : error;
  });
  if (r.session_id !== w.open.session_id) throw bad(`it belongs to session ${r.session_id}`);
  agree(w, r.size, r.root, `the store's receipt ${name}`, 'receipt_mismatch');
  if (typeof r.part === 'number') return { size: r.size, timeMs: r.t, by: 'the store', whole: end?.kind === 'closed' && r.size === w.log.size };
  const statementFile = w.source.file(r.part === 'close' ? fileNames.close : fileNames.recovered);
  if (statementFile === undefined || toHex(w.crypto.sha256(statementFile)) !== r.sha256) throw bad(`it is for another ${r.part} statement`);
  return { size: r.size, timeMs: r.t, by: 'the store', whole: r.size === w.log.size };
}

/** Clocks of laptop and store may differ by this much when enrolment and open are compared. */
const skewMs = 10 * 60_000;

/** Was the device enrolled, and is its word good for that time? */
export function checkDevice(w: Walked, witnessed: Witnessed): string {
  const { device } = w;
  if (w.open.t + skewMs < device.enrolledMs) throw fail('wrong_device', 0, `the session is older than the enrolment of ${device.deviceId}`);
  if (device.compromisedSinceMs === undefined) return `${device.deviceId}, number ${w.open.device_seq} of this device`;
  const since = new Date(device.compromisedSinceMs).toISOString();
  if (witnessed.wholeMs === undefined) throw fail('revoked_device', 0, `${device.deviceId} is revoked since ${since} and nobody has witnessed the whole recording`);
  if (witnessed.wholeMs >= device.compromisedSinceMs) throw fail('revoked_device', 0, `${device.deviceId} is revoked since ${since}; the recording was witnessed at ${new Date(witnessed.wholeMs).toISOString()}`);
  return `${device.deviceId} is revoked since ${since}, but the whole recording was witnessed before`;
}

/**
 * Content that is gone must be covered by a redaction that enough people signed.
 * @param covered gets each content that is, also when another one fails the step
 */
export async function checkDisclosures(w: Walked, covered: RedactedContent[]): Promise<string> {
  const allowed = new Map<string, RedactionStatement>();
  for (const name of w.source.names.filter((n) => n.startsWith('redactions/'))) {
    const envelope = parseEnvelope(fromUtf8(w.source.file(name) ?? new Uint8Array(0)), 'redaction');
    const redaction = parseRedaction(payloadJson(envelope));
    const people = new Set<string>();
    for (const key of w.trust.redactors.keys) {
      const inTime = key.compromisedSinceMs === undefined || redaction.t < key.compromisedSinceMs;
      if (inTime && (await verifyEnvelope(envelope, key, w.crypto))) people.add(key.person);
    }
    const { threshold } = w.trust.redactors;
    if (people.size < threshold) throw fail('redaction_invalid', w.log.size, `${name} has trusted signatures of ${people.size} people of the ${threshold} it needs`);
    if (redaction.session_id !== w.open.session_id) throw fail('redaction_invalid', w.log.size, `${name} belongs to session ${redaction.session_id}`);
    for (const i of redaction.items) allowed.set(`${i.n} ${i.field} ${i.digest} ${i.len}`, redaction);
  }
  let bare: MissingDisclosure | undefined;
  for (const m of w.missing) {
    const by = allowed.get(`${m.n} ${m.field} ${m.digest} ${m.len}`);
    if (by === undefined) bare ??= m;
    else covered.push({ n: m.n, field: m.field, legalBasis: by.legal_basis, ticket: by.ticket });
  }
  if (bare !== undefined) throw fail('disclosure_missing', bare.n, `the content of field ${bare.field} of record ${bare.n} is missing and no redaction covers it`, bare.line);
  return w.missing.length === 0 ? 'all content is there' : `${w.missing.length} contents were removed under signed redactions`;
}

/** Each approval that counted was given by an enrolled approver for exactly that request. */
export async function checkApprovals(w: Walked): Promise<string> {
  const requests = new Map<string, ApprovalRequest>();
  let checked = 0;
  for (const { record, disclosures, line } of w.approvals) {
    const bad = (reason: string): FindingError => fail('approval_invalid', record.n, `record ${record.n}: ${reason}`, line);
    const content = (field: string): unknown => disclosures.find((d) => d.field === field)?.value;
    const id = record.clear['id'];
    if (typeof id !== 'string') throw bad('an approval record has no id');
    if (record.k === 'approval.request') {
      if (content('request') === undefined) continue;
      requests.set(id, checkRequest(w, record.clear['request_sha256'], content('request'), id, bad));
      continue;
    }
    const request = requests.get(id);
    const envelope = content('envelope');
    // What the proxy itself refused is kept as evidence and gave nobody anything.
    if (record.clear['counted'] === false || envelope === undefined) continue;
    if (request === undefined) throw bad(`there is no request ${id} before it`);
    if (typeof envelope !== 'string') throw bad('the decision is not an envelope');
    await verifyDecision({ envelope, request, keys: w.trust.approvers, nowMs: record.t, crypto: w.crypto }).catch((error: unknown) => {
      throw error instanceof ApprovalError ? bad(`${error.code}: ${error.message}`) : error;
    });
    checked++;
  }
  return checked === 0 ? 'no approvals' : `${checked} decisions by enrolled approvers`;
}

function checkRequest(w: Walked, digest: unknown, value: unknown, id: string, bad: (reason: string) => FindingError): ApprovalRequest {
  const request = parseApprovalRequest(value);
  if (request.id !== id || request.session_id !== w.open.session_id || request.device_id !== w.open.device_id) throw bad('the request names another approval, session or device');
  if (digest !== approvalRequestDigest(request, w.crypto.sha256)) throw bad('the request is not the one whose digest the header holds');
  if (!w.log.leaves.has(request.request_record.n, fromHex(request.request_record.leaf))) throw bad(`the request is bound to a record ${request.request_record.n} that is not in this recording`);
  return request;
}
