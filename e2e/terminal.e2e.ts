/** Must show 7 of the SSH terminal, and what a terminal owes a person besides, with a real sshd behind it. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test as base } from '@playwright/test';
import { runProcess } from '../src/testing/process.ts';
import { canaryOf } from '../src/testing/sshd.ts';
import { expect, inMain, often } from './fixtures.ts';
import { heapOf } from './heap.ts';
import { resize, shoot } from './pictures.ts';
import { askForTerminal, readable, TerminalPage } from './terminal-page.ts';
import { randomFile, startTerminalWorld, type TerminalWorld } from './terminal-world.ts';
import { allPictures } from './views.ts';
import type { Workstation } from './workstation.ts';

const test = base.extend<object, { world: TerminalWorld; alice: Workstation }>({
  world: [
    async ({ playwright: { devices } }, use) => {
      if (Object.keys(devices).length === 0) throw new Error('Playwright is not installed whole');
      const world = await startTerminalWorld();
      try {
        await use(world);
      } finally {
        await world.stop();
      }
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  alice: [async ({ world }, use) => use(await world.launch('alice')), { scope: 'worker', timeout: 120_000 }],
});

const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
const closeTabs = async ({ page }: Workstation): Promise<void> => {
  // The last first: the others keep their places.
  for (const close of (await page.getByRole('button', { name: /^Close (web1|gated|boxed|moved)/ }).all()).reverse()) await close.click();
};

test('a session on a host, from its first line to its verified recording', async ({ world, alice }) => {
  test.setTimeout(180_000);
  const { page } = alice;
  const terminal = await TerminalPage.open(alice, 'web1');
  await expect(page.getByText('Nothing is stopped.')).toBeVisible();

  await test.step('a file is edited with vi, saved, and shown', async () => {
    await terminal.line('vi -N -u NONE notes.txt');
    await terminal.shows(/^~$/m);
    await page.keyboard.type('iedited in the app: ');
    await inMain(alice, ({ clipboard }) => clipboard.writeText('é 漢 🙂'));
    await page.keyboard.press('Control+Shift+V');
    await terminal.shows(/é 漢 🙂/);
    await page.keyboard.press('Escape');
    await terminal.line(':wq');
    await terminal.shows(/\$ $/);
    expect(readFileSync(path.join(world.home, 'notes.txt'), 'utf8')).toBe('edited in the app: é 漢 🙂\n');
  });

  await test.step('the host follows the size of the window', async () => {
    const size = async (): Promise<string> => {
      await terminal.line('clear; echo size $(stty size)');
      await terminal.shows(/^size \d+ \d+$/m);
      return /^size (\d+ \d+)$/m.exec(await terminal.text())?.[1] ?? '';
    };
    const before = await size();
    await resize(alice, { width: 1500, height: 900 });
    await expect.poll(size, often).not.toBe(before);
    await resize(alice, { width: 1280, height: 800 });
    await expect.poll(size, often).toBe(before);
  });

  await test.step('a word that has scrolled by is found', async () => {
    await terminal.line('clear; echo the ne""edle; seq 1 400');
    await terminal.shows(/^400$/m);
    await page.keyboard.press('Control+Shift+F');
    const field = page.getByRole('textbox', { name: 'Find in this terminal' });
    await field.fill('the needle');
    await expect(page.getByText('1 of 1')).toBeVisible();
    await terminal.shows(/^the needle$/m);
    await field.press('Escape');
  });

  await test.step('a file goes up and down, and is the same', async () => {
    const up = path.join(world.dir, 'up.bin');
    const down = path.join(world.dir, 'down.bin');
    randomFile(up, 5);
    await page.keyboard.press('Control+Shift+U');
    const files = page.getByRole('region', { name: 'Files' });
    await files.getByRole('button', { name: 'notes.txt', exact: true }).waitFor();
    await expect(files.getByRole('list', { name: /^Files in/ })).toBeFocused();
    await files.locator('input[type=file]').setInputFiles(up);
    await expect(files.getByText(`SHA-256 ${sha256(up)}`)).toBeVisible({ timeout: 30_000 });
    expect(sha256(path.join(world.home, 'up.bin'))).toBe(sha256(up));
    await alice.answerSaveDialog(down);
    await files.getByRole('button', { name: 'up.bin', exact: true }).click();
    await expect(files.getByText(/Downloaded/)).toBeVisible({ timeout: 30_000 });
    expect(sha256(down)).toBe(sha256(up));
  });

  await test.step('a file is dropped on the panel', async () => {
    const files = page.getByRole('region', { name: 'Files' });
    const dropped = await page.evaluateHandle(`(() => {
      const carried = new DataTransfer();
      carried.items.add(new File(['dropped here'], 'dropped.txt'));
      return carried;
    })()`);
    await files.dispatchEvent('drop', { dataTransfer: dropped });
    await files.getByRole('button', { name: 'dropped.txt', exact: true }).waitFor();
    expect(readFileSync(path.join(world.home, 'dropped.txt'), 'utf8')).toBe('dropped here');
  });

  await test.step('a refused file says why, in its place', async () => {
    writeFileSync(path.join(world.home, 'forbidden.env'), 'secret');
    const files = page.getByRole('region', { name: 'Files' });
    await files.getByRole('button', { name: 'Look again' }).click();
    await files.getByRole('button', { name: 'forbidden.env', exact: true }).click();
    await expect(files.getByRole('alert')).toContainText('This file is not for you');
    await shoot(alice, 'terminal-files', () => files.getByRole('alert').waitFor());
    await page.keyboard.press('Escape');
  });

  await test.step('no key is in the window', async () => {
    const heap = await heapOf(page);
    expect(heap).toContain('forbidden.env');
    for (const secret of ['OPENSSH PRIVATE KEY', canaryOf(world.sshd.keyFile), 'alice.app']) expect(heap.includes(secret), secret).toBe(false);
  });

  await test.step('the same host with a person’s own ssh', async () => {
    await page.getByRole('button', { name: 'My own terminal' }).click();
    await page.getByRole('menuitem', { name: 'ssh command' }).click();
    await expect.poll(() => inMain(alice, ({ clipboard }) => clipboard.readText()), often).toMatch(/^ssh -F '.+' web1$/);
    const command = await inMain(alice, ({ clipboard }) => clipboard.readText());
    const own = await runProcess('sh', ['-c', `${command} 'cat notes.txt'`]);
    expect(own.stdout).toContain('edited in the app');
  });

  await test.step('the recording is replayed and verified', async () => {
    await page.getByRole('button', { name: 'Close web1' }).click();
    await expect.poll(async () => (await alice.newestSession())?.state, { timeout: 60_000, ...often }).toBe('uploaded');
    await alice.goTo('My sessions');
    await page.getByRole('region', { name: 'Recorded sessions' }).getByRole('row').filter({ hasText: 'Sallyport_terminal' }).first().getByRole('button', { name: 'web1' }).click();
    const session = page.getByRole('region', { name: 'Session', exact: true });
    await session.getByRole('region', { name: 'Terminal as it was shown' }).waitFor();
    await session.getByRole('textbox', { name: /find/i }).fill('the needle');
    await expect(session.getByRole('listbox', { name: 'Found in the session' })).toContainText('the needle');
    await page.getByRole('button', { name: 'Verify now' }).click();
    await expect(page.getByText('Verified', { exact: true }).first()).toBeVisible();
    await shoot(alice, 'terminal-replay', () => page.getByText('Verified', { exact: true }).first().waitFor());
  });
});

test('a held line waits in place, and runs once a second person approves', async ({ world, alice }) => {
  const { page } = alice;
  const terminal = await TerminalPage.open(alice, 'gated');
  await expect(page.getByText('is no boundary')).toBeVisible();
  await terminal.line('askfirst --now');
  await alice.holdBanner.waitFor();
  await expect(alice.holdBanner).toContainText('askfirst --now');
  await expect(alice.holdBanner).toContainText('Somebody else looks first');
  await shoot(alice, 'terminal-held', () => alice.holdBanner.waitFor());
  await world.carol('approvals', 'approve', await alice.pendingApproval(), '--reason', 'agreed by phone');
  await terminal.shows(/^askfirst has run$/m);
  await expect(alice.holdBanner).toBeHidden();

  await test.step('withdrawn with the button, it does not run', async () => {
    await terminal.pane().click();
    await terminal.line('clear; askfirst --again');
    await alice.holdBanner.waitFor();
    await alice.holdBanner.getByRole('button', { name: 'Withdraw' }).click();
    await expect(alice.holdBanner).toBeHidden();
    await terminal.shows(/withdrawn/);
    expect((await terminal.text()).match(/has run/g)).toHaveLength(1);
  });

  await test.step('a refused line says why, above the terminal', async () => {
    await terminal.pane().click();
    await terminal.line('forbidden');
    await expect(page.getByRole('alert')).toContainText('This program is not run here');
    await shoot(alice, 'terminal-refused', () => page.getByRole('alert').waitFor());
  });

  await test.step('in the mode command each line is decided, and runs by itself', async () => {
    const boxed = await TerminalPage.open(alice, 'boxed');
    await expect(page.getByText('A boundary.')).toBeVisible();
    await boxed.line('cd /');
    await boxed.line('sh -c "pwd; exit 7"');
    await boxed.shows(/^\/$[^]* 7 \S+:\/\$ $/m);
    await boxed.line('forbidden');
    await expect(page.getByRole('alert')).toContainText('This program is not run here');
    await boxed.shows(/ 126 \S+:\/\$ $/);
    await boxed.line('askfirst --here');
    await expect(alice.holdBanner).toContainText('askfirst --here');
    await expect(page.getByRole('alert')).toBeHidden();
    if (allPictures) await shoot(alice, 'terminal-command', () => alice.holdBanner.waitFor());
    await world.carol('approvals', 'approve', await alice.pendingApproval(), '--reason', 'agreed by phone');
    await boxed.shows(/approved by Carol Novak[^]*^askfirst has run$[^]*:\/\$ $/m);
    await expect(alice.holdBanner).toBeHidden();
  });
  await closeTabs(alice);
});

test('keys, clipboard, links, panes', async ({ alice }) => {
  const { page } = alice;
  const terminal = await TerminalPage.open(alice, 'web1');

  await test.step('keys of line editors are the shell’s', async () => {
    await page.keyboard.type('echo one two');
    await page.keyboard.press('Control+W');
    await page.keyboard.type('three');
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Control+K');
    await page.keyboard.press('Control+Y');
    await page.keyboard.press('Enter');
    await terminal.shows(/^one three$/m);
    await expect(page.getByRole('textbox', { name: 'Search commands' })).toBeHidden();
    // Tab is the shell's as well; this is the way out.
    await page.keyboard.press('Control+Shift+M');
    await expect(page.getByRole('button', { name: 'web1', exact: true })).toBeFocused();
    await page.keyboard.press('Tab');
    await expect(page.getByRole('button', { name: 'Close web1', exact: true })).toBeFocused();
    await terminal.pane().click();
  });

  await test.step('several lines are pasted after a look at them, without control characters', async () => {
    await inMain(alice, ({ clipboard }) => clipboard.writeText('echo fi\u001b[201~rst\necho second\n'));
    await page.keyboard.press('Control+Shift+V');
    const dialog = page.getByRole('dialog', { name: /^Paste 2 lines/ });
    await expect(dialog).toContainText('1 control character');
    if (allPictures) await shoot(alice, 'terminal-paste', () => dialog.waitFor());
    await dialog.getByRole('button', { name: 'Paste' }).click();
    await page.keyboard.press('Enter');
    await terminal.shows(/^second$/m);
  });

  await test.step('what is selected is copied', async () => {
    await terminal.line('clear; echo copythis');
    await terminal.shows(/^copythis$/m);
    await terminal.clickCell(2, 0, 2);
    await page.keyboard.press('Control+Shift+C');
    await expect.poll(() => inMain(alice, ({ clipboard }) => clipboard.readText()), often).toBe('copythis');
  });

  await test.step('a link is shown plainly and opened only after a yes', async () => {
    await inMain(alice, ({ dialog, shell }) => {
      const asked: string[] = [];
      Object.assign(globalThis, { asked });
      dialog.showMessageBox = (options: unknown) => {
        asked.push(JSON.stringify(options));
        return Promise.resolve({ response: asked.length === 1 ? 1 : 0, checkboxChecked: false });
      };
      shell.openExternal = (url) => {
        asked.push(`opened ${url}`);
        return Promise.resolve();
      };
    });
    const asked = (): Promise<string[]> => inMain(alice, () => Reflect.get(globalThis, 'asked') as string[]);
    await terminal.line('clear; echo https://example.com/a?b=c');
    await terminal.shows(/^https:/m);
    await terminal.clickLink(4, 0);
    await expect.poll(async () => (await asked()).length, often).toBe(1);
    expect((await asked())[0]).toContain('https://example.com/a?b=c');
    await terminal.clickLink(4, 0);
    await expect.poll(async () => (await asked()).length, often).toBe(3);
    expect((await asked())[2]).toBe('opened https://example.com/a?b=c');
  });

  await test.step('panes side by side and below each other', async () => {
    await page.keyboard.press('Control+Shift+E');
    await terminal.shows(/\$ $/, 1);
    await page.keyboard.press('Control+Shift+O');
    await terminal.shows(/\$ $/, 2);
    await terminal.line('clear; echo third');
    await terminal.shows(/^third$/m, 2);
    await page.keyboard.press('Control+Shift+ArrowLeft');
    await terminal.line('clear; echo first');
    await terminal.shows(/^first$/m, 0);
    await page.getByRole('separator', { name: 'Width of the terminals' }).press('ArrowLeft');
    if (allPictures) await shoot(alice, 'terminal-panes', () => terminal.shows(/^third$/m, 2));
    await terminal.pane(2).click();
    await terminal.line('exit 4');
    await expect(page.getByRole('status').filter({ hasText: 'exit status 4' })).toBeVisible();
    await page.getByRole('status').filter({ hasText: 'exit status 4' }).getByRole('button', { name: 'Close' }).click();
    await expect(terminal.pane(2)).toBeHidden();
  });
  await closeTabs(alice);
});

test('fast output, an interrupt, and a connection that drops', async ({ world, alice }) => {
  test.setTimeout(180_000);
  const { page } = alice;
  const terminal = await TerminalPage.open(alice, 'web1');

  // Read to nobody, as most terminals are: announcing every line takes longer than drawing it.
  await readable(page, false);

  await test.step('an endless program is stopped by Ctrl-C, and the window answers meanwhile', async () => {
    const arrived = await terminal.countBytes();
    await terminal.line('yes');
    await expect.poll(arrived, often).toBeGreaterThan(1024 * 1024);
    await page.keyboard.press('Control+Shift+F');
    await page.getByRole('textbox', { name: 'Find in this terminal' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+C');
    await terminal.line('touch stopped');
    await expect.poll(() => existsSync(path.join(world.home, 'stopped')), often).toBe(true);
  });

  await test.step('many megabytes arrive whole', async () => {
    await terminal.line('clear; yes 0123456789 | head -n 300000; printf "all %s\\n" done; touch all-shown');
    await expect.poll(() => existsSync(path.join(world.home, 'all-shown')), { timeout: 60_000, ...often }).toBe(true);
    await readable(page);
    await terminal.shows(/^all done$/m);
  });

  await test.step('when the connection drops, what was shown stays, and a new session goes on below', async () => {
    await terminal.line('clear; echo before the drop');
    await terminal.shows(/^before the drop$/m);
    await terminal.line('kill -9 $PPID');
    const alert = page.getByRole('alert').filter({ hasText: 'The session has ended' });
    await alert.waitFor();
    expect(await terminal.text()).toContain('before the drop');
    if (allPictures) await shoot(alice, 'terminal-dropped', () => alert.waitFor());
    await alert.getByRole('button', { name: 'Reconnect' }).click();
    await expect(alert).toBeHidden();
    await terminal.pane().click();
    await terminal.line('echo after it');
    await terminal.shows(/before the drop[^]*a new session[^]*^after it$/m);
  });

  await test.step('a host with another key is not signed on to, and what to do is said; Ctrl+Tab goes back to the other tab', async () => {
    await askForTerminal(alice, 'moved');
    const alert = page.getByRole('alert').filter({ hasText: 'The session did not begin' });
    await expect(alert).toContainText('presented the host key SHA256:');
    await expect(alert).toContainText('ask the owner of the host');
    if (allPictures) await shoot(alice, 'terminal-other-key', () => alert.waitFor());
    await page.keyboard.press('Control+Tab');
    await expect(page.getByRole('button', { name: 'web1', exact: true })).toHaveAttribute('aria-pressed', 'true');
    await expect(page.getByRole('button', { name: 'moved', exact: true })).toHaveAttribute('aria-pressed', 'false');
  });
  await closeTabs(alice);
});

test('the app is killed: the program at the host is gone, and the app starts again', async ({ world, alice }) => {
  const { page } = alice;
  const terminal = await TerminalPage.open(alice, 'web1');
  await terminal.line('clear; echo pid $$; exec sleep 600');
  await terminal.shows(/^pid \d+$/m);
  const pid = Number(/^pid (\d+)$/m.exec(await terminal.text())?.[1]);
  const alive = (): boolean => readdirSync('/proc').includes(String(pid));
  expect(alive()).toBe(true);
  expect(await page.title()).toBe('Sallyport');
  await world.kill(alice);
  await expect.poll(alive, often).toBe(false);
  const again = await world.launch('alice');
  await TerminalPage.open(again, 'web1');
});
