/** Notifications: what they are about, how they stand, a test message, and alarms that come from outside. */
import { z } from 'zod';
import { line, timeMs } from './common.ts';

/** What somebody can be told of. */
export const notificationKinds = [
  'approval.requested',
  'approval.decided',
  'approval.expired',
  'approval.cancelled',
  'device.revoked',
  'security.log_fork',
  'security.device_gap',
  'security.never_closed',
  'security.verification_failed',
  'security.break_glass',
  'security.emergency_stop',
  'security.monitor_alert',
  'test',
] as const;
export type NotificationKind = (typeof notificationKinds)[number];

const count = z.number().int().min(0);

/** GET /v1/notify/status */
export const notifyStatus = z.strictObject({
  unread_rows: count,
  channels: z.array(
    z.strictObject({
      name: z.string(),
      type: z.enum(['webhook', 'slack', 'email']),
      waiting: count,
      sent: count,
      /** Given up after all tries. POST /v1/notify/retry sends them again. */
      dead: count,
      last_sent_ms: timeMs.optional(),
      last_error: z.string().optional(),
      /** Of a webhook that signs with Ed25519: `whpk_` and base64. */
      public_key: z.string().optional(),
    }),
  ),
});

/** POST /v1/notify/test: one message to one channel, or to all. */
export const notifyTestBody = z.strictObject({ channel: z.string().max(63).optional() });
export const notifyQueued = z.strictObject({ queued: z.array(z.string()) });

/** POST /v1/security-events: a monitor outside of the store raises an alarm. `detail` is a sentence, without data. */
export const securityEventBody = z.strictObject({
  kind: z.enum(['log_fork', 'device_gap', 'never_closed', 'verification_failed', 'break_glass', 'emergency_stop', 'monitor_alert']),
  object: line(500),
  detail: line(1_000),
});

const person = z.strictObject({ iss: z.string(), sub: z.string(), name: z.string() });

/** One alarm: a row of the audit trail that somebody should look into. */
export const securityEvent = z.strictObject({
  id: z.number().int().min(1),
  t_ms: timeMs,
  kind: z.string().max(50),
  title: z.string().max(200),
  severity: z.enum(['informational', 'low', 'medium', 'high', 'critical']),
  /** What it is about: a session, a device, `log`, `policy`. */
  object: z.string(),
  detail: z.string(),
  /** Who caused or reported it; empty for the store itself. */
  by: person,
  device_id: z.string().optional(),
  acknowledged: z.strictObject({ by: person, note: z.string(), t_ms: timeMs }).optional(),
});
export type SecurityEventView = z.output<typeof securityEvent>;

/** GET /v1/security-events: newest first. */
export const securityEventQuery = z.strictObject({
  /** Only those that nobody has acknowledged. */
  open: z.enum(['true', 'false']).default('false'),
  before: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const OPEN_ALARMS_MAX = 100;
export const securityEventList = z.strictObject({
  events: z.array(securityEvent).max(500),
  next_before: z.number().int().min(1).optional(),
  /** Not acknowledged, counted up to OPEN_ALARMS_MAX. */
  open: z.number().int().min(0).max(OPEN_ALARMS_MAX),
});
export const securityEventParams = z.strictObject({ id: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });
/** POST /v1/security-events/:id/acknowledge. `note`: what was found. */
export const acknowledgeBody = z.strictObject({ note: line(1_000) });
