/** What an approver reads before deciding. The decision carries the hash of this text, so every byte of it is plain. */
import type { ApprovalItem } from '../proxy/core/store-client.ts';

/** Control characters could move the cursor or hide text in a terminal; line feeds and tabs of a statement stay. */
const safe = (text: string): string => text.replace(/[^\P{Cc}\n\t]|\p{Cf}/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
const oneLine = (text: string): string => safe(text).replace(/[\n\t]/g, ' ');

/** Deterministic: the same request gives the same text on every machine. */
export function approvalText(item: ApprovalItem): string {
  const r = item.request;
  const labels = Object.entries(r.labels).map(([k, v]) => `${k}=${v}`);
  const rows: [string, string][] = [
    ['id', item.id],
    ['requester', `${r.requester.name} <${r.requester.sub}> (${r.requester.groups.join(', ')})`],
    ['connection', `${r.connection}${labels.length > 0 ? ` [${labels.join(' ')}]` : ''}`],
    ['target', `${r.target.host}:${r.target.port}/${r.target.database}`],
    ['client', r.client],
    ['why held', `${r.policy.reason} (${r.policy.ids.join(', ')})`],
    ['approvers', `${r.quorum} of ${r.approvers.join(', ')}`],
    ['expires', new Date(r.expires_ms).toISOString()],
    ['session', r.session_id],
    ['statement sha256', r.statement_sha256],
  ];
  const width = Math.max(...rows.map(([k]) => k.length));
  const head = rows.map(([k, v]) => `${k.padEnd(width)}  ${oneLine(v)}\n`).join('');
  const params = r.params.map((p, i) => `  $${i + 1} = ${oneLine(p)}\n`).join('');
  return `${head}\n${safe(r.statement)}\n${params === '' ? '' : `\nparameters\n${params}`}`;
}
