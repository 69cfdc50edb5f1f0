/** The only way into the transparency log: one row in the caller's transaction, so that an entry exists exactly if its cause does. */
import { toHex, utf8 } from '../../base/encoding.ts';
import { canonicalJson, type Json } from '../../base/jcs.ts';
import { leafHash } from '../../evidence/merkle.ts';
import { nodeSha256 } from '../../evidence/node-crypto.ts';
import { logEntryOf } from '../../evidence/tlog-entry.ts';
import type { Queries } from '../db/database.ts';

/** What an entry is about. The kind is for the store's own searches; who reads the log goes by the entry's bytes. */
export type LogKind =
  | 'session.open'
  | 'session.close'
  | 'session.recovered'
  | 'redaction'
  | 'retention'
  | 'hold'
  | 'approval'
  | 'bundle'
  | 'device.enrolled'
  | 'device.revoked'
  | 'identity'
  | 'ssh_ca.key'
  | 'ssh_ca.certificate';

export interface NewLogEntry {
  readonly kind: LogKind;
  /** The DSSE envelope as it is filed, or the text of `logStatement`. Its exact bytes are the entry. */
  readonly envelope: string;
  readonly tMs: number;
}

/**
 * Adds an entry. The same bytes are logged once, however often they come. The place in the tree is given later, to
 * many entries at once, so nobody who appends waits for anybody else; the sequencer publishes within about a second
 * of the commit.
 * @returns the leaf hash in hex, by which the entry and its proof are found
 */
export async function appendToLog(tx: Queries, e: NewLogEntry): Promise<{ readonly leaf: string }> {
  const entry = logEntryOf(utf8(e.envelope), nodeSha256);
  const leaf = leafHash(entry, nodeSha256);
  await tx.run('insert into log_entries (kind, leaf, entry, t_ms) values ($1,$2,$3,$4) on conflict (leaf) do nothing', [e.kind, leaf, entry, e.tMs]);
  return { leaf: toHex(leaf) };
}

/**
 * The text of an entry that no device or person signs: what the store itself says has happened. Canonical JSON.
 * @example await appendToLog(tx, { kind: 'device.revoked', envelope: logStatement('device.revoked', nowMs, { device_id, compromised_since_ms }), tMs: nowMs })
 */
export const logStatement = (kind: LogKind, tMs: number, members: Readonly<Record<string, Json>>): string => canonicalJson({ ...members, v: 1, kind, t: tMs });
