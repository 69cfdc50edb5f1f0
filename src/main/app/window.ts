/** The main window: sandboxed, isolated, on the app's own origin, shown when its first screen is drawn. */
import path from 'node:path';
import { BrowserWindow, nativeTheme } from 'electron';
import { APP_ORIGIN } from '../ipc/sender.ts';
import { readWindowSize, writeWindowSize } from './window-state.ts';
import type { Log } from './log.ts';

export interface WindowOptions {
  readonly dataDir: string;
  /** dist/main */
  readonly mainDir: string;
  readonly devTools: boolean;
  readonly log: Log;
}

/** A renderer that never says that it is ready is shown anyway, so that a person sees what it shows. */
const SHOW_AFTER_MS = 8_000;

export function openWindow(o: WindowOptions): BrowserWindow {
  const size = readWindowSize(o.dataDir);
  const window = new BrowserWindow({
    width: size.width,
    height: size.height,
    minWidth: 960,
    minHeight: 640,
    show: false,
    title: 'Sallyport',
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#14161a' : '#ffffff',
    autoHideMenuBar: true,
    webPreferences: {
      preload: path.join(o.mainDir, 'preload.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      safeDialogs: true,
      spellcheck: false,
      devTools: o.devTools,
    },
  });
  if (size.maximized) window.maximize();
  const late = setTimeout(() => showWindow(window), SHOW_AFTER_MS);
  window.once('show', () => clearTimeout(late));
  window.on('close', () => {
    clearTimeout(late);
    const { width, height } = window.getNormalBounds();
    try {
      writeWindowSize(o.dataDir, { width: Math.max(960, width), height: Math.max(640, height), maximized: window.isMaximized() });
    } catch {
      o.log.write('warning', 'window.size_not_kept');
    }
  });
  window.webContents.on('render-process-gone', (_event, details) => o.log.write('error', 'window.gone', details.reason));
  void window.loadURL(`${APP_ORIGIN}/index.html`);
  return window;
}

export function showWindow(window: BrowserWindow): void {
  if (!window.isDestroyed() && !window.isVisible()) window.show();
}
