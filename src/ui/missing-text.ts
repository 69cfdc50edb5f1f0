/**
 * Words for content that a record's header names and the recording does not hold as it was. That it was redacted is
 * said only where a verified redaction statement covers exactly this content; the player by itself cannot know.
 */
import type { TimelineRecord, VerifyReport } from '../contract/ipc/sessions.ts';

type Missing = Extract<TimelineRecord, { kind: 'missing' }>;

/** What verification has found to be redacted; undefined before it has run. */
export type Redactions = VerifyReport['redactions'] | undefined;

const by = (m: Missing, redactions: Redactions): VerifyReport['redactions'][number] | undefined => redactions?.find((r) => r.n === m.n && r.field === m.field);

export const isRedacted = (m: Missing, redactions: Redactions): boolean => by(m, redactions) !== undefined;

export function missingText(m: Missing, redactions: Redactions): string {
  const redaction = by(m, redactions);
  if (redaction !== undefined) return `Content of field ${m.field} was removed by a signed redaction: ${redaction.legalBasis} (${redaction.ticket}).`;
  const bare = `Content of field ${m.field} is missing or altered`;
  return redactions === undefined ? `${bare}. Verification tells whether a signed redaction took it out.` : `${bare}: no verified redaction covers it.`;
}
