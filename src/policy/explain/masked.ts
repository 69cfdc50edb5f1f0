/** Columns of the result that come back masked: how, by which class, and what may still be done with them. */
import type { ClassRule, ColumnRef, DataClass, MaskPlan, Outcome, OutputColumn, StatementAnalysis, TextPlace } from '../types.ts';
import { clauseAround, clausesOf, cutOf, itemAround } from './clauses.ts';
import type { Tokens } from './tokens.ts';
import { textAt } from './tokens.ts';
import type { Bench, Candidate, Draft } from './types.ts';
import { code, identifier, leaveOut, listed, shownAs, waitsFor } from './words.ts';

type Rules = Exclude<MaskPlan['columns'], 'detect_all'>;

interface MaskedColumn {
  readonly column: OutputColumn;
  readonly rule: ClassRule;
}

export function maskedDrafts(t: Tokens, analysis: StatementAnalysis, plan: MaskPlan, bench: Bench): Draft[] {
  const { output } = analysis;
  if (typeof output === 'string' || plan.columns === 'detect_all') return [];
  const rules = plan.columns;
  const places = new Map<string, { at: TextPlace; columns: MaskedColumn[] }>();
  output.forEach((column, i) => {
    const rule = rules[i];
    if (rule === undefined || rule === 'detect') return;
    const at = column.at ?? { start: 0, end: t.sql.length };
    const key = `${at.start}-${at.end}`;
    const known = places.get(key) ?? { at, columns: [] };
    places.set(key, known);
    known.columns.push({ column, rule });
  });
  const filtering = new Filtering(analysis, bench);
  return [...places.values()].map(({ at, columns }) => {
    const star = textAt(t, at).endsWith('*');
    const [first] = columns;
    if (star || first === undefined || columns.length > 1) return several(t, at, columns, analysis, rules);
    return single(t, at, first, filtering);
  });
}

function single(t: Tokens, at: TextPlace, { column, rule }: MaskedColumn, filtering: Filtering): Draft {
  const source = filtering.sourceOf(column, rule.classId);
  const head = column.exact || source === undefined ? `${code(textAt(t, at))} is masked as ${rule.classId}` : `${code(textAt(t, at))} is computed from ${code(source.column)} and masked as ${rule.classId}`;
  const more = column.exact ? filtering.words(column) : undefined;
  return { at, severity: 'masked', sentence: [`${head}: ${shownAs(rule.kind)}`, ...(more === undefined ? [] : [more])].join('; '), candidates: withoutItem(t, at) };
}

function several(t: Tokens, at: TextPlace, columns: readonly MaskedColumn[], analysis: StatementAnalysis, rules: Rules): Draft {
  const names = columns.map((c) => code(c.column.name));
  const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
  const sentence = `${code(textAt(t, at))} brings ${columns.length === 1 ? 'a masked column' : `${columns.length} masked columns`}: ${listed(shown)}`;
  return { at, severity: 'masked', sentence, candidates: withoutMasked(t, at, analysis, rules) };
}

/** Leaves a column out of the select list of a plain query: nothing may count on its position. */
function withoutItem(t: Tokens, at: TextPlace): Candidate[] {
  const clause = clauseAround(t, at.start);
  const item = clause === undefined ? undefined : itemAround(clause, at.start);
  if (clause?.kind !== 'select' || clause.depth > 0 || item === undefined || clause.items.length < 2 || countsPositions(t)) return [];
  return [{ label: leaveOut(textAt(t, item)), edits: [{ ...cutOf(t, clause, item), insert: '' }] }];
}

/** ORDER BY 2, or a set operation: the number and the order of the columns matter elsewhere. */
function countsPositions(t: Tokens): boolean {
  const sorted = [...clausesOf(t, 'order by'), ...clausesOf(t, 'group by')].some((c) => c.depth === 0 && c.items.some((i) => /^\d+\b/.test(textAt(t, i))));
  return sorted || t.all.some((token) => token.depth === 0 && (token.text === 'union' || token.text === 'intersect' || token.text === 'except'));
}

/** The columns that a star stands for, without the masked ones. */
function withoutMasked(t: Tokens, at: TextPlace, analysis: StatementAnalysis, rules: Rules): Candidate[] {
  if (typeof analysis.output === 'string' || countsPositions(t)) return [];
  const own = analysis.output.flatMap((c, i) => (c.at?.start === at.start && c.at.end === at.end && rules[i] === 'detect' ? [c] : []));
  const prefix = textAt(t, at).slice(0, -1);
  const names = own.map((c) => prefix + identifier(c.name));
  if (names.length === 0 || new Set(names).size < names.length) return [];
  return [{ label: 'List the unmasked columns', edits: [{ ...at, insert: names.join(', ') }] }];
}

/** How a column may be filtered on, asked of policy once for each class. */
class Filtering {
  readonly #analysis: StatementAnalysis;
  readonly #bench: Bench;
  readonly #known = new Map<string, string | undefined>();

  constructor(analysis: StatementAnalysis, bench: Bench) {
    this.#analysis = analysis;
    this.#bench = bench;
  }

  /** The column that the class is about, among those that the value comes from. */
  sourceOf(column: OutputColumn, classId: string): ColumnRef | undefined {
    return column.sources.find((s) => this.#bench.classify(s)?.id === classId) ?? column.sources[0];
  }

  words(column: OutputColumn): string | undefined {
    const [source] = column.sources;
    const found = source === undefined ? undefined : this.#bench.classify(source);
    if (source === undefined || found === undefined) return undefined;
    if (!this.#known.has(found.id)) this.#known.set(found.id, this.#ask(source, found));
    return this.#known.get(found.id);
  }

  #ask(column: ColumnRef, found: DataClass): string | undefined {
    if (found.predicates === 'allow') return 'filtering by it works';
    const operations = this.#analysis.facts.operations.slice(0, 1);
    const outcomeOf = (kind: 'equality' | 'other'): Outcome =>
      this.#bench.decide({ ...this.#analysis, facts: { ...this.#analysis.facts, operations }, predicates: [{ column, kind }] });
    return compared(outcomeOf('equality'), outcomeOf('other'));
  }
}

function compared(equality: Outcome, other: Outcome): string {
  const does = (o: Outcome): string => (o.effect === 'allow' ? 'works' : o.effect === 'hold' ? waitsFor(o) : 'does not');
  if (equality.effect === other.effect) return equality.effect === 'deny' ? 'filtering by it is denied' : `filtering by it ${does(equality)}`;
  return `filtering by = ${does(equality)}, LIKE ${does(other)}`;
}
