/** One page of the audit trail, newest first. Whatever the filters, one page reads a bounded part of the table. */
import { z } from 'zod';
import { auditEntry, type auditList, type AuditQuery } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';

/** Entries that one page looks at. */
export const SCAN_ROWS = 20_000;
/** Entries are numbered in the order in which they began, which is nearly that of their times. */
const DISORDER_MS = 3_600_000;

/** What was done with evidence. */
const EVIDENCE = '^(recording\\.(list|show|download|export|summary|timeline|statement|watchers|proofs)$|search$|report\\.|audit\\.|redaction\\.|hold\\.)';

const found = auditEntry.extend({ id: z.number() });
const edge = z.object({ last: z.number().nullable(), t_ms: z.number().nullable(), seen: z.number() });

export async function auditPage(q: Queries, f: AuditQuery): Promise<z.output<typeof auditList>> {
  // The bound is drawn first: a filter that fits nothing then costs no more than one that fits everything.
  const { last, t_ms: oldestMs, seen } = (await q.first(edge, `select min(id) as last, min(t_ms) as t_ms, count(*)::integer as seen from (select id, t_ms from audit where $1::bigint is null or id < $1 order by id desc limit ${SCAN_ROWS}) part`, [f.before ?? null])) ?? { last: null, t_ms: null, seen: 0 };
  if (last === null || oldestMs === null) return { entries: [] };
  const entries = await q.rows(
    found,
    `select id, t_ms, iss, sub, device_id, address, action, object, outcome, detail from audit
     where id >= $1 and ($2::bigint is null or id < $2)
       and ($3::text is null or action = $3) and ($4::text is null or action ~ $4) and ($5::text is null or outcome = $5)
       and ($6::text is null or sub = $6) and ($7::bigint is null or t_ms >= $7) and ($8::bigint is null or t_ms < $8)
       and ($9::text is null or position(lower($9) in lower(concat_ws(' ', sub, action, object, detail, address, device_id))) > 0)
     order by id desc limit $10`,
    [last, f.before ?? null, f.action ?? null, f.scope === 'evidence' ? EVIDENCE : null, f.outcome ?? null, f.person ?? null, f.since_ms ?? null, f.until_ms ?? null, f.text ?? null, f.limit],
  );
  const lastFound = entries.at(-1);
  if (entries.length === f.limit && lastFound !== undefined) return { entries, next_before: lastFound.id, searched_back_to_ms: lastFound.t_ms };
  const isEnd = seen < SCAN_ROWS || (f.since_ms !== undefined && oldestMs < f.since_ms - DISORDER_MS);
  return isEnd ? { entries } : { entries, next_before: last, searched_back_to_ms: oldestMs };
}
