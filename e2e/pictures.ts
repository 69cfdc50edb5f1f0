/** Pictures of screens, and what axe says of them. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, inMain } from './fixtures.ts';
import { asksAxe, sizesIn, type Theme, themes } from './views.ts';
import type { Workstation } from './workstation.ts';

export async function resize(station: Workstation, size: { readonly width: number; readonly height: number }): Promise<void> {
  await inMain(station, ({ BrowserWindow }, { width, height }) => BrowserWindow.getAllWindows()[0]!.setContentSize(width, height), size);
  await station.page.waitForFunction(`innerWidth === ${size.width} && innerHeight === ${size.height}`);
}

export async function wear(page: Page, theme: Theme): Promise<void> {
  await page.evaluate(`window.sallyport.settings.get().then((r) => window.sallyport.settings.set({ ...r.value, theme: '${theme}' }))`);
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', theme);
}

/** Rules of WCAG 2.2 A and AA. Legacy mode: Electron has no second page for axe to work in. */
export async function expectAccessible(page: Page, name: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  const bad = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
  expect(bad.map((v) => `${name}: ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(' | ')}`)).toEqual([]);
}

/** Pictures of a screen in both themes. `arrive` brings it about, and waits until it is there; `pointing`: the mouse is part of the picture. */
export async function shoot(station: Workstation, name: string, arrive: () => Promise<void>, pointing = false): Promise<void> {
  for (const theme of themes) {
    await wear(station.page, theme);
    for (const size of sizesIn(theme)) {
      await resize(station, size);
      await arrive();
      // Tooltips and focus rings of the way here do not belong into the picture.
      if (!pointing) await station.page.mouse.move(0, 0);
      await station.picture(`${name}-${theme}-${size.width}x${size.height}`);
    }
    if (asksAxe(theme)) await expectAccessible(station.page, `${name} ${theme}`);
  }
}
