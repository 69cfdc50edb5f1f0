/** Settings of the app. Versioned; a file that does not parse stops the feature, it is never replaced by defaults. */
import { z } from 'zod';
import { defineSlice, nothing } from './slice.ts';

export const settingsV1 = z.strictObject({
  version: z.literal(1),
  theme: z.enum(['system', 'light', 'dark']),
  editorFontPx: z.int().min(11).max(22),
  /** Rows kept for the grid from one statement. */
  maxRows: z.int().min(100).max(1_000_000),
  /** Ask once more before running on a connection labelled env=prod. */
  confirmOnProd: z.boolean(),
  /** Keeps idle workbench sessions open. 0 turns it off. */
  keepAliveMinutes: z.int().min(0).max(480),
  notifyApprovals: z.boolean(),
});
/** New versions join this union; main migrates before the window sees a value. */
export const settings = z.discriminatedUnion('version', [settingsV1]);
export type Settings = z.infer<typeof settings>;

export const defaultSettings: Settings = {
  version: 1,
  theme: 'system',
  editorFontPx: 13,
  maxRows: 100_000,
  confirmOnProd: false,
  keepAliveMinutes: 30,
  notifyApprovals: true,
};

export const settingsSlice = defineSlice(
  'settings',
  { get: { request: nothing, reply: settings }, set: { request: settings, reply: settings } },
  { changed: settings },
);
