/** A statement of a session as OCSF Datastore Activity (class 6005) with the profile security_control. Pure. */
import type { RecordingContext } from './ocsf-recording.ts';
import { compact, cutText, type EventInput, ocsfEndpoint, ocsfEvent, type OcsfObject, ocsfUser } from './ocsf-event.ts';
import type { OpenRequest } from './ocsf-requests.ts';
import { datastoreActivity } from './ocsf-verb.ts';
import type { ReadRecord } from './read.ts';

export type StatementOutcome =
  | { readonly kind: 'held' }
  | { readonly kind: 'done'; readonly index: number; readonly tag: string; readonly rows: number | undefined; readonly bytes: number | undefined; readonly durationUs: number | undefined; readonly masked: readonly string[]; readonly hits: readonly string[]; /** Classes shown in clear, by permit. */ readonly unmasked: readonly string[] }
  | { readonly kind: 'failed'; readonly code: string }
  | { readonly kind: 'denied'; readonly pol: readonly string[]; readonly reference?: string | undefined; readonly reason?: string | undefined }
  | { readonly kind: 'unknown' };

/** The record that makes the event known. `part` sets apart a second event of one record. */
export interface Place {
  readonly n: number;
  readonly t: number;
  readonly part: string;
}

export const MAX_MESSAGE = 1_000;

/**
 * @param request what was asked, or the bind or execute of it
 * @param source the request that holds the statement's text
 */
export function statementEvent(c: RecordingContext, request: OpenRequest, source: OpenRequest, place: Place, outcome: StatementOutcome): OcsfObject {
  const verb = source.verbs[outcome.kind === 'done' ? outcome.index : 0] ?? (outcome.kind === 'done' ? outcome.tag : '');
  const activity = datastoreActivity(verb, request.copy);
  const cut = cutText(reasonOf(request, outcome) ?? '', MAX_MESSAGE);
  const done = outcome.kind === 'done' ? outcome : undefined;
  const classified = done === undefined ? undefined : classifications(done.hits, done.masked);
  return ocsfEvent({
    emitter: c.emitter,
    cls: 'datastore',
    activity: activity.id,
    activityName: activity.name,
    timeMs: place.t,
    loggedMs: c.loggedMs,
    ...verdictOf(request, outcome),
    ...(cut.text === '' ? {} : { statusDetail: cut.text }),
    message: messageOf(c, activity.name === '' ? verb : activity.name, outcome),
    uid: `recording/${c.open.session_id}/${place.n}${place.part}`,
    sequence: place.n,
    correlationUid: c.open.session_id,
    profiles: classified === undefined ? ['security_control'] : ['security_control', 'data_classification'],
    metadata: { ...(source.sqlCut === true ? { is_truncated: true } : {}), data_classifications: classified },
    attributes: {
      ...sessionAttributes(c),
      ...controlAttributes(c, request, outcome),
      duration: done?.durationUs === undefined ? undefined : Math.round(done.durationUs / 1_000),
      status_code: outcome.kind === 'failed' ? outcome.code : undefined,
      query_info: queryInfo(c, request, source, done?.bytes),
      unmapped: unmappedOf(c, request, outcome),
    },
  });
}

/** What the schema has no attribute for. Empty lists are left out. */
function unmappedOf(c: RecordingContext, request: OpenRequest, o: StatementOutcome): OcsfObject {
  const done = o.kind === 'done' ? o : undefined;
  return compact({
    rows: done?.rows,
    command_tag: done === undefined || done.tag === '' ? undefined : done.tag,
    masked_columns: done === undefined || done.masked.length === 0 ? undefined : done.masked.length,
    unmasked_classes: done === undefined || done.unmasked.length === 0 ? undefined : done.unmasked,
    approval_id: request.approval?.id,
    reference: o.kind === 'denied' ? o.reference : undefined,
    client_kind: c.open.client.kind,
  });
}

/** A refused message of the protocol has no statement; one whose text is too far back is named by its record. */
function queryInfo(c: RecordingContext, request: OpenRequest, source: OpenRequest, bytes: number | undefined): OcsfObject | undefined {
  if (source.sql === undefined && source.kind === 'other') return undefined;
  return compact({ query_string: source.sql ?? `(text of record ${source.n})`, uid: `${c.open.session_id}/${source.n}`, query_time: request.t, bytes });
}

/** The client is on the target: Datastore Activity, Connect. */
export function connectEvent(c: RecordingContext, r: ReadRecord): OcsfObject {
  return ocsfEvent({
    emitter: c.emitter,
    cls: 'datastore',
    activity: 3,
    timeMs: r.t,
    loggedMs: c.loggedMs,
    message: `${c.open.user.name} connected to ${c.open.target.connection}`,
    uid: `recording/${c.open.session_id}/${r.n}`,
    sequence: r.n,
    correlationUid: c.open.session_id,
    profiles: ['security_control'],
    attributes: { ...sessionAttributes(c), action_id: 1, action: 'Allowed', disposition_id: 1, disposition: 'Allowed', policy: bundleOf(c, undefined) },
  });
}

/** The recorder says that something is missing in its own recording. */
export function gapEvent(c: RecordingContext, r: ReadRecord): OcsfObject {
  const reason = r.clear['reason'];
  const why = typeof reason === 'string' ? reason : 'no reason given';
  return ocsfEvent({
    emitter: c.emitter,
    cls: 'finding',
    activity: 1,
    timeMs: r.t,
    loggedMs: c.loggedMs,
    severity: 'high',
    message: `The recording of session ${c.open.session_id} has a gap: ${why}`,
    uid: `recording/${c.open.session_id}/${r.n}`,
    sequence: r.n,
    correlationUid: c.open.session_id,
    attributes: {
      is_alert: true,
      finding_info: { uid: `${c.emitter.origin}/recording/${c.open.session_id}/${r.n}`, title: 'Gap in a recording', desc: why, types: ['gap'], created_time: r.t },
      evidences: [{ user: ocsfUser(c.open.user), dst_endpoint: ocsfEndpoint(c.open.target.host, c.open.target.port), data: { session_id: c.open.session_id, record: r.n, device_id: c.open.device_id, connection: c.open.target.connection } }],
    },
  });
}

function sessionAttributes(c: RecordingContext): OcsfObject {
  const { user, target, client, session_id: sessionId, device_id: deviceId } = c.open;
  return {
    actor: { user: ocsfUser(user), session: { uid: sessionId, issuer: user.iss, created_time: c.open.t }, idp: { name: user.iss, issuer: user.iss }, app_name: client.program === '' ? undefined : client.program.slice(0, 255) },
    src_endpoint: { ...ocsfEndpoint(client.address), uid: deviceId },
    dst_endpoint: { ...ocsfEndpoint(target.host, target.port), svc_name: target.connection },
    database: { name: target.database === '' ? target.connection : target.database, type_id: 1, type: 'Relational', uid: `${target.connection}/${target.database}` },
    type_id: 1,
    type: 'Database',
  };
}

export function verdictOf(request: OpenRequest, o: StatementOutcome): Pick<EventInput, 'outcome' | 'severity'> {
  switch (o.kind) {
    case 'done':
      return { outcome: 'success', severity: 'informational' };
    case 'failed':
      return { outcome: 'failure', severity: 'informational' };
    case 'denied':
      return { outcome: 'failure', severity: 'medium' };
    case 'held':
      return { outcome: 'unknown', severity: 'low' };
    case 'unknown':
      return { outcome: 'unknown', severity: request.dec === 'deny' ? 'medium' : 'low' };
  }
}

/** action_id and disposition_id of the profile security_control, with the captions that the schema gives them. */
const dispositions = {
  allowed: { action_id: 1, action: 'Allowed', disposition_id: 1, disposition: 'Allowed' },
  approved: { action_id: 1, action: 'Allowed', disposition_id: 8, disposition: 'Approved' },
  corrected: { action_id: 4, action: 'Modified', disposition_id: 11, disposition: 'Corrected' },
  delayed: { action_id: 4, action: 'Modified', disposition_id: 14, disposition: 'Delayed' },
  blocked: { action_id: 2, action: 'Denied', disposition_id: 2, disposition: 'Blocked' },
  rejected: { action_id: 2, action: 'Denied', disposition_id: 25, disposition: 'Rejected' },
} as const;

function dispositionOf(request: OpenRequest, o: StatementOutcome): keyof typeof dispositions {
  if (o.kind === 'held') return 'delayed';
  if (o.kind === 'denied') return request.approval?.outcome === 'denied' ? 'rejected' : 'blocked';
  if (o.kind === 'done' && o.masked.length + o.hits.length > 0) return 'corrected';
  return request.approval?.outcome === 'approved' ? 'approved' : 'allowed';
}

export function controlAttributes(c: RecordingContext, request: OpenRequest, o: StatementOutcome): OcsfObject {
  const ids = o.kind === 'denied' && o.pol.length > 0 ? o.pol : request.pol;
  const disposition = dispositions[dispositionOf(request, o)];
  const decision = disposition.action_id === 2 ? 'deny' : o.kind === 'held' ? 'hold' : 'allow';
  return {
    ...disposition,
    is_alert: o.kind === 'denied',
    policy: bundleOf(c, ids[0]),
    authorizations: ids.length === 0 ? undefined : ids.slice(0, 50).map((id) => ({ decision, policy: { name: id } })),
  };
}

/** The policy bundle that decided; the policy that determined it gives the name. */
export const bundleOf = (c: RecordingContext, id: string | undefined): OcsfObject => ({ uid: c.open.policy.bundle_sha256, name: id ?? c.open.policy.name, version: String(c.open.policy.serial), is_applied: true });

export function reasonOf(request: OpenRequest, o: StatementOutcome): string | undefined {
  if (o.kind === 'denied') return o.reason;
  if (o.kind === 'held') return request.reason;
  return undefined;
}

function messageOf(c: RecordingContext, verb: string, o: StatementOutcome): string {
  const what = `${verb === '' ? 'a statement' : verb} by ${c.open.user.name} on ${c.open.target.connection}`;
  switch (o.kind) {
    case 'done':
      return o.masked.length > 0 ? `${what} ran with masked columns` : `${what} ran`;
    case 'failed':
      return `${what} failed at the target`;
    case 'denied':
      return `${what} was denied`;
    case 'held':
      return `${what} waits for approval`;
    case 'unknown':
      return `${what} was sent; its outcome is not recorded`;
  }
}

/** Classes of masked data with counts, never values. `hits` are `class:n`, `masked` are `column:class`. */
export function classifications(hits: readonly string[], masked: readonly string[]): OcsfObject[] | undefined {
  const counts = new Map<string, number | undefined>();
  for (const m of masked) counts.set(m.slice(m.lastIndexOf(':') + 1), undefined);
  for (const h of hits) {
    const at = h.lastIndexOf(':');
    const n = Number(h.slice(at + 1));
    if (Number.isSafeInteger(n)) counts.set(h.slice(0, at), n);
  }
  if (counts.size === 0) return undefined;
  return [...counts].slice(0, 50).map(([id, n]) => ({ category_id: 99, category: id, discovery_details: [compact({ type: id, count: n })] }));
}
