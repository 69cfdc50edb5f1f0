/**
 * OCSF events (Open Cybersecurity Schema Framework 1.8): the parts that every event shares. Pure. What is emitted is
 * listed in docs/siem.md; tests check each kind against the schema.
 */
import type { Json } from '../base/jcs.ts';

export const OCSF_VERSION = '1.8.0';
/** Longest statement text in an event, in UTF-16 units. */
export const MAX_STATEMENT = 32 * 1024;

/** An event, or an object in one. */
export type OcsfObject = { readonly [key: string]: Json | undefined };

interface EventClass {
  readonly uid: number;
  readonly name: string;
  readonly category: number;
  readonly categoryName: string;
  readonly activities: Readonly<Record<number, string>>;
}

const crud = { 1: 'Create', 2: 'Read', 3: 'Update', 4: 'Delete' } as const;

/** Only the activities that this product emits, beside 0 and 99. */
const classes = {
  file: { uid: 1001, name: 'File System Activity', category: 1, categoryName: 'System Activity', activities: { 1: 'Create', 2: 'Read', 3: 'Update', 4: 'Delete', 5: 'Rename', 6: 'Set Attributes', 8: 'Get Attributes', 14: 'Open' } },
  process: { uid: 1007, name: 'Process Activity', category: 1, categoryName: 'System Activity', activities: { 1: 'Launch' } },
  event_log: { uid: 1008, name: 'Event Log Activity', category: 1, categoryName: 'System Activity', activities: { 2: 'Delete', 3: 'Export', 6: 'Start', 7: 'Stop', 10: 'Disable' } },
  finding: { uid: 2004, name: 'Detection Finding', category: 2, categoryName: 'Findings', activities: { 1: 'Create' } },
  authentication: { uid: 3002, name: 'Authentication', category: 3, categoryName: 'Identity & Access Management', activities: { 1: 'Logon', 2: 'Logoff' } },
  authorize: { uid: 3003, name: 'Authorize Session', category: 3, categoryName: 'Identity & Access Management', activities: { 1: 'Assign Privileges' } },
  entity: { uid: 3004, name: 'Entity Management', category: 3, categoryName: 'Identity & Access Management', activities: { ...crud, 6: 'Enroll', 7: 'Unenroll', 10: 'Activate', 11: 'Deactivate' } },
  ssh: { uid: 4007, name: 'SSH Activity', category: 4, categoryName: 'Network Activity', activities: { 1: 'Open', 2: 'Close', 5: 'Refuse', 6: 'Traffic' } },
  api: { uid: 6003, name: 'API Activity', category: 6, categoryName: 'Application Activity', activities: crud },
  datastore: { uid: 6005, name: 'Datastore Activity', category: 6, categoryName: 'Application Activity', activities: { 1: 'Read', 2: 'Update', 3: 'Connect', 4: 'Query', 5: 'Write', 6: 'Create', 7: 'Delete' } },
} as const satisfies Record<string, EventClass>;
export type OcsfClass = keyof typeof classes;

export type Severity = 'informational' | 'low' | 'medium' | 'high' | 'critical';
const severities: Readonly<Record<Severity, readonly [number, string]>> = {
  informational: [1, 'Informational'],
  low: [2, 'Low'],
  medium: [3, 'Medium'],
  high: [4, 'High'],
  critical: [5, 'Critical'],
};

export type Outcome = 'unknown' | 'success' | 'failure';
const outcomes: Readonly<Record<Outcome, readonly [number, string]>> = { unknown: [0, 'Unknown'], success: [1, 'Success'], failure: [2, 'Failure'] };

/** Who emits: the same for every event of a store. */
export interface Emitter {
  /** Name of the organisation's store: `tenant_uid`, and first part of each event's uid. */
  readonly origin: string;
  readonly productVersion: string;
  /** `metadata.version`; the events are made for 1.8.0. */
  readonly ocsfVersion?: string;
}

export interface EventInput {
  readonly emitter: Emitter;
  readonly cls: OcsfClass;
  readonly activity: number;
  /** Caption for activity 99, as the source names it. */
  readonly activityName?: string;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  /** When the store took what the event tells of. */
  readonly loggedMs?: number;
  readonly severity?: Severity;
  readonly outcome?: Outcome;
  readonly statusDetail?: string;
  readonly message: string;
  /** The same for the same fact, however often it is emitted: receivers drop repetitions by it. */
  readonly uid: string;
  readonly sequence?: number;
  readonly correlationUid?: string;
  readonly profiles?: readonly ('security_control' | 'data_classification' | 'host')[];
  /** More members of `metadata`. */
  readonly metadata?: OcsfObject;
  readonly attributes: OcsfObject;
}

/** Builds an event with the members that the base event of OCSF asks for. Members that are undefined are left out. */
export function ocsfEvent(e: EventInput): OcsfObject {
  const cls: EventClass = classes[e.cls];
  const activityName = cls.activities[e.activity] ?? e.activityName ?? (e.activity === 0 ? 'Unknown' : 'Other');
  const [severityId, severity] = severities[e.severity ?? 'informational'];
  const [statusId, status] = outcomes[e.outcome ?? 'success'];
  return compact({
    activity_id: e.activity,
    activity_name: activityName,
    category_uid: cls.category,
    category_name: cls.categoryName,
    class_uid: cls.uid,
    class_name: cls.name,
    type_uid: cls.uid * 100 + e.activity,
    type_name: `${cls.name}: ${activityName}`,
    time: e.timeMs,
    severity_id: severityId,
    severity,
    // A finding's status is where its handling stands, not how it went.
    ...(e.cls === 'finding' ? { status_id: 1, status: 'New' } : { status_id: statusId, status }),
    status_detail: e.statusDetail,
    message: e.message,
    metadata: compact({
      version: e.emitter.ocsfVersion ?? OCSF_VERSION,
      uid: `${e.emitter.origin}/${e.uid}`,
      product: { name: 'Sallyport', vendor_name: 'Sallyport', version: e.emitter.productVersion },
      profiles: e.profiles,
      tenant_uid: e.emitter.origin,
      log_name: 'sallyport',
      sequence: e.sequence,
      correlation_uid: e.correlationUid,
      logged_time: e.loggedMs,
      ...e.metadata,
    }),
    ...e.attributes,
  });
}

/** Without members that are undefined. */
export function compact(o: OcsfObject): OcsfObject {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined));
}

export interface Person {
  readonly iss: string;
  readonly sub: string;
  readonly name?: string;
  readonly groups?: readonly string[];
}

const EMAIL = /^[^@\s<>"]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,}$/;

/** `uid` is the subject; with the issuer in `domain` it names one person. */
export function ocsfUser(p: Person): OcsfObject {
  return compact({
    uid: p.sub,
    name: p.sub,
    full_name: p.name === '' ? undefined : p.name,
    domain: p.iss,
    type_id: 1,
    type: 'User',
    email_addr: EMAIL.test(p.sub) ? p.sub : undefined,
    groups: p.groups === undefined || p.groups.length === 0 ? undefined : p.groups.map((name) => ({ name })),
  });
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;
const IPV6 = /^(?=.*:.*:)[0-9A-Fa-f:.]{2,45}$/;
const HOSTNAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;

/** An endpoint by address or name; what is neither is kept as `name`. */
export function ocsfEndpoint(address: string, port?: number): OcsfObject {
  const where = IPV4.test(address) || IPV6.test(address) ? { ip: address } : HOSTNAME.test(address) ? { hostname: address } : { name: address === '' ? 'unknown' : address };
  return compact({ ...where, port });
}

export interface Cut {
  readonly text: string;
  /** Members for `metadata` when something was cut off. */
  readonly metadata: OcsfObject;
}

/** At most `max` UTF-16 units, never through a surrogate pair. */
export function cutText(text: string, max: number): Cut {
  if (text.length <= max) return { text, metadata: {} };
  const end = /[\uD800-\uDBFF]/.test(text.charAt(max - 1)) ? max - 1 : max;
  return { text: text.slice(0, end), metadata: { is_truncated: true, untruncated_size: Math.ceil(text.length / 1024) } };
}
