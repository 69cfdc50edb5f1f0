/**
 * What is a leaf of the store's transparency log, and how entries lie in C2SP tlog-tiles entry bundles. Pure.
 * docs/formats/transparency-log.md is the specification.
 */
import { concatBytes, utf8 } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';
import { canonicalJson } from '../base/jcs.ts';
import { fastHex } from './hex.ts';
import { leafHash, pureSha256, type Sha256 } from './merkle.ts';

/** An entry's length is a big-endian uint16 in a bundle (C2SP tlog-tiles, "Log entries"). */
export const entryMaxBytes = 65_535;

/**
 * The log entry for a statement's bytes: the bytes themselves, or for longer ones a small object with their digest.
 * The two cannot be confused: a statement's text never is that object.
 */
export function logEntryOf(statement: Uint8Array, sha256: Sha256 = pureSha256): Uint8Array {
  if (statement.length <= entryMaxBytes) return statement;
  return utf8(canonicalJson({ v: 1, kind: 'digest', sha256: fastHex(sha256(statement)) }));
}

/** Leaf hash of a statement's bytes: SHA-256(0x00 || entry). */
export const logLeafOf = (statement: Uint8Array, sha256: Sha256 = pureSha256): Uint8Array => leafHash(logEntryOf(statement, sha256), sha256);

/** An entry bundle: each entry after its big-endian uint16 length. */
export function formatEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concatBytes(
    entries.flatMap((entry) => {
      if (entry.length > entryMaxBytes) throw new MalformedError('malformed.length', 'a log entry is longer than a bundle can hold');
      return [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry];
    }),
  );
}

/** @throws MalformedError unless the bytes are exactly `count` entries. */
export function parseEntryBundle(bytes: Uint8Array, count: number): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const [high, low] = [bytes[at], bytes[at + 1]];
    if (high === undefined || low === undefined) throw new MalformedError('malformed.truncated', 'an entry bundle ends inside a length');
    const end = at + 2 + high * 256 + low;
    if (end > bytes.length) throw new MalformedError('malformed.truncated', 'an entry bundle ends inside an entry');
    entries.push(bytes.slice(at + 2, end));
    at = end;
  }
  if (entries.length !== count) throw new MalformedError('malformed.length', `an entry bundle holds ${entries.length} entries, not ${count}`);
  return entries;
}
