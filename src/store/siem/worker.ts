/** Background work that one process does at a time. A process that dies loses its lease, and another goes on. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Database } from '../db/database.ts';

const LEASE_MS = 30_000;
const IDLE_MS = 1_000;
const RETRY_MAX_MS = 60_000;

export interface WorkerOptions {
  readonly db: Database;
  readonly clock: Clock;
  /** Unique in the database. */
  readonly name: string;
  readonly onProblem: (message: string) => void;
  /** The work shares itself out in the database: every process does it. */
  readonly everywhere?: boolean;
  /**
   * Does a part of the work. True when there may be more at once; a number: nothing before so many milliseconds.
   * What it throws is told, and the work tried again later.
   */
  readonly step: (signal: AbortSignal) => Promise<boolean | number>;
}

export interface Worker {
  /** Looks again now rather than in a second. */
  wake(): void;
  /** Waits for the step under way. */
  stop(): Promise<void>;
}

/** This process, among those of the same database. */
const holder = randomUUID();

/**
 * True when the work is ours until the lease runs out. A lease is kept by taking it again. What must not happen twice
 * is guarded by a compare-and-set besides: clocks of hosts differ.
 */
export async function takeLease(db: Database, name: string, nowMs: number, by: string = holder): Promise<boolean> {
  const changed = await db.run(
    `insert into worker_leases (name, holder, until_ms) values ($1,$2,$3)
     on conflict (name) do update set holder = $2, until_ms = $3 where worker_leases.holder = $2 or worker_leases.until_ms <= $4`,
    [name, by, nowMs + LEASE_MS, nowMs],
  );
  return changed === 1;
}

export async function dropLease(db: Database, name: string): Promise<void> {
  await db.run('delete from worker_leases where name = $1 and holder = $2', [name, holder]);
}

export function startWorker(o: WorkerOptions): Worker {
  const stopping = new AbortController();
  let wake: () => void = () => undefined;
  let woken = false;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      if (woken || stopping.signal.aborted) {
        woken = false;
        resolve();
        return;
      }
      const timer = setTimeout(done, ms);
      timer.unref();
      function done(): void {
        clearTimeout(timer);
        wake = () => undefined;
        woken = false;
        resolve();
      }
      wake = done;
    });
  const running = loop(o, stopping.signal, pause);
  return {
    wake: () => {
      woken = true;
      wake();
    },
    stop: async () => {
      stopping.abort();
      wake();
      await running;
    },
  };
}

async function loop(o: WorkerOptions, signal: AbortSignal, pause: (ms: number) => Promise<void>): Promise<void> {
  let failures = 0;
  const stopped = (): boolean => signal.aborted;
  while (!stopped()) {
    let waitMs = IDLE_MS;
    try {
      if (o.everywhere === true || (await takeLease(o.db, o.name, o.clock.nowMs()))) {
        const more = await o.step(signal);
        waitMs = more === true ? 0 : more === false ? IDLE_MS : Math.min(more, LEASE_MS / 2);
      }
      failures = 0;
    } catch (error) {
      if (stopped()) break;
      waitMs = Math.min(IDLE_MS * 2 ** failures, RETRY_MAX_MS);
      failures++;
      if (failures === 1 || failures % 10 === 0) o.onProblem(`store: ${o.name}: ${messageOf(error)}`);
    }
    if (waitMs > 0) await pause(waitMs);
  }
  // Another process need not wait for the lease to run out.
  if (o.everywhere !== true) await dropLease(o.db, o.name).catch(() => undefined);
}
