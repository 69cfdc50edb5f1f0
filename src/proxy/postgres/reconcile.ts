/**
 * The second net under lineage: what the server itself says a result column is (RowDescription's table OID and
 * attribute number) is held against the plan. Where they disagree, the stricter one wins; where neither knows, the
 * result is refused.
 */
import type { CatalogView, ClassRule, MaskPlan, PolicyEngine } from '../../policy/types.ts';
import { FIRST_USER_OID } from '../../policy/user-oids.ts';
import type { ResultColumn } from './statements.ts';

export type Reconciled = { readonly plan: MaskPlan } | { readonly refusal: string };

export function reconcile(plan: MaskPlan, columns: readonly ResultColumn[], engine: PolicyEngine, connection: string, catalog: CatalogView | undefined): Reconciled {
  if (engine.classes.length === 0) return { plan };
  if (plan.columns !== 'detect_all' && plan.columns.length !== columns.length) {
    return { refusal: `the result has ${columns.length} columns where the statement's analysis says ${plan.columns.length}; a table may have changed, run it again` };
  }
  const rules: (ClassRule | 'detect')[] = [];
  for (const [i, column] of columns.entries()) {
    const planned = plan.columns === 'detect_all' ? 'detect' : (plan.columns[i] ?? 'detect');
    const origin = originRule(column, engine, connection, catalog, plan.unmasked);
    if (origin === 'unknown') return { refusal: `result column "${column.name}" comes from a table that this session's catalog snapshot does not know; run it again` };
    rules.push(planned === 'detect' && origin ? origin : planned);
  }
  return { plan: { ...plan, columns: rules } };
}

function originRule(column: ResultColumn, engine: PolicyEngine, connection: string, catalog: CatalogView | undefined, unmasked: readonly string[]): ClassRule | 'unknown' | undefined {
  if (column.tableOid < FIRST_USER_OID || column.attnum <= 0) return undefined;
  const relation = catalog?.relationByOid(column.tableOid);
  const name = relation?.columns.find((c) => c.attnum === column.attnum)?.name;
  if (!relation || name === undefined) return 'unknown';
  const found = engine.classify(connection, { schema: relation.schema, table: relation.name, column: name });
  if (!found || unmasked.includes(found.id)) return undefined;
  return { classId: found.id, kind: found.mask.kind, rule: `${found.id} on ${relation.schema}.${relation.name}.${name}` };
}
