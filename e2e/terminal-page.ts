/** The terminal's screen as a person uses it: by what it shows, and with keys. */
import type { Locator, Page } from '@playwright/test';
import { expect } from './fixtures.ts';
import type { Workstation } from './workstation.ts';

/** Terminals tell screen readers what they show; that is how these tests read them, too. */
export async function readable(page: Page): Promise<void> {
  await page.evaluate(`window.sallyport.settings.get().then((r) => window.sallyport.settings.set({ ...r.value, terminalScreenReader: true }))`);
}

export class TerminalPage {
  readonly page: Page;
  readonly #station: Workstation;

  private constructor(station: Workstation) {
    this.#station = station;
    this.page = station.page;
  }

  /** Opens a terminal and waits for its prompt. */
  static async open(station: Workstation, connection: string): Promise<TerminalPage> {
    const terminal = new TerminalPage(station);
    await readable(station.page);
    await station.goTo('Connections');
    const card = station.page.getByRole('listitem').filter({ has: station.page.getByRole('heading', { name: connection, exact: true }) });
    await card.getByRole('button', { name: 'Open terminal' }).click();
    await terminal.shows(/\$ $/);
    return terminal;
  }

  get station(): Workstation {
    return this.#station;
  }

  pane(n = 0): Locator {
    return this.page.getByRole('region', { name: /^Shell/ }).nth(n);
  }

  /** What a pane shows, line by line, without the empty end. */
  async text(n = 0): Promise<string> {
    const rows = await this.pane(n).locator('.xterm-accessibility-tree > div').allTextContents();
    return rows.map((row) => row.replaceAll('\u00a0', ' ').trimEnd()).join('\n').trimEnd();
  }

  /** Waits until the screen's last line, its prompt with one space, or anything on it matches. */
  async shows(what: RegExp, n = 0): Promise<void> {
    await expect.poll(async () => (await this.text(n)).replace(/\$$/, '$ '), { message: `the terminal shows ${what}` }).toMatch(what);
  }

  /** Types a line as fast as keys go, and Enter. */
  async line(text: string): Promise<void> {
    await this.page.keyboard.type(text);
    await this.page.keyboard.press('Enter');
  }
}
