/** Ways to show the provider's page: the system browser, or a sandboxed window of our own without a preload. */
import { BrowserWindow, session, shell } from 'electron';
import { EnvironmentError } from '../../base/errors.ts';
import { denyPermissions, letNavigate } from '../app/harden.ts';
import type { Log } from '../app/log.ts';
import type { ShowPage } from './oidc.ts';

/** The person's own browser: it has their passkeys and their sessions, and we cannot see into it. */
export const systemBrowser: ShowPage = async (url) => {
  await shell.openExternal(url.href);
  return undefined;
};

/** A window for the development provider. Its session is in memory and is forgotten with it. */
export function ownWindow(log: Log): ShowPage {
  return async (url, redirectUri, signal) => {
    const partition = session.fromPartition(`sign-in-${Date.now()}`);
    denyPermissions(partition, log);
    const window = new BrowserWindow({
      width: 520,
      height: 680,
      title: 'Sign in',
      autoHideMenuBar: true,
      webPreferences: { session: partition, sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true, webviewTag: false, devTools: false },
    });
    const homes = new Set([url.origin, new URL(redirectUri).origin]);
    letNavigate(window.webContents, (to) => homes.has(new URL(to).origin));
    const closed = new Promise<never>((_resolve, reject) => window.once('closed', () => reject(new EnvironmentError('env.cancelled', 'the sign-in window was closed'))));
    closed.catch(() => undefined);
    const end = (): void => {
      if (!window.isDestroyed()) window.destroy();
    };
    signal.addEventListener('abort', end, { once: true });
    try {
      await Promise.race([window.loadURL(url.href), closed]);
      await Promise.race([closed, landed(window, redirectUri)]);
      return undefined;
    } finally {
      signal.removeEventListener('abort', end);
      end();
    }
  };
}

/** Resolves when the window has come to the loopback page, which has by then taken the answer. */
function landed(window: BrowserWindow, redirectUri: string): Promise<void> {
  return new Promise((resolve) => {
    window.webContents.on('did-navigate', (_event, to) => {
      if (to.startsWith(`${redirectUri}?`)) resolve();
    });
  });
}
