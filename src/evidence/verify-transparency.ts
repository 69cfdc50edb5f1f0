/** The steps that lean on the transparency log: are the statements in it, and when had others seen that. */
import { fromUtf8, toHex, utf8 } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';
import { logLeafOf } from './tlog-entry.ts';
import { verifyTlogProof, type ProvenEntry } from './tlog-proof.ts';
import { fileNames, tlogProofName } from './source.ts';
import { fail, type Walked } from './verify-steps.ts';
import type { FindingCode, FindingError } from './verify-findings.ts';

/** What a verifier asks of a recording when trust names a log: proofs always, or only whole where there are any. */
export type ProofDemand = 'required' | 'if present';

export interface Transparency {
  readonly detail: string;
  /** The log checkpoint that all proofs share, and where in it the end of the recording is. Undefined without proofs. */
  readonly proven: ProvenEntry | undefined;
}

/**
 * Checks that open, end and redactions are entries of a log that trust names, under one checkpoint with its quorum.
 * @throws FindingError log_proof_missing, log_proof_invalid
 */
export async function checkTransparency(w: Walked, demand: ProofDemand): Promise<Transparency> {
  const policy = w.trust.logPolicy;
  const there = w.source.names.filter((n) => n.startsWith('proofs/'));
  if (policy === undefined) return { detail: there.length === 0 ? 'trust names no transparency log' : 'not checked: trust names no transparency log', proven: undefined };
  if (demand === 'if present' && there.length === 0) return { detail: 'not proven here: this is the device’s own copy; an export of the store carries the proofs', proven: undefined };
  const statements = [fileNames.open, ...[fileNames.close, fileNames.recovered].filter((n) => w.source.file(n) !== undefined), ...w.source.names.filter((n) => n.startsWith('redactions/'))];
  const entries: ProvenEntry[] = [];
  for (const name of statements) entries.push(await provenStatement(w, name));
  const [open, end] = entries;
  const last = entries.at(-1);
  if (open === undefined || end === undefined || last === undefined) throw bad(w, 'there is nothing to prove');
  if (entries.some((e) => e.note.text !== open.note.text)) throw bad(w, 'the proofs are for different checkpoints of the log');
  if (statements.length > 1 && end.index <= open.index) throw bad(w, 'the log has the end of this recording before its beginning');
  const unused = there.find((n) => !statements.some((s) => tlogProofName(s) === n));
  if (unused !== undefined) throw bad(w, `${unused} proves nothing that is here`);
  const { origin, size } = open.checkpoint;
  const when = open.timeMs === undefined ? '' : `, seen by witnesses at ${new Date(open.timeMs).toISOString()}`;
  return { detail: `${statements.length} statements are in the log ${origin} (entries ${entries.map((e) => e.index).join(', ')} of ${size})${when}`, proven: end };
}

async function provenStatement(w: Walked, name: string): Promise<ProvenEntry> {
  const proofName = tlogProofName(name);
  const proof = w.source.file(proofName);
  if (proof === undefined) throw fail('log_proof_missing', w.log.size, `trust names a transparency log, and there is no ${proofName}: nothing shows that ${name} was logged`);
  const leaf = logLeafOf(w.source.file(name) ?? new Uint8Array(0), w.crypto.sha256);
  return verifyTlogProof(fromUtf8(proof), leaf, w.trust.logPolicy ?? { logs: [], witnesses: [], quorum: { kind: 'none' } }, w.crypto).catch((error: unknown) => {
    throw error instanceof MalformedError ? bad(w, `${proofName}: ${error.message}`) : error;
  });
}

const bad = (w: Walked, reason: string, code: FindingCode = 'log_proof_invalid'): FindingError => fail(code, w.log.size, reason);

/**
 * Checks the RFC 3161 token over the log checkpoint of the proofs.
 * @returns the time it states; undefined where neither trust nor the recording has anything about it
 * @throws FindingError timestamp_invalid
 */
export async function checkTimestamp(w: Walked, transparency: Transparency, demand: ProofDemand): Promise<{ readonly detail: string; readonly timeMs: number | undefined }> {
  const token = w.source.file(fileNames.timestamp);
  const authorities = w.trust.timestampAuthorities;
  if (authorities.length === 0) return { detail: token === undefined ? 'trust names no timestamp authority' : 'not checked: trust names no timestamp authority', timeMs: undefined };
  if (demand === 'if present' && transparency.proven === undefined && token === undefined) return { detail: 'no log checkpoint here that could be stamped', timeMs: undefined };
  if (token === undefined || transparency.proven === undefined) throw bad(w, 'trust names a timestamp authority, and there is no timestamp over a proven log checkpoint', 'timestamp_invalid');
  // Loaded only where it is needed: it is several times as large as the rest of the verifier.
  const { verifyTimestampToken } = await import('./verify-timestamp.ts');
  const stamped = await verifyTimestampToken(token, utf8(transparency.proven.note.text), authorities).catch((error: unknown) => {
    throw error instanceof MalformedError ? bad(w, `${fileNames.timestamp}: ${error.message}`, 'timestamp_invalid') : error;
  });
  return { detail: `${stamped.authority} saw the log checkpoint ${toHex(transparency.proven.checkpoint.root).slice(0, 16)} at ${new Date(stamped.timeMs).toISOString()}`, timeMs: stamped.timeMs };
}
