/** One look of a monitor: what is new in the log, what stands, and whether the store still has it. Its memory is a file. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError, messageOf } from '../base/errors.ts';
import { writeDurable } from '../evidence/files.ts';
import { followLog, parseFollowState, type FollowState, type LogSource } from '../evidence/monitor-log.ts';
import { parseLedgerState, SessionLedger, type Alarm, type SessionMark } from '../evidence/monitor-sessions.ts';
import { nodeCrypto } from '../evidence/node-crypto.ts';
import { object, parseJson } from '../evidence/parse.ts';
import type { TlogPolicy } from '../evidence/tlog-policy.ts';
import type { StoreClient } from '../proxy/core/store-client.ts';
import { comparedWithStore, storeSource } from './monitor-store.ts';

export interface LookOptions {
  /** Path of the memory. */
  readonly state: string;
  /** Read the whole log again and ask for every recording. */
  readonly full?: boolean;
  readonly maxOpenMs: number;
  readonly graceMs: number;
}

export interface Looked {
  readonly alarms: readonly Alarm[];
  readonly size: number;
  readonly sessions: number;
}

interface Memory {
  readonly log: FollowState | undefined;
  readonly ledger: SessionLedger;
}

/** One look at the log and at the store. The memory moves on only over a log that holds. */
export async function look(client: StoreClient, o: LookOptions, policy: TlogPolicy): Promise<Looked> {
  const memory = load(o.state);
  const store = storeSource(client);
  // One checkpoint for the whole look: a full reading is held against what was seen before by way of it.
  const note = await store.checkpoint();
  const source: LogSource = { ...store, checkpoint: () => Promise.resolve(note) };
  const alarms: Alarm[] = [];
  const marks: SessionMark[] = [];
  const whole = o.full === true || memory.log === undefined;
  const ledger = o.full === true ? new SessionLedger(nodeCrypto.sha256) : memory.ledger;
  const collect = (index: number, entry: Uint8Array): void => {
    const { alarms: raised, mark } = ledger.take(index, entry);
    alarms.push(...raised);
    if (mark !== undefined) marks.push(mark);
  };
  let followed = await followLog(source, policy, memory.log, { crypto: nodeCrypto, onEntry: o.full === true ? () => undefined : collect });
  if (o.full === true && followed.alarms.length === 0) followed = await followLog(source, policy, undefined, { crypto: nodeCrypto, onEntry: collect });
  if (followed.alarms.length > 0 || followed.state === undefined) {
    // With the last good checkpoint in the memory this one is the proof.
    for (const alarm of followed.alarms) writeDurable(`${o.state}.${alarm.code}.note`, note);
    return { alarms: [...followed.alarms], size: memory.log?.size ?? 0, sessions: 0 };
  }
  alarms.push(...ledger.standing({ ...o, nowMs: Date.now() }));
  const running = ledger.state().running.map((r) => r.session);
  const compared = await comparedWithStore(client, marks, { sinceMs: whole ? 0 : Date.now() - o.maxOpenMs, whole, running });
  alarms.push(...compared.alarms);
  writeDurable(o.state, `${JSON.stringify({ v: 1, log: followed.state, sessions: ledger.state() })}\n`);
  return { alarms, size: followed.state.size, sessions: compared.sessions };
}

function load(file: string): Memory {
  if (!existsSync(file)) return { log: undefined, ledger: new SessionLedger(nodeCrypto.sha256) };
  try {
    const o = object(parseJson(readFileSync(file, 'utf8'), 'the monitor’s memory'), 'the monitor’s memory', ['v', 'log', 'sessions']);
    return { log: o['log'] === null ? undefined : parseFollowState(o['log']), ledger: new SessionLedger(nodeCrypto.sha256, parseLedgerState(o['sessions'])) };
  } catch (error) {
    // Never begun anew in silence: what it had seen is the only thing that a forked log can be held to.
    throw new ConfigError(`cannot be read: ${messageOf(error)}`, { file: path.resolve(file), fix: 'restore it from a backup; to begin anew, move it away' });
  }
}
