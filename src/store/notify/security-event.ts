/** Alarms: one row of the audit trail each, from which SIEM events and notifications are made. */
import type { AlarmKind } from '../../evidence/ocsf-alarm.ts';
import type { Queries } from '../db/database.ts';
import { type Actor, writeAudit } from '../http/context.ts';

export interface SecurityEvent {
  readonly kind: AlarmKind;
  /** What it is about: a session, a device, `log`. */
  readonly object: string;
  /** A short sentence for people. No value of data, no statement. */
  readonly detail: string;
}

const STORE: Actor = { user: undefined, device: undefined, address: 'local' };

/** Call it in the transaction that finds the cause. */
export async function raiseSecurityEvent(tx: Queries, nowMs: number, e: SecurityEvent, by: Actor = STORE): Promise<void> {
  await writeAudit(tx, nowMs, by, { action: `security.${e.kind}`, object: e.object, outcome: 'ok', detail: e.detail });
}
