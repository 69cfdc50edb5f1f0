/** What the auditor's pages are looked at with: a real PostgreSQL, a real store, a real gateway, and people at work. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser, type Page } from '@playwright/test';
import { z } from 'zod';
import { builtCommand, type pgConnect, TestGateway } from '../src/testing/gateway.ts';
import { startPostgres } from '../src/testing/postgres-server.ts';
import { startProcess } from '../src/testing/process.ts';
import { createShop } from '../src/testing/shop.ts';
import { screensDir } from './fixtures.ts';

const people = [
  { subject: 'alice@example.com', name: 'Alice Berg', groups: ['engineering'] },
  { subject: 'carol@example.com', name: 'Carol Novak', groups: ['engineering', 'dba'] },
  { subject: 'ann@example.com', name: 'Ann Ruiz', groups: ['audit'] },
];

export const sizes = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
] as const;
export const themes = ['light', 'dark'] as const;

/** Chromium of the system's packages: the browser that Playwright would download is not needed. */
export function chromiumPath(): string {
  const found = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'].find((file) => existsSync(file));
  if (found === undefined) throw new Error('no Chromium is installed: apt-get install chromium');
  return found;
}

export const startBrowser = (): Promise<Browser> => chromium.launch({ executablePath: chromiumPath(), args: ['--disable-background-networking', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])] });

export interface AuditorWorld {
  readonly url: string;
  /** Everything that the gateway and the store keep. */
  readonly dir: string;
  /** Where the store keeps recordings. */
  readonly objects: string;
  /** The organisation's public keys, as they are handed to auditors. */
  readonly trustFile: string;
  /** Sessions that are closed and receipted, in the order in which they began. */
  readonly sessions: readonly string[];
  stop(): Promise<void>;
}

const ready = z.object({ event: z.literal('ready'), url: z.string() });

/**
 * People work through a gateway with its store inside; then the same store is started by itself, with sign-in for
 * auditors, on what the gateway has left.
 */
export async function startWorld(): Promise<AuditorWorld> {
  mkdirSync(screensDir, { recursive: true });
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const server = await startPostgres();
    undo.push(() => server.stop());
    await createShop(server, 40);
    const gateway = await TestGateway.start({ server });
    undo.push(() => gateway.stop());
    const sessions = await work(gateway);
    const trustFile = path.join(gateway.dataDir, 'trust.json');
    await gateway.halt();
    const config = path.join(gateway.dir, 'store.yaml');
    writeFileSync(config, JSON.stringify({ data_dir: './data', organisation: 'Example Ltd', listen: { host: '127.0.0.1', port: 0 }, dev_idp: { people }, roles: { auditor: ['audit'] } }), { mode: 0o600 });
    const store = startProcess(process.execPath, [await builtCommand(), 'store', '--config', config], { cwd: gateway.dir });
    undo.push(async () => {
      await store.stop();
    });
    const url = await store.waitForLine((line) => (line.startsWith('{"event":"ready"') ? ready.parse(JSON.parse(line)).url : undefined), 60_000);
    return { url, dir: gateway.dir, objects: path.join(gateway.dataDir, 'store', 'objects'), trustFile, sessions, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs a statement; that it is refused or fails is part of the day. */
const tries = (client: Awaited<ReturnType<typeof pgConnect>>, sql: string): Promise<unknown> => client.query(sql).catch(() => undefined);

/** Two sessions of Alice: one with everything in it, one quiet. */
async function work(gateway: TestGateway): Promise<string[]> {
  const first = await gateway.connect('shop', { application_name: 'psql' });
  await tries(first, 'SELECT id, name, email, phone, age FROM customers ORDER BY id LIMIT 25');
  await tries(first, 'SELECT o.id, c.name, c.email, o.tags\n  FROM orders o\n  JOIN customers c ON c.id = o.customer_id\n WHERE o.id < 12\n ORDER BY o.id');
  await tries(first, 'SELECT label, n FROM plain WHERE id <= 8');
  await tries(first, 'SELECT nothing FROM customers_of_yesterday');
  await tries(first, 'DROP DATABASE shop');
  const { mark } = gateway;
  const held = tries(first, 'UPDATE plain SET n = n + 1');
  const asked = await gateway.waitEvent((e) => e.event === 'request.held', mark);
  const { refusal } = await gateway.decide('approve', String(asked['approval_id']), 'quarterly correction, ticket OPS-4711');
  if (refusal !== undefined) throw new Error(`the approval was refused: ${refusal}`);
  await held;
  await tries(first, 'SELECT count(*) FROM customers');
  await first.end();
  const second = await gateway.connect('shop', { application_name: 'nightly-report' });
  await tries(second, 'SELECT id, who, contact FROM contacts ORDER BY id LIMIT 5');
  await tries(second, 'SELECT sum(n), avg(n) FROM plain');
  await second.end();
  const closed = async (count: number): Promise<string[]> => {
    const at = gateway.mark;
    const ids = gateway.events.filter((e) => e.event === 'session.closed').map((e) => String(e['session_id']));
    if (ids.length >= count) return ids;
    await gateway.waitEvent((e) => e.event === 'session.closed', at);
    return closed(count);
  };
  const sessions = await closed(2);
  await gateway.uploaded(sessions);
  return sessions;
}

/** Goes in by the front door: the store, its identity provider, and back to where the link led. */
export async function signIn(page: Page, url: string, at = '/', who = 'Ann Ruiz'): Promise<void> {
  await page.goto(url + at);
  await page.getByRole('link', { name: 'Continue with' }).click();
  await page.getByRole('button', { name: who }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
}

export const picture = (page: Page, name: string): Promise<Buffer> => page.screenshot({ path: path.join(screensDir, `${name}.png`) });
