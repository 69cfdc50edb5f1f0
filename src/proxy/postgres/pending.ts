/**
 * What the server owes us, in order. Each message sent upstream that gets an answer has one entry; the backend relay
 * takes the head for every answer. An answer that does not fit its entry ends the session (promise 2).
 */
import type { MaskPlan, StatementAnalysis } from '../../policy/types.ts';
import type { Denial } from './denial.ts';
import type { StatementResult } from './result.ts';
import type { Portal, PreparedStatement } from './statements.ts';

/** A query of our own on the session's connection: its answers never reach the client. */
export interface Injection {
  readonly rows: (string | null)[][];
  failed: string | undefined;
  done(): void;
  /** Called instead of `done` when the server refuses. */
  failedSignal?: () => void;
}

/** One statement of a simple query with the plan for its result. */
export interface PlannedStatement {
  readonly analysis: StatementAnalysis;
  readonly plan: MaskPlan;
}

interface Base {
  /** The message was replaced by one that must fail; its error is replaced by this one. */
  readonly denial?: Denial;
  readonly injection?: Injection;
  /** Undoes bookkeeping when the server never ran this. */
  readonly undo?: () => void;
  /** COPYs FROM STDIN that the server has begun here, and those whose end the client has sent. */
  copyBegun?: number;
  copyEnded?: number;
}

export type Pending = Base &
  (
    | { readonly kind: 'query'; readonly record: number; readonly sql: string; readonly statements: readonly PlannedStatement[]; index: number; result?: StatementResult; failed: boolean; /** As of `Portal`. */ changes: number; readonly startedNs: bigint }
    | { readonly kind: 'parse'; readonly statement?: PreparedStatement }
    | { readonly kind: 'bind'; readonly plan?: MaskPlan }
    | { readonly kind: 'describe'; readonly of: 'statement' | 'portal'; readonly statement?: PreparedStatement; readonly swallow: boolean }
    | { readonly kind: 'execute'; readonly portal?: Portal; readonly record: number; result?: StatementResult; readonly startedNs: bigint }
    | { readonly kind: 'close' }
    | { readonly kind: 'sync' }
  );

/** Under way, it may change what names mean or what a name was prepared for: analyses of what follows wait for it. */
export function touchesNames(item: Pending): boolean {
  if (item.kind === 'query') return item.statements.some((s) => movesNames(s.analysis));
  return item.kind === 'execute' && item.portal?.analysis !== undefined && movesNames(item.portal.analysis);
}

const movesNames = ({ effects: e }: StatementAnalysis): boolean => e.settings || e.catalog || e.prepare !== undefined || e.declare !== undefined || e.deallocate !== undefined || e.close !== undefined;

/** How many COPYs FROM STDIN it runs. */
export function copiesIn(p: Pending): number {
  if (p.kind === 'query') return p.statements.filter((s) => s.analysis.effects.copyIn).length;
  return p.kind === 'execute' && p.portal?.analysis?.effects.copyIn ? 1 : 0;
}

/** It runs, or will run, a COPY FROM STDIN whose data has not been ended yet. */
export const expectsCopyIn = (p: Pending): boolean => copiesIn(p) > (p.copyEnded ?? 0);

/** The server reads COPY data for it at this moment: until their end it ignores Sync and Flush. */
export const readsCopy = (p: Pending): boolean => (p.copyBegun ?? 0) > (p.copyEnded ?? 0);

/** First in, first out without shifting the whole array for each answer. */
export class PendingQueue {
  #items: Pending[] = [];
  #head = 0;
  #touching = 0;
  #copying = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }
  /** Something under way changes names. Counted, since every message of a long pipeline asks. */
  get touchesNames(): boolean {
    return this.#touching > 0;
  }
  push(item: Pending): void {
    if (touchesNames(item)) this.#touching++;
    if (copiesIn(item) > 0) this.#copying++;
    this.#items.push(item);
  }
  peek(): Pending | undefined {
    return this.#items[this.#head];
  }
  take(): Pending | undefined {
    const item = this.#items[this.#head];
    if (!item) return undefined;
    this.#head++;
    if (touchesNames(item)) this.#touching--;
    if (copiesIn(item) > 0) this.#copying--;
    if (this.#head > 1024 || this.#head === this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
  /** After an error in extended query: the server skips to Sync. Returns what it skipped. */
  dropUntilSync(): Pending[] {
    const dropped: Pending[] = [];
    for (let item = this.peek(); item && item.kind !== 'sync'; item = this.peek()) {
      dropped.push(item);
      this.take();
    }
    return dropped;
  }
  /** The first COPY FROM STDIN that still wants data. Counted as well: every Sync asks. */
  copyIn(): Pending | undefined {
    return this.#copying === 0 ? undefined : this.find(expectsCopyIn);
  }
  /** The first that fits, of what the server still has to answer. */
  find(test: (item: Pending) => boolean): Pending | undefined {
    for (let i = this.#head; i < this.#items.length; i++) {
      const item = this.#items[i];
      if (item && test(item)) return item;
    }
    return undefined;
  }
  some(test: (item: Pending) => boolean): boolean {
    return this.find(test) !== undefined;
  }
}
