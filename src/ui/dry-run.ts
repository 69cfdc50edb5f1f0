/** State of the dry run while a person types. Replies may come late and out of order; only the newest text counts. */
import type { DryRunReply, DryRunStatement, Explanation } from '../contract/ipc/workbench.ts';

type Unparsed = Extract<DryRunReply, { state: 'decided' }>['unparsed'];

export type DryRunState =
  | { readonly phase: 'empty'; readonly version: number }
  /** The text changed; `last` is what the previous text got, shown pale. */
  | { readonly phase: 'asking'; readonly version: number; readonly sql: string; readonly last: readonly DryRunStatement[] }
  | { readonly phase: 'decided'; readonly version: number; readonly sql: string; readonly statements: readonly DryRunStatement[]; readonly unparsed: Unparsed }
  | { readonly phase: 'unparsed'; readonly version: number; readonly sql: string; readonly message: string; readonly at?: { readonly from: number; readonly to: number } | undefined }
  | { readonly phase: 'failed'; readonly version: number; readonly message: string };

export const initialDryRun: DryRunState = { phase: 'empty', version: 0 };

export function dryRunEdited(state: DryRunState, sql: string): DryRunState {
  const version = state.version + 1;
  if (sql.trim() === '') return { phase: 'empty', version };
  return { phase: 'asking', version, sql, last: state.phase === 'decided' ? state.statements : state.phase === 'asking' ? state.last : [] };
}

export function dryRunAnswered(state: DryRunState, version: number, reply: DryRunReply): DryRunState {
  if (version !== state.version || state.phase !== 'asking') return state;
  const { sql } = state;
  if (reply.state === 'unparsed') return { phase: 'unparsed', version, sql, message: reply.message, at: reply.at };
  return reply.statements.length === 0 ? { phase: 'empty', version } : { phase: 'decided', version, sql, statements: reply.statements, unparsed: reply.unparsed };
}

export function dryRunFailed(state: DryRunState, version: number, message: string): DryRunState {
  return version === state.version ? { phase: 'failed', version, message } : state;
}

/** What is said of the text's places: of every statement, and where one is not whole yet. */
export function explanationsOf(state: DryRunState): readonly Explanation[] {
  const incomplete = (from: number, to: number, message: string): Explanation => ({ from, to, severity: 'hint', sentence: `Not a whole statement yet: ${message}.`, offers: [] });
  if (state.phase === 'unparsed') return state.at === undefined ? [] : [incomplete(state.at.from, state.at.to, state.message)];
  if (state.phase !== 'decided') return [];
  return [...state.statements.flatMap((s) => s.explanations), ...state.unparsed.map((u) => incomplete(u.from, u.to, u.message))];
}

/** The explanation that a statement's line shows: the closest around the caret, else the gravest. */
export function shownExplanation({ explanations }: Pick<DryRunStatement, 'explanations'>, caret: number): Explanation | undefined {
  const here = explanations.filter((e) => e.from <= caret && caret <= e.to);
  return here.reduce<Explanation | undefined>((best, e) => (best === undefined || e.to - e.from < best.to - best.from ? e : best), undefined) ?? explanations[0];
}

/** A text with an offer's changes. */
export function applyEdits(sql: string, edits: readonly { readonly from: number; readonly to: number; readonly insert: string }[]): string {
  return [...edits].sort((a, b) => b.from - a.from).reduce((text, e) => text.slice(0, e.from) + e.insert + text.slice(e.to), sql);
}

/** The statement that running at the caret would run: the one in or right behind which it stands, else the first; none while that one is not whole. */
export function statementAtCaret(statements: readonly DryRunStatement[], caret: number, unparsed: readonly { readonly start: number }[] = []): DryRunStatement | undefined {
  const found = statements.findLast((s) => s.from <= caret) ?? statements[0];
  return found !== undefined && unparsed.some((u) => u.start <= caret && u.start > found.from) ? undefined : found;
}
