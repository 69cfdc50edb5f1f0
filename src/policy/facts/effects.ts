/** What a statement leaves behind in the session: transactions, settings, prepared statements, cursors, a stale catalog. */
import type { SqlFacts, StatementAnalysis } from '../types.ts';
import { as, kindOf } from './tree.ts';
import type { Node } from './tree.ts';
import { optionOn } from './statements.ts';

type Effects = StatementAnalysis['effects'];

const TRANSACTION: Readonly<Record<string, Effects['transaction']>> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_COMMIT_PREPARED: 'commit',
  TRANS_STMT_PREPARE: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
  TRANS_STMT_ROLLBACK_PREPARED: 'rollback',
  TRANS_STMT_ROLLBACK_TO: 'rollback',
  TRANS_STMT_SAVEPOINT: 'savepoint',
  TRANS_STMT_RELEASE: 'savepoint',
};

export const NO_EFFECTS: Effects = { settings: false, catalog: false, copyOut: false, copyIn: false };

const CATALOG_ACTIONS: ReadonlySet<string> = new Set(['sql:ddl', 'sql:drop', 'sql:grant', 'sql:role', 'sql:opaque', 'sql:call']);

const DROPS_TEMPORARY: ReadonlySet<string> = new Set(['DISCARD_ALL', 'DISCARD_TEMP']);

/**
 * Effects of one statement; `body` is the analysis of what it prepares or declares.
 * A role change counts as one of settings: `$user` in search_path follows it.
 */
export function effectsOf(node: Node, facts: SqlFacts, body?: StatementAnalysis): Effects {
  const kind = kindOf(node);
  const transaction = as(node, 'TransactionStmt');
  const opensTransaction = transaction === undefined ? undefined : TRANSACTION[transaction.kind ?? ''];
  const copy = as(node, 'CopyStmt');
  const streams = copy !== undefined && !copy.is_program && copy.filename === undefined;
  const prepare = as(node, 'PrepareStmt');
  const declare = as(node, 'DeclareCursorStmt');
  const executed = as(node, 'ExecuteStmt')?.name ?? explained(node) ?? as(as(node, 'CreateTableAsStmt')?.query, 'ExecuteStmt')?.name;
  const fetch = as(node, 'FetchStmt');
  const discard = kind === 'DiscardStmt' ? (as(node, 'DiscardStmt')?.target ?? 'DISCARD_ALL') : undefined;
  // Code with an unknown body may change anything, settings and objects included.
  const unknownCode = facts.operations.some((o) => o.action === 'sql:opaque' || o.action === 'sql:call');
  const deferred = kind === 'PrepareStmt' || kind === 'DeclareCursorStmt';
  return {
    ...(opensTransaction === undefined ? {} : { transaction: opensTransaction }),
    // Ending a transaction undoes or ends SET LOCAL and, on rollback, every SET made in it.
    settings: !deferred && (unknownCode || (opensTransaction !== undefined && opensTransaction !== 'begin') || facts.operations.some((o) => o.action === 'sql:set' || o.action === 'sql:role' || o.object.kind === 'setting')),
    catalog: !deferred && (opensTransaction === 'rollback' || facts.operations.some((o) => CATALOG_ACTIONS.has(o.action) && !/^(SET|RESET|set_config) |^setval$/.test(o.label)) || DROPS_TEMPORARY.has(discard ?? '')),
    ...(prepare && body ? { prepare: { name: prepare.name ?? '', body } } : {}),
    ...(executed === undefined ? {} : { execute: executed }),
    ...(discard === 'DISCARD_ALL' ? { deallocate: '', close: '' } : {}),
    ...(kind === 'DeallocateStmt' ? { deallocate: as(node, 'DeallocateStmt')?.name ?? '' } : {}),
    ...(declare && body ? { declare: { name: declare.portalname ?? '', body } } : {}),
    ...(fetch ? { fetch: fetch.portalname ?? '' } : {}),
    ...(kind === 'ClosePortalStmt' ? { close: as(node, 'ClosePortalStmt')?.portalname ?? '' } : {}),
    copyOut: streams && copy.is_from !== true,
    copyIn: streams && copy.is_from === true,
  };
}

/** EXPLAIN ANALYZE EXECUTE runs the prepared statement. */
function explained(node: Node): string | undefined {
  const explain = as(node, 'ExplainStmt');
  return explain && optionOn(explain.options, 'analyze') ? as(explain.query, 'ExecuteStmt')?.name : undefined;
}
