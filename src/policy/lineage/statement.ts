import type { AnalysisEnv, StatementAnalysis } from '../types.ts';
import type { Node } from '../facts/tree.ts';

export function statementLineage(_node: Node, _env: AnalysisEnv): Pick<StatementAnalysis, 'output' | 'reads' | 'predicates' | 'refusal'> {
  return { output: 'untracked', reads: [], predicates: [] };
}
