/** State of the dry run while a person types. Replies may come late and out of order; only the newest text counts. */
import type { Effect } from '../contract/ipc/common.ts';
import type { DryRunReply, DryRunStatement } from '../contract/ipc/workbench.ts';

export type DryRunState =
  | { readonly phase: 'empty'; readonly version: number }
  /** The text changed; `last` is what the previous text got, shown pale. */
  | { readonly phase: 'asking'; readonly version: number; readonly last: readonly DryRunStatement[] }
  | { readonly phase: 'decided'; readonly version: number; readonly statements: readonly DryRunStatement[] }
  | { readonly phase: 'unparsed'; readonly version: number; readonly message: string }
  | { readonly phase: 'failed'; readonly version: number; readonly message: string };

export const initialDryRun: DryRunState = { phase: 'empty', version: 0 };

export function dryRunEdited(state: DryRunState, sql: string): DryRunState {
  const version = state.version + 1;
  if (sql.trim() === '') return { phase: 'empty', version };
  return { phase: 'asking', version, last: state.phase === 'decided' ? state.statements : state.phase === 'asking' ? state.last : [] };
}

export function dryRunAnswered(state: DryRunState, version: number, reply: DryRunReply): DryRunState {
  if (version !== state.version) return state;
  if (reply.state === 'unparsed') return { phase: 'unparsed', version, message: reply.message };
  return reply.statements.length === 0 ? { phase: 'empty', version } : { phase: 'decided', version, statements: reply.statements };
}

export function dryRunFailed(state: DryRunState, version: number, message: string): DryRunState {
  return version === state.version ? { phase: 'failed', version, message } : state;
}

const severity: Readonly<Record<Effect, number>> = { allow: 0, hold: 1, deny: 2 };

/** The strictest effect: what happens to the whole text. */
export function worstEffect(statements: readonly { readonly effect: Effect }[]): Effect {
  return statements.reduce<Effect>((worst, s) => (severity[s.effect] > severity[worst] ? s.effect : worst), 'allow');
}

export const maskedCount = (statements: readonly DryRunStatement[]): number => statements.reduce((n, s) => n + s.masked.length, 0);

/** Decisions on the statements that a range of the text touches. */
export const within = (statements: readonly DryRunStatement[], from: number, to: number): readonly DryRunStatement[] =>
  statements.filter((s) => s.from < to && s.to > from);
