/** Counts for narrowing a search, over its newest matches: what they cost does not grow with the number of matches. */
import { z } from 'zod';
import type { FacetName, SearchFacets } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';
import type { FoundRow } from './scan.ts';
import { metaJson } from './session-row.ts';
import { parseMasked } from './write.ts';

/** Matches that are counted. */
export const FACET_MATCHES = 1_000;
const TOP = 12;
const BUCKETS = 24;

const text = z.string();
const sessionRow = z.object({ sid: z.number(), sub: text, name: text, device_id: text, connection: text, client: text, meta: metaJson });

/** @param complete whether `rows` are all matches */
export async function facetsOf(q: Queries, rows: readonly FoundRow[], complete: boolean): Promise<SearchFacets> {
  const sids = [...new Set(rows.map((r) => r.sid))];
  const sessions = new Map(
    (
      await q.rows(
        sessionRow,
        'select s.sid, p.sub, p.name, s.device_id, s.connection, s.client, s.meta from jsonb_array_elements_text($1::jsonb) as k(sid) join search_sessions s on s.sid = k.sid::bigint join search_people p on p.id = s.person',
        [JSON.stringify(sids)],
      )
    ).map((s) => [s.sid, s]),
  );
  const counts = Object.fromEntries(['person', 'group', 'target', 'decision', 'policy', 'data_class', 'table', 'verb', 'protocol', 'client', 'device'].map((name) => [name, new Map()])) as Record<FacetName, Map<string, number>>;
  const names = new Map<string, string>();
  for (const row of rows) {
    const session = sessions.get(row.sid);
    const add = (facet: FacetName, values: readonly string[]): void => {
      for (const v of new Set(values)) if (v !== '') counts[facet].set(v, (counts[facet].get(v) ?? 0) + 1);
    };
    add('decision', [row.decision]);
    add('policy', row.policies);
    add('table', row.tables);
    add('verb', row.verbs);
    add('data_class', parseMasked(row.masked).map(([id]) => id));
    if (session === undefined) continue;
    names.set(session.sub, session.name);
    add('person', [session.sub]);
    add('group', session.meta.groups);
    add('target', [session.connection]);
    add('protocol', [session.meta.protocol]);
    add('client', [session.client]);
    add('device', [session.device_id]);
  }
  const top = (facet: FacetName): SearchFacets['values'][FacetName] =>
    [...counts[facet]]
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
      .slice(0, TOP)
      .map(([value, count]) => ({ value, count, ...(facet === 'person' ? { label: names.get(value) ?? value } : {}) }));
  return {
    counted: rows.length,
    complete,
    values: { person: top('person'), group: top('group'), target: top('target'), decision: top('decision'), policy: top('policy'), data_class: top('data_class'), table: top('table'), verb: top('verb'), protocol: top('protocol'), client: top('client'), device: top('device') },
    histogram: histogram(rows.map((r) => r.at_ms)),
  };
}

/** Equal spans between the oldest and the newest. */
function histogram(times: readonly number[]): SearchFacets['histogram'] {
  const newest = times[0];
  const oldest = times.at(-1);
  if (newest === undefined || oldest === undefined) return [];
  const span = Math.max(1, Math.ceil((newest - oldest + 1) / BUCKETS));
  const buckets = Array.from({ length: Math.ceil((newest - oldest + 1) / span) }, (_, i) => ({ from_ms: oldest + i * span, to_ms: oldest + (i + 1) * span, count: 0 }));
  for (const t of times) {
    const bucket = buckets[Math.floor((t - oldest) / span)];
    if (bucket !== undefined) bucket.count++;
  }
  return buckets;
}
