/** The auditor's whole story, in a real browser against a real store, with what a real gateway recorded. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import AxeBuilder from '@axe-core/playwright';
import { expect, test as base, type Browser, type Page } from '@playwright/test';
import { fromBase64 } from '../src/base/encoding.ts';
import { parseSessionId } from '../src/base/ids.ts';
import { gzipChunk } from '../src/evidence/chunks.ts';
import { signPayload } from '../src/evidence/sign.ts';
import { builtCommand } from '../src/testing/gateway.ts';
import { runProcess } from '../src/testing/process.ts';
import { type AuditorWorld, picture, signIn, startBrowser, startWorld } from './auditor-world.ts';
import { allPictures, asksAxe, sizes, sizesIn, themes } from './views.ts';

interface Shared {
  readonly world: AuditorWorld;
  readonly chromium_: Browser;
}

const test = base.extend<{ readonly auditor: Page }, Shared>({
  world: [
    async ({ playwright: { devices } }, use) => {
      if (Object.keys(devices).length === 0) throw new Error('Playwright is not installed whole');
      const world = await startWorld();
      try {
        await use(world);
      } finally {
        await world.stop();
      }
    },
    { scope: 'worker', timeout: 180_000 },
  ],
  chromium_: [
    async ({ playwright: { devices } }, use) => {
      if (Object.keys(devices).length === 0) throw new Error('Playwright is not installed whole');
      const browser = await startBrowser();
      await use(browser);
      await browser.close();
    },
    { scope: 'worker' },
  ],
  /** A browser that has never been here; anything that it refuses or that a page throws fails the test. */
  auditor: async ({ chromium_, world }, use) => {
    const context = await chromium_.newContext({ viewport: sizes[0], acceptDownloads: true });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy|Refused to/i.test(message.text())) problems.push(message.text());
    });
    page.on('request', (request) => {
      if (![world.url, 'blob:', 'data:'].some((own) => request.url().startsWith(own)) && !request.url().startsWith('http://127.0.0.1:')) problems.push(`asked ${request.url()}`);
    });
    await use(page);
    await context.close();
    expect(problems).toEqual([]);
  },
});

/** A clean machine: only the file and the public keys. */
async function verifyElsewhere(srz: string, trust: string): Promise<{ readonly code: number | null; readonly stdout: string }> {
  const home = mkdtempSync(path.join(tmpdir(), 'sallyport-outsider-'));
  try {
    const file = path.join(home, 'evidence.srz');
    copyFileSync(srz, file);
    copyFileSync(trust, path.join(home, 'trust.json'));
    return await runProcess(process.execPath, [await builtCommand(), 'recordings', 'verify', file, '--trust', path.join(home, 'trust.json')], { cwd: home, env: { HOME: home, PATH: process.env['PATH'] } });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

const loadTrust = (page: Page, world: AuditorWorld): Promise<void> => page.locator('input[type=file]').setInputFiles(world.trustFile);
const current = (page: Page) => page.getByRole('listbox', { name: 'Steps of the session' }).getByRole('option', { selected: true });
const panel = (page: Page) => page.getByRole('tabpanel', { name: 'Verification' });

test('finds a session by a word, replays it, verifies it, and hands over one file', async ({ auditor: page, world }) => {
  await signIn(page, world.url, '/?text=nothing+yet');
  await expect(page.getByText('Nothing matches')).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search statements' }).fill('orders tags');
  await page.keyboard.press('Enter');
  const hit = page.getByRole('region', { name: 'Matches' }).getByRole('link').first();
  await expect(hit.locator('mark').first()).toHaveText('tags');
  await page.keyboard.press('ArrowDown');
  await expect(hit).toBeFocused();
  await page.keyboard.press('Enter');

  await expect(page.getByRole('heading', { level: 1 })).toHaveText('alice@example.com on shop');
  const stage = page.getByRole('region', { name: 'Step on screen' });
  await expect(stage).toContainText('JOIN customers');
  await expect(stage.getByTitle('Masked: class email').first()).toBeVisible();
  expect(page.url()).toContain(`/sessions/${world.sessions[0] ?? ''}?n=`);

  await loadTrust(page, world);
  await expect(panel(page).getByRole('status')).toContainText('Verified');
  for (const step of ['Every record is there, in order, unchanged', 'Seen by the store and its witness', 'Approvals are signed by the right people']) await expect(panel(page).getByRole('listitem').filter({ hasText: step }).getByLabel('passed')).toBeVisible();

  await page.getByRole('button', { name: 'Export…' }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /^Export .*\.srz$/ }).click()]);
  const srz = path.join(world.dir, 'export.srz');
  await download.saveAs(srz);
  const cover = page.getByRole('region', { name: 'Cover page' });
  await expect(cover).toContainText(execFileSync('sha256sum', [srz], { encoding: 'utf8' }).slice(0, 8));
  const elsewhere = await verifyElsewhere(srz, world.trustFile);
  expect([elsewhere.code, elsewhere.stdout.split('\n')[0]]).toEqual([0, 'PASS']);

  const [page_] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save cover page' }).click()]);
  const html = path.join(world.dir, 'cover.html');
  await page_.saveAs(html);
  expect(readFileSync(html, 'utf8')).toContain('sallyport recordings verify');
});

test('is walked by the keyboard alone: steps, find, play', async ({ auditor: page, world }) => {
  await signIn(page, world.url, `/sessions/${world.sessions[0] ?? ''}`);
  await expect(current(page)).toContainText('SELECT id');
  await page.keyboard.press('n');
  await expect(current(page)).toContainText('denied');
  await page.keyboard.press('n');
  await expect(current(page)).toContainText('DROP DATABASE');
  await page.keyboard.press('n');
  await expect(current(page)).toContainText('held, then approved');
  await expect(page.getByRole('region', { name: 'Step on screen' })).toContainText('OPS-4711');
  await page.keyboard.press('Home');
  await expect(current(page)).toContainText('Session opened');
  await page.keyboard.press('f');
  await page.keyboard.type('label 3');
  await expect(page.getByRole('search').getByRole('status')).toHaveText('– / 1');
  await page.keyboard.press('Enter');
  await expect(current(page)).toContainText('SELECT label');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await expect(current(page)).toContainText('Session closed');
  await expect(page).toHaveURL(/\?n=\d+$/);
});

test('names the record that somebody changed in the store', async ({ auditor: page, world }) => {
  const session = world.sessions[1] ?? '';
  const chunks = path.join(world.objects, 'recordings', session, 'chunks');
  const [name = ''] = readdirSync(chunks);
  const file = path.join(chunks, name);
  const good = readFileSync(file);
  const text = gunzipSync(good).toString('utf8');
  expect(text).toContain('FROM contacts');
  try {
    writeFileSync(file, gzipChunk(Buffer.from(text.replace('FROM contacts', 'FROM contracts'))));
    await signIn(page, world.url, `/sessions/${session}?n=1`);
    const missing = page.getByRole('list', { name: 'Missing content' }).getByRole('listitem');
    await expect(missing).toHaveText('Content of field sql is missing or altered. Verification tells whether a signed redaction took it out.');
    await loadTrust(page, world);
    const status = panel(page).getByRole('status');
    await expect(status).toContainText('Does not verify');
    await expect(status).toContainText(/Record \d+ does not hold/);
    await picture(page, 'auditor-tampered-light-1280x800');
    await status.getByRole('link', { name: /Show record/ }).click();
    await expect(current(page)).toContainText('[content missing]');
    await expect(missing).toHaveText('Content of field sql is missing or altered: no verified redaction covers it.');
    await picture(page, 'auditor-tampered-record-light-1280x800');
  } finally {
    writeFileSync(file, good);
  }
});

test('shows no evidence to a person without the role', async ({ auditor: page, world }) => {
  await signIn(page, world.url, `/sessions/${world.sessions[0] ?? ''}`, 'Carol Novak');
  await expect(page.getByRole('alert')).toContainText('could not be opened');
});

test('content is redacted by two people: requested in the page, signed on their machines, seen live', async ({ auditor: page, world }) => {
  const session = world.sessions[1] ?? '';
  await signIn(page, world.url, `/sessions/${session}?n=1`, 'Petra Lind');
  await page.getByRole('tab', { name: 'Keeping' }).click();
  await page.getByRole('checkbox', { name: 'Record 1, sql' }).check();
  await page.getByRole('textbox', { name: 'Legal basis' }).fill('GDPR Art. 17: erasure asked by customer 3');
  await page.getByRole('textbox', { name: 'Ticket' }).fill('PRIV-118');
  await page.getByRole('button', { name: 'Request redaction of 1 content' }).click();
  // The page looks every few seconds whether somebody has signed: that they pass is the test's doing.
  await page.clock.install();
  await page.getByRole('list', { name: 'Redactions' }).getByRole('link', { name: '1 content' }).click();
  const state = page.getByRole('status').filter({ hasText: 'signed it' });
  await expect(state).toContainText('Nobody has signed it yet');
  await expect(page.getByRole('list', { name: 'Contents to be removed' })).toContainText('sql');
  const id = page.url().split('/').at(-1) ?? '';
  await expect(page.getByRole('button', { name: 'Copy the command' })).toContainText(`sallyport recordings redact ${id} `);
  // What the command does, on the two machines.
  for (const [subject, says] of [['petra@example.com', 'has signed it. A second person'], ['sam@example.com', 'The contents are gone']] as const) {
    const { client, device } = await world.person(subject);
    await client.signRedaction(id, signPayload('redaction', fromBase64((await client.redaction(id)).payload), [device]));
    await page.clock.fastForward(5_000);
    await expect(page.getByRole('region', { name: 'Redaction' })).toContainText(says);
  }
  // Seen by the auditor: what a verified statement covers is called redacted.
  const trust = path.join(world.dir, 'trust-now.json');
  const sam = await world.person('sam@example.com');
  writeFileSync(trust, JSON.stringify(await sam.client.trust()));
  await page.goto(`${world.url}/sessions/${session}?n=1`);
  await page.locator('input[type=file]').setInputFiles(trust);
  await expect(panel(page).getByRole('status')).toContainText('Verified, redacted');
  await expect(page.getByRole('list', { name: 'Missing content' }).getByRole('listitem')).toHaveText('Content of field sql was removed by a signed redaction: GDPR Art. 17: erasure asked by customer 3 (PRIV-118).');
  await picture(page, 'auditor-redacted-light-1280x800');
});

test('an administrator approves a device, revokes it, and ends sign-ins; others are not shown these pages', async ({ auditor: page, world }) => {
  const { device } = await world.person('dave@example.com');
  await signIn(page, world.url, '/devices', 'Rosa Admin');
  await expect(page.getByRole('navigation', { name: 'Main' }).getByRole('link')).toHaveText(['Security events', 'Devices', 'Sign-ins', 'Service identities']);
  const row = page.getByRole('row').filter({ hasText: 'dave@example.com' });
  await expect(row).toContainText('Waits');
  await row.getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByRole('dialog')).toContainText(device.deviceId);
  await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  await expect(row).toContainText('Enrolled');
  await row.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('radio', { name: /may have been in other hands/ }).check();
  await page.getByRole('textbox', { name: 'Since' }).fill('2099-01-01T00:00');
  await page.getByLabel('Reason').fill('left in a train');
  await expect(page.getByRole('dialog').getByRole('button', { name: 'Revoke' })).toBeDisabled();
  await page.getByRole('textbox', { name: 'Since' }).fill('2026-01-01T08:30');
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(row).toContainText('Revoked');
  await expect(row).toContainText('left in a train');

  const petra = await world.person('petra@example.com');
  await page.getByRole('link', { name: 'Sign-ins' }).click();
  await page.getByRole('button', { name: 'End all sign-ins of petra@example.com' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'End them all' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'petra@example.com' })).toHaveCount(0);
  await expect(petra.call('GET', '/v1/me')).rejects.toThrow(/401/);
  await page.goto(`${world.url}/activity`);
  await expect(page.getByRole('heading', { name: 'This page is for others' })).toBeVisible();
});

test('a security event stands above every page until somebody has looked into it', async ({ auditor: page, world }) => {
  const sam = await world.person('sam@example.com');
  await sam.call('POST', '/v1/security-events', { kind: 'device_gap', object: sam.device.deviceId, detail: 'number 7 of this device never came' });
  await signIn(page, world.url);
  await expect(page.getByRole('status').filter({ hasText: 'A session of a device is missing' })).toBeVisible();
  await page.getByRole('link', { name: 'Show', exact: true }).click();
  await page.getByRole('listitem').filter({ hasText: 'number 7' }).getByRole('button', { name: 'Acknowledge' }).click();
  await page.getByLabel('What you found').fill('the laptop was replaced, INC-12');
  await page.getByRole('dialog').getByRole('button', { name: 'Acknowledge' }).click();
  await expect(page.getByText('number 7')).toHaveCount(0);
  await page.getByText('All', { exact: true }).click();
  await expect(page.getByRole('listitem').filter({ hasText: 'number 7' })).toContainText('INC-12');
});

test('replays what a terminal showed, finds it by its words, and verifies it', async ({ auditor: page, world }) => {
  const session = world.sessions[2] ?? '';
  await signIn(page, world.url, '/?text=release-notes&protocol=ssh');
  const hits = page.getByRole('region', { name: 'Matches' }).getByRole('link');
  await expect(hits.filter({ hasText: 'wc -l' })).toHaveCount(1);
  await hits.filter({ hasText: 'wc -l' }).click();
  const terminal = page.getByRole('region', { name: 'Terminal as it was shown' });
  const step = page.getByRole('region', { name: 'Step on screen' });
  await expect(step).toContainText(/wc -l .*release-notes\.txt/);
  await expect(terminal).toContainText('cd /');

  // On the screens, across colours and a full-screen program that left no trace in what came after.
  await page.keyboard.press('f');
  await page.getByRole('textbox', { name: 'Find in session' }).fill('ready for the day');
  await page.getByRole('listbox', { name: 'Found in the session' }).getByRole('option', { name: 'on the screen' }).first().click();
  await expect(terminal).toContainText('release-notes.txt');
  await page.getByRole('textbox', { name: 'Find in session' }).fill('quarterly ledger');
  await page.getByRole('listbox', { name: 'Found in the session' }).getByRole('option', { name: 'on the screen' }).first().click();
  await expect(terminal).toContainText('page 1');
  await expect(terminal).not.toContainText('ready for the day');
  await expect(terminal.locator('mark').first()).toBeVisible();
  await expect(page).toHaveURL(/\?n=\d+$/);
  const link = page.url();
  await page.getByRole('textbox', { name: 'Find in session' }).fill('');
  const steps = page.getByRole('listbox', { name: 'Steps of the session' });
  await steps.getByRole('option').filter({ hasText: 'uname -s' }).click();
  await expect(step).toContainText('Exit status 4');
  await expect(terminal).toContainText('problems');
  await steps.getByRole('option').filter({ hasText: 'Read file' }).filter({ hasText: 'release-notes.txt' }).first().click();
  await expect(step).toContainText('SHA-256');
  await expect(step).toContainText(execFileSync('sha256sum', [path.join(world.hostDir, 'release-notes.txt')], { encoding: 'utf8' }).slice(0, 64));
  // A link leads to the very moment.
  await page.goto(link);
  await expect(terminal).toContainText('page 1');

  await loadTrust(page, world);
  await expect(panel(page).getByRole('status')).toContainText('Verified');
  await expect(page).not.toHaveTitle(/evil/);
  expect(page.url()).toContain(session);
});

test('a cast of a terminal session opens in the asciinema player and shows what was shown', async ({ auditor: page, chromium_, world }) => {
  await signIn(page, world.url);
  const srz = path.join(world.dir, 'host.srz');
  writeFileSync(srz, await (await page.request.get(`${world.url}/v1/recordings/${world.sessions[2] ?? ''}/srz`)).body());
  const cast = async (...args: string[]): Promise<string> => (await runProcess(process.execPath, [await builtCommand(), 'recordings', 'cast', srz, '--trust', world.trustFile, ...args], { cwd: world.dir })).stdout;
  const shell = await cast();
  const [header = '', ...lines] = shell.trimEnd().split('\n');
  expect(JSON.parse(header)).toMatchObject({ version: 3, term: { cols: 100, rows: 28 } });
  expect(lines.some((l) => l.includes('"r","112x30"'))).toBe(true);
  expect(lines.at(-1)).toMatch(/^\[[\d.]+,"x","3"\]$/);
  expect(await cast('--channel', '2')).toContain('problems');
  const text = (await shownByAsciinema(chromium_, shell)).replaceAll(/\s+/g, ' ');
  expect(text).toContain('ready for the day');
  expect(text).toMatch(/40 \S*release-notes\.txt/);
});

/** Plays a cast to its end in the published player. */
async function shownByAsciinema(browser: Browser, cast: string): Promise<string> {
  const page = await browser.newPage();
  const asset = (name: string): string => path.join(import.meta.dirname, '..', 'node_modules', 'asciinema-player', 'dist', 'bundle', name);
  await page.setContent('<div id="player"></div>');
  await page.addStyleTag({ path: asset('asciinema-player.css') });
  await page.addScriptTag({ path: asset('asciinema-player.min.js') });
  await page.evaluate(`void AsciinemaPlayer.create({ data: ${JSON.stringify(cast)} }, document.querySelector('#player'), { preload: true, controls: false }).seek('100%')`);
  await page.locator('.ap-term').getByText('logout').or(page.locator('.ap-term').getByText('ready for the day')).first().waitFor();
  const text = await page.locator('.ap-term').innerText();
  await page.close();
  return text;
}

/** Rules of WCAG 2.2 A and AA. Legacy mode: there are no frames for which axe would need a second page. */
async function expectAccessible(page: Page, name: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  expect(violations.map((v) => `${name}: ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(' | ')}`)).toEqual([]);
}

/** Pictures of the screen in both themes. */
async function shoot(page: Page, name: string): Promise<void> {
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', colorScheme);
    for (const size of sizesIn(colorScheme)) {
      await page.setViewportSize(size);
      await page.mouse.move(0, 0);
      await picture(page, `${name}-${colorScheme}-${size.width}x${size.height}`);
    }
    if (asksAxe(colorScheme)) await expectAccessible(page, `${name} ${colorScheme}`);
  }
}

test('every screen in both themes, and nothing that axe minds', async ({ auditor: page, world }) => {
  test.setTimeout(600_000);
  await page.goto(world.url);
  await page.getByRole('link', { name: 'Continue with' }).waitFor();
  await shoot(page, 'auditor-sign-in');
  await signIn(page, world.url);
  const matches = page.getByRole('region', { name: 'Matches' }).getByRole('link');
  await matches.first().waitFor();
  await shoot(page, 'auditor-search');
  await page.goto(`${world.url}/?text=customers&decision=allow&data_class=email`);
  await matches.first().waitFor();
  await shoot(page, 'auditor-search-narrowed');
  await page.goto(`${world.url}/?text=elephants`);
  await page.getByText('Nothing matches').waitFor();
  await shoot(page, 'auditor-search-none');
  await page.goto(`${world.url}/sessions/${world.sessions[0] ?? ''}`);
  await current(page).waitFor();
  await shoot(page, 'auditor-session');
  await loadTrust(page, world);
  await panel(page).getByRole('listitem').first().waitFor();
  await page.getByRole('button', { name: 'Close notification' }).or(page.locator('.mantine-Notification-closeButton')).first().click();
  await page.getByRole('option').filter({ hasText: 'UPDATE' }).click();
  await shoot(page, 'auditor-session-verified');
  await page.getByRole('tab', { name: 'About' }).click();
  await shoot(page, 'auditor-session-about');
  await page.getByRole('tab', { name: 'Policy' }).click();
  await page.getByText('has not published that bundle').waitFor();
  await shoot(page, 'auditor-session-policy');
  await page.getByRole('tab', { name: 'Keeping' }).click();
  await page.getByText('Not on hold').waitFor();
  await shoot(page, 'auditor-session-keeping');
  await page.getByRole('tab', { name: 'Viewed by' }).click();
  await page.getByRole('list', { name: 'Viewed by' }).waitFor();
  await shoot(page, 'auditor-session-viewed');
  await page.goto(`${world.url}/sessions/${world.sessions[2] ?? ''}`);
  await page.getByRole('option').filter({ hasText: 'wc -l' }).click();
  await page.getByRole('region', { name: 'Terminal as it was shown' }).getByText('cd /').waitFor();
  if (allPictures) await shoot(page, 'auditor-terminal');
  await page.getByRole('textbox', { name: 'Find in session' }).fill('quarterly ledger');
  await page.getByRole('option', { name: 'on the screen' }).first().click();
  await shoot(page, 'auditor-terminal-found');
  await page.goto(`${world.url}/reports`);
  await page.getByRole('table').waitFor();
  await shoot(page, 'auditor-reports');
  await page.goto(`${world.url}/activity`);
  await page.getByRole('table').waitFor();
  await shoot(page, 'auditor-activity');
});

test('every screen of administrators, privacy officers and security, and nothing that axe minds', async ({ auditor: page, world }) => {
  test.setTimeout(600_000);
  const session = world.sessions[0] ?? '';
  const sam = await world.person('sam@example.com');
  await world.person('erin@example.com');
  for (const body of [
    { kind: 'never_closed', object: session, detail: 'opened and not closed for two days' },
    { kind: 'verification_failed', object: session, detail: 'chunk 2 is not what its receipt says' },
  ])
    await sam.call('POST', '/v1/security-events', body);
  await sam.client.proposeRedaction(parseSessionId(session), { items: [{ n: 1 }, { n: 2 }], legal_basis: 'GDPR Art. 17', ticket: 'PRIV-120' });
  await signIn(page, world.url, `/sessions/${session}?n=1`, 'Petra Lind');
  await page.getByRole('tab', { name: 'Keeping' }).click();
  await page.getByRole('checkbox', { name: 'Record 1, sql' }).check();
  await shoot(page, 'auditor-redact');
  await page.goto(`${world.url}/redactions`);
  await page.getByRole('list', { name: 'Redactions' }).getByRole('link').first().waitFor();
  await shoot(page, 'auditor-redactions');
  await page.getByRole('list', { name: 'Redactions' }).getByRole('link').first().click();
  await page.getByRole('list', { name: 'Contents to be removed' }).waitFor();
  await shoot(page, 'auditor-redaction');
  await page.context().clearCookies();
  await signIn(page, world.url, '/security-events', 'Rosa Admin');
  await page.getByRole('list', { name: 'Security events' }).waitFor();
  await shoot(page, 'auditor-security-events');
  await page.goto(`${world.url}/devices`);
  const erin = page.getByRole('row').filter({ hasText: 'erin@example.com' });
  await erin.waitFor();
  await shoot(page, 'auditor-devices');
  await erin.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('radio', { name: /may have been in other hands/ }).check();
  await shoot(page, 'auditor-device-revoke');
  await page.goto(`${world.url}/sign-ins`);
  await page.getByRole('table').waitFor();
  await shoot(page, 'auditor-sign-ins');
  await page.goto(`${world.url}/services`);
  await page.getByRole('list', { name: 'Service identities' }).waitFor();
  await shoot(page, 'auditor-services');
});
