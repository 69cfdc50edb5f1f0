/** What the workbench asks for its forecasts, over a sketched shop and the bundle that ships. */
import { fileURLToPath } from 'node:url';
import { analyseSql } from '../policy/analyse.ts';
import { loadBundle } from '../policy/bundle/load.ts';
import type { Bench } from '../policy/explain/index.ts';
import { initParser } from '../policy/parse.ts';
import type { AnalysisEnv, CatalogView, PolicyEngine, Principal } from '../policy/types.ts';
import { standingRefusal } from '../proxy/postgres/standing-refusals.ts';
import { sketchCatalog } from './catalog.ts';
import { person, request, shop } from './policy.ts';

export const shopCatalog: CatalogView = sketchCatalog({
  tables: [
    'public.customers(id, name, email, phone, city)',
    'public.orders(id, customer_id, status, total)',
    'public.accounts(id, customer_id, ssn, password)',
    'public.Odd(Id, Email)',
  ],
  views: { 'public.v_mail(id, mail)': ' SELECT customers.id, customers.email AS mail FROM public.customers;' },
  functions: [{ schema: 'public', name: 'slug', language: 'plpgsql', outColumns: [] }],
});

let starter: Promise<PolicyEngine> | undefined;

/** The bundle that ships, loaded once. */
export function starterEngine(): Promise<PolicyEngine> {
  starter ??= loadBundle(fileURLToPath(new URL('../../resources/bundles/starter', import.meta.url)));
  return starter;
}

export async function shopBench(o: { engine?: PolicyEngine; principal?: Principal } = {}): Promise<Bench> {
  await initParser();
  const engine = o.engine ?? (await starterEngine());
  const principal = o.principal ?? person('alice@example.com', 'engineering');
  const none = (): undefined => undefined;
  const env: AnalysisEnv = { catalog: shopCatalog, searchPath: ['public'], classify: (c) => engine.classify('shop', c), prepared: none, cursor: none, standardConformingStrings: true };
  return {
    analyse: (sql) => analyseSql(sql, env),
    decide: (statement) => {
      const problem = standingRefusal({ sql: statement.sql, statements: [statement], values: [] }, engine.classes.length > 0);
      return problem === undefined ? engine.decide(request(statement, { client: 'app', principal, connection: shop })) : { effect: 'deny', reason: problem, policyIds: [] };
    },
    classify: (column) => engine.classify('shop', column),
    relation: (schema, name) => shopCatalog.relation(schema, name),
    relations: () => shopCatalog.relations(),
  };
}
