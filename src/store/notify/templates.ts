/** Notifications in plain words: a title, facts, what to do, a link. Pure; every sender renders the same. */
import { unreachable } from '../../base/errors.ts';
import type { Notification } from './notification.ts';

export interface Worded {
  /** One line, no control characters. */
  readonly title: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** Masked statement, to be shown as it is. */
  readonly statement: string | undefined;
  readonly advice: string;
  readonly link: string | undefined;
}

const MAX_TITLE = 150;

/** @param page where the store's page is reached, without a slash at the end */
export function worded(n: Notification, page: string): Worded {
  return { title: oneLine(titleOf(n)).slice(0, MAX_TITLE), facts: factsOf(n).map(([k, v]) => [k, oneLine(v)]), statement: n.approval?.statement, advice: adviceOf(n), link: linkOf(n, page) };
}

/** Control characters and the marks that turn text around are made visible as spaces. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();

function titleOf(n: Notification): string {
  const a = n.approval;
  const what = a === undefined ? '' : `a statement of ${a.requester} on ${a.connection}`;
  switch (n.kind) {
    case 'approval.requested':
      return `Approval needed: ${what}`;
    case 'approval.decided':
      return a?.decision === 'deny' ? `Denied: ${what}` : a?.state === 'approved' ? `Approved: ${what}` : `One approval of ${a?.quorum ?? 0}: ${what}`;
    case 'approval.expired':
      return `Expired, nobody decided: ${what}`;
    case 'approval.cancelled':
      return `Cancelled: ${what}`;
    case 'device.revoked':
      return `Device revoked: ${n.object}`;
    case 'test':
      return 'Test message of Sallyport';
    case 'security.log_fork':
    case 'security.device_gap':
    case 'security.never_closed':
    case 'security.verification_failed':
    case 'security.break_glass':
    case 'security.emergency_stop':
    case 'security.monitor_alert':
      return `${n.title ?? 'Security alert'}: ${n.object}`;
    default:
      return unreachable(n.kind);
  }
}

function factsOf(n: Notification): [string, string][] {
  const facts: [string, string][] = [];
  const a = n.approval;
  if (a !== undefined) {
    facts.push(['Requested by', a.requester], ['Connection', a.connection]);
    const labels = Object.entries(a.labels).map(([k, v]) => `${k}=${v}`);
    if (labels.length > 0) facts.push(['Labels', labels.join(', ')]);
    if (a.policies.length > 0) facts.push(['Held by policy', a.policies.join(', ')]);
    if (n.kind === 'approval.requested') facts.push(['Who may approve', `${a.approvers.join(' or ')} (${a.quorum} needed)`], ['Expires', timeOf(a.expires_ms)]);
    if (n.kind === 'approval.decided' || n.kind === 'approval.cancelled') facts.push(['By', n.by]);
    facts.push(['Request', a.id]);
  } else if (n.kind !== 'test') {
    facts.push(['About', n.object], ['By', n.by]);
    if (n.detail !== '') facts.push(['What happened', n.detail]);
  }
  facts.push(['Time', timeOf(n.t_ms)]);
  return facts;
}

const timeOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

function adviceOf(n: Notification): string {
  switch (n.kind) {
    case 'approval.requested':
      return `Look at what would run and decide in the app under Approvals, or: sallyport approvals show ${n.approval?.id ?? ''}`;
    case 'approval.decided':
    case 'approval.expired':
    case 'approval.cancelled':
      return 'Nothing needs to be done.';
    case 'device.revoked':
      return 'Recordings of this device that the store had not seen before the compromise no longer verify. Enrol a new device if the owner goes on working.';
    case 'test':
      return 'Messages of this channel arrive. Nothing needs to be done.';
    case 'security.break_glass':
      return 'Find out who used it and why; the recording has everything that was done.';
    case 'security.emergency_stop':
      return 'All access is denied until a new bundle is pushed.';
    default:
      return 'Look into it now: either somebody changed evidence, or a part of the system is broken. docs/store.md says what each finding means.';
  }
}

function linkOf(n: Notification, page: string): string | undefined {
  if (n.session_id !== undefined) return `${page}/sessions/${n.session_id}`;
  return n.kind === 'test' ? `${page}/` : undefined;
}
