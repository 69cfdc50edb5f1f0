/** The terminal's screen as a person uses it: by what it shows, and with keys. */
import type { Locator, Page } from '@playwright/test';
import { expect, often } from './fixtures.ts';
import type { Workstation } from './workstation.ts';

/** Terminals tell screen readers what they show; that is how these tests read them, too. */
export async function readable(page: Page, yes = true): Promise<void> {
  await page.evaluate(`window.sallyport.settings.get().then((r) => window.sallyport.settings.set({ ...r.value, terminalScreenReader: ${String(yes)} }))`);
}

/** Presses the button of its connection. */
export async function askForTerminal(station: Workstation, connection: string): Promise<void> {
  await station.goTo('Connections');
  const card = station.page.getByRole('listitem').filter({ has: station.page.getByRole('heading', { name: connection, exact: true }) });
  await card.getByRole('button', { name: 'Open terminal' }).click();
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
    await askForTerminal(station, connection);
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
    await expect.poll(async () => (await this.text(n)).replace(/\$$/, '$ '), { message: `the terminal shows ${what}`, ...often }).toMatch(what);
  }

  /** Counts the output that reaches the window from now on. */
  async countBytes(): Promise<() => Promise<number>> {
    await this.page.evaluate(`(() => {
      window.bytesCounted = 0;
      window.sallyport.terminal.onEvent((event) => { if (event.type === 'output') window.bytesCounted += event.data.length; });
    })()`);
    return async () => Number(await this.page.evaluate(`window.bytesCounted`));
  }

  /** Where a character is on the screen; column and row count from 0. */
  async #place(column: number, row: number): Promise<{ x: number; y: number }> {
    const box = await this.pane().locator('.xterm-screen').boundingBox();
    const rows = await this.pane().locator('.xterm-accessibility-tree > div').count();
    if (box === null) throw new Error('the terminal is not on the screen');
    // Characters of the built-in font are three fifths of their size wide.
    return { x: box.x + 8.4 * (column + 0.5), y: box.y + (box.height / rows) * (row + 0.5) };
  }

  async clickCell(column: number, row: number, clicks = 1): Promise<void> {
    const { x, y } = await this.#place(column, row);
    await this.page.mouse.click(x, y, { clickCount: clicks });
  }

  /** A link is one once the mouse is over it. */
  async clickLink(column: number, row: number): Promise<void> {
    const { x, y } = await this.#place(column, row);
    await this.page.mouse.move(x, y + 200);
    await this.page.mouse.move(x, y, { steps: 5 });
    await this.pane().locator('.xterm-cursor-pointer').waitFor();
    await this.page.mouse.click(x, y);
  }

  /** Types a line as fast as keys go, and Enter. */
  async line(text: string): Promise<void> {
    await this.page.keyboard.type(text);
    await this.page.keyboard.press('Enter');
  }
}
