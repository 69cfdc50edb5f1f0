/** Every screen in both themes and two sizes: a picture each, and nothing serious by axe. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { carolDecides, expect, inMain, test } from './fixtures.ts';
import type { Workstation } from './workstation.ts';

const sizes = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
] as const;
const themes = ['light', 'dark'] as const;

async function resize(station: Workstation, size: (typeof sizes)[number]): Promise<void> {
  await inMain(station, ({ BrowserWindow }, { width, height }) => BrowserWindow.getAllWindows()[0]!.setContentSize(width, height), size);
  await station.page.waitForFunction(`innerWidth === ${size.width} && innerHeight === ${size.height}`);
}

async function wear(page: Page, theme: (typeof themes)[number]): Promise<void> {
  await page.evaluate(`window.sallyport.settings.get().then((r) => window.sallyport.settings.set({ ...r.value, theme: '${theme}' }))`);
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', theme);
}

/** Rules of WCAG 2.2 A and AA. Legacy mode: Electron has no second page for axe to work in. */
async function expectAccessible(page: Page, name: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  const bad = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
  expect(bad.map((v) => `${name}: ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(' | ')}`)).toEqual([]);
}

async function shoot(station: Workstation, name: string, arrive: () => Promise<void>): Promise<void> {
  for (const theme of themes) {
    await wear(station.page, theme);
    for (const size of sizes) {
      await resize(station, size);
      await arrive();
      // Tooltips and focus rings of the way here do not belong into the picture.
      await station.page.mouse.move(0, 0);
      await station.picture(`${name}-${theme}-${size.width}x${size.height}`);
    }
    await expectAccessible(station.page, `${name} ${theme}`);
  }
}

test('sign-in', async ({ launch }) => {
  const station = await launch('nobody', undefined);
  const { page } = station;
  await shoot(station, 'sign-in', () => page.getByRole('button', { name: 'Sign in with your organisation' }).waitFor());
});

test('all screens of a signed-in person', async ({ alice, stack }) => {
  test.setTimeout(180_000);
  const { page } = alice;
  await alice.openWorkbench('shop');
  await alice.run('UPDATE products SET stock = stock + 1');
  await alice.holdBanner.waitFor();
  await shoot(alice, 'workbench-held', () => alice.holdBanner.waitFor());
  const id = await alice.pendingApproval();
  await shoot(alice, 'approvals', async () => {
    await alice.goTo('Approvals');
    await page.getByRole('region', { name: 'Request' }).getByText('Alice Berg').first().waitFor();
  });
  await carolDecides(stack, 'approve', id, 'stock count');
  await alice.goTo('Workbench');
  await alice.outcome();
  await alice.run('SELECT c.id, c.name, c.email, c.phone, c.iban, c.city, o.id AS order_id, o.status FROM customers c JOIN orders o ON o.customer_id = c.id ORDER BY o.id LIMIT 500');
  await alice.outcome();
  await shoot(alice, 'workbench-rows', () => page.getByRole('grid', { name: 'Result' }).waitFor());
  await alice.run('DROP DATABASE shop');
  await alice.outcome();
  await shoot(alice, 'workbench-denied', () => page.getByRole('alert').filter({ hasText: 'SQLSTATE' }).waitFor());
  await shoot(alice, 'connections', async () => {
    await alice.goTo('Connections');
    await page.getByText('Reachable').first().waitFor();
  });
  await page.evaluate(`window.sallyport.sessions.list()`);
  await shoot(alice, 'sessions', async () => {
    await alice.goTo('My sessions');
    await page.getByRole('region', { name: 'Recorded sessions' }).waitFor();
  });
  await page.getByRole('region', { name: 'Recorded sessions' }).getByRole('button', { name: 'shop' }).first().click();
  await page.getByRole('button', { name: 'Verify now' }).click();
  await shoot(alice, 'session', () => page.getByLabel('About the session').getByRole('listitem').first().waitFor());
  await shoot(alice, 'policy', async () => {
    await alice.goTo('Policy');
    await page.getByRole('heading', { name: 'Policy', exact: true }).first().waitFor();
    await page.getByText('UPDATE without a WHERE').first().waitFor();
  });
  await shoot(alice, 'settings', async () => {
    await alice.goTo('Settings');
    await page.getByText('Keep idle sessions').first().waitFor();
  });
});
