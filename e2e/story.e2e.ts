/**
 * The whole story, on each of the two ways to run a store: security signs and pushes policy with the commands; the app
 * is let in, activates it and takes the next one while it runs; an engineer works, a colleague approves; the recording
 * is uploaded; an auditor finds, replays, verifies and exports it; an outsider verifies the file with nothing else.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test as base, expect, type Browser, type BrowserContext, type Page } from '@playwright/test';
import { resolveElectron } from '../scripts/electron-runtime.mjs';
import { builtCommand } from '../src/testing/gateway.ts';
import { type PostgresServer, startPostgres } from '../src/testing/postgres-server.ts';
import { runProcess } from '../src/testing/process.ts';
import { createShop, type Shop } from '../src/testing/shop.ts';
import { signIn as signInToPages, startBrowser } from './auditor-world.ts';
import { electronArgs, electronEnv, often, screensDir } from './fixtures.ts';
import { shoot } from './pictures.ts';
import { allPictures } from './views.ts';
import { command, NEW_POLICY, type Ran, Repository, Signers } from './story-policy.ts';
import { embeddedStore, realStore, type StoryStore } from './story-world.ts';
import { Workstation } from './workstation.ts';

interface World {
  readonly dir: string;
  readonly target: PostgresServer;
  readonly shop: Shop;
  readonly signers: Signers;
  readonly browser: Browser;
  readonly electron: string;
}

const test = base.extend<object, { readonly world: World }>({
  world: [
    async ({ playwright: { devices } }, use) => {
      if (Object.keys(devices).length === 0) throw new Error('Playwright is not installed whole');
      const dir = mkdtempSync(path.join(tmpdir(), 'sallyport-story-'));
      mkdirSync(screensDir, { recursive: true });
      const electron = process.env['SALLYPORT_ELECTRON'] ?? (await resolveElectron()).path;
      const [target, signers, browser] = await Promise.all([startPostgres(), Signers.prepare(dir), startBrowser()]);
      try {
        await use({ dir, target, shop: await createShop(target, 40), signers, browser, electron });
      } finally {
        await browser.close();
        await target.stop();
        rmSync(dir, { recursive: true, force: true });
      }
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

/** A busy machine takes several times what an idle one does. */
const TIMEOUT_MS = allPictures ? 900_000 : 240_000;

const WORD = 'reconciliation';
const APPROVAL_REASON = 'ticket OPS-4711';

/** One run of the story: what its steps share. */
interface Story {
  readonly world: World;
  readonly store: StoryStore;
  readonly dir: string;
  /** The browser of the engineer's laptop. */
  readonly laptop: BrowserContext;
}

const launch = ({ world, store, dir }: Story, rootFile: string): Promise<Workstation> => {
  const config = path.join(dir, 'app.json');
  writeFileSync(config, JSON.stringify({ storeUrl: store.appUrl, dataDir: './app', policy: { rootFile } }));
  return Workstation.launch({ executable: world.electron, args: electronArgs(config), env: electronEnv(), folder: screensDir });
};

/** Pat compares what the window shows with what the store has, and approves. */
async function approveDevice({ store }: Story, station: Workstation): Promise<void> {
  const { page } = station;
  await page.getByRole('heading', { name: 'Waiting for approval of this device' }).waitFor();
  const pending = await command('devices', 'list', '--pending', ...store.as('pat'));
  const shown = (await page.getByRole('group', { name: 'This device' }).locator('code').first().innerText()).replaceAll(/\s/g, '');
  expect(shown).toMatch(/^[0-9a-f]{32}$/);
  expect(pending).toContain(`dev_${shown}`);
  expect(pending).toContain('alice@example.com');
  if (allPictures) await shoot(station, 'device-waiting', () => page.getByRole('button', { name: 'Check again' }).waitFor());
  await page.getByRole('button', { name: 'I was given a code' }).click();
  await page.getByRole('textbox', { name: 'Code of an administrator' }).fill('spd_nonsense');
  await page.getByRole('button', { name: 'Use code' }).click();
  await expect(page.getByText('not a device code')).toBeVisible();
  await command('devices', 'approve', `dev_${shown}`, ...store.as('pat'));
}

const tile = (station: Workstation, name: string) => station.page.getByRole('region', { name: 'Active policy' }).locator('dl > div').filter({ has: station.page.locator('dt', { hasText: name }) });

async function seePolicy(station: Workstation, serial: number): Promise<void> {
  await station.goTo('Policy');
  await expect(tile(station, 'Bundle')).toContainText(`starter #${serial}`);
  await expect(tile(station, 'Bundle')).toContainText('ring stable of the store');
  await expect(tile(station, 'Signed by')).toContainText('ines, otto');
  await expect(tile(station, 'Decides until')).toContainText('29 d left');
  await expect(tile(station, 'Verified against the store')).toContainText('just now');
  await expect(station.page.getByRole('contentinfo', { name: 'Status' })).toContainText(`starter #${serial} · fresh`);
}

/** A masked row, a blocked statement, and one that waits for a colleague. */
async function work({ store, world }: Story, station: Workstation): Promise<string> {
  await station.openWorkbench('shop');
  await station.run(`SELECT id, name, email AS ${WORD} FROM customers ORDER BY id LIMIT 5`);
  const rows = await station.outcome();
  if (rows.kind !== 'rows') throw new Error(`no rows: ${JSON.stringify(rows)}`);
  expect(rows.cells.filter((c) => c.masked).length).toBe(5);
  expect(rows.cells.some((c) => world.shop.canaries.some((canary) => c.text.includes(canary)))).toBe(false);
  await station.run('DROP DATABASE shop');
  expect(await station.outcome()).toMatchObject({ kind: 'error', title: 'Denied by policy' });
  await station.run('UPDATE plain SET n = n + 1');
  await station.holdBanner.waitFor();
  await command('approvals', 'approve', await station.pendingApproval(), '--reason', APPROVAL_REASON, ...store.as('carol'));
  expect(await station.outcome()).toEqual({ kind: 'done' });
  await station.page.getByRole('button', { name: /^Close shop/ }).first().click();
  await expect.poll(async () => (await station.newestSession())?.state, { timeout: 60_000, ...often }).toBe('uploaded');
  const session = await station.newestSession();
  expect(session).toMatchObject({ connection: 'shop', denied: 1, held: 1 });
  return session?.id ?? '';
}

const current = (page: Page) => page.getByRole('listbox', { name: 'Steps of the session' }).getByRole('option', { selected: true });

/** @returns the exported file */
async function audit({ world, store, dir }: Story, session: string, trust: string): Promise<string> {
  const context = await world.browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
  const page = await context.newPage();
  await signInToPages(page, store.auditorUrl);
  const hit = page.getByRole('region', { name: 'Matches' }).getByRole('link').first();
  // The index follows the upload within moments.
  await expect(async () => {
    await page.getByRole('searchbox', { name: 'Search statements' }).fill(WORD);
    await page.keyboard.press('Enter');
    await expect(hit.locator('mark').first()).toHaveText(WORD, { timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
  await hit.click();
  expect(page.url()).toContain(`/sessions/${session}?n=`);
  await expect(page.getByRole('region', { name: 'Step on screen' }).getByTitle('Masked: class email').first()).toBeVisible();
  await current(page).focus();
  await page.keyboard.press('Home');
  await expect(current(page)).toContainText('Session opened');
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await expect(current(page)).toContainText('Session closed', { timeout: 30_000 });
  await page.locator('input[type=file]').setInputFiles(trust);
  const panel = page.getByRole('tabpanel', { name: 'Verification' });
  await expect(panel.getByRole('status')).toContainText('Verified');
  await expect(panel.getByRole('listitem').filter({ hasText: 'Approvals are signed by the right people' }).getByLabel('passed')).toBeVisible();
  await expect(panel.getByLabel('failed')).toHaveCount(0);
  await page.getByRole('button', { name: 'Export…' }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /^Export .*\.srz$/ }).click()]);
  const file = path.join(dir, 'export.srz');
  await download.saveAs(file);
  await context.close();
  return file;
}

/** Somebody else's machine: an empty HOME, the file, the public keys, and nothing that could be asked. */
async function outsider(file: Uint8Array, trust: Uint8Array): Promise<Ran> {
  const home = mkdtempSync(path.join(tmpdir(), 'sallyport-outsider-'));
  try {
    writeFileSync(path.join(home, 'evidence.srz'), file);
    writeFileSync(path.join(home, 'trust.json'), trust);
    return await runProcess(process.execPath, [await builtCommand(), 'recordings', 'verify', 'evidence.srz', '--trust', 'trust.json'], { cwd: home, env: { HOME: home, PATH: process.env['PATH'] } });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function tell(world: World, name: string, start: (dir: string, target: PostgresServer) => Promise<StoryStore>): Promise<void> {
  const dir = path.join(world.dir, name);
  const store = await start(path.join(dir, 'store'), world.target);
  const laptop = await world.browser.newContext();
  const story: Story = { world, store, dir, laptop };
  let station: Workstation | undefined;
  let file: string;
  const trust = path.join(dir, 'trust.json');
  try {
    const repository = await test.step('security signs the first bundle', async () => {
      const made = await Repository.begin(dir, world.signers, store.as('sam'));
      await made.sign(1);
      return made;
    });
    station = await launch(story, repository.rootFile);
    const app = station;
    await test.step('an engineer signs in, and the app activates what was pushed', async () => {
      if (store.waitsForApproval) await repository.push();
      await store.signIn(app, 'alice', laptop);
      if (store.waitsForApproval) await approveDevice(story, app);
      else {
        await app.page.getByRole('heading', { name: 'There is no policy to decide by yet' }).waitFor();
        if (allPictures) await shoot(app, 'no-policy', () => app.page.getByRole('button', { name: 'Check again' }).waitFor());
        await repository.push();
      }
      await app.signedIn();
      await seePolicy(app, 1);
      if (allPictures) await shoot(app, 'policy-signed', () => tile(app, 'Bundle').waitFor());
    });
    await test.step('the next bundle decides without a restart', async () => {
      await repository.sign(2);
      await repository.push();
      await expect(tile(app, 'Bundle')).toContainText('starter #2');
      await app.page.getByRole('tab', { name: /^Policies/ }).click();
      await expect(app.page.getByRole('button', { name: NEW_POLICY })).toBeVisible();
      await seePolicy(app, 2);
    });
    const session = await test.step('the engineer works, a colleague approves, the recording is uploaded', () => work(story, app));
    if (!store.waitsForApproval) {
      await test.step('an emergency stop is told on whatever screen there is', async () => {
        const banner = app.page.getByRole('alert', { name: 'Policy problem' });
        await repository.stop('a leaked signing key');
        await expect(banner).toContainText('Only break-glass is left. Security has stopped all work: a leaked signing key.');
        if (allPictures) await shoot(app, 'policy-stopped', () => banner.waitFor());
      });
    }
    await command('recordings', 'trust', '-o', trust, ...store.as('ann'));
    file = await test.step('an auditor finds, replays, verifies and exports it', () => audit(story, session, trust));
  } catch (error) {
    await station?.picture(`story-${name}-where-it-stopped`).catch(() => undefined);
    throw error;
  } finally {
    await laptop.close();
    await station?.close();
    await store.stop();
  }
  await test.step('an outsider verifies the file alone', () => verifyAlone(name, readFileSync(file), readFileSync(trust)));
}

/** The store has ended by now. */
async function verifyAlone(name: string, file: Uint8Array, trust: Uint8Array): Promise<void> {
  const altered = Uint8Array.from(file);
  const middle = Math.floor(altered.length / 2);
  altered[middle] = (altered[middle] ?? 0) ^ 1;
  const [good, bad] = await Promise.all([outsider(file, trust), outsider(altered, trust)]);
  expect([good.code, good.stdout.split('\n')[0]]).toEqual([0, 'PASS']);
  const out = path.join(import.meta.dirname, '..', 'artifacts', 'e2e', `story-${name}.txt`);
  mkdirSync(path.dirname(out), { recursive: true });
  writeFileSync(out, `recordings verify evidence.srz --trust trust.json: exit ${String(good.code)}\n${good.stdout}\nwith byte ${middle} of ${altered.length} changed: exit ${String(bad.code)}\n${bad.stdout}`);
  expect([bad.code, bad.stdout.split('\n')[0]?.slice(0, 4)]).toEqual([1, 'FAIL']);
}

test('the whole story on PostgreSQL and S3, two store processes, an OpenID provider', async ({ world }) => {
  test.setTimeout(TIMEOUT_MS);
  await tell(world, 'real', realStore);
});

test('the whole story on the embedded store', async ({ world }) => {
  test.setTimeout(TIMEOUT_MS);
  await tell(world, 'embedded', embeddedStore);
});
