/** From a query text to what policy needs to know of each of its statements. design.md sections 5 and 7. */
import type { AnalysisEnv, SqlFacts, StatementAnalysis, TextPlace } from './types.ts';
import { effectsOf, NO_EFFECTS } from './facts/effects.ts';
import { StatementText } from './facts/place.ts';
import { withSettingName } from './facts/setting-name.ts';
import { executeIn, sqlFacts } from './facts/sql.ts';
import { as, constText } from './facts/tree.ts';
import type { Node } from './facts/tree.ts';
import { statementLineage } from './lineage/statement.ts';
import { parseSql } from './parse.ts';

/**
 * Analyses every statement of a query text; an empty text gives none. Does no I/O and never throws for bad SQL: a text
 * that cannot be parsed is one analysis with refusal `parse`. Await `initParser` first.
 */
export function analyseSql(sql: string, env: AnalysisEnv): StatementAnalysis[] {
  // With the setting off, a backslash in a plain literal is an escape for the server and a character for the parser.
  if (!env.standardConformingStrings && sql.includes('\\')) {
    return [refusedText(sql, 'parse', 'the statement holds a backslash while standard_conforming_strings is off: it could be read in two ways')];
  }
  const parsed = parseSql(sql);
  if (!parsed.ok) return [refusedText(sql, parsed.code, parsed.message, parsed.at)];
  try {
    const [only] = parsed.statements;
    if (only && parsed.statements.length === 1) return [analyseStatement(only.node, new StatementText(only.text, only.startByte), env)];
    const names = new TextNames(env);
    return parsed.statements.map((s) => names.follow(analyseStatement(s.node, new StatementText(s.text, s.startByte), names.env)));
  } catch (error) {
    // A tree so deep that walking it exhausts the stack is refused; anything else is a bug and must be seen as one.
    if (!(error instanceof RangeError)) throw error;
    return [refusedText(sql, 'limit', 'the statement is nested too deeply to be analysed')];
  }
}

function refusedText(sql: string, code: 'parse' | 'limit', message: string, at?: TextPlace): StatementAnalysis {
  const text = sql.trim();
  const facts: SqlFacts = {
    statement: 'UNKNOWN',
    operations: [{ action: 'sql:opaque', object: { kind: 'none' }, label: 'unparsed statement' }],
    tables: [],
    functions: [],
    hasWhere: true,
    tautology: false,
    writes: true,
    plainRead: false,
    fileAccess: false,
    programAccess: false,
  };
  return { sql: text, facts, output: 'untracked', reads: [], predicates: [], refusal: { code, message, at: at ?? { start: 0, end: text.length } }, effects: { ...NO_EFFECTS, settings: true, catalog: true } };
}

/**
 * What EXECUTE and FETCH mean further on in one text: the server reaches them only when the PREPARE or DECLARE before
 * has succeeded, and both fail where the name is taken already.
 */
class TextNames {
  readonly #prepared = new Map<string, StatementAnalysis | undefined>();
  readonly #cursors = new Map<string, StatementAnalysis>();
  #forgotten = false;
  readonly env: AnalysisEnv;

  constructor(env: AnalysisEnv) {
    this.env = {
      ...env,
      prepared: (name) => (this.#prepared.has(name) || this.#forgotten ? this.#prepared.get(name) : env.prepared(name)),
      cursor: (name) => this.#cursors.get(name) ?? env.cursor(name),
    };
  }

  follow(analysis: StatementAnalysis): StatementAnalysis {
    const { prepare, declare, deallocate } = analysis.effects;
    if (prepare) this.#prepared.set(prepare.name, prepare.body);
    if (declare) this.#cursors.set(declare.name, declare.body);
    if (deallocate === '') {
      this.#prepared.clear();
      this.#forgotten = true;
    } else if (deallocate !== undefined) this.#prepared.set(deallocate, undefined);
    return analysis;
  }
}

/** The statement inside PREPARE or DECLARE. */
const innerOf = (node: Node): Node | undefined => as(node, 'PrepareStmt')?.query ?? as(node, 'DeclareCursorStmt')?.query;

/** What SET client_encoding or SET NAMES asks for, unless it is UTF-8. RESET and DEFAULT go back to the session's first encoding, which is. */
function foreignEncoding(node: Node): string | undefined {
  const set = as(node, 'VariableSetStmt');
  if (set?.name?.toLowerCase() !== 'client_encoding' || set.kind !== 'VAR_SET_VALUE') return undefined;
  const value = constText(set.args?.[0]) ?? 'of that value';
  return /^(utf[-_ ]?8|unicode)$/i.test(value) ? undefined : value;
}

function analyseStatement(node: Node, source: StatementText, env: AnalysisEnv): StatementAnalysis {
  const { facts, known } = sqlFacts(withSettingName(node, env), env);
  const encoding = foreignEncoding(node);
  if (encoding !== undefined) {
    const effects = effectsOf(node, facts);
    const message = `client_encoding ${encoding} is not supported: text in it would be read in two ways. Use UTF8: SET client_encoding TO 'UTF8', \\encoding UTF8 in psql, PGCLIENTENCODING=UTF8`;
    return { sql: source.text, facts, effects, output: 'none', reads: [], predicates: [], refusal: { code: 'opaque', message, at: source.whole } };
  }
  const inner = innerOf(node);
  const body = inner === undefined ? undefined : analyseStatement(inner, source, env);
  const effects = effectsOf(node, facts, body);
  const base = { sql: source.text, facts, effects };
  if (!known) {
    return { ...base, output: 'untracked', reads: [], predicates: [], refusal: { code: 'opaque', message: 'this kind of statement is not known', at: source.whole } };
  }
  if (body !== undefined) return { ...base, output: 'none', reads: body.reads, predicates: body.predicates, ...(body.refusal ? { refusal: body.refusal } : {}) };
  const execute = executeIn(node);
  const target = execute === undefined ? undefined : env.prepared(execute);
  if (execute !== undefined && target === undefined) {
    return { ...base, output: 'untracked', reads: [], predicates: [], refusal: { code: 'unresolved', message: `prepared statement "${execute}" is not known in this session`, at: source.whole } };
  }
  return { ...base, ...statementLineage(node, env, source) };
}
