/**
 * From the records of a session to the requests that were decided in it. What a recording holds is what people may see:
 * literals near classified columns are tokens, and contents may have been removed.
 */
import type { ReadRecord } from '../../evidence/read.ts';
import { containsMaskToken } from '../mask/token.ts';
import type { ConnectionInfo, Principal } from '../types.ts';
import type { PastRequest } from './redecide.ts';
import { pastSsh, sshWords } from './ssh-past.ts';

/** What the open statement says of a session. */
export interface RecordedSession {
  readonly user: { readonly iss: string; readonly sub: string; readonly name: string; readonly groups: readonly string[] };
  readonly device_id: string;
  readonly target: { readonly connection: string; readonly protocol: string; readonly database: string; readonly labels: Readonly<Record<string, string>> };
  readonly client: { readonly kind: 'app' | 'native' | 'agent' };
}

export type Effect = 'allow' | 'hold' | 'deny';

export interface RecordedRequest {
  /** Number of its record. */
  readonly n: number;
  readonly past: PastRequest;
  /** What was decided then. */
  readonly effect: Effect;
  readonly policyIds: readonly string[];
  /** `clear`: the very text. `tokens`: some literals are tokens. `gone`: there is no text to decide about. */
  readonly text: 'clear' | 'tokens' | 'gone';
}

const effects: readonly string[] = ['allow', 'hold', 'deny'];
const NOT_SHOWN = /^\/\* not shown: /;

/**
 * One item for opening the session, each request of an SSH session, each simple query, each Bind (as a statement is run as often as it is bound), and
 * each Parse that was not allowed. Transport security of the target is not recorded: `verify` is assumed.
 */
export async function* recordedRequests(session: RecordedSession, records: AsyncIterable<ReadRecord>): AsyncGenerator<RecordedRequest> {
  const principal: Principal = { kind: session.client.kind === 'agent' ? 'Agent' : 'User', issuer: session.user.iss, subject: session.user.sub, name: session.user.name, groups: session.user.groups };
  const { connection, database, labels } = session.target;
  const info: ConnectionInfo = { name: connection, protocol: session.target.protocol === 'ssh' ? 'ssh' : 'postgres', labels, database, tls: 'verify' };
  const base = { principal, connection: info, client: session.client.kind, deviceId: session.device_id, approved: false };
  const parsed = new Map<number, string | undefined>();
  for await (const r of records) {
    if (r.kind === 'conn.open') {
      yield { n: r.n, past: { ...base, timeMs: r.t }, effect: 'allow', policyIds: [], text: 'clear' };
      continue;
    }
    const ssh = pastSsh(r);
    if (ssh !== undefined) {
      const decided = decisionIn(r);
      if (decided === undefined) continue;
      if (ssh === 'gone') yield { past: { ...base, timeMs: r.t }, ...decided, text: 'gone' };
      else yield { past: { ...base, timeMs: r.t, ssh }, ...decided, text: containsMaskToken(sshWords(ssh)) ? 'tokens' : 'clear' };
      continue;
    }
    if (r.kind !== 'sql.query' && r.kind !== 'sql.parse' && r.kind !== 'sql.bind') continue;
    const decided = decisionIn(r);
    if (decided === undefined) continue;
    const own = r.fields['sql'];
    const sql = r.kind === 'sql.bind' ? parsed.get(Number(r.clear['q'])) : typeof own === 'string' ? own : undefined;
    if (r.kind === 'sql.parse') {
      parsed.set(r.n, sql);
      if (decided.effect === 'allow') continue;
    }
    const { est } = r.clear;
    if (sql === undefined || NOT_SHOWN.test(sql)) yield { past: { ...base, timeMs: r.t }, ...decided, text: 'gone' };
    else yield { past: { ...base, timeMs: r.t, sql, ...(typeof est === 'number' ? { estimatedRows: est } : {}) }, ...decided, text: containsMaskToken(sql) ? 'tokens' : 'clear' };
  }
}

function decisionIn(r: ReadRecord): Pick<RecordedRequest, 'n' | 'effect' | 'policyIds'> | undefined {
  const effect = r.clear['dec'];
  if (typeof effect !== 'string' || !effects.includes(effect)) return undefined;
  const ids = r.clear['pol'];
  return { n: r.n, effect: effect as Effect, policyIds: Array.isArray(ids) ? (ids as readonly unknown[]).filter((id) => typeof id === 'string') : [] };
}
