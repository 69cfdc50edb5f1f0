/** Security events for people: alarms of the audit trail, and who has looked into each. */
import { z } from 'zod';
import type { securityEvent } from '../../contract/store/index.ts';
import { alarmOf } from '../../evidence/ocsf-alarm.ts';
import type { Queries } from '../db/database.ts';
import type { Relation, User } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';

export type ShownAlarm = z.output<typeof securityEvent>;

/** The same condition as the index of migration 14: another would read the whole trail. `alarmOf` has the last word. */
const IS_ALARM = `((a.outcome = 'ok' and a.action like 'security.%')
  or (a.outcome = 'ok' and a.action = 'policy.report' and a.detail like 'break\\_glass %')
  or (a.outcome = 'refused' and a.action in ('recording.open', 'recording.chunk', 'recording.end') and a.detail like 'unprocessable%'))`;

const row = z.object({
  id: z.number(),
  t_ms: z.number(),
  iss: z.string(),
  sub: z.string(),
  name: z.string().nullable(),
  device_id: z.string(),
  action: z.string(),
  object: z.string(),
  outcome: z.enum(['ok', 'refused']),
  detail: z.string(),
  ack_iss: z.string().nullable(),
  ack_sub: z.string().nullable(),
  ack_name: z.string().nullable(),
  ack_note: z.string().nullable(),
  ack_ms: z.number().nullable(),
});
const select = `select a.id, a.t_ms, a.iss, a.sub, p.name, a.device_id, a.action, a.object, a.outcome, a.detail,
  k.iss as ack_iss, k.sub as ack_sub, k.name as ack_name, k.note as ack_note, k.t_ms as ack_ms
  from audit a left join security_event_acks k on k.audit_id = a.id left join people p on p.iss = a.iss and p.sub = a.sub where ${IS_ALARM}`;

function shown(r: z.output<typeof row>): ShownAlarm[] {
  const alarm = alarmOf(r);
  if (alarm === undefined) return [];
  const { id, t_ms, device_id, object, detail } = r;
  return [
    {
      ...{ id, t_ms, kind: alarm.type, title: alarm.title, severity: alarm.severity, object, detail },
      by: { iss: r.iss, sub: r.sub, name: r.name ?? r.sub },
      ...(device_id === '' ? {} : { device_id }),
      ...(r.ack_ms === null ? {} : { acknowledged: { by: { iss: r.ack_iss ?? '', sub: r.ack_sub ?? '', name: r.ack_name ?? '' }, note: r.ack_note ?? '', t_ms: r.ack_ms } }),
    },
  ];
}

export interface AlarmFilter {
  readonly open: boolean;
  /** Only those with smaller ids. */
  readonly before: number | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listAlarms(q: Queries, f: AlarmFilter): Promise<{ events: ShownAlarm[]; next_before?: number }> {
  const rows = await q.rows(row, `${select} and ($1::bigint is null or a.id < $1) and (not $2 or k.audit_id is null) order by a.id desc limit $3`, [f.before ?? null, f.open, f.limit]);
  const last = rows.at(-1);
  return { events: rows.flatMap(shown), ...(rows.length === f.limit && last !== undefined ? { next_before: last.id } : {}) };
}

/** How many nobody has looked into, counted up to `most`. */
export async function openAlarms(q: Queries, most: number): Promise<number> {
  const found = await q.first(z.object({ n: z.number() }), `select count(*)::integer as n from (select 1 from audit a where ${IS_ALARM} and not exists (select from security_event_acks k where k.audit_id = a.id) limit $1) open`, [most]);
  return found?.n ?? 0;
}

/** Whether this person caused it: a monitor's alarm is its raiser's work, not their doing. */
const causedBy = (alarm: ShownAlarm, who: { iss: string; sub: string }): boolean => (alarm.device_id !== undefined || alarm.kind === 'emergency_stop') && alarm.by.iss === who.iss && alarm.by.sub === who.sub;

/** @throws StoreError not_found, forbidden for what the caller has caused, conflict when somebody has acknowledged it already */
export async function acknowledge(tx: Queries, o: { id: number; note: string; user: User; may: (object: Relation) => boolean; nowMs: number }): Promise<ShownAlarm> {
  const found = await tx.first(row, `${select} and a.id = $1`, [o.id]);
  const [alarm] = found === undefined ? [] : shown(found);
  if (alarm === undefined) throw new StoreError('not_found', 'no such security event');
  if (!o.may({ own: causedBy(alarm, o.user) })) throw new StoreError('forbidden', 'somebody else must look into what you have caused');
  const { iss, sub, name } = o.user;
  const made = await tx.run('insert into security_event_acks (audit_id, iss, sub, name, note, t_ms) values ($1,$2,$3,$4,$5,$6) on conflict do nothing', [o.id, iss, sub, name, o.note, o.nowMs]);
  if (made !== 1) throw new StoreError('conflict', `${alarm.acknowledged?.by.name ?? 'somebody else'} has acknowledged this already`);
  return { ...alarm, acknowledged: { by: { iss, sub, name }, note: o.note, t_ms: o.nowMs } };
}
