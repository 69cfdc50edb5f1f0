/** Decides a history by a candidate and adds up what would be different. */
import type { PolicyEngine } from '../types.ts';
import type { Effect, RecordedRequest } from './history.ts';
import { type Answer, askedText, Redecider } from './redecide.ts';

/** From what to what. `masked`: allowed as before, and a column more is masked; `unmasked`: a column less. */
export type Difference = 'denied' | 'held' | 'allowed' | 'masked' | 'unmasked';
export const differences: readonly Difference[] = ['denied', 'held', 'allowed', 'masked', 'unmasked'];

/** One line of the report: everything alike, counted. */
export interface Group {
  readonly difference: Difference;
  readonly person: string;
  readonly connection: string;
  /** With its literals and numbers as `?`. */
  readonly statement: string;
  readonly was: Effect;
  readonly becomes: Effect;
  readonly reason: string;
  readonly policyIds: readonly string[];
  /** `+column:class` and `-column:class`. */
  readonly columns: readonly string[];
  /** Requests with tokens in place of literals among them: what hangs on the literal itself may be otherwise. */
  withTokens: number;
  count: number;
}

export interface SimulationReport {
  readonly requests: number;
  readonly same: number;
  readonly changed: Readonly<Record<Difference, number>>;
  /** Not decided again: the text was removed or was never shown; or without the database of then the analysis cannot resolve it. */
  readonly undecided: { readonly gone: number; readonly unresolved: number };
  /** Of those that were decided again: how many held tokens in place of literals. */
  readonly withTokens: number;
  /** Most frequent first. */
  readonly groups: readonly Group[];
}

export class Simulation {
  readonly #candidate: Redecider;
  readonly #base: Redecider | undefined;
  readonly #groups = new Map<string, Group>();
  readonly #changed = { denied: 0, held: 0, allowed: 0, masked: 0, unmasked: 0 };
  #requests = 0;
  #same = 0;
  #gone = 0;
  #unresolved = 0;
  #withTokens = 0;

  /**
   * Without `base` a difference is one from what was decided then; masks are not compared, since what was masked then
   * was known from the database. With it both bundles are asked the same way.
   */
  constructor(candidate: PolicyEngine, base?: PolicyEngine) {
    this.#candidate = new Redecider(candidate);
    this.#base = base === undefined ? undefined : new Redecider(base);
  }

  add(r: RecordedRequest): void {
    this.#requests++;
    if (r.text === 'gone') {
      this.#gone++;
      return;
    }
    const after = this.#candidate.decide(r.past);
    const before: Pick<Answer, 'effect' | 'masked' | 'isRefused'> = this.#base?.decide(r.past) ?? { effect: r.effect, masked: after.masked, isRefused: false };
    // What only the missing database makes unclear says nothing about the bundle.
    if (after.isRefused && !before.isRefused && before.effect !== 'deny') {
      this.#unresolved++;
      return;
    }
    if (r.text === 'tokens') this.#withTokens++;
    const more = after.masked.filter((m) => !before.masked.includes(m)).map((m) => `+${m}`);
    const less = before.masked.filter((m) => !after.masked.includes(m)).map((m) => `-${m}`);
    const difference = differenceOf(before.effect, after.effect, more.length, less.length);
    if (difference === undefined) {
      this.#same++;
      return;
    }
    this.#changed[difference]++;
    this.#group(r, difference, before.effect, after, after.effect === 'allow' && before.effect === 'allow' ? [...more, ...less] : []);
  }

  #group(r: RecordedRequest, difference: Difference, was: Effect, after: Answer, columns: readonly string[]): void {
    const { principal, connection } = r.past;
    const statement = shapeOf(askedText(r.past));
    const key = [difference, was, after.effect, principal.issuer, principal.subject, connection.name, statement, after.reason, columns.join()].join('\0');
    const known = this.#groups.get(key);
    const tokens = r.text === 'tokens' ? 1 : 0;
    if (known === undefined) this.#groups.set(key, { difference, person: principal.subject, connection: connection.name, statement, was, becomes: after.effect, reason: after.reason, policyIds: after.policyIds, columns, withTokens: tokens, count: 1 });
    else {
      known.count++;
      known.withTokens += tokens;
    }
  }

  get report(): SimulationReport {
    const groups = [...this.#groups.values()].sort((a, b) => differences.indexOf(a.difference) - differences.indexOf(b.difference) || b.count - a.count || (a.statement < b.statement ? -1 : 1));
    return { requests: this.#requests, same: this.#same, changed: { ...this.#changed }, undecided: { gone: this.#gone, unresolved: this.#unresolved }, withTokens: this.#withTokens, groups };
  }
}

function differenceOf(was: Effect, becomes: Effect, more: number, less: number): Difference | undefined {
  if (was !== becomes) return becomes === 'deny' ? 'denied' : becomes === 'hold' ? 'held' : 'allowed';
  if (becomes !== 'allow') return undefined;
  return less > 0 ? 'unmasked' : more > 0 ? 'masked' : undefined;
}

const MAX_SHAPE = 300;

/** For grouping only: literals and numbers as `?`, white space as one blank. Nothing is decided by it. */
export function shapeOf(sql: string | undefined): string {
  if (sql === undefined) return '(opening the session)';
  const shape = sql
    .replaceAll(/'(?:[^']|'')*'/g, '?')
    .replaceAll(/\b\d+(?:\.\d+)?\b/g, '?')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return shape.length > MAX_SHAPE ? `${shape.slice(0, MAX_SHAPE)}…` : shape;
}
