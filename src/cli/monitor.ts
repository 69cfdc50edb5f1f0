/** `sallyport monitor`: watches a store from outside. It believes only what it has seen itself, and keeps that in a file of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { ConfigError, EnvironmentError, messageOf } from '../base/errors.ts';
import type { TlogPolicy } from '../evidence/tlog-policy.ts';
import { withIdentity } from './identity-options.ts';
import { postAlarms } from './monitor-alarm.ts';
import { look, type Looked, type LookOptions } from './monitor-look.ts';
import { loadTrust, remote, type Place } from './recordings-place.ts';

interface Options extends Place {
  readonly state: string;
  readonly follow?: boolean;
  readonly every: string;
  readonly maxOpenHours: string;
  readonly graceMinutes: string;
  readonly full?: boolean;
  readonly alarm?: boolean;
  readonly json?: boolean;
}

export function monitorCommand(): Command {
  return withIdentity(new Command('monitor').description('watch a store: sessions without an end, gaps in a device’s sequence, a log that forked or went back, recordings that are gone; exit 1 when something is wrong'), 'required')
    .option('--trust <file>', 'trust.json, kept from before; default: the one of --config')
    .requiredOption('--state <file>', 'what this monitor has seen, its memory between runs; made by the first')
    .option('--full', 'read the whole log again and ask for every recording')
    .option('--follow', 'go on until stopped')
    .option('--every <seconds>', 'with --follow: time between two looks', '60')
    .option('--alarm', 'also raise what is found as security events of the store: its audit trail, SIEM feed and notifications; each once')
    .option('--max-open-hours <hours>', 'a session that is open for longer is reported', '24')
    .option('--grace-minutes <minutes>', 'how long a device’s opens may come out of order', '60')
    .action(monitor);
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
    if (o.alarm === true) await raise(o, looked);
    if (!o.follow || looked.alarms.length === 0) process.stdout.write(o.json ? `${JSON.stringify({ event: 'looked', size: looked.size, sessions: looked.sessions, alarms: looked.alarms.length })}\n` : `${looked.alarms.length === 0 ? 'ok' : `${looked.alarms.length} alarms`}: log of ${looked.size} entries, ${looked.sessions} sessions compared with the store\n`);
    if (o.follow) await sleep(rules.everyMs, undefined, { signal: stopped.signal }).catch(() => undefined);
  } while (o.follow === true && !stopped.signal.aborted);
}

/** Posting is for those who watch the store's notifications; what is printed here and the exit code do not depend on it. */
async function raise(o: Options, { alarms }: Looked): Promise<void> {
  const { posted, problem } = await remote(o)
    .then((client) => postAlarms(client, alarms, `${o.state}.posted`))
    .catch((error: unknown) => {
      if (!(error instanceof EnvironmentError)) throw error;
      return { posted: 0, problem: messageOf(error) };
    });
  if (posted > 0) process.stdout.write(o.json ? `${JSON.stringify({ event: 'posted', alarms: posted })}\n` : `${posted} alarms posted to the store\n`);
  if (problem !== undefined) process.stderr.write(`alarms are not posted yet: ${problem}\n`);
}

/** A store that does not answer is an alarm while following: silence must not look like order. */
async function looking(o: Options, policy: TlogPolicy, rules: Pick<LookOptions, 'maxOpenMs' | 'graceMs'>): Promise<Looked> {
  try {
    return await look(await remote(o), { ...rules, state: o.state, full: o.full === true }, policy);
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
