/** What is refused of a message whatever policy says, beyond what the analysis refuses. Forecasts ask the same. */
import { containsMaskToken } from '../../policy/mask/index.ts';
import type { StatementAnalysis } from '../../policy/types.ts';
import { copyOutProblem } from './copy-out.ts';

export interface Asked {
  readonly sql: string;
  readonly statements: readonly StatementAnalysis[];
  /** Values of parameters, null for SQL NULL. */
  readonly values: readonly (Buffer | null)[];
}

/** @param classified the bundle has data classes @returns why, or undefined */
export function standingRefusal({ sql, statements, values }: Asked, classified: boolean): string | undefined {
  const writes = statements.some((s) => s.facts.writes);
  if (writes && (containsMaskToken(sql) || values.some((v) => v !== null && containsMaskToken(v)))) {
    return 'the statement would write a mask token in the place of the real value';
  }
  const copy = classified ? statements.find((s) => s.effects.copyOut) : undefined;
  return copy && copyOutProblem(copy.sql);
}
