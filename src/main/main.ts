/**
 * Composition root of the app. The window comes first; the proxy, the policy engine and the parser are loaded after
 * it is drawn and started when a person signs in.
 */
import path from 'node:path';
import { app, BrowserWindow, dialog, session } from 'electron';
import { ConfigError, messageOf } from '../base/errors.ts';
import { configPath, loadConfig, type AppConfig } from './app/config.ts';
import { allowOnlyApp, denyPermissions, hardenApp } from './app/harden.ts';
import { describeError, openLog, type Log } from './app/log.ts';
import { registerAppScheme, serveApp } from './app/protocol.ts';
import { refuseElectron } from './app/version-gate.ts';
import { startDesk } from './desk.ts';

/** Says why the program cannot start, on stderr and in a box where there is a display, and ends it. */
function giveUp(message: string): never {
  process.stderr.write(`sallyport: ${message}\n`);
  if (app.isPackaged) dialog.showErrorBox('Sallyport cannot start', message);
  app.exit(2);
  process.exit(2);
}

function readConfig(): { config: AppConfig; dataDir: string } {
  try {
    const config = loadConfig(configPath(process.argv, path.join(app.getPath('userData'), 'config.json')));
    const dataDir = config.dataDir ?? app.getPath('userData');
    // Chromium's own files apart from ours; the single-instance lock is per data directory.
    app.setPath('userData', path.join(dataDir, 'window'));
    return { config, dataDir };
  } catch (error) {
    if (error instanceof ConfigError) giveUp(error.message);
    throw error;
  }
}

async function run(config: AppConfig, dataDir: string, log: Log): Promise<void> {
  await app.whenReady();
  const mainDir = import.meta.dirname;
  denyPermissions(session.defaultSession, log);
  allowOnlyApp(session.defaultSession, log);
  serveApp(session.defaultSession, path.join(mainDir, '..', 'renderer'));
  startDesk({ config, dataDir, mainDir, log });
}

const refusal = refuseElectron(process.versions.electron, app.isPackaged);
if (refusal !== undefined) giveUp(refusal);
const { config, dataDir } = readConfig();
if (!app.requestSingleInstanceLock()) {
  process.stderr.write('sallyport: already running with this data directory\n');
  app.exit(0);
} else {
  const log = openLog(dataDir);
  process.on('uncaughtException', (error) => {
    // A broken invariant ends the program: sessions close, what is on disk is recovered at the next start.
    log.write('error', 'uncaught', describeError(error));
    process.stderr.write(`sallyport: internal error: ${messageOf(error)}\n`);
    app.exit(1);
  });
  // With --no-sandbox (root in a container, development only) Chromium has no sandbox to force on every renderer.
  if (!process.argv.includes('--no-sandbox')) app.enableSandbox();
  registerAppScheme();
  hardenApp(log);
  app.on('second-instance', () => {
    const [window] = BrowserWindow.getAllWindows();
    if (window?.isMinimized() === true) window.restore();
    window?.focus();
  });
  run(config, dataDir, log).catch((error: unknown) => {
    log.write('error', 'start.failed', describeError(error));
    giveUp(messageOf(error));
  });
}
