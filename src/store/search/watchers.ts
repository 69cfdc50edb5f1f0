/** Who looked at a session, by the audit trail of the store. */
import type { z } from 'zod';
import type { SessionId } from '../../base/ids.ts';
import { watcher, type watcherList } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';

/** Calls that show something of a recording. Uploads are told by the recording itself. */
const READING = ['recording.show', 'recording.download', 'recording.export', 'recording.summary', 'recording.timeline', 'recording.statement', 'recording.watchers'];

export async function watchers(q: Queries, session: SessionId, o: { limit: number; before: number | undefined }): Promise<z.output<typeof watcherList>> {
  const rows = await q.rows(
    watcher,
    `select a.id, a.t_ms, a.iss, a.sub, coalesce(p.name, a.sub) as name, a.address, a.action, substr(a.object, 38) as part, a.outcome
     from audit a left join people p on p.iss = a.iss and p.sub = a.sub
     where left(a.object, 36) = $1 and a.action in (select jsonb_array_elements_text($2::jsonb)) and ($3::bigint is null or a.id < $3)
     order by a.id desc limit $4`,
    [session, JSON.stringify(READING), o.before ?? null, o.limit],
  );
  return { watchers: rows };
}
