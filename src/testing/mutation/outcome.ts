/** What happened to each generated query, and the sum of it in one line. */
import type { Answer } from './client.ts';
import type { Script } from './scripts.ts';

export const OUTCOMES = ['masked', 'flow', 'unresolved', 'predicates', 'policy', 'held', 'other'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Tried {
  readonly seed: number;
  readonly script: Script;
  /** It runs on the server, and a canary comes back from it there. */
  readonly valid: boolean;
  readonly reaches: boolean;
  readonly outcome: Outcome;
  readonly why: string;
  /** Canaries that came through the gateway: none may. */
  readonly leaked: readonly string[];
}

/** A script is valid when nothing failed, or the last statement did and was meant to. */
export function isValid(script: Script, direct: Answer): boolean {
  if (direct.ended) return false;
  if (!script.fails) return direct.errors.length === 0;
  return direct.errors.length > 0 && direct.errors.every((e) => e.statement === script.statements.length - 1);
}

export function outcomeOf(script: Script, answer: Answer): { readonly outcome: Outcome; readonly why: string } {
  if (answer.held) return { outcome: 'held', why: answer.errors[0]?.message ?? 'held' };
  const [first] = answer.errors;
  if (first === undefined || (script.fails && !first.message.startsWith('denied by policy') && !answer.ended)) return { outcome: 'masked', why: first?.message ?? `${answer.rows} rows` };
  if (answer.ended) return { outcome: 'other', why: `the session ended: ${answer.errors.map((e) => e.message).join('; ')}` };
  if (!first.message.startsWith('denied by policy')) return { outcome: 'other', why: `${first.code} ${first.message}` };
  if (first.detail.includes('filter-on-masked')) return { outcome: 'predicates', why: first.message };
  if (first.detail !== '') return { outcome: 'policy', why: first.message };
  return { outcome: /would (hold|carry|write)/.test(first.message) ? 'flow' : 'unresolved', why: first.message };
}

const percent = (part: number, whole: number): string => `${whole === 0 ? 0 : ((100 * part) / whole).toFixed(1)} %`;

/** Share of the scripts that run directly and reach a canary there. */
export const reachOf = (tried: readonly Tried[]): number => tried.filter((t) => t.valid && t.reaches).length / Math.max(1, tried.length);

/** One line: how much of it was a real attempt, and what became of the attempts. */
export function summary(tried: readonly Tried[]): string {
  const attempts = tried.filter((t) => t.valid && t.reaches);
  const seeds = new Set(tried.map((t) => t.seed)).size;
  const share = (o: Outcome): string => percent(attempts.filter((t) => t.outcome === o).length, attempts.length);
  const leaks = tried.filter((t) => t.leaked.length > 0).length;
  return (
    `${seeds} seeds, ${tried.length} queries, ${percent(attempts.length, tried.length)} of them run on the server and reach a canary there; of these through the gateway: ` +
    `masked ${share('masked')}, denied since it would carry values away ${share('flow')}, denied as unresolved ${share('unresolved')}, denied by predicates ${share('predicates')}, denied by another policy ${share('policy')}, ` +
    `held ${share('held')}, other error ${share('other')}; ${leaks} let a canary out`
  );
}

/** One seed's scripts with what became of them, for people. */
export function transcript(tried: readonly Tried[]): string {
  return tried
    .map((t) => {
      const head = `-- ${t.script.path.join(' > ')}${t.script.inTransaction ? ' (in a transaction)' : ''}`;
      const direct = t.valid ? (t.reaches ? 'reaches a canary' : 'reaches no canary') : 'fails';
      return [head, ...t.script.statements.map((s) => `${s};`), `-- directly: ${direct}; through the gateway: ${t.outcome}: ${t.why}${t.leaked.length > 0 ? `\n-- LEAKED ${t.leaked.join(', ')}` : ''}`].join('\n');
    })
    .join('\n\n');
}
