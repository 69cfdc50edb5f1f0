/** Small questions about messages and what is under way, without state of their own. */
import type { StatementAnalysis } from '../../policy/types.ts';
import { decodeFrontend, sqlText, type BindMessage, type RawMessage } from '../../wire/postgres/index.ts';
import type { BoundParameter } from './journal.ts';
import type { Reader } from './reader.ts';
import type { SessionStatements } from './statements.ts';

/** Neither tables nor functions nor what the session has prepared: nothing that a name is looked up for. */
function meansTheSameEverywhere({ facts, effects, output, refusal }: StatementAnalysis): boolean {
  if (refusal !== undefined || output !== 'none' || facts.tables.length > 0 || facts.functions.length > 0) return false;
  if (effects.execute ?? effects.fetch ?? effects.prepare ?? effects.declare) return false;
  return !effects.copyIn && !effects.copyOut && facts.operations.every((o) => ['sql:session', 'sql:set', 'sql:role', 'sql:notify'].includes(o.action));
}

/**
 * SET, BEGIN and their like mean the same whatever the search path is. Asking before them would be more than waste:
 * SET TRANSACTION and DISCARD ALL are refused after any query in the same transaction, and ours is one.
 */
export function needsNoNames(raw: RawMessage, { prepared }: SessionStatements, reader: Reader): boolean {
  const message = decodeFrontend(raw);
  if (message.type === 'Describe') return prepared.get(message.name)?.analysed.statements.every(meansTheSameEverywhere) ?? false;
  if (message.type === 'Bind') return prepared.get(message.statement)?.analysed.statements.every(meansTheSameEverywhere) ?? false;
  if (message.type !== 'Query' && message.type !== 'Parse') return false;
  const sql = sqlText(message.sql);
  if (sql.length > 500 || sql.includes('\\')) return false;
  return reader.analyse(sql).statements.every(meansTheSameEverywhere);
}

/** Values with their formats and types, one by one. */
export function boundParameters(message: BindMessage, types: readonly number[]): BoundParameter[] {
  return message.params.map((value, i) => ({
    value,
    format: message.paramFormats.length === 1 ? (message.paramFormats[0] ?? 0) : (message.paramFormats[i] ?? 0),
    typeOid: types[i] ?? 0,
  }));
}

/** In the server's words, which clients look at, unless the name stands for something that the protocol cannot run here. */
export function unknownStatement(name: string, statements: SessionStatements): string {
  if (statements.sqlPrepared.get(name)) return `prepared statement "${name}" was made by PREPARE: run it with EXECUTE`;
  return name === '' ? 'unnamed prepared statement does not exist' : `prepared statement "${name}" does not exist`;
}

/** The same for portals. */
export const unknownPortal = (name: string, statements: SessionStatements): string =>
  statements.cursors.get(name) ? `cursor "${name}" was made by DECLARE: read it with FETCH` : `portal "${name}" does not exist`;

/** Names of prepared statements and cursors that it makes, uses or drops by SQL. */
export const namesOf = ({ effects: e }: StatementAnalysis): string[] =>
  [e.prepare?.name, e.execute, e.deallocate, e.declare?.name, e.fetch, e.close].filter((name) => name !== undefined);

/** NAMEDATALEN - 1 of PostgreSQL, less one: a name of exactly that length may be a longer one that was cut. */
const LONGEST_NAME = 62;

/** Why one of the names is refused: the server cuts long ones, so that two of them may be one for it. */
export function longName(names: readonly string[]): string | undefined {
  const name = names.find((n) => n.length > LONGEST_NAME / 4 && Buffer.byteLength(n) > LONGEST_NAME);
  return name === undefined ? undefined : `the name "${name.slice(0, 20)}..." is too long: names of prepared statements, cursors and portals have at most ${LONGEST_NAME} bytes`;
}
