/** The status bar: told when something happens, at most once a second. */
import type { AppStatus } from '../../contract/ipc/app.ts';
import { limits } from '../../base/limits.ts';
import type { Work } from '../work/work.ts';
import { policyProblem } from './policy-problem.ts';

export function statusOf(work: Work | undefined, pendingApprovals: number): AppStatus {
  if (work === undefined) {
    return { identity: null, recording: { state: 'idle', sessions: 0 }, spool: { sizeBytes: 0, limitBytes: limits.spoolBytes, pendingChunks: 0, state: 'idle' }, policy: null, pendingApprovals: 0 };
  }
  const { identity, runtime } = work;
  const { principal, expiresMs } = identity;
  const upload = runtime.uploader.state;
  const sessions = runtime.openSessions;
  return {
    identity: { name: principal.name, subject: principal.subject, expiresMs },
    recording: { state: sessions > 0 ? 'recording' : 'idle', sessions },
    spool: {
      ...{ sizeBytes: upload.pendingBytes, limitBytes: runtime.spool.limitBytes, state: upload.state },
      pendingChunks: upload.pendingBytes === 0 ? 0 : Math.ceil(upload.pendingBytes / limits.chunkBytes),
      ...(upload.error === undefined ? {} : { lastError: upload.error }),
    },
    policy: policyStatus(work),
    pendingApprovals,
  };
}

function policyStatus({ bundle, runtime }: Work): AppStatus['policy'] {
  const { engine, distribution } = bundle;
  const shown = { name: engine.name, serial: engine.serial, digest: engine.digest };
  if (distribution === undefined) return shown;
  const nowMs = Date.now();
  const problem = policyProblem(distribution, runtime.policy.breakGlass, nowMs);
  return { ...shown, ageMs: Math.max(0, nowMs - (distribution.verifiedMs ?? 0)), ...(problem === undefined ? {} : { problem }) };
}

/** Runs `work` soon after `poke`, never more often than every `everyMs`. */
export class Throttle {
  readonly #everyMs: number;
  readonly #work: () => void;
  #lastMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(everyMs: number, work: () => void) {
    this.#everyMs = everyMs;
    this.#work = work;
  }

  poke(): void {
    if (this.#timer !== undefined) return;
    const waitMs = Math.max(0, this.#lastMs + this.#everyMs - Date.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#lastMs = Date.now();
      this.#work();
    }, waitMs);
    this.#timer.unref();
  }
}
