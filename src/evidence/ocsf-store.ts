/**
 * Rows of the store's audit trail as OCSF events: sign-ins, devices, approvals, recordings, policy bundles, alarms, and
 * everything else as API Activity. Pure. What is not told, and why, stands beside `silent`.
 */
import { alarmEvent, alarmOf } from './ocsf-alarm.ts';
import { approvalEvent } from './ocsf-approval.ts';
import { auditActor, auditBase, type AuditFact, auditSource, auditUser, who } from './ocsf-audit.ts';
import { type Emitter, type EventInput, ocsfEvent, type OcsfObject } from './ocsf-event.ts';

/** Uploads come every few seconds; waits, hints and polls say nothing that another row does not say. */
const silent: ReadonlySet<string> = new Set([
  ...['recording.chunk', 'approval.wait', 'approval.keys', 'events.open', 'identity.me', 'device.challenge', 'target.list', 'trust.read'],
  ...['web.login', 'web.page', 'web.asset', 'web.metadata', 'log.tile', 'log.checkpoint', 'policy.metadata', 'policy.bundle.read', 'policy.resign'],
  ...['siem.status', 'notify.status'],
]);

/** Undefined for rows that make no event. */
export function auditEvent(emitter: Emitter, f: AuditFact): OcsfObject | undefined {
  const alarm = alarmOf(f);
  if (alarm !== undefined) return alarmEvent(emitter, f, alarm);
  if (f.outcome === 'ok' && silent.has(f.action)) return undefined;
  if (f.approval !== undefined && f.outcome === 'ok' && /^approval\.(request|decide|cancel|expire)$/.test(f.action)) return approvalEvent(emitter, f, f.approval);
  for (const [pattern, make] of kinds) if (pattern.test(f.action)) return make(emitter, f);
  return apiEvent(emitter, f);
}

type Maker = (emitter: Emitter, f: AuditFact) => OcsfObject;

const kinds: readonly (readonly [RegExp, Maker])[] = [
  [/^(identity\.signin|web\.signin|service\.token)$/, (e, f) => signIn(e, f, 1)],
  [/^(identity\.signout|web\.logout)$/, (e, f) => signIn(e, f, 2)],
  [/^target\.lease$/, (e, f) => (f.outcome === 'ok' ? leaseEvent(e, f) : apiEvent(e, f))],
  [/^device\.(enrol|approve)$/, (e, f) => entityEvent(e, f, 6, { type_id: 1, type: 'Device' })],
  [/^device\.revoke$/, (e, f) => entityEvent(e, f, 7, { type_id: 1, type: 'Device' }, f.outcome === 'ok' ? 'high' : 'medium')],
  [/^policy\.bundle\.upload$/, (e, f) => entityEvent(e, f, 1, { type_id: 5, type: 'Policy' })],
  [/^policy\.push$/, (e, f) => entityEvent(e, f, 3, { type_id: 5, type: 'Policy' }, 'medium')],
  [/^policy\.report$/, reportEvent],
  [/^recording\.open$/, (e, f) => logEvent(e, f, 6)],
  [/^recording\.end$/, (e, f) => logEvent(e, f, 7)],
  [/^recording\.(export|download|srz)$/, (e, f) => logEvent(e, f, 3, 'low')],
  [/^redaction\.sign$/, (e, f) => logEvent(e, f, 2, 'medium')],
];

const refused = (f: AuditFact): string => (f.outcome === 'ok' ? '' : ' (refused)');

function signIn(emitter: Emitter, f: AuditFact, activity: 1 | 2): OcsfObject {
  return ocsfEvent({
    ...auditBase(emitter, f),
    cls: 'authentication',
    activity,
    severity: f.outcome === 'ok' ? 'informational' : 'medium',
    message: `${who(f)} signed ${activity === 1 ? 'in' : 'out'}${refused(f)}`,
    attributes: { user: auditUser(f), actor: auditActor(f), src_endpoint: auditSource(f), service: { name: 'sallyport store', uid: emitter.origin }, ...protocolOf(f) },
  });
}

const protocolOf = (f: AuditFact): OcsfObject => (f.action.includes('saml') ? { auth_protocol_id: 5, auth_protocol: 'SAML' } : { auth_protocol_id: 4, auth_protocol: 'OpenID' });

/** A credential of the target was lent to a session. */
function leaseEvent(emitter: Emitter, f: AuditFact): OcsfObject {
  return ocsfEvent({
    ...auditBase(emitter, f),
    cls: 'authorize',
    activity: 1,
    message: `${who(f)} was given access to ${f.object}`,
    attributes: { user: auditUser(f), actor: auditActor(f), src_endpoint: auditSource(f), privileges: [`connect:${f.object}`], dst_endpoint: { svc_name: f.object }, session: sessionIn(f.detail) },
  });
}

/** A UUID in the detail is the session that it was for. */
function sessionIn(detail: string): OcsfObject | undefined {
  const found = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(detail);
  return found === null ? undefined : { uid: found[0] };
}

function entityEvent(emitter: Emitter, f: AuditFact, activity: number, type: OcsfObject, severity: EventInput['severity'] = 'low'): OcsfObject {
  return ocsfEvent({
    ...auditBase(emitter, f),
    cls: 'entity',
    activity,
    severity,
    message: `${f.action} of ${f.object} by ${who(f)}${refused(f)}`,
    attributes: { actor: auditActor(f), src_endpoint: auditSource(f), entity: { ...type, uid: f.object, name: f.object } },
  });
}

/** What a device says of the bundle that it was given: `activated <name> #<serial> ...`, `refused ...`, `degraded ...`. */
function reportEvent(emitter: Emitter, f: AuditFact): OcsfObject {
  const [outcome = ''] = f.detail.split(' ');
  const bundle = /^\w+ (\S+) #(\d+)/.exec(f.detail);
  return ocsfEvent({
    ...auditBase(emitter, f),
    cls: 'entity',
    activity: outcome === 'degraded' ? 11 : 10,
    severity: outcome === 'activated' ? 'informational' : 'medium',
    outcome: f.outcome === 'ok' && outcome === 'activated' ? 'success' : 'failure',
    message: `A policy bundle was ${outcome === '' ? 'reported' : outcome} on a device of ${who(f)}${refused(f)}`,
    attributes: {
      actor: auditActor(f),
      src_endpoint: auditSource(f),
      entity: { type_id: 5, type: 'Policy', name: bundle?.[1] ?? 'bundle', uid: bundle?.[1] ?? f.object, version: bundle?.[2] },
    },
  });
}

function logEvent(emitter: Emitter, f: AuditFact, activity: number, severity: EventInput['severity'] = 'informational'): OcsfObject {
  const session = f.object.split('/')[0] ?? f.object;
  return ocsfEvent({
    ...auditBase(emitter, f),
    cls: 'event_log',
    activity,
    severity,
    message: `${logWords[activity] ?? f.action} session ${session} by ${who(f)}${refused(f)}`,
    correlationUid: session,
    attributes: { actor: auditActor(f), src_endpoint: auditSource(f), log_name: session, log_provider: 'sallyport', log_type_id: 2, log_type: 'Application' },
  });
}

const logWords: Readonly<Record<number, string>> = { 2: 'Content was removed from the recording of', 3: 'A recording was taken out:', 6: 'Recording began of', 7: 'Recording ended of' };

const readWord = /\.(list|show|read|search|get|status|facets|download|me|open|report|view)$/;
const deleteWord = /\.(delete|remove|end|revoke)$/;
const createWord = /\.(create|add|save|request|enrol|publish)$/;

function apiEvent(emitter: Emitter, f: AuditFact): OcsfObject {
  const activity = readWord.test(f.action) ? 2 : deleteWord.test(f.action) ? 4 : createWord.test(f.action) ? 1 : 3;
  const { statusDetail, ...base } = auditBase(emitter, f);
  return ocsfEvent({
    ...base,
    // The detail of a read may be what somebody searched for; why a call was refused is the store's own text.
    ...(f.outcome === 'ok' || statusDetail === undefined ? {} : { statusDetail }),
    cls: 'api',
    activity,
    severity: f.outcome === 'ok' ? 'informational' : 'low',
    message: `${f.action} on ${f.object === '' ? 'the store' : f.object} by ${who(f)}${refused(f)}`,
    attributes: { actor: auditActor(f), src_endpoint: auditSource(f), api: { operation: f.action, service: { name: 'sallyport store', uid: emitter.origin } }, resources: f.object === '' ? undefined : [{ uid: f.object, name: f.object }] },
  });
}
