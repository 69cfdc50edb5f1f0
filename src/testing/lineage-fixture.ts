/** The schema that the lineage tests talk about: classified are email, phone and pan. */
import { sketchCatalog } from './catalog.ts';
import type { AnalysisEnv, CatalogView, ColumnRef, DataClass } from '../policy/types.ts';

export const catalog: CatalogView = sketchCatalog({
  tables: [
    'public.customers(id, name, email, phone, city, tags)',
    'public.orders(id, customer_id, total, memo)',
    'public.cards(id, customer_id, pan, last4)',
    'public.notes(id, body)',
    'public.Odd(Email, email)',
    'public.part(id, email)',
    'public.part_1(id, email)',
    'hr.people(id, email, boss)',
    'hr.orders(id, email)',
    'public.notes2(id, body)',
    'pg_temp.notes2(body, id)',
    'pg_temp.scratch(id, x)',
    'pg_temp_9.mine(id, x)',
    'pg_temp_9.notes(id, body)',
    'pg_catalog.pg_class(oid, relname)',
    'pg_catalog.pg_stats(tablename, attname, null_frac, most_common_vals, histogram_bounds, correlation)',
    'pg_catalog.pg_stat_activity(pid, usename, state, query)',
    'pg_catalog.pg_largeobject(loid, pageno, data)',
  ],
  views: {
    'public.v_mail(id, mail, name)': ' SELECT customers.id, customers.email AS mail, customers.name FROM public.customers;',
    'public.v_upper(u, total)': ' SELECT upper(v.mail) AS u, o.total FROM public.v_mail v JOIN public.orders o ON o.customer_id = v.id;',
    'public.v_loop(a)': ' SELECT a FROM public.v_loop;',
    'public.v_kind(id, kindly)': ` SELECT customers.id, CASE WHEN customers.email ~~ '%@a.b'::text THEN 'in'::text ELSE 'out'::text END AS kindly FROM public.customers;`,
    'public.v_volatile(id, x)': ` SELECT customers.id, CASE WHEN customers.email ~~ '%@a.b'::text THEN random() END AS x FROM public.customers;`,
    'public.v_city(city, n)': ' SELECT customers.city, count(*) AS n FROM public.customers GROUP BY customers.city;',
  },
  inherits: { 'public.part_1': 'public.part' },
  generated: { 'public.cards.last4': '"right"(pan, 4)' },
  functions: [
    { schema: 'public', name: 'mail_of', body: 'SELECT email FROM public.customers WHERE id = $1', volatility: 's', outColumns: [] },
    { schema: 'public', name: 'mails', body: 'SELECT id, email FROM public.customers', returnsSet: true, outColumns: ['a', 'b'] },
    { schema: 'public', name: 'plus1', body: 'SELECT i + 1', volatility: 'i', outColumns: [] },
    { schema: 'public', name: 'leak', body: 'INSERT INTO public.notes VALUES (1, $1)', outColumns: [] },
    { schema: 'public', name: 'pl', language: 'plpgsql', outColumns: [] },
    { schema: 'public', name: 'similarity', language: 'c', volatility: 'i', outColumns: [] },
    { schema: 'public', name: 'lower', language: 'plpgsql', outColumns: [] },
    { schema: 'public', name: 'steps', kind: 'p', body: "INSERT INTO public.notes VALUES (1, 'x')" },
    { schema: 'public', name: 'give', kind: 'p', body: 'SELECT email FROM public.customers', outColumns: ['x'] },
    { schema: 'public', name: 'stash', kind: 'p', body: 'INSERT INTO public.notes SELECT id, email FROM public.customers' },
    { schema: 'public', name: 'by_mail', body: 'SELECT id FROM public.customers WHERE email = m', outColumns: [] },
    { schema: 'public', name: 'whole_of', body: 'SELECT (q).email FROM public.customers q', outColumns: [] },
    { schema: 'hr', name: 'upper', language: 'plpgsql', outColumns: [] },
    { schema: 'public', name: 'tree', body: 'CREATE OR REPLACE FUNCTION public.tree() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT customers.email FROM public.customers; END', outColumns: [] },
  ],
  opaqueOperators: ['public.###'],
});

const CLASSES: Readonly<Record<string, string>> = {
  'public.customers.email': 'email',
  'public.part.email': 'email',
  'public.Odd.Email': 'email',
  'hr.people.email': 'email',
  'hr.orders.email': 'email',
  'public.customers.phone': 'phone',
  'public.cards.pan': 'card',
};

export const classOf = (ref: ColumnRef): DataClass | undefined => {
  const id = CLASSES[`${ref.schema}.${ref.table}.${ref.column}`];
  return id === undefined ? undefined : { id, columns: [], detectors: [], mask: { kind: 'token' }, predicates: 'equality' };
};

export const env: AnalysisEnv = { catalog, searchPath: ['public'], classify: classOf, prepared: () => undefined, cursor: () => undefined, standardConformingStrings: true };
