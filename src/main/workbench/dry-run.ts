/** The decision before running: the proxy's own dry run, put into the window's words. */
import { splitSql } from '../../ui/sql-tokens.ts';
import type { DryRunReply, DryRunStatement } from '../../contract/ipc/workbench.ts';
import type { StatementAnalysis } from '../../policy/types.ts';
import type { Verdict } from '../../proxy/postgres/gatekeeper.ts';

export interface Judged {
  readonly verdict: Verdict;
  readonly statements: readonly StatementAnalysis[];
}

export function toDryRunReply(sql: string, judged: readonly Judged[], elapsedMs: number): DryRunReply {
  const unparsed = judged.flatMap((j) => j.statements).find((s) => s.refusal?.code === 'parse');
  if (unparsed?.refusal) return { state: 'unparsed', message: unparsed.refusal.message };
  const ranges = splitSql(sql);
  const whole = { from: 0, to: sql.length };
  const statements = judged.map((j, i) => toStatement(j, ranges.length === judged.length ? (ranges[i] ?? whole) : whole));
  return { state: 'decided', statements, elapsedMs };
}

function toStatement({ verdict, statements }: Judged, range: { from: number; to: number }): DryRunStatement {
  const analysis = statements[0];
  const base = { from: range.from, to: range.to, statement: analysis?.facts.statement ?? '', effect: verdict.effect, policyIds: [...verdict.policyIds] };
  switch (verdict.effect) {
    case 'deny':
      return { ...base, reason: verdict.reason, approvers: [], quorum: 0, masked: [] };
    case 'hold':
      return { ...base, reason: verdict.reason, approvers: [...verdict.approvers], quorum: verdict.quorum, masked: [] };
    case 'allow':
      return { ...base, reason: 'Permitted.', approvers: [], quorum: 0, masked: maskedOf(verdict, analysis) };
  }
}

function maskedOf(verdict: Verdict & { effect: 'allow' }, analysis: StatementAnalysis | undefined): DryRunStatement['masked'] {
  const columns = verdict.plans[0]?.columns;
  if (columns === undefined || columns === 'detect_all') return [];
  const output = analysis?.output;
  const names = typeof output === 'object' ? output : [];
  return columns.flatMap((c, i) => (c === 'detect' ? [] : [{ column: names[i]?.name ?? `column ${i + 1}`, mask: { classId: c.classId, kind: c.kind, rule: c.rule } }]));
}
