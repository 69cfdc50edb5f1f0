/** What is run again, what came of it then, and what comes of it now. */

/** A cell as recordings hold it: text, bytes of a binary format, or SQL NULL. */
export type Cell = string | { readonly b64: string } | null;

export interface RecordedResult {
  /** Of the statement within a query text, from 0. */
  readonly index: number;
  /** CommandComplete's; empty for an empty query, `suspended` for a portal with more rows. */
  readonly tag: string;
  /** Absent for a statement that returns none. */
  readonly rows?: number;
  readonly columns?: readonly string[];
  /** The first rows, masked; `kept` says how many there were before any redaction. */
  readonly cells: readonly (readonly Cell[])[];
  readonly kept: number;
  /** SHA-256 (hex) over the DataRow messages of the rows after those. */
  readonly rest?: string;
  /** Data class by position of the column. */
  readonly masked: ReadonlyMap<number, string>;
  /** Detectors or column rules masked something in it. */
  readonly hasMasks: boolean;
  /** Fields whose content was redacted. */
  readonly removed: readonly string[];
}

/** What went through COPY. */
export interface RecordedCopy {
  readonly direction: 'in' | 'out';
  readonly bytes: number;
  readonly sha256: string;
  /** Absent: not kept, or redacted. */
  readonly data?: string;
}

export interface RecordedOutcome {
  readonly results: readonly RecordedResult[];
  readonly copies: readonly RecordedCopy[];
  /** SQLSTATE. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** A parameter as the recording shows it. `lost`: only its length and digest are there. */
export type RecordedParameter = { readonly kind: 'null' } | { readonly kind: 'text'; readonly text: string } | { readonly kind: 'binary'; readonly b64: string } | { readonly kind: 'lost' };

/** One request of a recorded session, with what it is answered. */
export interface ReplayStep {
  /** Number of its record. */
  readonly n: number;
  /** Milliseconds since the epoch. */
  readonly t: number;
  /** `parse`: prepared and never bound. `fetch`: more rows of a portal. */
  readonly kind: 'query' | 'bind' | 'parse' | 'fetch';
  readonly sql: string;
  /** Record of the Parse, for `bind` and `parse`. */
  readonly parse?: number;
  /** Record of the Bind, for `fetch`. */
  readonly portal?: number;
  readonly params: readonly RecordedParameter[];
  /** Of the Execute; 0: all. */
  readonly maxRows: number;
  readonly outcome: RecordedOutcome;
  /** Why it is not run again. */
  readonly skip?: Skip | undefined;
}

/** `refused`: it was not allowed then, so it is not run now. The others cannot be run as they were. */
export interface Skip {
  readonly why: 'refused' | 'redacted' | 'masked' | 'no outcome' | 'copy in' | 'unknown';
  readonly detail: string;
  /** Masks that stand for values: with these given, it can be run. */
  readonly tokens?: readonly string[];
}

export interface ReplayedResult {
  readonly tag: string;
  readonly rows?: number;
  readonly columns?: readonly string[];
  /** The first rows: as many as the recording kept, and some more where it kept them all. */
  readonly cells: readonly (readonly Cell[])[];
  /** SHA-256 (hex) over the DataRow messages of the rows after those; of nothing when there are none. */
  readonly restSha256: string;
}

export interface ReplayedCopy {
  readonly direction: 'in' | 'out';
  readonly bytes: number;
  readonly sha256: string;
  readonly data: string;
}

export interface ReplayedOutcome {
  readonly results: readonly ReplayedResult[];
  readonly copies: readonly ReplayedCopy[];
  readonly error?: { readonly code: string; readonly message: string };
}
