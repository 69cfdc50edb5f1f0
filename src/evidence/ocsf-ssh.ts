/**
 * Requests of SSH sessions as OCSF events: commands, lines and shells as Process Activity (1007), files as File System
 * Activity (1001), connections and forwards as SSH Activity (4007). Pure. What terminals showed and what was typed stay
 * in the recording.
 */
import { compact, cutText, type EventInput, MAX_STATEMENT, ocsfEndpoint, ocsfEvent, type OcsfObject, ocsfUser } from './ocsf-event.ts';
import type { RecordingContext } from './ocsf-recording.ts';
import type { OpenRequest, SshRequestPart } from './ocsf-requests.ts';
import { bundleOf, classifications, controlAttributes, MAX_MESSAGE, type Place, reasonOf, type StatementOutcome, verdictOf } from './ocsf-statement.ts';
import type { ReadRecord } from './read.ts';

/** Requests that only look where something is: programs ask hundreds, and nothing says how they ended. */
const LOOKS: ReadonlySet<string> = new Set(['stat', 'lstat', 'readlink', 'realpath', 'statvfs', 'expand']);
/** Activities of File System Activity; what is not here looks (8, Get Attributes). */
const FILE_ACTIVITY: Readonly<Record<string, number>> = { open_read: 2, open_write: 3, open_read_write: 3, copy: 3, opendir: 14, mkdir: 1, symlink: 1, rmdir: 4, remove: 4, rename: 5, hardlink: 5, setstat: 6, lsetstat: 6, fsetstat: 6 };
const FOLDERS: ReadonlySet<string> = new Set(['opendir', 'mkdir', 'rmdir']);

const text = (v: unknown): string => (typeof v === 'string' ? v : '');
const count = (v: unknown): number | undefined => (typeof v === 'number' ? v : undefined);

/** Undefined for records that are no request, and for allowed looks. */
export function sshRequestOf(r: ReadRecord): SshRequestPart | undefined {
  switch (r.kind) {
    case 'ssh.shell':
      return { what: 'shell' };
    case 'ssh.exec':
      return { what: r.clear['typed'] === true ? 'line' : 'exec' };
    case 'ssh.sftp': {
      const op = text(r.clear['op']);
      if (LOOKS.has(op) && r.clear['dec'] === 'allow') return undefined;
      const newPath = text(r.fields['new_path']);
      return { what: 'file', op, path: text(r.fields['path']), ...(newPath === '' ? {} : { newPath }) };
    }
    case 'ssh.forward':
      return { what: 'forward', host: text(r.fields['host']), port: count(r.clear['port']) ?? 0, ...(r.clear['dir'] === 'remote' ? { listens: true } : {}) };
    case 'ssh.agent':
      return { what: 'agent' };
    default:
      return undefined;
  }
}

/** The command, as people may see it. */
export const sshTextOf = (r: ReadRecord): string | undefined => (r.kind === 'ssh.exec' && typeof r.fields['command'] === 'string' ? r.fields['command'] : undefined);

/** Requests of which no later record tells an end: that they went on is all there is to know. */
export const endsAtOnce = (ssh: SshRequestPart): boolean => ssh.what === 'line' || ssh.what === 'agent' || (ssh.what === 'file' && ssh.op === 'opendir');

export function sshOutcome(r: ReadRecord): StatementOutcome {
  const status = count(r.clear['status']);
  const signal = text(r.clear['signal']);
  if (signal !== '') return { kind: 'failed', code: `signal ${signal}` };
  if (r.kind === 'ssh.exit' && status === undefined) return { kind: 'unknown' };
  if (status !== undefined && status !== 0) return { kind: 'failed', code: String(status) };
  const hits = Array.isArray(r.clear['hits']) ? r.clear['hits'].filter((h): h is string => typeof h === 'string') : [];
  return { kind: 'done', index: 0, tag: '', rows: undefined, bytes: undefined, durationUs: undefined, masked: [], hits, unmasked: [] };
}

export const wentOn: StatementOutcome = { kind: 'done', index: 0, tag: '', rows: undefined, bytes: undefined, durationUs: undefined, masked: [], hits: [], unmasked: [] };

/** @param end the record that ends it, where there is one */
export function sshEvent(c: RecordingContext, request: OpenRequest, ssh: SshRequestPart, place: Place, outcome: StatementOutcome, end?: ReadRecord): OcsfObject {
  const reason = cutText(reasonOf(request, outcome) ?? '', MAX_MESSAGE);
  const classified = outcome.kind === 'done' ? classifications(outcome.hits, []) : undefined;
  const kind = ssh.what === 'forward' ? forward(c, ssh, outcome, end) : ssh.what === 'agent' ? agent(c, outcome) : ssh.what === 'file' ? file(c, ssh, end) : process(c, request, ssh, end);
  return ocsfEvent({
    emitter: c.emitter,
    ...kind,
    timeMs: place.t,
    loggedMs: c.loggedMs,
    ...verdictOf(request, outcome),
    ...(reason.text === '' ? {} : { statusDetail: reason.text }),
    message: messageOf(c, ssh, outcome),
    uid: `recording/${c.open.session_id}/${place.n}${place.part}`,
    sequence: place.n,
    correlationUid: c.open.session_id,
    profiles: [...(kind.cls === 'ssh' ? ['host' as const] : []), 'security_control', ...(classified === undefined ? [] : ['data_classification' as const])],
    metadata: { ...(request.sqlCut === true ? { is_truncated: true } : {}), data_classifications: classified },
    attributes: {
      actor: actorOf(c),
      ...controlAttributes(c, request, outcome),
      ...kind.attributes,
      status_code: outcome.kind === 'failed' ? outcome.code : undefined,
      unmapped: compact({ request: ssh.what, approval_id: request.approval?.id, reference: outcome.kind === 'denied' ? outcome.reference : undefined, client_kind: c.open.client.kind, device_id: c.open.device_id, connection: c.open.target.connection }),
    },
  });
}

type Kind = Pick<EventInput, 'cls' | 'activity' | 'attributes'>;

function process(c: RecordingContext, request: OpenRequest, ssh: SshRequestPart, end: ReadRecord | undefined): Kind {
  const cut = request.sql === undefined ? undefined : cutText(request.sql, MAX_STATEMENT).text;
  const isFirst = ssh.what !== 'line';
  return {
    cls: 'process',
    activity: 1,
    attributes: {
      device: hostOf(c),
      process: compact({ uid: `${c.open.session_id}/${request.n}`, cmd_line: cut, name: ssh.what === 'shell' ? 'shell' : undefined, created_time: request.t, terminated_time: isFirst && end !== undefined ? end.t : undefined }),
      exit_code: count(end?.clear['status']),
    },
  };
}

function file(c: RecordingContext, ssh: SshRequestPart & { readonly what: 'file' }, end: ReadRecord | undefined): Kind {
  const [read, written] = [count(end?.clear['read']) ?? 0, count(end?.clear['written']) ?? 0];
  const sha256 = text(end?.clear[written > 0 ? 'written_sha256' : 'read_sha256']);
  const type = FOLDERS.has(ssh.op) ? { type_id: 2, type: 'Folder' } : ssh.op === 'symlink' ? { type_id: 7, type: 'Symbolic Link' } : { type_id: 1, type: 'Regular File' };
  return {
    cls: 'file',
    activity: FILE_ACTIVITY[ssh.op] ?? 8,
    attributes: {
      device: hostOf(c),
      // Size and digest are of what moved.
      file: compact({ ...named(ssh.path), ...type, size: read + written === 0 ? undefined : written > 0 ? written : read, hashes: sha256 === '' ? undefined : [{ algorithm_id: 3, algorithm: 'SHA-256', value: sha256 }] }),
      file_result: ssh.newPath === undefined ? undefined : { ...named(ssh.newPath), type_id: 1, type: 'Regular File' },
    },
  };
}

const named = (path: string): { name: string; path: string } => ({ name: path.slice(path.lastIndexOf('/') + 1) || path || 'unknown', path });

function forward(c: RecordingContext, ssh: SshRequestPart & { readonly what: 'forward' }, outcome: StatementOutcome, end: ReadRecord | undefined): Kind {
  const sent = count(end?.clear['sent']);
  const received = count(end?.clear['received']);
  const device = { ...ocsfEndpoint(c.open.client.address), uid: c.open.device_id };
  const behind = ocsfEndpoint(ssh.host === '' ? c.open.target.host : ssh.host, ssh.port > 0 ? ssh.port : undefined);
  return {
    cls: 'ssh',
    activity: outcome.kind === 'denied' ? 5 : 6,
    attributes: {
      // A listener at the target: what connects to it comes from there to the device.
      ...(ssh.listens === true ? { src_endpoint: behind, dst_endpoint: device } : { src_endpoint: device, dst_endpoint: behind }),
      traffic: sent === undefined || received === undefined ? undefined : { bytes_out: sent, bytes_in: received, bytes: sent + received },
    },
  };
}

/** The target may use the keys of the device's agent, or may not. */
const agent = (c: RecordingContext, outcome: StatementOutcome): Kind => ({
  cls: 'ssh',
  activity: outcome.kind === 'denied' ? 5 : 6,
  attributes: { src_endpoint: { ...ocsfEndpoint(c.open.client.address), uid: c.open.device_id }, dst_endpoint: ocsfEndpoint(c.open.target.host, c.open.target.port) },
});

/** The connection is open, or over; or something was asked that is refused whatever policy says. */
export function sshConnectionEvent(c: RecordingContext, r: ReadRecord, what: 'open' | 'close' | 'refuse'): OcsfObject {
  const { user, target, client } = c.open;
  const words = what === 'refuse' ? `${cutText(text(r.fields['request']), 200).text} was refused to ${user.name} on ${target.connection}` : `${user.name} ${what === 'open' ? 'connected to' : 'disconnected from'} ${target.connection}`;
  const control = what === 'refuse' ? { action_id: 2, action: 'Denied', disposition_id: 2, disposition: 'Blocked', is_alert: true } : { action_id: 1, action: 'Allowed', disposition_id: 1, disposition: 'Allowed' };
  return ocsfEvent({
    emitter: c.emitter,
    cls: 'ssh',
    activity: what === 'open' ? 1 : what === 'close' ? 2 : 5,
    timeMs: r.t,
    loggedMs: c.loggedMs,
    ...(what === 'refuse' ? { outcome: 'failure', severity: 'medium', statusDetail: cutText(text(r.fields['reason']), MAX_MESSAGE).text } : {}),
    message: words,
    uid: `recording/${c.open.session_id}/${r.n}`,
    sequence: r.n,
    correlationUid: c.open.session_id,
    profiles: ['host', 'security_control'],
    attributes: { actor: actorOf(c), src_endpoint: { ...ocsfEndpoint(client.address), uid: c.open.device_id }, dst_endpoint: { ...ocsfEndpoint(target.host, target.port), svc_name: target.connection }, protocol_ver: '2.0', ...control, policy: bundleOf(c, undefined) },
  });
}

function actorOf(c: RecordingContext): OcsfObject {
  const { user, client } = c.open;
  return { user: ocsfUser(user), session: { uid: c.open.session_id, issuer: user.iss, created_time: c.open.t }, idp: { name: user.iss, issuer: user.iss }, app_name: client.program === '' ? undefined : client.program.slice(0, 255) };
}

/** The host that is worked on. */
const hostOf = (c: RecordingContext): OcsfObject => {
  const where = ocsfEndpoint(c.open.target.host);
  return { type_id: 1, type: 'Server', ...where, name: c.open.target.connection };
};

const words = { exec: 'a command', line: 'a line typed into a shell', shell: 'a shell', file: 'a file request', forward: 'a forward', agent: 'agent forwarding' } as const;

function messageOf(c: RecordingContext, ssh: SshRequestPart, o: StatementOutcome): string {
  const what = `${ssh.what === 'file' ? `${ssh.op} of a file` : words[ssh.what]} by ${c.open.user.name} on ${c.open.target.connection}`;
  switch (o.kind) {
    case 'done':
      return o.hits.length > 0 ? `${what} ran with masked output` : `${what} ran`;
    case 'failed':
      return `${what} ended with ${o.code}`;
    case 'denied':
      return `${what} was denied`;
    case 'held':
      return `${what} waits for approval`;
    case 'unknown':
      return `${what} was sent; its outcome is not recorded`;
  }
}
