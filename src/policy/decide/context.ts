/** Builds Cedar's `context` from a request: every fact that schema.ts declares, then only those that policies read. */
import type { Principal, Request, SqlFacts } from '../types.ts';
import type { CedarValueJson } from './cedar.ts';

export type Context = Readonly<Record<string, CedarValueJson>>;

/** Facts that every action has. `time` is a Cedar datetime in UTC with milliseconds. */
export function baseContext(r: Request): Context {
  return {
    approved: r.approved,
    client: r.client,
    device: r.deviceId,
    time: { __extn: { fn: 'datetime', arg: new Date(r.timeMs).toISOString() } },
    protocol: r.connection.protocol,
    database: r.connection.database,
    tls: r.connection.tls,
  };
}

/** Facts of a statement, the same for each of its operations. */
export function sqlContext(r: Request, facts: SqlFacts, classes: readonly string[]): Context {
  return {
    ...baseContext(r),
    statement: facts.statement,
    tables: [...facts.tables],
    functions: [...facts.functions],
    classes: [...classes],
    hasWhere: facts.hasWhere,
    tautology: facts.tautology,
    writes: facts.writes,
    plainRead: facts.plainRead,
    fileAccess: facts.fileAccess,
    programAccess: facts.programAccess,
    setting: (facts.setting ?? '').toLowerCase(),
  };
}

/** Facts about the request that an approver is asked to approve. */
export function approveContext(r: Request, requester: Principal, policies: readonly string[]): Context {
  return {
    ...baseContext(r),
    requester: requester.subject,
    requesterGroups: [...requester.groups],
    requesterKind: requester.kind,
    policies: [...policies],
    statement: r.statement?.facts.statement ?? '',
  };
}

/** Only the facts that the policies of an action read: a smaller question, and a cache key that hits. */
export function project(context: Context, facts: ReadonlySet<string> | 'all'): Context {
  if (facts === 'all') return context;
  const out: Record<string, CedarValueJson> = {};
  for (const name of facts) {
    const value = context[name];
    if (value !== undefined) out[name] = value;
  }
  return out;
}
