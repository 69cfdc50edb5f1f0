/** Recorded sessions of this person: those of the local spool and those the store keeps. */
import { z } from 'zod';
import { connectionName, count, durationMs, effect, epochMs, labels, opaqueId, person, resultColumn, rows, sizeBytes } from './common.ts';
import { defineSlice, nothing } from './slice.ts';
import { savedReply } from './workbench.ts';

export const verdict = z.enum(['PASS', 'PASS_REDACTED', 'RECOVERED', 'OPEN', 'FAIL']);
export type Verdict = z.infer<typeof verdict>;

export const sessionSummary = z.strictObject({
  id: opaqueId,
  connection: connectionName,
  labels,
  database: z.string(),
  client: z.string(),
  startedMs: epochMs,
  endedMs: epochMs.nullable(),
  state: z.enum(['live', 'pending_upload', 'uploaded', 'recovered']),
  statements: count,
  denied: count,
  held: count,
  maskedCells: count,
  sizeBytes,
  /** The last verdict on this machine; null when nobody has verified it yet. */
  verdict: verdict.nullable(),
});
export type SessionSummary = z.infer<typeof sessionSummary>;

/** `statement` groups what belongs to one request; null for what concerns the session. `n` is the record's number. */
const base = { n: count, tMs: epochMs, statement: count.nullable() };

export const timelineRecord = z.discriminatedUnion('kind', [
  z.strictObject({ ...base, kind: z.literal('open'), text: z.string() }),
  z.strictObject({ ...base, kind: z.literal('statement'), sql: z.string(), parameters: z.array(z.string().nullable()) }),
  z.strictObject({ ...base, kind: z.literal('decision'), effect, reason: z.string(), policyIds: z.array(z.string()) }),
  z.strictObject({
    ...base,
    kind: z.literal('approval'),
    phase: z.enum(['requested', 'approved', 'denied', 'expired', 'cancelled']),
    approvalId: z.string(),
    by: z.string().optional(),
    reason: z.string().optional(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('result'),
    tag: z.string(),
    columns: z.array(resultColumn),
    rows,
    rowCount: count,
    /** The recording holds fewer rows than the client got; count and digest cover the rest. */
    truncated: z.boolean(),
    elapsedMs: durationMs.optional(),
  }),
  z.strictObject({ ...base, kind: z.literal('mask'), classes: z.array(z.strictObject({ classId: z.string(), cells: count })) }),
  /** What was asked of an SSH target. `verb` and `object` are words for people: `Read file`, `/etc/hosts`. `line` was typed into a shell. */
  z.strictObject({
    ...base,
    kind: z.literal('request'),
    channel: count,
    what: z.enum(['shell', 'exec', 'line', 'file', 'look', 'forward', 'other']),
    verb: z.string(),
    object: z.string(),
    details: z.array(z.strictObject({ name: z.string(), value: z.string() })),
  }),
  /** How a request of an SSH target ended, in words, and what moved. */
  z.strictObject({
    ...base,
    kind: z.literal('outcome'),
    ok: z.boolean(),
    text: z.string(),
    moved: z.array(z.strictObject({ what: z.string(), sizeBytes, sha256: z.string().optional(), note: z.string().optional() })),
  }),
  z.strictObject({ ...base, kind: z.literal('error'), sqlstate: z.string(), message: z.string() }),
  z.strictObject({ ...base, kind: z.literal('notice'), severity: z.string(), message: z.string() }),
  z.strictObject({ ...base, kind: z.literal('note'), text: z.string() }),
  /** Content that the record's header names is not there, or is another. Whether a redaction took it out is the verifier's to say. */
  z.strictObject({ ...base, kind: z.literal('missing'), field: z.string() }),
  z.strictObject({ ...base, kind: z.literal('close'), text: z.string() }),
]);
export type TimelineRecord = z.infer<typeof timelineRecord>;

/** Text that a channel of an SSH session showed, or the size that its terminal got. */
export const shownEvent = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), n: count, tMs: epochMs, channel: count, text: z.string() }),
  z.strictObject({ kind: z.literal('size'), n: count, tMs: epochMs, channel: count, cols: count, rows: count }),
]);
export const shownPage = z.strictObject({
  events: z.array(shownEvent),
  /** Record after which the next page begins; null at the end. */
  after: count.nullable(),
});

export const sessionDetail = z.strictObject({
  summary: sessionSummary,
  user: person,
  deviceId: z.string(),
  address: z.string(),
  program: z.string(),
  recordingLevel: z.string(),
  policy: z.strictObject({ name: z.string(), serial: count, digest: z.string() }),
  protocol: z.string(),
  records: z.array(timelineRecord),
});
export type SessionDetail = z.infer<typeof sessionDetail>;

export const verifyStep = z.strictObject({
  title: z.string(),
  /** What the step proves, for people. */
  means: z.string(),
  status: z.enum(['ok', 'warning', 'failed', 'skipped']),
  detail: z.string(),
});
export const verifyReport = z.strictObject({
  verdict,
  steps: z.array(verifyStep),
  records: count,
  /** First record that does not hold, with what is wrong with it. */
  firstBad: z.strictObject({ n: count, message: z.string() }).optional(),
  signedThrough: count,
  witnessedThrough: count.optional(),
  checkedMs: epochMs,
  /** Contents that a verified redaction took out. */
  redactions: z.array(z.strictObject({ n: count, field: z.string(), legalBasis: z.string(), ticket: z.string() })),
});
export type VerifyReport = z.infer<typeof verifyReport>;

const byId = z.strictObject({ id: opaqueId });

export const sessionsSlice = defineSlice(
  'sessions',
  {
    list: { request: nothing, reply: z.array(sessionSummary) },
    get: { request: byId, reply: sessionDetail },
    /** What its terminals showed, a page at a time and in order. `after` of null begins. */
    shown: { request: z.strictObject({ id: opaqueId, after: count.nullable() }), reply: shownPage },
    verify: { request: byId, reply: verifyReport },
    /** Writes an `.srz` where the save dialog says. */
    export: { request: byId, reply: savedReply },
  },
  { changed: z.array(sessionSummary) },
);
