/** What can be wrong with a recording, by name. */

export type FindingCode =
  | 'altered'
  | 'dropped'
  | 'swapped'
  | 'duplicated'
  | 'other_session'
  | 'malformed'
  | 'cut_tail'
  | 'checkpoint_key'
  | 'checkpoint_order'
  | 'disclosure_missing'
  | 'missing_open'
  | 'wrong_device'
  | 'revoked_device'
  | 'open_signature'
  | 'missing_log'
  | 'unclosed'
  | 'close_signature'
  | 'close_mismatch'
  | 'witness_mismatch'
  | 'receipt_mismatch'
  | 'redaction_invalid'
  | 'approval_invalid'
  | 'log_proof_missing'
  | 'log_proof_invalid'
  | 'timestamp_invalid'
  | 'container';

export interface Finding {
  readonly code: FindingCode;
  /** The first record that is bad; the size of the good part when no record can be blamed. */
  readonly n: number;
  /** Line of log.ndjson, from 1; 0 when it is not about a line. */
  readonly line: number;
  readonly reason: string;
}

/** Thrown inside the verifier to leave a step with a named finding; callers of `verifyRecording` never see it. */
export class FindingError extends Error {
  override readonly name = 'FindingError';
  readonly finding: Finding;
  constructor(finding: Finding) {
    super(finding.reason);
    this.finding = finding;
  }
}
