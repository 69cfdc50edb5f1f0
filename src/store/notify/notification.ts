/** What people are told, as facts: rows of the audit trail in, notifications out. Words are put to it in templates.ts. Pure. */
import { z } from 'zod';
import { notificationKinds } from '../../contract/store/notify.ts';
import { alarmOf } from '../../evidence/ocsf-alarm.ts';
import { type AuditFact, who } from '../../evidence/ocsf-audit.ts';
import { cutText } from '../../evidence/ocsf-event.ts';

const text = z.string();

/** Plain JSON: it waits in the outbox in this form. */
export const notification = z.strictObject({
  /** The same for the same fact; receivers drop repetitions by it. */
  id: text,
  kind: z.enum(notificationKinds),
  t_ms: z.number(),
  /** Not worth sending after this time. */
  until_ms: z.number().optional(),
  object: text,
  by: text,
  detail: text,
  title: text.optional(),
  session_id: text.optional(),
  approval: z
    .strictObject({
      id: text,
      state: text,
      decision: z.enum(['approve', 'deny']).optional(),
      requester: text,
      connection: text,
      labels: z.record(text, text),
      policies: z.array(text),
      approvers: z.array(text),
      quorum: z.number(),
      expires_ms: z.number(),
      /** Masked, as approvers see it; only for channels that show statements. */
      statement: text.optional(),
    })
    .optional(),
});
export type Notification = z.output<typeof notification>;

const MAX_STATEMENT = 2_000;
const MAX_DETAIL = 500;
/** An alarm about the same thing within this time is told once: a device sends a part that was refused again and again. */
const QUIET_MS = 3_600_000;

const approvalKinds: Readonly<Record<string, Notification['kind']>> = {
  'approval.request': 'approval.requested',
  'approval.decide': 'approval.decided',
  'approval.expire': 'approval.expired',
  'approval.cancel': 'approval.cancelled',
};

/** Undefined for rows that nobody is told of. @param origin of the store */
export function notificationOf(origin: string, f: AuditFact): Notification | undefined {
  const base = { t_ms: f.tMs, object: f.object, by: who(f), detail: cutText(f.detail, MAX_DETAIL).text };
  const alarm = alarmOf(f);
  if (alarm !== undefined) {
    const kind = notification.shape.kind.parse(`security.${alarm.type}`);
    return { ...base, id: `${origin}/${kind}/${f.object}/${Math.floor(f.tMs / QUIET_MS)}`, kind, title: alarm.title };
  }
  if (f.outcome !== 'ok') return undefined;
  const id = `${origin}/audit/${f.id}`;
  if (f.action === 'device.revoke') return { ...base, id, kind: 'device.revoked' };
  const kind = approvalKinds[f.action];
  if (kind === undefined || f.approval === undefined) return undefined;
  const { request, state, decision } = f.approval;
  return {
    ...base,
    id,
    kind,
    // What an approver or a requester typed may say anything; it is in the store for who may see it.
    detail: '',
    ...(kind === 'approval.requested' ? { until_ms: request.expires_ms } : {}),
    session_id: request.session_id,
    approval: {
      id: request.id,
      state,
      ...(decision === undefined ? {} : { decision: decision.decision }),
      requester: request.requester.name,
      connection: request.connection,
      labels: { ...request.labels },
      policies: [...request.policy.ids],
      approvers: [...request.approvers],
      quorum: request.quorum,
      expires_ms: request.expires_ms,
      statement: cutText(request.statement, MAX_STATEMENT).text,
    },
  };
}

/** The same without what a channel is not to carry. */
export function withoutStatement(n: Notification): Notification {
  if (n.approval === undefined) return n;
  return { ...n, approval: { ...n.approval, statement: undefined } };
}
