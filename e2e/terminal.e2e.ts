import { test as base } from '@playwright/test';
import { expect } from './fixtures.ts';
import { TerminalPage } from './terminal-page.ts';
import { startTerminalWorld, type TerminalWorld } from './terminal-world.ts';

const test = base.extend<object, { world: TerminalWorld }>({
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
});

test('a shell on a host: typed, shown, ended', async ({ world }) => {
  const alice = await world.launch('alice');
  const terminal = await TerminalPage.open(alice, 'web1');
  await terminal.line('echo answer $((40 + 2))');
  await terminal.shows(/^answer 42$/m);
  await expect(alice.page.getByText('Recording', { exact: true })).toBeVisible();
  await alice.picture('terminal-first');
  await terminal.line('exit 3');
  await expect(alice.page.getByRole('alert')).toContainText('exit status 3');
});
