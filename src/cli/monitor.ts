/** `sallyport monitor`: watches a store from outside. It believes only what it has seen itself, and keeps that in a file of its own. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { ConfigError, EnvironmentError, messageOf } from '../base/errors.ts';
import { writeDurable } from '../evidence/files.ts';
import { followLog, parseFollowState, type FollowState, type LogSource } from '../evidence/monitor-log.ts';
import { parseLedgerState, SessionLedger, type Alarm, type SessionMark } from '../evidence/monitor-sessions.ts';
import { nodeCrypto } from '../evidence/node-crypto.ts';
import { object, parseJson } from '../evidence/parse.ts';
import type { TlogPolicy } from '../evidence/tlog-policy.ts';
import { withIdentity } from './identity-options.ts';
import { comparedWithStore, storeSource } from './monitor-store.ts';
import { loadTrust, remote, type Place } from './recordings-place.ts';

interface Options extends Place {
  readonly state: string;
  readonly follow?: boolean;
  readonly every: string;
  readonly maxOpenHours: string;
  readonly graceMinutes: string;
  readonly full?: boolean;
  readonly json?: boolean;
}

export function monitorCommand(): Command {
  return withIdentity(new Command('monitor').description('watch a store: sessions without an end, gaps in a device’s sequence, a log that forked or went back, recordings that are gone; exit 1 when something is wrong'), 'required')
    .option('--trust <file>', 'trust.json, kept from before; default: the one of --config')
    .requiredOption('--state <file>', 'what this monitor has seen, its memory between runs; made by the first')
    .option('--full', 'read the whole log again and ask for every recording')
    .option('--follow', 'go on until stopped')
    .option('--every <seconds>', 'with --follow: time between two looks', '60')
    .option('--max-open-hours <hours>', 'a session that is open for longer is reported', '24')
    .option('--grace-minutes <minutes>', 'how long a device’s opens may come out of order', '60')
    .action(monitor);
}

interface Memory {
  readonly log: FollowState | undefined;
  readonly ledger: SessionLedger;
}

async function monitor(o: Options): Promise<void> {
  const rules = { everyMs: seconds(o.every, '--every') * 1000, maxOpenMs: seconds(o.maxOpenHours, '--max-open-hours') * 3_600_000, graceMs: seconds(o.graceMinutes, '--grace-minutes') * 60_000 };
  const trust = await loadTrust(o);
  if (trust.logPolicy === undefined) throw new ConfigError('names no transparency log: there is nothing to hold the store to', { field: '--trust' });
  const told = new Set<string>();
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());
  do {
    const looked = await looking(o, trust.logPolicy, rules);
    for (const alarm of looked.alarms) {
      process.exitCode = 1;
      const key = `${alarm.code} ${alarm.key}`;
      if (!told.has(key)) process.stdout.write(o.json ? `${JSON.stringify({ event: 'alarm', code: alarm.code, message: alarm.message })}\n` : `ALARM ${alarm.code}: ${alarm.message}\n`);
      told.add(key);
    }
    if (!o.follow || looked.alarms.length === 0) process.stdout.write(o.json ? `${JSON.stringify({ event: 'looked', size: looked.size, sessions: looked.sessions, alarms: looked.alarms.length })}\n` : `${looked.alarms.length === 0 ? 'ok' : `${looked.alarms.length} alarms`}: log of ${looked.size} entries, ${looked.sessions} sessions compared with the store\n`);
    if (o.follow) await sleep(rules.everyMs, undefined, { signal: stopped.signal }).catch(() => undefined);
  } while (o.follow === true && !stopped.signal.aborted);
}

/** A store that does not answer is an alarm while following: silence must not look like order. */
async function looking(o: Options, policy: TlogPolicy, rules: Parameters<typeof look>[2]): ReturnType<typeof look> {
  try {
    return await look(o, policy, rules);
  } catch (error) {
    if (o.follow !== true || !(error instanceof EnvironmentError)) throw error;
    return { alarms: [{ code: 'log_unreadable', key: 'unreachable', message: `The store cannot be watched now: ${error.message}.` }], size: 0, sessions: 0 };
  }
}

function seconds(text: string, field: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new ConfigError('is not a number', { field });
  return value;
}

/** One look at the log and at the store. The memory moves on only over a log that holds. */
async function look(o: Options, policy: TlogPolicy, rules: { readonly maxOpenMs: number; readonly graceMs: number }): Promise<{ alarms: Alarm[]; size: number; sessions: number }> {
  const client = await remote(o);
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
  alarms.push(...ledger.standing({ ...rules, nowMs: Date.now() }));
  const running = ledger.state().running.map((r) => r.session);
  const compared = await comparedWithStore(client, marks, { sinceMs: whole ? 0 : Date.now() - rules.maxOpenMs, whole, running });
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
