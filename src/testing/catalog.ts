/** An in-memory catalog for tests: tables as `schema.name(col, col)`, views and functions by their SQL. */
import { makeCatalog } from '../policy/lineage/catalog.ts';
import type { CatalogFunction, CatalogRelation, CatalogView } from '../policy/types.ts';

export interface CatalogSketch {
  readonly tables: readonly string[];
  /** `name(col, col)` to definition. */
  readonly views?: Readonly<Record<string, string>>;
  /** Child to parent, both `schema.name`. */
  readonly inherits?: Readonly<Record<string, string>>;
  /** `schema.table.column` to generation expression. */
  readonly generated?: Readonly<Record<string, string>>;
  readonly functions?: readonly (Partial<CatalogFunction> & Pick<CatalogFunction, 'schema' | 'name'>)[];
  readonly opaqueOperators?: readonly string[];
  readonly printedPath?: readonly string[];
}

function sketch(text: string): { schema: string; name: string; columns: string[] } {
  const match = /^(\w+)\.(.+?)\((.*)\)$/.exec(text.trim());
  if (!match) throw new Error(`not schema.name(columns): ${text}`);
  return { schema: match[1] ?? '', name: match[2] ?? '', columns: (match[3] ?? '').split(',').map((c) => c.trim()) };
}

export function sketchCatalog(from: CatalogSketch): CatalogView {
  let oid = 16_384;
  const relation = (text: string, kind: string, definition?: string): CatalogRelation => {
    const { schema, name, columns } = sketch(text);
    return {
      oid: oid++,
      schema,
      name,
      kind,
      columns: columns.map((c, i) => {
        const generated = from.generated?.[`${schema}.${name}.${c}`];
        return { attnum: i + 1, name: c, typeOid: 25, ...(generated === undefined ? {} : { generated }) };
      }),
      ...(definition === undefined ? {} : { definition }),
    };
  };
  const relations = [...from.tables.map((t) => relation(t, 'r')), ...Object.entries(from.views ?? {}).map(([t, d]) => relation(t, 'v', d))];
  const oidOf = (qualified: string): number => relations.find((r) => `${r.schema}.${r.name}` === qualified)?.oid ?? 0;
  return makeCatalog({
    schemas: ['pg_catalog', 'public'],
    relations: relations.map((r) => {
      const parent = from.inherits?.[`${r.schema}.${r.name}`];
      return parent === undefined ? r : { ...r, parents: [oidOf(parent)] };
    }),
    functions: (from.functions ?? []).map((f) => ({ language: 'sql', volatility: 'v', kind: 'f', returnsSet: false, ...f })),
    opaqueOperators: from.opaqueOperators ?? [],
    ...(from.printedPath === undefined ? {} : { printedPath: from.printedPath }),
  });
}
