/** Everything that policy must be asked about one statement. */
import { DeniedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Classifier } from '../classify/classifier.ts';
import type { ConnectionInfo, SqlAction, SqlFacts, SqlOperation, StatementAnalysis } from '../types.ts';
import { dataClassEntity, objectEntity, objectName } from './entities.ts';
import type { EntityJson } from './cedar.ts';

export interface Asked {
  readonly action: SqlAction;
  readonly resource: EntityJson;
  /** `sql:truncate on public.orders` */
  readonly what: string;
  readonly label: string;
  readonly predicate: '' | 'equality' | 'other';
}

/** Verbs that may come without a single operation; any other statement without one is treated as opaque. */
const READS = new Set(['SELECT', 'VALUES', 'TABLE']);
const SESSION = new Set(['', 'EMPTY', 'SHOW', 'BEGIN', 'START TRANSACTION', 'COMMIT', 'END', 'ROLLBACK', 'SAVEPOINT', 'RELEASE', 'EXPLAIN', 'FETCH', 'MOVE', 'CLOSE', 'DEALLOCATE', 'DISCARD']);

function withoutOperations(facts: SqlFacts): SqlOperation {
  const verb = facts.statement.toUpperCase();
  const [first = ''] = verb.split(' ');
  const action = facts.writes ? 'sql:opaque' : READS.has(first) ? 'sql:select' : SESSION.has(first) || SESSION.has(verb) ? 'sql:session' : 'sql:opaque';
  return { action, object: { kind: 'none' }, label: facts.statement };
}

/** The operations of a statement, each asked once, and one `sql:predicate` per class that is filtered on too closely. */
export function operationsOf(
  analysis: StatementAnalysis,
  connection: ConnectionInfo,
  classifier: Classifier,
  unmasked: ReadonlySet<string>,
): readonly Asked[] {
  const { operations } = analysis.facts;
  if (operations.length > limits.operationsPerStatement) throw new DeniedError(`the statement does ${operations.length} things at once; at most ${limits.operationsPerStatement} are decided`);
  const asked = new Map<string, Asked>();
  for (const op of operations.length > 0 ? operations : [withoutOperations(analysis.facts)]) {
    const name = objectName(op.object);
    const what = name === '' ? op.action : `${op.action} on ${name}`;
    const resource = objectEntity(connection, op.object);
    asked.set(JSON.stringify([op.action, resource.uid, op.label]), { action: op.action, resource, what, label: op.label, predicate: '' });
  }
  for (const p of analysis.predicates) {
    const found = classifier.classify(connection.name, p.column);
    if (found === undefined || unmasked.has(found.id) || found.predicates === 'allow') continue;
    if (found.predicates === 'equality' && p.kind === 'equality') continue;
    asked.set(`sql:predicate\0${found.id}\0${p.kind}`, {
      action: 'sql:predicate',
      resource: dataClassEntity(connection, found.id),
      what: `sql:predicate (filtering on masked ${found.id} column ${p.column.schema}.${p.column.table}.${p.column.column})`,
      label: `filter on ${found.id}`,
      predicate: p.kind,
    });
  }
  return [...asked.values()];
}
