/** Makes the mask plan of one statement: once per statement, never per row. */
import type { Classifier } from '../classify/classifier.ts';
import { stricterMask } from '../classify/classifier.ts';
import type { ClassRule, DataClass, MaskKind, MaskPlan, OutputColumn, StatementAnalysis } from '../types.ts';

export interface Visible {
  readonly classifier: Classifier;
  readonly connection: string;
  /** Classes that this principal may see in clear here. */
  readonly unmasked: ReadonlySet<string>;
}

/** Plan for traffic that belongs to no statement: detectors look at everything. */
export function planWithoutStatement(v: Visible): MaskPlan {
  return { columns: 'detect_all', unmasked: [...v.unmasked], scrubMessages: false };
}

export function maskPlan(analysis: StatementAnalysis, v: Visible): MaskPlan {
  const shown = shownIn(analysis, v);
  return {
    columns: columnsOf(analysis, v),
    unmasked: [...v.unmasked],
    ...(shown.length > 0 ? { shown } : {}),
    scrubMessages: mayTouchMasked(analysis, v),
  };
}

/** Where the output is not tracked no classified table was in reach, so nothing is shown. */
function shownIn({ output }: StatementAnalysis, v: Visible): string[] {
  if (v.unmasked.size === 0 || typeof output === 'string') return [];
  const ids = output.flatMap((c) => c.sources.map((source) => v.classifier.classify(v.connection, source)?.id ?? ''));
  return [...new Set(ids)].filter((id) => v.unmasked.has(id)).sort();
}

function columnsOf(analysis: StatementAnalysis, v: Visible): MaskPlan['columns'] {
  if (analysis.output === 'untracked') return 'detect_all';
  if (analysis.output === 'none') return [];
  return analysis.output.map((c) => ruleOf(c, v) ?? 'detect');
}

function ruleOf(column: OutputColumn, v: Visible): ClassRule | undefined {
  let rule: ClassRule | undefined;
  const claimed = new Set<string>();
  for (const source of column.sources) {
    const found = v.classifier.classify(v.connection, source);
    if (found === undefined || v.unmasked.has(found.id)) continue;
    claimed.add(found.id);
    const kind = kindFor(found, column);
    if (rule === undefined || stricterMask(rule.kind, kind) !== rule.kind) {
      rule = { classId: found.id, kind, rule: `${found.id} on ${source.schema}.${source.table}.${source.column}` };
    }
  }
  // One class's harmless end is another's secret: a UNION of two classes is never shown in part.
  return rule !== undefined && claimed.size > 1 ? { ...rule, kind: rule.kind === 'partial' ? 'full' : rule.kind } : rule;
}

/**
 * A derived value is never tokenised or shown in part: `substr(email, 1, 1)` for each position would give the
 * value away one deterministic token, or one visible end, at a time.
 */
function kindFor(found: DataClass, column: OutputColumn): MaskKind {
  return column.exact ? found.mask.kind : stricterMask(found.mask.kind, 'full');
}

/** Could the server's messages about this statement quote a value that must stay masked (a key in a violation's detail)? */
function mayTouchMasked(analysis: StatementAnalysis, v: Visible): boolean {
  const masked = v.classifier.classes.filter((c) => !v.unmasked.has(c.id)).map((c) => c.id);
  if (masked.length === 0) return false;
  if (analysis.hiddenCode) return true;
  if (analysis.facts.operations.some((o) => o.action === 'sql:opaque' || o.action === 'sql:call')) return true;
  if (analysis.reads.some((c) => masked.includes(v.classifier.classify(v.connection, c)?.id ?? ''))) return true;
  return analysis.facts.tables.some((name) => {
    const dot = name.indexOf('.');
    const [schema, table] = dot < 0 ? ['', name] : [name.slice(0, dot), name.slice(dot + 1)];
    return v.classifier.classesOfTable(v.connection, schema, table).some((id) => masked.includes(id));
  });
}
