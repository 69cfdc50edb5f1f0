/** Records of a timeline in one line. Pure. */
import type { TimelineRecord } from '../contract/ipc/sessions.ts';
import { plural } from './format.ts';
import { missingText } from './missing-text.ts';

export const approvalWords = { requested: 'Approval requested', approved: 'Approved', denied: 'Denied', expired: 'Expired', cancelled: 'Cancelled' } as const;

/** A line of text for records that are no statement. */
export function eventText(record: TimelineRecord): string {
  switch (record.kind) {
    case 'open':
    case 'close':
    case 'note':
      return record.text;
    case 'notice':
      return `${record.severity}: ${record.message}`;
    case 'error':
      return `${record.sqlstate}: ${record.message}`;
    case 'missing':
      return missingText(record, undefined);
    case 'decision':
      return record.reason;
    case 'approval':
      return [approvalWords[record.phase], record.by, record.reason].filter((x) => x !== undefined).join(' · ');
    case 'mask':
      return record.classes.map((c) => `${c.classId}: ${plural(c.cells, 'cell')}`).join(', ');
    case 'statement':
      return record.sql;
    case 'result':
      return record.tag;
    case 'request':
      return `${record.verb} ${record.object}`.trim();
    case 'outcome':
      return record.text;
  }
}
