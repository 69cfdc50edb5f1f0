/** The frame around every screen: the status bar, the clipboard and messages from main. */
import { z } from 'zod';
import { count, durationMs, epochMs, sizeBytes } from './common.ts';
import { defineSlice, nothing } from './slice.ts';

export const appInfo = z.strictObject({
  version: z.string(),
  electron: z.string(),
  platform: z.enum(['darwin', 'linux', 'win32']),
  storeUrl: z.string(),
  /** Started by `npm start` on demonstration data. */
  demo: z.boolean(),
});
export type AppInfo = z.infer<typeof appInfo>;

/** What a person must know of the policy on every screen. */
export const policyProblem = z.strictObject({
  /** `stopped`, `expired`: only break-glass is left. `refused`: the store's newer policy does not verify. `ending`: it is not renewed in time. */
  kind: z.enum(['stopped', 'expired', 'refused', 'ending']),
  why: z.string(),
  /** Until when the policy in force decides. */
  endsMs: epochMs,
});
export type PolicyProblem = z.infer<typeof policyProblem>;

export const appStatus = z.strictObject({
  identity: z.strictObject({ name: z.string(), subject: z.string(), expiresMs: epochMs }).nullable(),
  recording: z.strictObject({ state: z.enum(['idle', 'recording']), sessions: count }),
  spool: z.strictObject({
    sizeBytes,
    limitBytes: sizeBytes,
    pendingChunks: count,
    state: z.enum(['idle', 'uploading', 'offline']),
    lastError: z.string().optional(),
  }),
  policy: z
    .strictObject({
      ...{ name: z.string(), serial: count, digest: z.string() },
      /** Since it was last verified against the store. Absent for a source directory, which nobody signed. */
      ageMs: durationMs.optional(),
      problem: policyProblem.optional(),
    })
    .nullable(),
  pendingApprovals: count,
});
export type AppStatus = z.infer<typeof appStatus>;

/** Menu entries and global shortcuts that main turns into commands of the window. */
export const appCommand = z.strictObject({
  command: z.enum(['palette', 'connections', 'workbench', 'terminal', 'approvals', 'sessions', 'policy', 'settings', 'new_tab', 'close_tab']),
});
export type AppCommand = z.infer<typeof appCommand>;

export const appMessage = z.strictObject({
  level: z.enum(['info', 'success', 'warning', 'error']),
  title: z.string(),
  message: z.string(),
});
export type AppMessage = z.infer<typeof appMessage>;

export const appSlice = defineSlice(
  'app',
  {
    info: { request: nothing, reply: appInfo },
    status: { request: nothing, reply: appStatus },
    /** Writes to the system clipboard in main: the window has no clipboard permission. */
    copyText: { request: z.strictObject({ text: z.string().max(4 * 1024 * 1024) }), reply: z.null() },
    /** The first screen is on the glass; main may show the window and note the start time. */
    ready: { request: nothing, reply: z.null() },
  },
  { statusChanged: appStatus, command: appCommand, message: appMessage },
);
