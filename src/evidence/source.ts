/** A recording as bytes, wherever it lies: a spool directory, a store, an .srz file. Nothing here checks anything. */

export interface RecordingSource {
  /** Names of all small files: statements, notes, receipts, redactions. */
  readonly names: readonly string[];
  /** A small file, or undefined when there is none of this name. */
  file(name: string): Uint8Array | undefined;
  /** Uncompressed bytes of log.ndjson in order. Undefined when there is no log at all. */
  log(): AsyncIterable<Uint8Array> | undefined;
}

export const fileNames = {
  open: 'open.dsse.json',
  close: 'close.dsse.json',
  recovered: 'recovered.dsse.json',
  finalNote: 'final.note',
  export: 'export.dsse.json',
  torn: 'torn.bin',
  /** RFC 3161 token over the log checkpoint of the proofs. */
  timestamp: 'tsa/checkpoint.tsr',
} as const;

export const chunkName = (index: number): string => `chunks/${String(index).padStart(6, '0')}.ndjson.gz`;
export const receiptName = (part: number | 'close' | 'recovered'): string => `receipts/${typeof part === 'number' ? String(part).padStart(6, '0') : part}.dsse.json`;

/** Where the proof lies that a statement's file is in the transparency log. */
export function tlogProofName(statement: string): string {
  const stem = statement.replace(/\.dsse\.json$/, '');
  return `proofs/${stem.replace(/^redactions\//, 'redaction-')}.tlog-proof`;
}

/** Order of files in an export. Everything that a recording may hold is named here; anything else is refused. */
const order: readonly RegExp[] = [
  /^mimetype$/,
  /^open\.dsse\.json$/,
  /^(close|recovered)\.dsse\.json$/,
  /^torn\.bin$/,
  /^chunks\/\d{6}\.ndjson\.gz$/,
  /^final\.note$/,
  /^proofs\/(open|close|recovered|redaction-[a-z0-9][a-z0-9-]{0,99})\.tlog-proof$/,
  /^tsa\/checkpoint\.tsr$/,
  /^receipts\/(\d{6}|close|recovered)\.dsse\.json$/,
  /^redactions\/[a-z0-9][a-z0-9-]{0,99}\.dsse\.json$/,
  /^export\.dsse\.json$/,
];

/** Place of a file in an export; -1 for a name that no recording has. */
export const rankOf = (name: string): number => order.findIndex((pattern) => pattern.test(name));

/** Sorts by place, then by name. */
export const byPlace = (a: string, b: string): number => rankOf(a) - rankOf(b) || (a < b ? -1 : a > b ? 1 : 0);
