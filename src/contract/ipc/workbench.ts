/** SQL workbench: one tab is one session of the local proxy, so everything in it is decided and recorded. */
import { z } from 'zod';
import { connectionName, count, durationMs, effect, epochMs, labels, maskInfo, opaqueId, resultColumn, rows, sqlError, sqlText } from './common.ts';
import { defineSlice } from './slice.ts';

const tab = z.strictObject({ tabId: opaqueId });

/** A cell that a detector masked. `row` counts from the result's first row. */
export const cellMark = z.strictObject({ row: count, column: count, mask: maskInfo });
export type CellMark = z.infer<typeof cellMark>;

/** Half-open range of UTF-16 code units in the text that was sent. */
const range = { from: count, to: count };

/** What would be allowed instead. `edits` do not overlap; `select` is what the person fills in, in the changed text. */
export const offer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('edit'),
    label: z.string(),
    edits: z.array(z.strictObject({ ...range, insert: z.string() })),
    select: z.strictObject(range).optional(),
  }),
  /** Run it as it is, and wait for these groups. */
  z.strictObject({ kind: z.literal('ask'), label: z.string(), approvers: z.array(z.string()) }),
]);
export type Offer = z.infer<typeof offer>;

/** Why a statement is denied, held or masked, at the place in the text that caused it. */
export const explanation = z.strictObject({
  ...range,
  severity: z.enum(['denied', 'held', 'masked', 'hint']),
  /** One plain sentence; names and SQL stand between backticks. */
  sentence: z.string(),
  offers: z.array(offer),
});
export type Explanation = z.infer<typeof explanation>;

const run = { tabId: opaqueId, runId: opaqueId };
const result = { ...run, resultId: opaqueId };

/** Everything that happens to a run, in order. Every run ends with exactly one `finished`. */
export const workbenchEvent = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('started'), ...run, startedMs: epochMs, sessionId: z.string().optional() }),
  z.strictObject({ type: z.literal('columns'), ...result, statement: count, columns: z.array(resultColumn) }),
  /** `marks` for cells of these rows; `row` in a mark is absolute. */
  z.strictObject({ type: z.literal('rows'), ...result, rows, marks: z.array(cellMark).optional() }),
  /** Masks that became known after the rows went out. */
  z.strictObject({
    type: z.literal('masks'),
    ...result,
    columns: z.array(z.strictObject({ column: count, mask: maskInfo })),
    cells: z.array(cellMark),
  }),
  /** One statement ended. `resultId` only where it had columns. */
  z.strictObject({
    type: z.literal('complete'),
    ...run,
    resultId: opaqueId.optional(),
    statement: count,
    tag: z.string(),
    rowCount: count,
    elapsedMs: durationMs,
    /** More rows came than the run asked for; they were recorded, but are not shown. */
    truncated: z.boolean(),
  }),
  z.strictObject({
    type: z.literal('notice'),
    ...run,
    severity: z.string(),
    message: z.string(),
    detail: z.string().optional(),
    hint: z.string().optional(),
    sqlstate: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('held'),
    ...run,
    approvalId: opaqueId,
    sql: z.string(),
    reason: z.string(),
    policyIds: z.array(z.string()),
    approvers: z.array(z.string()),
    quorum: z.int().positive(),
    approvals: count,
    expiresMs: epochMs,
  }),
  /** The hold ended or moved: `pending` carries a new count of approvals. */
  z.strictObject({
    type: z.literal('hold_changed'),
    ...run,
    approvalId: opaqueId,
    state: z.enum(['pending', 'approved', 'denied', 'expired', 'cancelled']),
    approvals: count,
    by: z.string().optional(),
    reason: z.string().optional(),
  }),
  z.strictObject({ type: z.literal('error'), ...run, statement: count.optional(), error: sqlError }),
  /** Why the run was stopped, with places in the text that was run. Comes after the `error` of a denial, before `finished`. */
  z.strictObject({ type: z.literal('explained'), ...run, sql: z.string(), explanations: z.array(explanation) }),
  z.strictObject({
    type: z.literal('finished'),
    ...run,
    elapsedMs: durationMs,
    outcome: z.enum(['ok', 'error', 'cancelled']),
    transaction: z.enum(['idle', 'open', 'failed']),
  }),
  /** The session behind the tab is gone; the next run opens a new one. */
  z.strictObject({ type: z.literal('disconnected'), tabId: opaqueId, message: z.string() }),
]);
export type WorkbenchEvent = z.infer<typeof workbenchEvent>;

export const dryRunStatement = z.strictObject({
  ...range,
  /** Verb: `SELECT`, `DROP TABLE`. */
  statement: z.string(),
  effect,
  reason: z.string(),
  policyIds: z.array(z.string()),
  approvers: z.array(z.string()),
  quorum: count,
  masked: z.array(z.strictObject({ column: z.string(), mask: maskInfo })),
  explanations: z.array(explanation),
});
export type DryRunStatement = z.infer<typeof dryRunStatement>;

export const dryRunReply = z.discriminatedUnion('state', [
  /** `unparsed`: where the parser stopped in statements among them that do not parse yet, and where each begins. Normal while typing; the others are decided all the same. */
  z.strictObject({ state: z.literal('decided'), statements: z.array(dryRunStatement), unparsed: z.array(z.strictObject({ start: count, ...range, message: z.string() })), elapsedMs: durationMs }),
  /** No statement of the text parses yet. `at` is where the parser stopped. */
  z.strictObject({ state: z.literal('unparsed'), message: z.string(), at: z.strictObject(range).optional() }),
]);
export type DryRunReply = z.infer<typeof dryRunReply>;

export const schemaTable = z.strictObject({
  schema: z.string(),
  name: z.string(),
  kind: z.enum(['table', 'view', 'materialized view', 'foreign table', 'partitioned table']),
  columns: z.array(z.strictObject({ name: z.string(), type: z.string(), classId: z.string().optional() })),
});
export const schemaReply = z.strictObject({ searchPath: z.array(z.string()), tables: z.array(schemaTable) });
export type SchemaReply = z.infer<typeof schemaReply>;
export type SchemaTable = z.infer<typeof schemaTable>;

export const historyEntry = z.strictObject({
  id: opaqueId,
  connection: connectionName,
  sql: z.string(),
  startedMs: epochMs,
  elapsedMs: durationMs,
  outcome: z.enum(['ok', 'error', 'denied', 'held', 'cancelled']),
  rowCount: count.optional(),
  message: z.string().optional(),
});
export type HistoryEntry = z.infer<typeof historyEntry>;

export const openReply = z.strictObject({
  tabId: opaqueId,
  connection: connectionName,
  database: z.string(),
  labels,
  serverVersion: z.string().optional(),
  sessionId: z.string(),
});
export type OpenReply = z.infer<typeof openReply>;

/** What happened to a save dialog. Only the base name comes back: the window has no business with paths. */
export const savedReply = z.discriminatedUnion('saved', [
  z.strictObject({ saved: z.literal(true), basename: z.string(), sizeBytes: count }),
  z.strictObject({ saved: z.literal(false) }),
]);
export type SavedReply = z.infer<typeof savedReply>;

export const workbenchSlice = defineSlice(
  'workbench',
  {
    open: { request: z.strictObject({ connection: connectionName }), reply: openReply },
    close: { request: tab, reply: z.null() },
    /** Resolves once the run has an id; everything else comes as events. One run at a time in a tab. */
    run: { request: z.strictObject({ tabId: opaqueId, sql: sqlText, maxRows: z.int().min(1).max(2_000_000) }), reply: z.strictObject({ runId: opaqueId }) },
    cancel: { request: tab, reply: z.null() },
    dryRun: { request: z.strictObject({ tabId: opaqueId, sql: sqlText }), reply: dryRunReply },
    /** EXPLAIN through the proxy; `analyze` runs the statement, with everything that policy says about that. */
    explain: {
      request: z.strictObject({ tabId: opaqueId, sql: sqlText, analyze: z.boolean() }),
      reply: z.discriminatedUnion('ok', [
        z.strictObject({ ok: z.literal(true), lines: z.array(z.string()), elapsedMs: durationMs }),
        z.strictObject({ ok: z.literal(false), error: sqlError }),
      ]),
    },
    schema: { request: tab, reply: schemaReply },
    history: {
      request: z.strictObject({ connection: connectionName.optional(), search: z.string().max(200).optional(), limit: z.int().min(1).max(500) }),
      reply: z.array(historyEntry),
    },
    exportCsv: { request: z.strictObject({ tabId: opaqueId, resultId: opaqueId, suggestedName: z.string().max(100) }), reply: savedReply },
  },
  { event: workbenchEvent },
);
