/** The slices that exist before anybody has signed in: the frame, sign-in and settings. */
import { app } from 'electron';
import { appSlice, type AppInfo, type AppStatus } from '../../contract/ipc/app.ts';
import { authSlice } from '../../contract/ipc/auth.ts';
import { settingsSlice, type Settings } from '../../contract/ipc/settings.ts';
import { copyText } from '../app/clipboard.ts';
import { readSettings, writeSettings } from '../app/settings-file.ts';
import { registerSlice } from '../ipc/handle.ts';
import type { SignInController } from '../sign-in/controller.ts';
import type { SliceContext } from './context.ts';

export interface BasicOptions {
  readonly context: SliceContext;
  readonly auth: SignInController;
  readonly settingsFile: string;
  readonly storeUrl: string;
  readonly demo: boolean;
  status(): AppStatus;
  /** The first screen is drawn. */
  ready(): void;
  settingsChanged(next: Settings): void;
}

export function registerBasic(o: BasicOptions): void {
  const { context, auth } = o;
  const platform = process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux';
  const info: AppInfo = { version: app.getVersion(), electron: process.versions.electron, platform, storeUrl: o.storeUrl, demo: o.demo };
  registerSlice(context.host, appSlice, {
    info: () => info,
    status: () => o.status(),
    copyText: async ({ text }) => {
      await copyText(text);
      return null;
    },
    ready: () => {
      o.ready();
      return null;
    },
  });
  registerSlice(context.host, authSlice, { state: () => auth.state, signIn: () => auth.signIn(), cancel: () => auth.cancel(), signOut: () => auth.signOut(), retry: () => auth.retry(), useCode: ({ code }) => auth.useCode(code) });
  registerSlice(context.host, settingsSlice, {
    get: () => readSettings(o.settingsFile),
    set: (next) => {
      const saved = writeSettings(o.settingsFile, next);
      o.settingsChanged(saved);
      context.emit(settingsSlice, 'changed', saved);
      return saved;
    },
  });
}
