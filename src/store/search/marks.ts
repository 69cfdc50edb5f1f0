/** What happens in a session beside its statements: approvals, later decisions, notices, gaps, beginning and end. */
import { z } from 'zod';
import type { ApprovalId } from '../../base/ids.ts';
import { approvalId, searchDecisions, type SearchDecision } from '../../contract/store/index.ts';
import { parseApprovalDecision } from '../../evidence/approval.ts';
import { parseEnvelope, payloadJson } from '../../evidence/dsse.ts';
import type { ReadRecord } from '../../evidence/read.ts';
import { approvalOf, clearInt, clearList, clearText, cut, fieldText } from './fold-parts.ts';

export const MARK_TEXT_CHARS = 500;

export const markKinds = z.enum(['decision', 'approval', 'notice', 'copy', 'gap', 'note', 'open', 'close']);
export type MarkKind = z.output<typeof markKinds>;

/** Stored as JSON beside the mark. */
export const markDetail = z.strictObject({ decision: searchDecisions.optional(), approval_id: approvalId.optional(), phase: z.string().optional(), by: z.string().optional() });
export type MarkDetail = z.output<typeof markDetail>;

export interface Mark {
  readonly n: number;
  readonly kind: MarkKind;
  readonly atMs: number;
  readonly offsetMs: number;
  readonly statement: number | undefined;
  readonly text: string;
  readonly detail: MarkDetail;
}

export function markOf(r: ReadRecord, at: { n: number; atMs: number; offsetMs: number; statement: number | undefined }): Mark {
  const { kind, text, detail } = contentOf(r);
  return { ...at, kind, text: cut(text, MARK_TEXT_CHARS), detail: detail ?? {} };
}

interface Content {
  readonly kind: MarkKind;
  readonly text: string;
  readonly detail?: MarkDetail;
}

function contentOf(r: ReadRecord): Content {
  switch (r.kind) {
    case 'conn.open':
      return { kind: 'open', text: fieldText(r, 'application_name') };
    case 'conn.close':
      return { kind: 'close', text: '' };
    case 'approval.request':
      return { kind: 'approval', text: reasonOfRequest(r), detail: { phase: 'requested', ...approval(r) } };
    case 'approval.decision':
      return decided(r);
    case 'policy.decision':
      return { kind: 'decision', text: fieldText(r, 'reason'), detail: { phase: cut(clearText(r, 'dec'), 50), decision: outcome(clearText(r, 'dec')), ...approval(r) } };
    case 'sql.notice':
      return { kind: 'notice', text: fieldText(r, 'text') };
    case 'sql.copy':
      return { kind: 'copy', text: `COPY ${clearText(r, 'dir')}: ${clearInt(r, 'bytes', Number.MAX_SAFE_INTEGER) ?? 0} bytes` };
    case 'gap':
      return { kind: 'gap', text: clearText(r, 'reason') };
    case 'mask.applied':
      return { kind: 'note', text: exposed(r) };
    default:
      return { kind: 'note', text: fieldText(r, 'text') || r.kind };
  }
}

/** Classes that stood on a screen in clear for a moment. */
const exposed = (r: ReadRecord): string => `shown in clear for a moment: ${clearList(r, 'exposed').join(', ')}`;

const outcome = (dec: string): SearchDecision => (dec === 'approved' || dec === 'allow' ? dec : dec === 'hold' ? 'held' : 'denied');

function approval(r: ReadRecord): { approval_id?: ApprovalId } {
  const id = approvalOf(r);
  return id === undefined ? {} : { approval_id: id };
}

const requestPart = z.looseObject({ policy: z.looseObject({ reason: z.string() }) });
function reasonOfRequest(r: ReadRecord): string {
  return requestPart.safeParse(r.fields['request']).data?.policy.reason ?? '';
}

/** Who decided is read from the signed envelope, never from what stands beside it. */
function decided(r: ReadRecord): Content {
  if (r.clear['counted'] === false) return { kind: 'approval', text: fieldText(r, 'reason'), detail: { phase: 'not counted', ...approval(r) } };
  try {
    const decision = parseApprovalDecision(payloadJson(parseEnvelope(fieldText(r, 'envelope'), 'approval-decision')));
    return { kind: 'approval', text: decision.reason, detail: { phase: decision.decision, by: cut(decision.approver.name, 255), ...approval(r) } };
  } catch {
    return { kind: 'approval', text: 'a decision that cannot be read', detail: { phase: 'not counted', ...approval(r) } };
  }
}
