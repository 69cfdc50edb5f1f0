/** The whole contract between the window and the main process. */
import { appSlice } from './app.ts';
import { approvalsSlice } from './approvals.ts';
import { authSlice } from './auth.ts';
import { connectionsSlice } from './connections.ts';
import { policySlice } from './policy.ts';
import { sessionsSlice } from './sessions.ts';
import { settingsSlice } from './settings.ts';
import type { SliceApi } from './slice.ts';
import { terminalSlice } from './terminal.ts';
import { workbenchSlice } from './workbench.ts';

export const slices = {
  app: appSlice,
  auth: authSlice,
  connections: connectionsSlice,
  workbench: workbenchSlice,
  terminal: terminalSlice,
  approvals: approvalsSlice,
  sessions: sessionsSlice,
  policy: policySlice,
  settings: settingsSlice,
} as const;

export type Slices = typeof slices;

/** What the preload exposes as `window.sallyport`. */
export type SallyportApi = { readonly [K in keyof Slices]: SliceApi<Slices[K]> };

export * from './app.ts';
export * from './approvals.ts';
export * from './auth.ts';
export * from './channels.ts';
export * from './common.ts';
export * from './connections.ts';
export * from './policy.ts';
export * from './sessions.ts';
export * from './settings.ts';
export * from './slice.ts';
export * from './terminal.ts';
export * from './workbench.ts';
