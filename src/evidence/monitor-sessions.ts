/**
 * What a monitor makes of the log's entries: which sessions were opened and have no end, and whether each device's
 * opens are one chain without gaps (docs/decisions/0001). Pure; its state is plain JSON, so that it goes on later.
 */
import { fromUtf8 } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';
import { isSessionId } from '../base/ids.ts';
import { parseEnvelope, payloadJson, type StatementKind } from './dsse.ts';
import { fastHex } from './hex.ts';
import { count, exactly, hex32, list, object, parseJson, text } from './parse.ts';
import { parseClose, parseOpen, parseRecovered } from './statements.ts';
import type { Sha256 } from './merkle.ts';

export type MonitorCode =
  | 'log_unreadable'
  | 'log_not_signed'
  | 'log_went_back'
  | 'log_forked'
  | 'entry_unreadable'
  | 'never_closed'
  | 'end_without_open'
  | 'device_gap'
  | 'device_chain'
  | 'device_repeated'
  | 'session_missing'
  | 'session_shrunk'
  | 'session_not_logged';

/** Something that should not be. `key` names it, so that it is told once. */
export interface Alarm {
  readonly code: MonitorCode;
  readonly key: string;
  /** A sentence for people. */
  readonly message: string;
}

interface Open {
  readonly seq: number;
  readonly sha256: string;
  readonly prev: string;
  readonly t: number;
  readonly session: string;
}
interface Running {
  readonly session: string;
  readonly device: string;
  readonly t: number;
  readonly index: number;
}
/** The chain up to `seq` has no gap; `ahead` are opens that come after a missing one. */
interface Device {
  readonly id: string;
  readonly seq: number;
  readonly sha256: string;
  readonly ahead: readonly Open[];
}

export interface LedgerState {
  readonly v: 1;
  readonly running: readonly Running[];
  readonly devices: readonly Device[];
}

export interface LedgerRules {
  readonly nowMs: number;
  /** A session that is open for longer has been lost, or hides something. */
  readonly maxOpenMs: number;
  /** Opens of offline devices may come out of order for this long. */
  readonly graceMs: number;
}

/** What one entry says about a session: for the comparison with what the store serves. */
export interface SessionMark {
  readonly session: string;
  readonly what: 'open' | 'end' | 'removed';
  /** Records in it, where an end statement says so. */
  readonly size?: number;
}

const start = '0'.repeat(64);
const ends = { close: parseClose, recovered: parseRecovered } as const;

export class SessionLedger {
  readonly #running: Map<string, Running>;
  readonly #devices: Map<string, Device>;
  readonly #sha256: Sha256;

  constructor(sha256: Sha256, state: LedgerState = { v: 1, running: [], devices: [] }) {
    this.#sha256 = sha256;
    this.#running = new Map(state.running.map((r) => [r.session, r]));
    this.#devices = new Map(state.devices.map((d) => [d.id, d]));
  }

  state(): LedgerState {
    return { v: 1, running: [...this.#running.values()], devices: [...this.#devices.values()] };
  }

  /** Takes entry `index`. @returns alarms that it raises by itself, and what it says of a session */
  take(index: number, entry: Uint8Array): { readonly alarms: readonly Alarm[]; readonly mark: SessionMark | undefined } {
    try {
      return this.#take(index, entry);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      return { alarms: [{ code: 'entry_unreadable', key: `entry ${index}`, message: `Entry ${index} of the log cannot be read: ${error.message}.` }], mark: undefined };
    }
  }

  #take(index: number, entry: Uint8Array): { readonly alarms: readonly Alarm[]; readonly mark: SessionMark | undefined } {
    const body = fromUtf8(entry);
    const type = typeOf(body);
    if (type === 'open') return this.#open(index, entry, body);
    if (type === 'close' || type === 'recovered') return this.#end(index, body, type);
    const removed = removedSession(body);
    return { alarms: [], mark: removed === undefined ? undefined : { session: removed, what: 'removed' } };
  }

  #open(index: number, entry: Uint8Array, body: string): { alarms: Alarm[]; mark: SessionMark } {
    const o = parseOpen(payloadJson(parseEnvelope(body, 'open')));
    const open: Open = { seq: o.device_seq, sha256: fastHex(this.#sha256(entry)), prev: o.prev_open_sha256, t: o.t, session: o.session_id };
    this.#running.set(open.session, { session: open.session, device: o.device_id, t: o.t, index });
    const before = this.#devices.get(o.device_id) ?? { id: o.device_id, seq: 0, sha256: start, ahead: [] };
    const alarms: Alarm[] = [];
    if (open.seq <= before.seq || before.ahead.some((a) => a.seq === open.seq)) {
      alarms.push({ code: 'device_repeated', key: `${o.device_id} ${open.seq} ${open.sha256}`, message: `Device ${o.device_id} has used number ${open.seq} twice, now for session ${open.session}: its key or its ledger exists twice.` });
      return { alarms, mark: { session: open.session, what: 'open' } };
    }
    this.#devices.set(o.device_id, chained({ ...before, ahead: [...before.ahead, open].sort((a, b) => a.seq - b.seq) }, alarms));
    return { alarms, mark: { session: open.session, what: 'open' } };
  }

  #end(index: number, body: string, kind: 'close' | 'recovered'): { alarms: Alarm[]; mark: SessionMark } {
    const end = ends[kind](payloadJson(parseEnvelope(body, kind)));
    const known = this.#running.delete(end.session_id);
    const alarms: Alarm[] = known ? [] : [{ code: 'end_without_open', key: end.session_id, message: `Session ${end.session_id} ends in entry ${index} of the log and was never opened there, or ended before.` }];
    return { alarms, mark: { session: end.session_id, what: 'end', size: end.size } };
  }

  /** What is wrong as things stand now. */
  standing(rules: LedgerRules): Alarm[] {
    const alarms: Alarm[] = [];
    for (const r of this.#running.values()) {
      if (rules.nowMs - r.t > rules.maxOpenMs) alarms.push({ code: 'never_closed', key: r.session, message: `Session ${r.session} of device ${r.device} was opened at ${new Date(r.t).toISOString()} (entry ${r.index}) and has neither been closed nor recovered.` });
    }
    for (const d of this.#devices.values()) {
      const next = d.ahead.find((a) => rules.nowMs - a.t > rules.graceMs);
      if (next === undefined) continue;
      const missing = next.seq - d.seq === 2 ? `number ${d.seq + 1}` : `numbers ${d.seq + 1} to ${next.seq - 1}`;
      alarms.push({ code: 'device_gap', key: `${d.id} ${d.seq + 1}`, message: `Device ${d.id} has recorded ${missing} and the log does not have it: the next is number ${next.seq}, session ${next.session}.` });
    }
    return alarms;
  }
}

/** Joins what comes next without a gap, and checks each link. */
function chained(device: Device, alarms: Alarm[]): Device {
  let { seq, sha256, ahead } = device;
  for (let next = ahead[0]; next?.seq === seq + 1; next = ahead[0]) {
    if (next.prev !== sha256) alarms.push({ code: 'device_chain', key: `${device.id} ${next.seq}`, message: `Device ${device.id}: the open of session ${next.session} (number ${next.seq}) names another session before it than the log has as number ${seq}.` });
    ({ seq, sha256 } = next);
    ahead = ahead.slice(1);
  }
  return { ...device, seq, sha256, ahead };
}

const types: Readonly<Record<string, StatementKind>> = { 'application/vnd.sallyport.open+json': 'open', 'application/vnd.sallyport.close+json': 'close', 'application/vnd.sallyport.recovered+json': 'recovered' };

/** Kind of a DSSE envelope that a monitor reads; undefined for any other entry. */
function typeOf(body: string): StatementKind | undefined {
  const value = parseJson(body, 'the entry');
  const type = typeof value === 'object' && value !== null && 'payloadType' in value ? value.payloadType : undefined;
  return typeof type === 'string' ? types[type] : undefined;
}

/** The session that a `retention` entry says was deleted. */
function removedSession(body: string): string | undefined {
  const value = parseJson(body, 'the entry');
  if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== 'retention' || !('session_id' in value)) return undefined;
  return isSessionId(value.session_id) ? value.session_id : undefined;
}

/** @throws MalformedError for anything that `state()` would not give */
export function parseLedgerState(value: unknown): LedgerState {
  const o = object(value, 'sessions', ['v', 'running', 'devices']);
  return { v: exactly(o['v'], 'sessions.v', 1), running: list(o['running'], 'sessions.running', running, 10_000_000), devices: list(o['devices'], 'sessions.devices', device, 10_000_000) };
}

function running(value: unknown, what: string): Running {
  const o = object(value, what, ['session', 'device', 't', 'index']);
  return { session: text(o['session'], `${what}.session`, 64), device: text(o['device'], `${what}.device`, 64), t: count(o['t'], `${what}.t`), index: count(o['index'], `${what}.index`) };
}

function device(value: unknown, what: string): Device {
  const o = object(value, what, ['id', 'seq', 'sha256', 'ahead']);
  return { id: text(o['id'], `${what}.id`, 64), seq: count(o['seq'], `${what}.seq`), sha256: hex32(o['sha256'], `${what}.sha256`), ahead: list(o['ahead'], `${what}.ahead`, openOf, 1_000_000) };
}

function openOf(value: unknown, what: string): Open {
  const o = object(value, what, ['seq', 'sha256', 'prev', 't', 'session']);
  return { seq: count(o['seq'], `${what}.seq`), sha256: hex32(o['sha256'], `${what}.sha256`), prev: hex32(o['prev'], `${what}.prev`), t: count(o['t'], `${what}.t`), session: text(o['session'], `${what}.session`, 64) };
}
