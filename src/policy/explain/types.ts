/** What is said of one statement before it runs: what, where in its text, and what would be allowed instead. */
import type { CatalogRelation, ColumnRef, DataClass, Outcome, StatementAnalysis, TextPlace } from '../types.ts';

export type Severity = 'denied' | 'held' | 'masked' | 'hint';

/** Replaces a part of the statement's own text. */
export interface TextEdit extends TextPlace {
  readonly insert: string;
}

export type Offer =
  /** A change of the text that was analysed and decided again, and would be allowed. `select` is a part of the changed statement that the person has to fill in. */
  | { readonly kind: 'edit'; readonly label: string; readonly edits: readonly TextEdit[]; readonly select?: TextPlace }
  /** Run it as it is: it waits for these groups. */
  | { readonly kind: 'ask'; readonly label: string; readonly approvers: readonly string[] };

/** One plain sentence. Names and SQL in it stand between backticks. */
export interface Explanation {
  readonly at: TextPlace;
  readonly severity: Severity;
  readonly sentence: string;
  readonly offers: readonly Offer[];
}

/** The same analysis and the same decision that enforcement makes, for the person and the connection in question. */
export interface Bench {
  analyse(sql: string): readonly StatementAnalysis[];
  decide(statement: StatementAnalysis): Outcome;
  classify(column: ColumnRef): DataClass | undefined;
  /** Relations that names may mean, for offers that name columns; undefined without a catalog. */
  relation(schema: string, name: string): CatalogRelation | undefined;
  relations(): readonly CatalogRelation[];
}

/** A change that might help. It is offered only after it was decided again. */
export interface Candidate {
  readonly label: string;
  readonly edits: readonly TextEdit[];
  /** Part of the text that edit number `edit` inserts, for the person to fill in. */
  readonly fill?: TextPlace & { readonly edit: number };
}

/** An explanation whose offers are not checked yet. */
export interface Draft {
  readonly at: TextPlace;
  readonly severity: Severity;
  readonly sentence: string;
  readonly candidates: readonly Candidate[];
}
