/** Runs the steps of a recording in order through one connection of a local endpoint, and holds each against what was recorded. */
import { EnvironmentError, messageOf } from '../base/errors.ts';
import { compareOutcomes } from '../policy/replay/compare.ts';
import type { Comparison } from '../policy/replay/findings.ts';
import { TokenPairs } from '../policy/replay/masks.ts';
import type { RecordedParameter, RecordedResult, ReplayedOutcome, ReplayStep } from '../policy/replay/types.ts';
import { type Values, withValues } from '../policy/replay/values.ts';
import type { KeepRows, ReplayClient } from './replay-client.ts';

export interface RanStep {
  readonly step: ReplayStep;
  /** `not comparable`: it ran, and nothing of what came back could be held against the recording. */
  readonly state: 'same' | 'different' | 'not comparable' | 'skipped' | 'not run';
  readonly found: Comparison;
  /** Why it was skipped or not run. */
  readonly why?: string;
}

export interface RunOptions {
  readonly values: Values;
  /** Per request. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** Rows beyond those that the recording has, kept so that they can be named. */
const EXTRA_ROWS = 1_000;
/** Prepared statements that are kept open. */
const MAX_PREPARED = 200;
const NOTHING: Comparison = { differences: [], notComparable: [], remarks: [] };

/** Where a refused statement failed in a transaction block, this fails in its place: what follows sees a failed block, as then. */
const STAND_IN = 'SELECT 1/0';

/** Sizes in bytes of binary forms, by type oid; what is not in it has no fixed size. */
const FIXED_BYTES: ReadonlyMap<number, number> = new Map([[16, 1], [20, 8], [21, 2], [23, 4], [26, 4], [700, 4], [701, 8], [1082, 4], [1083, 8], [1114, 8], [1184, 8], [1266, 12], [1186, 16], [2950, 16]]);
const INTEGER_BY_BYTES: ReadonlyMap<number, number> = new Map([[2, 21], [4, 23], [8, 20]]);

interface Prepared {
  readonly name: string;
  readonly columns: number;
}

/** @throws nothing: what goes wrong is in the steps */
export async function* runSteps(steps: AsyncIterable<ReplayStep>, client: ReplayClient, o: RunOptions): AsyncGenerator<RanStep> {
  const runner = new Runner(client, o);
  for await (const recorded of steps) yield await runner.run(withValues(recorded, o.values));
}

class Runner {
  readonly #client: ReplayClient;
  readonly #o: RunOptions;
  readonly #pairs = new TokenPairs();
  readonly #prepared = new Map<number, Prepared>();
  readonly #portals = new Set<number>();
  #ended: string | undefined;

  constructor(client: ReplayClient, o: RunOptions) {
    this.#client = client;
    this.#o = o;
  }

  async run(step: ReplayStep): Promise<RanStep> {
    this.#ended ??= this.#o.signal.aborted ? 'the replay was stopped' : undefined;
    if (this.#ended !== undefined) return { step, state: 'not run', found: NOTHING, why: this.#ended };
    try {
      if (step.skip !== undefined) {
        if (step.skip.why === 'refused' && this.#client.status === 'T') await this.#client.query(STAND_IN, () => 0);
        return { step, state: 'skipped', found: NOTHING, why: step.skip.detail };
      }
      if (step.kind === 'fetch' && !this.#portals.has(step.portal ?? 0)) return { step, state: 'skipped', found: NOTHING, why: 'the rest of a portal that is not open here' };
      return await this.#compared(step);
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      this.#ended = `the connection ended: ${messageOf(error)}`;
      return { step, state: 'not run', found: NOTHING, why: this.#ended };
    }
  }

  async #compared(step: ReplayStep): Promise<RanStep> {
    const limited = this.#limit();
    const now = await this.#send(step).finally(limited.done);
    if (this.#client.status === 'I') this.#portals.clear();
    if (now.results.some((r) => r.tag === 'DEALLOCATE ALL' || r.tag === 'DISCARD ALL')) this.#prepared.clear();
    if (limited.why !== undefined) return { step, state: 'different', found: { ...NOTHING, differences: [{ what: 'error', detail: `cancelled: ${limited.why}` }] } };
    const found = compareOutcomes(step.outcome, now, this.#pairs);
    const state = found.differences.length > 0 ? 'different' : found.notComparable.length > 0 && !isAnythingCompared(step) ? 'not comparable' : 'same';
    return { step, state, found };
  }

  /** Cancels what runs for too long, or when the person stops the replay. */
  #limit(): { readonly why: string | undefined; readonly done: () => void } {
    let why: string | undefined;
    const stop = (reason: string) => (): void => {
      why ??= reason;
      this.#client.cancel();
    };
    const timer = setTimeout(stop(`it took longer than ${this.#o.limitMs / 1000} seconds`), this.#o.limitMs);
    const aborted = stop('the replay was stopped');
    this.#o.signal.addEventListener('abort', aborted, { once: true });
    return {
      get why() {
        return why;
      },
      done: () => {
        clearTimeout(timer);
        this.#o.signal.removeEventListener('abort', aborted);
      },
    };
  }

  async #send(step: ReplayStep): Promise<ReplayedOutcome> {
    const keep = keepOf(step.outcome.results);
    switch (step.kind) {
      case 'query':
        return this.#client.query(step.sql, keep);
      case 'fetch':
        return this.#client.fetch(portalName(step.portal ?? 0), step.maxRows, keep);
      case 'parse': {
        const made = await this.#prepare(step, []);
        return { results: [], copies: [], ...('error' in made ? made : {}) };
      }
      case 'bind':
        return this.#bind(step, keep);
    }
  }

  async #bind(step: ReplayStep, keep: KeepRows): Promise<ReplayedOutcome> {
    const made = await this.#prepare(step, step.params);
    if ('error' in made) return { results: [], copies: [], error: made.error };
    const isSuspended = step.maxRows > 0;
    if (isSuspended) this.#portals.add(step.n);
    return this.#client.bind(
      {
        portal: isSuspended ? portalName(step.n) : '',
        statement: made.name,
        paramFormats: step.params.map((p) => (p.kind === 'binary' ? 1 : 0)),
        params: step.params.map(bytesOf),
        resultFormats: resultFormats(step.outcome.results[0], made.columns),
      },
      step.maxRows,
      keep,
    );
  }

  /** Types that the driver declared are not recorded: the server finds them, and integers get the size that was bound. */
  async #prepare(step: ReplayStep, params: readonly RecordedParameter[]): Promise<Prepared | { readonly error: { code: string; message: string } }> {
    const key = step.parse ?? step.n;
    const known = this.#prepared.get(key);
    if (known !== undefined) return known;
    const name = `replay_${key}`;
    let made = await this.#client.prepare(name, step.sql, []);
    if ('error' in made) return made;
    const types = typesFor(params, made.types);
    if (types !== undefined) made = await this.#client.prepare(name, step.sql, types);
    if ('error' in made) return made;
    const prepared: Prepared = { name, columns: made.columns };
    this.#prepared.set(key, prepared);
    const oldest = this.#prepared.size > MAX_PREPARED ? this.#prepared.entries().next().value : undefined;
    if (oldest !== undefined) {
      this.#prepared.delete(oldest[0]);
      await this.#client.forget(oldest[1].name);
    }
    return prepared;
  }
}

const portalName = (bind: number): string => `replay_${bind}`;

/** Its error or its number of rows was compared, at least. */
const isAnythingCompared = (step: ReplayStep): boolean => step.outcome.error !== undefined || step.outcome.results.length > 0;

function keepOf(results: readonly RecordedResult[]): KeepRows {
  return (i) => {
    const result = results[i];
    return result === undefined ? 0 : result.rest === undefined ? result.kept + EXTRA_ROWS : result.kept;
  };
}

function bytesOf(p: RecordedParameter): Uint8Array | null {
  return p.kind === 'text' ? Buffer.from(p.text, 'utf8') : p.kind === 'binary' ? Buffer.from(p.b64, 'base64') : null;
}

/** Undefined: the server's own types fit. */
function typesFor(params: readonly RecordedParameter[], found: readonly number[]): readonly number[] | undefined {
  const types = params.map((p, i) => {
    const fixed = FIXED_BYTES.get(found[i] ?? 0);
    const size = bytesOf(p)?.length ?? 0;
    return p.kind !== 'binary' || fixed === undefined || fixed === size ? 0 : (INTEGER_BY_BYTES.get(size) ?? 0);
  });
  return types.some((oid) => oid !== 0) ? types : undefined;
}

/** As the recorded rows show them; where no value shows, text. */
function resultFormats(result: RecordedResult | undefined, columns: number): readonly number[] {
  const width = result?.columns?.length ?? 0;
  const formats = Array.from({ length: width }, (_, c) => {
    const cell = result?.cells.map((row) => row[c] ?? null).find((value) => value !== null);
    return cell === undefined ? undefined : typeof cell === 'string' ? 0 : 1;
  });
  if (!formats.includes(1)) return [];
  if (!formats.includes(0)) return [1];
  return width === columns ? formats.map((f) => f ?? 0) : [];
}
