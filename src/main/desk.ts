/** The running app: one window, the person at it, and an orderly end. */
import path from 'node:path';
import { app, dialog, ipcMain, type BrowserWindow } from 'electron';
import { appSlice } from '../contract/ipc/app.ts';
import { authSlice } from '../contract/ipc/auth.ts';
import { defaultSettings, type Settings } from '../contract/ipc/settings.ts';
import type { AppConfig } from './app/config.ts';
import { describeError, type Log } from './app/log.ts';
import { installMenu } from './app/menu.ts';
import { readSettings } from './app/settings-file.ts';
import { openWindow, showWindow } from './app/window.ts';
import { emitEvent, type IpcHost } from './ipc/handle.ts';
import { SignInController } from './sign-in/controller.ts';
import { registerBasic } from './slices/basic.ts';
import type { AskWhere, SliceContext } from './slices/context.ts';
import type { SignedInSlices } from './slices/signed-in.ts';
import { statusOf, Throttle } from './slices/status.ts';

export interface DeskOptions {
  readonly config: AppConfig;
  readonly dataDir: string;
  readonly mainDir: string;
  readonly log: Log;
}

/** Sessions and recordings get this long to close when the program ends. */
const QUIT_MS = 15_000;

export function startDesk(o: DeskOptions): void {
  const { config, dataDir, log } = o;
  const settingsFile = path.join(dataDir, 'settings.json');
  const windows = new Set<number>();
  const open = new Set<BrowserWindow>();
  const ipcLog: IpcHost['log'] = {
    refused: (channel, why) => log.write('warning', 'ipc.refused', `${channel}: ${why}`),
    failed: (channel, error) => log.write('warning', 'ipc.failed', `${channel}: ${describeError(error)}`),
  };
  let settings: Settings = settingsOrDefault(settingsFile, log);
  let slices: SignedInSlices | undefined;
  const context: SliceContext = {
    host: { ipcMain, windows, log: ipcLog },
    log,
    need: () => auth.need(),
    emit: (slice, event, payload) => void emitEvent([...open].map((w) => w.webContents), ipcLog, slice, event, payload),
    settings: () => settings,
  };
  const askWhere: AskWhere = async (name, extension) => {
    const [window] = open;
    const options = { defaultPath: path.join(app.getPath('downloads'), name), ...(extension === '' ? {} : { filters: [{ name: extension.toUpperCase(), extensions: [extension] }] }) };
    const answer = window === undefined ? await dialog.showSaveDialog(options) : await dialog.showSaveDialog(window, options);
    return answer.canceled || answer.filePath === '' ? undefined : answer.filePath;
  };
  const status = (): ReturnType<typeof statusOf> => statusOf(auth.work, slices?.pendingApprovals() ?? 0);
  const tell = new Throttle(1_000, () => context.emit(appSlice, 'statusChanged', status()));
  // Heavy: policy engine, parser, evidence. Asked for as soon as the window is drawn.
  const heavy = async () => ({ start: await import('./work/start.ts'), signedIn: await import('./slices/signed-in.ts') });
  const auth: SignInController = new SignInController({
    storeUrl: config.storeUrl,
    log,
    start: async (attempt) => {
      const { start, signedIn } = await heavy();
      slices ??= signedIn.registerSignedIn(context, askWhere, () => tell.poke());
      return start.startWork({ config, dataDir, log }, attempt);
    },
    changed: (state, work) => {
      if (work !== undefined) slices?.follow(work);
      context.emit(authSlice, 'stateChanged', state);
      context.emit(appSlice, 'statusChanged', status());
    },
  });
  registerBasic({
    ...{ context, auth, settingsFile, storeUrl: config.storeUrl, demo: config.demo, status },
    ready: () => {
      for (const window of open) showWindow(window);
      heavy().catch((error: unknown) => log.write('error', 'load.failed', describeError(error)));
      if (config.autoSignIn !== undefined && !signedInOnce) {
        signedInOnce = true;
        auth.signIn();
      }
    },
    settingsChanged: (next) => (settings = next),
  });
  let signedInOnce = false;
  installMenu((command) => context.emit(appSlice, 'command', { command }));
  const openOne = (): void => {
    const window = openWindow({ dataDir, mainDir: o.mainDir, devTools: !app.isPackaged && process.env['SALLYPORT_DEVTOOLS'] === '1', log });
    const { id } = window.webContents;
    windows.add(id);
    open.add(window);
    window.on('closed', () => {
      windows.delete(id);
      open.delete(window);
    });
  };
  openOne();
  app.on('activate', () => {
    if (open.size === 0) openOne();
  });
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  endOrderly(auth, log);
  setInterval(() => tell.poke(), 5_000).unref();
}

/** The window still says what is wrong with the file when it asks; until then main works with the defaults. */
function settingsOrDefault(file: string, log: Log): Settings {
  try {
    return readSettings(file);
  } catch (error) {
    log.write('warning', 'settings.unreadable', describeError(error));
    return defaultSettings;
  }
}

/** Quitting waits, for a bounded time, until sessions and recordings are closed and uploaded. */
function endOrderly(auth: SignInController, log: Log): void {
  let ending = false;
  app.on('before-quit', (event) => {
    if (ending) return;
    ending = true;
    if (auth.work === undefined) return;
    event.preventDefault();
    const timer = setTimeout(() => {
      log.write('warning', 'quit.late');
      app.exit(0);
    }, QUIT_MS);
    void auth.signOut().finally(() => {
      clearTimeout(timer);
      app.quit();
    });
  });
}
