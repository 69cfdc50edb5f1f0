/** The signed statements of a recording (docs/formats/recording.md section 4): types and strict parsers. */
import { parseDeviceId, parseSessionId, type SessionId } from '../base/ids.ts';
import { count, exactly, hex32, labels, list, object, oneOf, text, texts } from './parse.ts';
import type { OpenStatement, TufVersions } from './types.ts';

/** By the SESSION key: the recording is whole. */
export interface CloseStatement {
  readonly v: 1;
  readonly session_id: SessionId;
  /** Records in the log. */
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** Bytes of log.ndjson before any redaction. */
  readonly bytes: number;
  /** Records by kind. */
  readonly counts: Readonly<Record<string, number>>;
  /** Time of the last record, or of open when there is none. */
  readonly last_t: number;
  readonly end: 'closed';
  readonly reason: string;
  readonly t: number;
}

/** By the DEVICE key after a crash: what was found, and how much of it the session key had signed. */
export interface RecoveredStatement {
  readonly v: 1;
  readonly session_id: SessionId;
  readonly size: number;
  readonly root: string;
  readonly bytes: number;
  readonly last_checkpoint_size: number;
  /** SHA-256 hex of torn.bin; of nothing when no bytes were removed. */
  readonly torn_sha256: string;
  readonly torn_bytes: number;
  readonly boot_id: string;
  readonly end: 'recovered';
  readonly t: number;
}

/** By the store's receipt key: it holds these bytes. */
export interface ReceiptStatement {
  readonly v: 1;
  readonly session_id: SessionId;
  /** Which upload: a chunk by index, or the end statement. */
  readonly part: number | 'close' | 'recovered';
  /** Of the uncompressed chunk, or of the statement's file. Hex. */
  readonly sha256: string;
  /** Records of the session that the store holds after this part, and their root (hex). */
  readonly size: number;
  readonly root: string;
  readonly t: number;
}

export interface RedactedItem {
  readonly n: number;
  readonly field: string;
  /** Digest of the removed disclosure, as the record header names it. */
  readonly digest: string;
  readonly len: number;
}

export interface RedactionStatement {
  readonly v: 1;
  readonly session_id: SessionId;
  readonly items: readonly RedactedItem[];
  readonly legal_basis: string;
  readonly ticket: string;
  readonly t: number;
}

const openKeys = ['v', 'session_id', 'device_id', 'device_seq', 'prev_open_sha256', 'user', 'session_pub', 'policy', 'target', 'client', 'proxy_build', 'boot_id', 'recording_level', 'origin', 't'];

/** @throws MalformedError naming the member that is wrong. */
export function parseOpen(value: unknown): OpenStatement {
  const o = object(value, 'open', openKeys);
  const user = object(o['user'], 'open.user', ['iss', 'sub', 'name', 'groups', 'id_token_sha256']);
  const policy = object(o['policy'], 'open.policy', ['bundle_sha256', 'name', 'serial'], ['tuf']);
  const target = object(o['target'], 'open.target', ['connection', 'protocol', 'host', 'port', 'database', 'labels']);
  const client = object(o['client'], 'open.client', ['kind', 'program', 'address']);
  return {
    v: exactly(o['v'], 'open.v', 1),
    session_id: parseSessionId(o['session_id']),
    device_id: parseDeviceId(o['device_id']),
    device_seq: count(o['device_seq'], 'open.device_seq'),
    prev_open_sha256: hex32(o['prev_open_sha256'], 'open.prev_open_sha256'),
    user: {
      iss: text(user['iss'], 'open.user.iss'),
      sub: text(user['sub'], 'open.user.sub'),
      name: text(user['name'], 'open.user.name'),
      groups: texts(user['groups'], 'open.user.groups'),
      id_token_sha256: text(user['id_token_sha256'], 'open.user.id_token_sha256', 64),
    },
    session_pub: text(o['session_pub'], 'open.session_pub', 64),
    policy: {
      bundle_sha256: text(policy['bundle_sha256'], 'open.policy.bundle_sha256', 128),
      name: text(policy['name'], 'open.policy.name'),
      serial: count(policy['serial'], 'open.policy.serial'),
      ...(policy['tuf'] === undefined ? {} : { tuf: parseTuf(policy['tuf']) }),
    },
    target: {
      connection: text(target['connection'], 'open.target.connection'),
      protocol: text(target['protocol'], 'open.target.protocol', 64),
      host: text(target['host'], 'open.target.host'),
      port: count(target['port'], 'open.target.port'),
      database: text(target['database'], 'open.target.database'),
      labels: labels(target['labels'], 'open.target.labels'),
    },
    client: { kind: oneOf(client['kind'], 'open.client.kind', ['app', 'native', 'agent']), program: text(client['program'], 'open.client.program'), address: text(client['address'], 'open.client.address') },
    proxy_build: text(o['proxy_build'], 'open.proxy_build', 256),
    boot_id: text(o['boot_id'], 'open.boot_id', 256),
    recording_level: text(o['recording_level'], 'open.recording_level', 64),
    origin: text(o['origin'], 'open.origin', 255),
    t: count(o['t'], 'open.t'),
  };
}

function parseTuf(value: unknown): TufVersions {
  const o = object(value, 'open.policy.tuf', ['root', 'timestamp', 'snapshot', 'targets', 'ring']);
  const version = (name: keyof TufVersions): number => count(o[name], `open.policy.tuf.${name}`);
  return { root: version('root'), timestamp: version('timestamp'), snapshot: version('snapshot'), targets: version('targets'), ring: version('ring') };
}

export function parseClose(value: unknown): CloseStatement {
  const o = object(value, 'close', ['v', 'session_id', 'size', 'root', 'bytes', 'counts', 'last_t', 'end', 'reason', 't']);
  const counts = typeof o['counts'] === 'object' && o['counts'] !== null ? o['counts'] : {};
  return {
    v: exactly(o['v'], 'close.v', 1),
    session_id: parseSessionId(o['session_id']),
    size: count(o['size'], 'close.size'),
    root: hex32(o['root'], 'close.root'),
    bytes: count(o['bytes'], 'close.bytes'),
    counts: Object.fromEntries(Object.entries(object(o['counts'], 'close.counts', [], Object.keys(counts))).map(([k, v]) => [k, count(v, `close.counts.${k}`)])),
    last_t: count(o['last_t'], 'close.last_t'),
    end: exactly(o['end'], 'close.end', 'closed'),
    reason: text(o['reason'], 'close.reason'),
    t: count(o['t'], 'close.t'),
  };
}

export function parseRecovered(value: unknown): RecoveredStatement {
  const o = object(value, 'recovered', ['v', 'session_id', 'size', 'root', 'bytes', 'last_checkpoint_size', 'torn_sha256', 'torn_bytes', 'boot_id', 'end', 't']);
  return {
    v: exactly(o['v'], 'recovered.v', 1),
    session_id: parseSessionId(o['session_id']),
    size: count(o['size'], 'recovered.size'),
    root: hex32(o['root'], 'recovered.root'),
    bytes: count(o['bytes'], 'recovered.bytes'),
    last_checkpoint_size: count(o['last_checkpoint_size'], 'recovered.last_checkpoint_size'),
    torn_sha256: hex32(o['torn_sha256'], 'recovered.torn_sha256'),
    torn_bytes: count(o['torn_bytes'], 'recovered.torn_bytes'),
    boot_id: text(o['boot_id'], 'recovered.boot_id', 256),
    end: exactly(o['end'], 'recovered.end', 'recovered'),
    t: count(o['t'], 'recovered.t'),
  };
}

export function parseReceipt(value: unknown): ReceiptStatement {
  const o = object(value, 'receipt', ['v', 'session_id', 'part', 'sha256', 'size', 'root', 't']);
  const part = o['part'];
  return {
    v: exactly(o['v'], 'receipt.v', 1),
    session_id: parseSessionId(o['session_id']),
    part: part === 'close' || part === 'recovered' ? part : count(part, 'receipt.part'),
    sha256: hex32(o['sha256'], 'receipt.sha256'),
    size: count(o['size'], 'receipt.size'),
    root: hex32(o['root'], 'receipt.root'),
    t: count(o['t'], 'receipt.t'),
  };
}

export function parseRedaction(value: unknown): RedactionStatement {
  const o = object(value, 'redaction', ['v', 'session_id', 'items', 'legal_basis', 'ticket', 't']);
  return {
    v: exactly(o['v'], 'redaction.v', 1),
    session_id: parseSessionId(o['session_id']),
    items: list(o['items'], 'redaction.items', parseItem, 100_000),
    legal_basis: text(o['legal_basis'], 'redaction.legal_basis'),
    ticket: text(o['ticket'], 'redaction.ticket'),
    t: count(o['t'], 'redaction.t'),
  };
}

function parseItem(value: unknown, what: string): RedactedItem {
  const o = object(value, what, ['n', 'field', 'digest', 'len']);
  return { n: count(o['n'], `${what}.n`), field: text(o['field'], `${what}.field`, 64), digest: hex32(o['digest'], `${what}.digest`), len: count(o['len'], `${what}.len`) };
}

