import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { _electron } from '@playwright/test';
import type { ElectronApplication, Locator, Page } from '@playwright/test';
import { z } from 'zod';
import { approvalSummary } from '../src/contract/ipc/approvals.ts';
import { sessionSummary } from '../src/contract/ipc/sessions.ts';
import { ipcErrorSchema } from '../src/contract/ipc/slice.ts';
import { heldEntry } from './held-start.ts';

/** The checkout; as an argument of Electron, the app itself. */
const ROOT = resolve(import.meta.dirname, '..');

export interface LaunchOptions {
  /** The Electron executable. */
  readonly executable: string;
  /** Everything after the executable: the app's folder and its configuration. */
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Where screenshots go. */
  readonly folder: string;
}

const definedOnly = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));

/** Counts the runs of the workbench in the page, from the events that the window itself gets. */
const COUNT_RUNS = `if (window.countedRuns === undefined) {
  window.countedRuns = { started: 0, finished: 0 };
  window.sallyport.workbench.onEvent((event) => {
    if (event.type === 'started') window.countedRuns.started += 1;
    if (event.type === 'finished') window.countedRuns.finished += 1;
  });
}`;
const runCounts = z.object({ started: z.number(), finished: z.number() });

/** What came of one run in the workbench. */
export type RunEnd =
  | { readonly kind: 'rows'; readonly cells: readonly { readonly text: string; readonly masked: boolean }[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'error'; readonly title: string; readonly text: string };

/** The app in its window, as a person uses it: by what is written and announced on the screen. */
export class Workstation {
  readonly app: ElectronApplication;
  readonly page: Page;
  readonly #folder: string;
  /** How many runs must have finished for the current one to be over. */
  #awaited = 0;

  private constructor(app: ElectronApplication, page: Page, folder: string) {
    this.app = app;
    this.page = page;
    this.#folder = folder;
  }

  static async launch(options: LaunchOptions): Promise<Workstation> {
    mkdirSync(options.folder, { recursive: true });
    const args = options.args.map((arg) => (arg === ROOT ? heldEntry(ROOT) : arg));
    const app = await _electron.launch({ executablePath: options.executable, args, env: definedOnly(options.env ?? process.env), timeout: 60_000 });
    try {
      const page = await app.firstWindow({ timeout: 60_000 });
      page.setDefaultTimeout(30_000);
      return new Workstation(app, page, options.folder);
    } catch (error) {
      await app.close();
      throw error;
    }
  }

  /** Waits for the screens that only a signed-in person sees. */
  async signedIn(): Promise<void> {
    await this.page.getByRole('navigation', { name: 'Main' }).waitFor({ timeout: 60_000 });
  }

  async goTo(screen: 'Connections' | 'Workbench' | 'Terminal' | 'Approvals' | 'My sessions' | 'Policy' | 'Settings'): Promise<void> {
    await this.page.getByRole('navigation', { name: 'Main' }).getByRole('button', { name: screen }).click();
  }

  /** Opens a session on a connection and waits for its editor. */
  async openWorkbench(connection: string): Promise<void> {
    await this.goTo('Connections');
    const card = this.page.getByRole('listitem').filter({ has: this.page.getByRole('heading', { name: connection, exact: true }) });
    await card.getByRole('button', { name: 'Open workbench' }).click();
    await this.editor.waitFor();
  }

  /** Ends the sessions of the workbench: the next person to sit down finds none. */
  async closeTabs(): Promise<void> {
    await this.goTo('Workbench');
    // The last first: the others keep their places.
    for (const close of (await this.page.getByRole('group', { name: 'Open sessions' }).getByRole('button', { name: /^Close / }).all()).reverse()) await close.click();
  }

  get editor(): Locator {
    return this.page.getByRole('textbox', { name: 'SQL editor' });
  }

  get holdBanner(): Locator {
    return this.page.getByRole('status').filter({ hasText: 'Waiting for approval' });
  }

  /** Puts a statement into the editor in place of what is there, and runs it; returns once the run has begun. */
  async run(sql: string): Promise<void> {
    await this.page.evaluate(COUNT_RUNS);
    const before = await this.#runs();
    await this.editor.click();
    await this.page.keyboard.press('ControlOrMeta+A');
    await this.page.keyboard.insertText(sql);
    // Completion may be open, and would take a key that is meant for the editor.
    await this.page.keyboard.press('Escape');
    await this.page.keyboard.press('ControlOrMeta+Enter');
    await this.#untilRuns('the run did not begin', 30_000, (runs) => runs.started > before.started);
    this.#awaited = before.started + 1;
  }

  async #runs(): Promise<z.infer<typeof runCounts>> {
    const counts: unknown = await this.page.evaluate('window.countedRuns ?? null');
    if (counts === null) throw new Error('the window was loaded again in the middle of a run');
    return runCounts.parse(counts);
  }

  async #untilRuns(otherwise: string, timeoutMs: number, reached: (runs: z.infer<typeof runCounts>) => boolean): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!reached(await this.#runs())) {
      if (Date.now() > deadline) throw new Error(`${otherwise} within ${timeoutMs / 1000} s`);
      await this.page.waitForTimeout(50);
    }
  }

  /** Waits until the current run is over and reads its outcome from the screen. */
  async outcome(): Promise<RunEnd> {
    await this.#untilRuns('the run did not end', 60_000, (runs) => runs.finished >= this.#awaited);
    await this.page.getByRole('button', { name: /^Stop/ }).waitFor({ state: 'hidden' });
    const alert = this.page.getByRole('alert').filter({ hasText: 'SQLSTATE' });
    const grid = this.page.getByRole('grid', { name: 'Result' });
    const messages = this.page.getByRole('tabpanel', { name: 'Result of the run' });
    await alert.or(grid).or(messages).first().waitFor();
    if (await alert.isVisible()) {
      const lines = (await alert.innerText()).split('\n').map((line) => line.trim()).filter((line) => line !== '');
      return { kind: 'error', title: lines[0] ?? '', text: lines.slice(1).join('\n') };
    }
    if (!(await grid.isVisible())) return { kind: 'done' };
    const cells = [];
    for (const cell of await grid.getByRole('gridcell').all()) {
      cells.push({ text: (await cell.textContent()) ?? '', masked: (await cell.getAttribute('data-masked')) !== null });
    }
    return { kind: 'rows', cells };
  }

  /**
   * Calls main as the window does, through what the preload exposes, for what the screen does not show.
   * @param call `slice.name`
   */
  async ask<T>(call: string, reply: z.ZodType<T>): Promise<T> {
    const answer: unknown = await this.page.evaluate(`window.sallyport.${call}()`);
    const result = z.discriminatedUnion('ok', [z.object({ ok: z.literal(true), value: reply }), z.object({ ok: z.literal(false), error: ipcErrorSchema })]).parse(answer);
    if (!result.ok) throw new Error(`${call}: ${result.error.message}`);
    return result.value;
  }

  /** The id of the request that waits for approval now. */
  async pendingApproval(): Promise<string> {
    // The window knows of the hold a moment before the store does.
    const deadline = Date.now() + 10_000;
    for (;;) {
      const waiting = (await this.ask('approvals.list', z.array(approvalSummary))).find((approval) => approval.state === 'pending' && approval.mine);
      if (waiting !== undefined) return waiting.id;
      if (Date.now() > deadline) throw new Error('the app shows no request of mine that waits');
      await this.page.waitForTimeout(50);
    }
  }

  /** The newest session, as My sessions knows it. */
  async newestSession(): Promise<z.infer<typeof sessionSummary> | undefined> {
    const sessions = await this.ask('sessions.list', z.array(sessionSummary));
    return sessions.sort((a, b) => b.startedMs - a.startedMs)[0];
  }

  /** The next save dialog answers with this path instead of asking. */
  async answerSaveDialog(path: string): Promise<void> {
    await this.app.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
    }, path);
  }

  /** A screenshot; returns its path. */
  async picture(name: string): Promise<string> {
    const path = join(this.#folder, `${name}.png`);
    await this.page.screenshot({ path });
    return path;
  }

  async close(): Promise<void> {
    await this.app.close();
  }
}
