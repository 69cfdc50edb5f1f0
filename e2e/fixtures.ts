/** What every spec stands on: the demo's real PostgreSQL and store, started once, and the app on top of them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test as base } from '@playwright/test';
import { z } from 'zod';
import { resolveElectron } from '../scripts/electron-runtime.mjs';
import { runProcess, startProcess } from '../src/testing/process.ts';
import { Workstation } from './workstation.ts';

export const root = path.resolve(import.meta.dirname, '..');
export const screensDir = process.env['SALLYPORT_SCREENS'] ?? path.join(root, 'artifacts', 'e2e', 'screens');

const ready = z.object({
  event: z.literal('ready'),
  app_config: z.string(),
  store_config: z.string(),
  store_url: z.string(),
  database: z.object({ host: z.string(), port: z.number(), user: z.string(), password: z.string() }),
});

export interface Stack {
  readonly base: string;
  readonly storeConfig: string;
  readonly storeUrl: string;
  readonly database: z.infer<typeof ready>['database'];
  readonly electron: string;
  /** Writes a configuration of the app for one person; undefined: nobody is signed in by itself. */
  readonly appConfig: (name: string, subject: string | undefined) => string;
}

/** Chromium's own sandbox does not start as root, which happens in containers only. */
export const electronArgs = (config: string): string[] => [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), root, `--sallyport-config=${config}`];

export const electronEnv = (): NodeJS.ProcessEnv => {
  const without = new Set(['ELECTRON_RUN_AS_NODE', 'NODE_OPTIONS', 'ELECTRON_OVERRIDE_DIST_PATH']);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !without.has(name)));
};

async function startStack(): Promise<{ stack: Stack; stop: () => Promise<void> }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-e2e-'));
  const server = startProcess(process.execPath, [path.join(root, 'scripts', 'demo', 'stack.mjs'), '--base', folder], { cwd: root });
  const line = await server.waitForLine((text) => (text.startsWith('{"event":"ready"') ? text : undefined), 120_000);
  const { store_config, store_url, database } = ready.parse(JSON.parse(line));
  const electron = process.env['SALLYPORT_ELECTRON'] ?? (await resolveElectron()).path;
  const stack: Stack = {
    ...{ base: folder, storeConfig: store_config, storeUrl: store_url, database, electron },
    appConfig: (name, subject) => {
      const file = path.join(folder, `app-${name}.json`);
      const demo = subject === undefined ? {} : { autoSignIn: { subject } };
      writeFileSync(file, JSON.stringify({ storeUrl: store_url, dataDir: path.join(folder, `app-${name}`), bundle: path.join(root, 'resources', 'bundles', 'starter'), demo }));
      return file;
    },
  };
  return {
    stack,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface Fixtures {
  /** Starts the app for one person; it is closed when the test ends. */
  readonly launch: (name: string, subject: string | undefined) => Promise<Workstation>;
  /** The app, with Alice signed in: the same window for all tests, which leave it without open tabs. */
  alice: Workstation;
}

interface Shared {
  readonly stack: Stack;
  /** One app for all tests that need a window and no person. */
  readonly idle: Workstation;
  readonly aliceApp: Workstation;
}

const start = (stack: Stack, name: string, subject: string | undefined): Promise<Workstation> =>
  Workstation.launch({ executable: stack.electron, args: electronArgs(stack.appConfig(name, subject)), env: electronEnv(), folder: screensDir });

export const test = base.extend<Fixtures, Shared>({
  stack: [
    // The first parameter must be a pattern, and lint wants no empty one: the runner's own library is at hand in any case.
    async ({ playwright: { devices } }, use) => {
      if (Object.keys(devices).length === 0) throw new Error('Playwright is not installed whole');
      const { stack, stop } = await startStack();
      try {
        await use(stack);
      } finally {
        await stop();
      }
    },
    { scope: 'worker', timeout: 180_000 },
  ],
  idle: [
    async ({ stack }, use) => {
      const station = await start(stack, 'idle', undefined);
      await station.page.getByRole('main').waitFor();
      await use(station);
      await station.close();
    },
    { scope: 'worker' },
  ],
  launch: async ({ stack }, use) => {
    const open: Workstation[] = [];
    mkdirSync(screensDir, { recursive: true });
    try {
      await use(async (name, subject) => {
        const station = await start(stack, name, subject);
        open.push(station);
        return station;
      });
    } finally {
      for (const station of open) await station.close();
    }
  },
  aliceApp: [
    async ({ stack }, use) => {
      const station = await start(stack, 'alice', 'alice@example.com');
      await station.signedIn();
      await use(station);
      await station.close();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  alice: async ({ aliceApp }, use) => {
    await use(aliceApp);
    await aliceApp.closeTabs();
  },
});

export { expect } from '@playwright/test';

/** For what comes within moments: left to itself `expect.poll` soon looks once a second only. */
export const often = { intervals: [50, 100, 150, 250] };

/** Runs the sallyport command; rejects unless it exits with `code`. */
export async function sallyport(args: readonly string[], code = 0): Promise<string> {
  const result = await runProcess(process.execPath, [path.join(root, 'dist', 'cli', 'sallyport.mjs'), ...args], { timeoutMs: 60_000 });
  if (result.code !== code) throw new Error(`sallyport ${args.slice(0, 2).join(' ')} ended with ${String(result.code)}: ${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** Carol decides on the command line. */
export const carolDecides = (stack: Stack, decision: 'approve' | 'deny', id: string, reason: string): Promise<string> =>
  sallyport(['approvals', decision, id, '--reason', reason, '--config', stack.storeConfig, '--as', 'carol@example.com', '--groups', 'engineering,dba']);

/**
 * Evaluates in the app's main process. The inspector holds a function's promise weakly, so that a collection at the
 * wrong moment (while main loads its engine) loses the answer: then, and only then, it is asked again.
 */
export async function inMain<T, A = undefined>(station: Workstation, work: (electron: typeof Electron.CrossProcessExports, arg: A) => T | Promise<T>, arg?: A): Promise<T> {
  const ask = (): Promise<T> => station.app.evaluate(work as (electron: typeof Electron.CrossProcessExports, arg: unknown) => T | Promise<T>, arg);
  for (let left = 20; ; left--) {
    try {
      return await ask();
    } catch (error) {
      if (left === 0 || !(error instanceof Error && error.message.includes('garbage collected'))) throw error;
    }
  }
}
