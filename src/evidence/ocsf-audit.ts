/** What the events of one audit row have in common. Pure. */
import type { ApprovalRequest } from './approval.ts';
import { compact, cutText, type Emitter, type EventInput, ocsfEndpoint, type OcsfObject, ocsfUser } from './ocsf-event.ts';

/** One row of the audit trail, with what the store knows of the things it names. */
export interface AuditFact {
  readonly id: number;
  readonly tMs: number;
  /** Both empty when nobody was proven: a public route, or the store itself (address `local`). */
  readonly iss: string;
  readonly sub: string;
  readonly name?: string;
  readonly groups?: readonly string[];
  readonly deviceId: string;
  readonly address: string;
  readonly action: string;
  readonly object: string;
  readonly outcome: 'ok' | 'refused';
  readonly detail: string;
  /** For actions on an approval that is there. */
  readonly approval?: { readonly request: ApprovalRequest; readonly state: string; readonly decision?: { readonly decision: 'approve' | 'deny'; readonly reason: string } };
}

const MAX_DETAIL = 1_000;

/** Members that every event of an audit row has. */
export function auditBase(emitter: Emitter, f: AuditFact): Pick<EventInput, 'emitter' | 'timeMs' | 'loggedMs' | 'outcome' | 'uid' | 'sequence'> & { statusDetail?: string } {
  const detail = cutText(f.detail, MAX_DETAIL).text;
  return { emitter, timeMs: f.tMs, loggedMs: f.tMs, outcome: f.outcome === 'ok' ? 'success' : 'failure', uid: `audit/${f.id}`, sequence: f.id, ...(detail === '' ? {} : { statusDetail: detail }) };
}

/** Who did it, as far as it was proven. */
export function auditActor(f: AuditFact): OcsfObject {
  if (f.sub === '' && f.address === 'local') return { app_name: 'sallyport store' };
  if (f.sub === '') return { user: { name: 'unknown', type_id: 0, type: 'Unknown' } };
  return { user: auditUser(f), idp: { name: f.iss, issuer: f.iss } };
}

export const auditUser = (f: AuditFact): OcsfObject => (f.sub === '' ? { name: 'unknown', type_id: 0, type: 'Unknown' } : ocsfUser({ iss: f.iss, sub: f.sub, ...(f.name === undefined ? {} : { name: f.name }), ...(f.groups === undefined ? {} : { groups: f.groups }) }));

/** Where the call came from: the address, and the device where one signed. */
export const auditSource = (f: AuditFact): OcsfObject => compact({ ...ocsfEndpoint(f.address), uid: f.deviceId === '' ? undefined : f.deviceId });

/** For people. */
export const who = (f: AuditFact): string => (f.name !== undefined && f.name !== '' ? f.name : f.sub !== '' ? f.sub : f.address === 'local' ? 'the store' : 'somebody unknown');
