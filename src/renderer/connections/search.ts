/** Finding connections: words match name, database, address and labels; production sorts where the eye expects it. Pure. */
import type { Connection } from '../../contract/ipc/connections.ts';

const haystack = (c: Connection): string => [c.name, c.protocol, c.database, c.address, ...Object.entries(c.labels).map(([k, v]) => `${k}=${v}`)].join(' ').toLowerCase();

/** Every word of the query must occur somewhere. */
export function searchConnections(all: readonly Connection[], query: string): readonly Connection[] {
  const words = query.toLowerCase().split(/\s+/).filter((w) => w !== '');
  return all.filter((c) => words.every((w) => haystack(c).includes(w))).toSorted((a, b) => a.name.localeCompare(b.name));
}

/** `key=value` pairs that occur, the most frequent first: the filter chips. */
export function commonLabels(all: readonly Connection[], max = 8): readonly string[] {
  const counts = new Map<string, number>();
  for (const c of all) for (const [k, v] of Object.entries(c.labels)) counts.set(`${k}=${v}`, (counts.get(`${k}=${v}`) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, max).map(([label]) => label);
}
