/**
 * Redaction by two people: one proposes, a privacy officer and somebody of security sign the same statement, only then
 * is content removed. The statement, its signatures and its leaf in the log stay for ever.
 */
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { fromBase64, fromUtf8, toBase64, utf8 } from '../../base/encoding.ts';
import { MalformedError } from '../../base/errors.ts';
import { systemRandom } from '../../base/clock.ts';
import { uuidv7, type SessionId } from '../../base/ids.ts';
import { canonicalJson } from '../../base/jcs.ts';
import { keyAlg, type RedactionView, redactionStates, sessionId } from '../../contract/store/index.ts';
import { type Envelope, formatEnvelope, parseEnvelope, verifyEnvelope } from '../../evidence/dsse.ts';
import { nodeCrypto } from '../../evidence/node-crypto.ts';
import { parseJson } from '../../evidence/parse.ts';
import { locateContents, type Wanted } from '../../evidence/redact.ts';
import { chunkName } from '../../evidence/source.ts';
import { parseRedaction, type RedactedItem, type RedactionStatement } from '../../evidence/statements.ts';
import type { PublicKeyRef } from '../../evidence/types.ts';
import { sha256Hex } from '../crypto/keys.ts';
import type { Queries } from '../db/database.ts';
import { allDevices } from '../devices/repository.ts';
import type { User } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
import { appendToLog } from '../log/append.ts';
import { CHUNK_LIMIT_BYTES, objectKey } from '../recordings/ingest.ts';
import { findRecording, type RecordingRow } from '../recordings/repository.ts';
import { forgetDisclosures } from '../search/forget.ts';
import type { ObjectStore } from '../storage/objects.ts';
import { isHeld } from './holds.ts';

/** One statement removes at most this much; more people's data is more statements. */
const MAX_ITEMS = 10_000;

const row = z.object({
  id: z.string(),
  session_id: sessionId,
  statement: z.string(),
  state: redactionStates,
  iss: z.string(),
  sub: z.string(),
  name: z.string(),
  proposed_ms: z.number(),
});
export type RedactionRow = z.output<typeof row>;
const columns = 'id, session_id, statement, state, iss, sub, name, proposed_ms';

const signatureRow = z.object({ iss: z.string(), sub: z.string(), name: z.string(), privacy: z.boolean(), security: z.boolean(), key_id: z.string(), alg: keyAlg, public_key: z.string(), signature: z.string(), t_ms: z.number() });
type SignatureRow = z.output<typeof signatureRow>;

export const redactionFile = (id: string): string => `redactions/${id}.dsse.json`;

export async function propose(tx: Queries, objects: ObjectStore, o: { session: SessionId; wanted: readonly Wanted[]; legalBasis: string; ticket: string; user: User; nowMs: number }): Promise<RedactionRow> {
  const recording = await endedRecording(tx, o.session);
  const items: RedactedItem[] = [];
  for (let index = 0; index < recording.chunks; index++) items.push(...locateContents(await unpackedChunk(objects, o.session, index), o.wanted));
  const lacking = o.wanted.find((w) => !items.some((i) => i.n === w.n && (w.field === undefined || w.field === i.field)));
  if (lacking !== undefined) throw new StoreError('unprocessable', `record ${lacking.n} has no content${lacking.field === undefined ? '' : ` ${lacking.field}`}`);
  if (items.length > MAX_ITEMS) throw new StoreError('unprocessable', `a redaction removes at most ${MAX_ITEMS} contents: make several`);
  const statement: RedactionStatement = { v: 1, session_id: o.session, items, legal_basis: o.legalBasis, ticket: o.ticket, t: o.nowMs };
  const id = `r-${uuidv7(o.nowMs, systemRandom.bytes(10))}`;
  await tx.run('insert into redactions (id, session_id, statement, state, iss, sub, name, proposed_ms) values ($1,$2,$3,$4,$5,$6,$7,$8)', [id, o.session, canonicalJson({ ...statement, items: items.map((i) => ({ ...i })) }), 'proposed', o.user.iss, o.user.sub, o.user.name, o.nowMs]);
  return found(await findRedaction(tx, id));
}

/**
 * Takes one person's signature. With a privacy officer's and one of security's, by two people, the redaction is in
 * force: it is in the log, search has forgotten the content, and `finishRedactions` takes it out of the objects.
 */
export async function sign(tx: Queries, objects: ObjectStore, o: { id: string; envelope: string; user: User; nowMs: number }): Promise<RedactionRow> {
  const redaction = found(await findRedaction(tx, o.id, true));
  if (redaction.state !== 'proposed') throw new StoreError('gone', `this redaction is ${redaction.state} already`);
  await endedRecording(tx, redaction.session_id);
  const before = await signaturesOf(tx, o.id);
  if (before.some((s) => s.iss === o.user.iss && s.sub === o.user.sub)) throw new StoreError('conflict', 'you have signed this redaction already');
  const { key, signature } = await verifiedSignature(tx, redaction, o.envelope, o.user);
  const { privacy_officer, security } = o.user.roles;
  await tx.run('insert into redaction_signatures (redaction_id, iss, sub, name, privacy, security, key_id, alg, public_key, signature, t_ms) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)', [o.id, o.user.iss, o.user.sub, o.user.name, privacy_officer, security, key.keyId, key.alg, toBase64(key.publicKey), toBase64(signature), o.nowMs]);
  const all = await signaturesOf(tx, o.id);
  if (isComplete(all)) await putInForce(tx, objects, redaction, all, o.nowMs);
  return found(await findRedaction(tx, o.id));
}

/** Two people, one of them as privacy officer and the other for security. */
export const isComplete = (signatures: readonly Pick<SignatureRow, 'privacy' | 'security'>[]): boolean => signatures.some((a, i) => a.privacy && signatures.some((b, j) => j !== i && b.security));

async function putInForce(tx: Queries, objects: ObjectStore, redaction: RedactionRow, signatures: readonly SignatureRow[], nowMs: number): Promise<void> {
  const envelope = formatEnvelope({ kind: 'redaction', payload: utf8(redaction.statement), signatures: signatures.map((s) => ({ keyId: s.key_id, signature: fromBase64(s.signature) })) });
  await tx.run("update redactions set state = 'signed', envelope = $2 where id = $1", [redaction.id, envelope]);
  await appendToLog(tx, { kind: 'redaction', envelope, tMs: nowMs });
  await forgetDisclosures(tx, redaction.session_id, statementOf(redaction).items, nowMs);
  await objects.replace(objectKey(redaction.session_id, redactionFile(redaction.id)), utf8(envelope));
}

async function verifiedSignature(tx: Queries, redaction: RedactionRow, text: string, user: User): Promise<{ key: PublicKeyRef; signature: Uint8Array }> {
  const envelope = parsed(() => parseEnvelope(text, 'redaction'));
  const [only, second] = envelope.signatures;
  if (only === undefined || second !== undefined) throw new StoreError('unprocessable', 'the envelope carries exactly one signature: yours');
  if (fromUtf8(envelope.payload) !== redaction.statement) throw new StoreError('unprocessable', 'the envelope is over another statement than the one that was proposed');
  const device = (await allDevices(tx)).find((d) => d.owner.iss === user.iss && d.owner.sub === user.sub && d.revoked === undefined && sha256Hex(fromBase64(d.public_key)) === only.keyId);
  if (device === undefined) throw new StoreError('unprocessable', 'the signature is not by an enrolled key of yours');
  const key: PublicKeyRef = { keyId: only.keyId, alg: device.alg, publicKey: fromBase64(device.public_key) };
  if (!(await verifyEnvelope(envelope, key, nodeCrypto))) throw new StoreError('unprocessable', 'the signature does not fit the statement');
  return { key, signature: only.signature };
}

function parsed(read: () => Envelope): Envelope {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedError) throw new StoreError('bad_request', error.message, { cause: error });
    throw error;
  }
}

/** Only what has ended is redacted: of a session that runs, more may come at any time. */
async function endedRecording(tx: Queries, session: SessionId): Promise<RecordingRow> {
  const recording = await findRecording(tx, session, true);
  if (recording === undefined) throw new StoreError('not_found', 'no such recording');
  if (recording.state === 'open') throw new StoreError('conflict', 'the session still runs: redact it when it has ended');
  if (await isHeld(tx, session)) throw new StoreError('conflict', 'the recording is under legal hold: nothing is removed from it');
  return recording;
}

export async function withdraw(tx: Queries, id: string): Promise<RedactionRow> {
  const redaction = found(await findRedaction(tx, id, true));
  if (redaction.state !== 'proposed') throw new StoreError('gone', `this redaction is ${redaction.state} already`);
  await tx.run("update redactions set state = 'withdrawn' where id = $1", [id]);
  return { ...redaction, state: 'withdrawn' };
}

/** Uncompressed. @throws StoreError when the object store has lost it */
export async function unpackedChunk(objects: ObjectStore, session: SessionId, index: number): Promise<Buffer> {
  const gzip = await objects.get(objectKey(session, chunkName(index)));
  if (gzip === undefined) throw new StoreError('internal', `the object store lost ${chunkName(index)}`);
  return gunzipSync(gzip, { maxOutputLength: CHUNK_LIMIT_BYTES });
}

export const findRedaction = (q: Queries, id: string, lock = false): Promise<RedactionRow | undefined> => q.first(row, `select ${columns} from redactions where id = $1${lock ? ' for update' : ''}`, [id]);

export const listRedactions = (q: Queries, f: { session?: SessionId | undefined; state?: string | undefined }): Promise<RedactionRow[]> =>
  q.rows(row, `select ${columns} from redactions where ($1::text is null or session_id = $1) and ($2::text is null or state = $2) order by proposed_ms desc limit 500`, [f.session ?? null, f.state ?? null]);

const signaturesOf = (q: Queries, id: string): Promise<SignatureRow[]> => q.rows(signatureRow, 'select iss, sub, name, privacy, security, key_id, alg, public_key, signature, t_ms from redaction_signatures where redaction_id = $1 order by t_ms, iss, sub', [id]);

function found(redaction: RedactionRow | undefined): RedactionRow {
  if (redaction === undefined) throw new StoreError('not_found', 'no such redaction');
  return redaction;
}

export const statementOf = (redaction: RedactionRow): RedactionStatement => parseRedaction(parseJson(redaction.statement, 'redaction'));

/** Keys that have signed redactions: they stay in trust when their people have left. */
export const pastSigners = (q: Queries): Promise<{ key_id: string; alg: 'Ed25519' | 'ES256'; public_key: string; iss: string; sub: string; name: string }[]> =>
  q.rows(z.object({ key_id: z.string(), alg: keyAlg, public_key: z.string(), iss: z.string(), sub: z.string(), name: z.string() }), 'select distinct on (key_id) key_id, alg, public_key, iss, sub, name from redaction_signatures order by key_id, t_ms');

export async function viewOf(q: Queries, redaction: RedactionRow, user: User): Promise<RedactionView> {
  const { items, legal_basis, ticket } = statementOf(redaction);
  const signatures = await signaturesOf(q, redaction.id);
  const mine = signatures.some((s) => s.iss === user.iss && s.sub === user.sub);
  const { id, session_id, state, iss, sub, name, proposed_ms } = redaction;
  return {
    ...{ id, session_id, state, legal_basis, ticket, items: items.map((i) => ({ ...i })), payload: toBase64(utf8(redaction.statement)), proposed_by: { iss, sub, name }, proposed_ms },
    signed_by: signatures.map((s) => ({ iss: s.iss, sub: s.sub, name: s.name, t_ms: s.t_ms })),
    may_sign: state === 'proposed' && !mine && user.may('redaction.sign', { own: false }),
  };
}

