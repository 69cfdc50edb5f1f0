/** Alarms as OCSF Detection Finding (class 2004): what did not verify, what is missing, what was overridden. Pure. */
import { auditBase, type AuditFact, auditSource, auditUser } from './ocsf-audit.ts';
import { cutText, type Emitter, ocsfEvent, type OcsfObject, type Severity } from './ocsf-event.ts';

export interface Alarm {
  readonly type: string;
  readonly title: string;
  readonly severity: Severity;
}

/** Kinds of `security.<kind>` rows of the audit trail. */
export const alarms = {
  log_fork: { title: 'The transparency log shows two histories', severity: 'critical' },
  device_gap: { title: 'A session of a device is missing', severity: 'high' },
  never_closed: { title: 'A session was opened and never closed', severity: 'medium' },
  verification_failed: { title: 'Evidence does not verify', severity: 'critical' },
  break_glass: { title: 'Break-glass access was used', severity: 'high' },
  emergency_stop: { title: 'All access was stopped', severity: 'high' },
  monitor_alert: { title: 'The monitor raised an alert', severity: 'high' },
} as const satisfies Record<string, Omit<Alarm, 'type'>>;
export type AlarmKind = keyof typeof alarms;

export const isAlarmKind = (v: string): v is AlarmKind => Object.hasOwn(alarms, v);

/** A part of a recording that the store refused because it does not verify: `unprocessable: ...`. */
export const refusedPart = (f: Pick<AuditFact, 'action' | 'outcome' | 'detail'>): boolean => f.outcome === 'refused' && /^recording\.(open|chunk|end)$/.test(f.action) && f.detail.startsWith('unprocessable');

/** The alarm that an audit row is, if it is one. */
export function alarmOf(f: Pick<AuditFact, 'action' | 'outcome' | 'detail'>): Alarm | undefined {
  if (f.action === 'policy.report' && f.outcome === 'ok' && f.detail.startsWith('break_glass ')) return { type: 'break_glass', ...alarms.break_glass };
  if (refusedPart(f)) return { type: 'verification_failed', title: 'A part of a recording was refused: it does not verify', severity: 'high' };
  const kind = f.action.startsWith('security.') ? f.action.slice('security.'.length) : '';
  return isAlarmKind(kind) && f.outcome === 'ok' ? { type: kind, ...alarms[kind] } : undefined;
}

export function alarmEvent(emitter: Emitter, f: AuditFact, alarm: Alarm): OcsfObject {
  const desc = cutText(f.detail, 2_000).text;
  return ocsfEvent({
    ...auditBase(emitter, f),
    cls: 'finding',
    activity: 1,
    severity: alarm.severity,
    message: `${alarm.title}: ${f.object}`,
    attributes: {
      is_alert: true,
      finding_info: { uid: `${emitter.origin}/audit/${f.id}`, title: alarm.title, desc: desc === '' ? alarm.title : desc, types: [alarm.type], created_time: f.tMs },
      resources: [{ uid: f.object, name: f.object }],
      evidences: [{ user: auditUser(f), src_endpoint: auditSource(f), data: { action: f.action, object: f.object, outcome: f.outcome } }],
    },
  });
}
