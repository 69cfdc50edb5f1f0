/** The state that both directions of a session share. One writer each: the relays; nothing here does I/O. */
import { BugError } from '../../base/errors.ts';
import { PendingQueue } from './pending.ts';
import { SessionStatements } from './statements.ts';

export type TransactionStatus = 'I' | 'T' | 'E';

export class SessionState {
  readonly pending = new PendingQueue();
  readonly statements = new SessionStatements();
  transaction: TransactionStatus = 'I';
  /** Messages went upstream since the last Sync: an answer may need a Flush. */
  pipelineOpen = false;
  /** A Bind or an Execute is among them: a Sync of our own would end what they have begun. */
  pipelineRuns = false;
  /** A statement that may have changed search_path or how text is read has run; ask the server before the next analysis. */
  settingsDirty = true;
  /** The same, but inside a transaction whose end may undo it. */
  settingsInTransaction = false;
  /** A statement that changes objects for other sessions too is on its way, or its transaction is still open. */
  changesObjects = false;
  /** Objects changed in the open transaction: only this connection sees them. */
  catalogInTransaction = false;
  /** A statement on classified data has run in the open transaction: what fails later may still quote its rows. */
  scrubTransaction = false;
  /** The server has refused a message and ignores all others up to the next Sync. */
  serverSkips = false;
  /** This session has temporary objects. */
  hasTemporary = false;
  /** search_path as it is set, not as it resolves. */
  searchPathSetting = '';
  searchPath: readonly string[] = ['pg_catalog', 'public'];
  standardConformingStrings = true;
  serverEncoding = 'UTF8';
  /** Bumped whenever an analysis made before may no longer hold in this session. */
  epoch = 0;
  #waiters: { test: () => boolean; resolve: () => void; reject: (error: Error) => void }[] = [];
  #ended: Error | undefined;
  #rejectEnded: ((error: Error) => void) | undefined;
  /** Rejects when the session ends. */
  readonly ended: Promise<never>;

  constructor() {
    this.ended = new Promise((_, reject) => {
      this.#rejectEnded = reject;
    });
    this.ended.catch(() => undefined);
  }

  /** An open transaction has changed objects or settings: its end may take them back. */
  get unsettled(): boolean {
    return this.catalogInTransaction || this.settingsInTransaction;
  }

  /** Resolves when `test` holds; it is tried after every answer of the server. Rejects when the session ends first. */
  until(test: () => boolean): Promise<void> {
    if (test()) return Promise.resolve();
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => this.#waiters.push({ test, resolve, reject }));
  }

  /** Called by the backend relay after it has taken in what arrived. */
  progressed(): void {
    if (this.#waiters.length === 0) return;
    const ready = this.#waiters.filter((w) => w.test());
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter((w) => !ready.includes(w));
    for (const w of ready) w.resolve();
  }

  end(error: Error = new BugError('the session has ended')): void {
    this.#ended ??= error;
    this.#rejectEnded?.(this.#ended);
    for (const w of this.#waiters) w.reject(this.#ended);
    this.#waiters = [];
  }
}
