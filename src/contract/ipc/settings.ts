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

/** Adds the terminal. */
export const settingsV2 = settingsV1.extend({
  version: z.literal(2),
  terminalFont: z.enum(['builtin', 'system']),
  terminalFontPx: z.int().min(9).max(32),
  /** Lines that scroll back. */
  terminalScrollback: z.int().min(100).max(100_000),
  /** Flashes the terminal when a program rings the bell. */
  terminalBell: z.boolean(),
  /** Tells screen readers what is written. */
  terminalScreenReader: z.boolean(),
});
/** What the window sees and sends: the newest version only. */
export const settings = settingsV2;
export type Settings = z.infer<typeof settings>;

export const defaultSettings: Settings = {
  version: 2,
  theme: 'system',
  editorFontPx: 13,
  maxRows: 100_000,
  confirmOnProd: false,
  keepAliveMinutes: 30,
  notifyApprovals: true,
  terminalFont: 'builtin',
  terminalFontPx: 14,
  terminalScrollback: 10_000,
  terminalBell: true,
  terminalScreenReader: false,
};

/** What a file may hold: any version so far, made the newest. */
export const storedSettings = z.discriminatedUnion('version', [settingsV1, settingsV2]).transform((stored): Settings => (stored.version === 1 ? { ...defaultSettings, ...stored, version: 2 } : stored));

export const settingsSlice = defineSlice(
  'settings',
  { get: { request: nothing, reply: settings }, set: { request: settings, reply: settings } },
  { changed: settings },
);
