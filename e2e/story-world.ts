/** What the whole story stands on: a target, and the same `sallyport store` on real parts and on embedded ones. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BrowserContext, Page } from '@playwright/test';
import { z } from 'zod';
import { openDeviceFile, personDeviceDir } from '../src/proxy/core/store-client-device.ts';
import { freePort } from '../src/testing/free-port.ts';
import { commandArgs } from '../src/testing/gateway.ts';
import type { PostgresServer } from '../src/testing/postgres-server.ts';
import { startProcess } from '../src/testing/process.ts';
import { StoreCluster } from '../src/testing/store-cluster.ts';
import { copyStoreTemplate } from '../src/testing/store-template.ts';
import { targetPassword } from '../src/testing/target-password.ts';
import { inMain } from './fixtures.ts';
import type { Workstation } from './workstation.ts';

const people = {
  alice: { subject: 'alice@example.com', name: 'Alice Berg', groups: ['engineering'] },
  carol: { subject: 'carol@example.com', name: 'Carol Novak', groups: ['engineering', 'dba'] },
  sam: { subject: 'sam@example.com', name: 'Sam Lindqvist', groups: ['security'] },
  ann: { subject: 'ann@example.com', name: 'Ann Ruiz', groups: ['audit'] },
  pat: { subject: 'pat@example.com', name: 'Pat Okafor', groups: ['platform'] },
} as const;
export type Who = keyof typeof people;

export interface StoryStore {
  /** Where the app reaches it, and where the auditor's browser does: two processes, where there are two. */
  readonly appUrl: string;
  readonly auditorUrl: string;
  /** A new device waits for an administrator. */
  readonly waitsForApproval: boolean;
  /** Options by which a command acts as this person. */
  as(who: Who): readonly string[];
  /** Signs in to the app that shows its sign-in screen, the way this store's provider wants it. */
  signIn(station: Workstation, who: Who, browser: BrowserContext): Promise<void>;
  stop(): Promise<void>;
}

const common = (target: PostgresServer): Record<string, unknown> => ({
  organisation: 'Example Ltd',
  origin: 'store.example.com',
  roles: { admin: ['platform'], auditor: ['audit'], security: ['security'] },
  targets: [{ name: 'shop', protocol: 'postgres', host: target.host, port: target.port, database: 'shop', tls: 'disable', labels: { env: 'prod' }, credentials: { user: 'app', password: targetPassword } }],
});

/** Chooses a person on the provider's page. */
const choose = (page: Page, who: Who): Promise<void> => page.getByRole('button', { name: people[who].name }).click();

const askToSignIn = (station: Workstation): Promise<void> => station.page.getByRole('button', { name: 'Sign in with your organisation' }).click();

/** Embedded database and files, development provider: the app shows its page in a window of its own. */
export async function embeddedStore(dir: string, target: PostgresServer): Promise<StoryStore> {
  mkdirSync(dir, { recursive: true });
  const config = path.join(dir, 'store.yaml');
  writeFileSync(config, JSON.stringify({ ...common(target), data_dir: './data', listen: { host: '127.0.0.1', port: await freePort() }, dev_idp: { people: Object.values(people) } }), { mode: 0o600 });
  // The first start's migrations, where a test run has made them before; else the store makes them now.
  copyStoreTemplate(path.join(dir, 'data', 'store', 'pg'));
  const store = startProcess(process.execPath, await commandArgs('store', '--config', config), { cwd: dir });
  const ready = z.object({ event: z.literal('ready'), url: z.string() });
  const url = await store.waitForLine((line) => (line.startsWith('{"event":"ready"') ? ready.parse(JSON.parse(line)).url : undefined), 60_000);
  return {
    ...{ appUrl: url, auditorUrl: url, waitsForApproval: false },
    as: (who) => ['--config', config, '--as', people[who].subject, '--groups', people[who].groups.join(',')],
    signIn: async (station, who) => {
      const [page] = await Promise.all([station.app.waitForEvent('window'), askToSignIn(station)]);
      await choose(page, who);
    },
    stop: async () => {
      await store.stop();
    },
  };
}

/** Two processes on PostgreSQL and S3, an OpenID provider of its own: the app opens the system's browser, and its device waits. */
export async function realStore(dir: string, target: PostgresServer): Promise<StoryStore> {
  mkdirSync(dir, { recursive: true });
  const place = (who: Who): string => path.join(dir, who);
  // The command line's devices are the operator's own; the laptop's is not.
  const commandLine = (['sam', 'carol', 'ann'] as const).map((who) => openDeviceFile(personDeviceDir(place(who), people[who].subject)).deviceId);
  const cluster = await StoreCluster.start({ nodes: 2, people: Object.values(people), config: { ...common(target), devices: { preauthorised: commandLine } } });
  const [first, second] = cluster.nodes;
  if (first === undefined || second === undefined) throw new Error('there are not two processes');
  for (const [who, person] of Object.entries(people)) {
    writeFileSync(path.join(dir, `${who}.yaml`), JSON.stringify({ data_dir: `./${who}`, store: second.url }));
    writeFileSync(path.join(dir, `${who}.token`), await cluster.idp.devToken(person), { mode: 0o600 });
  }
  return {
    ...{ appUrl: first.url, auditorUrl: second.url, waitsForApproval: true },
    as: (who) => ['--config', path.join(dir, `${who}.yaml`), '--token-file', path.join(dir, `${who}.token`)],
    signIn: async (station, who, browser) => {
      await inMain(station, ({ shell }) => {
        shell.openExternal = (url) => {
          Object.assign(globalThis, { openedByTheApp: url });
          return Promise.resolve();
        };
      });
      await askToSignIn(station);
      const page = await browser.newPage();
      await page.goto(await openedUrl(station));
      await choose(page, who);
      await page.getByRole('heading', { name: 'You are signed in' }).waitFor();
      await page.close();
    },
    stop: () => cluster.stop(),
  };
}

async function openedUrl(station: Workstation): Promise<string> {
  for (let left = 200; left > 0; left--) {
    const opened = await inMain(station, () => Reflect.get(globalThis, 'openedByTheApp') as unknown);
    if (typeof opened === 'string') return opened;
    await station.page.waitForTimeout(50);
  }
  throw new Error('the app did not open the browser');
}
