/** Tables that share rows: ancestors and descendants by inheritance or partitioning. */
import type { CatalogRelation, CatalogView } from '../types.ts';

const families = new WeakMap<CatalogView, Map<number, readonly CatalogRelation[]>>();

/** Ancestors and descendants of a table by inheritance or partitioning. */
export function relatives(catalog: CatalogView | undefined, relation: CatalogRelation): readonly CatalogRelation[] {
  if (catalog === undefined) return [];
  let known = families.get(catalog);
  if (known === undefined) families.set(catalog, (known = familyIndex(catalog)));
  return known.get(relation.oid) ?? [];
}

/** Tables that the table inherits from or is a partition of, however far above. */
export function ancestors(catalog: CatalogView | undefined, relation: CatalogRelation): readonly CatalogRelation[] {
  const found = new Set<CatalogRelation>();
  const queue = [...(relation.parents ?? [])];
  for (let oid = queue.pop(); oid !== undefined; oid = queue.pop()) {
    const parent = catalog?.relationByOid(oid);
    if (parent === undefined || found.has(parent)) continue;
    found.add(parent);
    queue.push(...(parent.parents ?? []));
  }
  return [...found];
}

function familyIndex(catalog: CatalogView): Map<number, readonly CatalogRelation[]> {
  const index = new Map<number, Set<CatalogRelation>>();
  const link = (of: number, other: CatalogRelation): void => {
    const set = index.get(of) ?? new Set();
    set.add(other);
    index.set(of, set);
  };
  for (const child of catalog.relations()) {
    const seen = new Set<number>([child.oid]);
    const queue = [...(child.parents ?? [])];
    for (let oid = queue.pop(); oid !== undefined; oid = queue.pop()) {
      if (seen.has(oid)) continue;
      seen.add(oid);
      const parent = catalog.relationByOid(oid);
      if (parent === undefined) continue;
      link(child.oid, parent);
      link(parent.oid, child);
      queue.push(...(parent.parents ?? []));
    }
  }
  return new Map([...index].map(([oid, set]) => [oid, [...set]]));
}
