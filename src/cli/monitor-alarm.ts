/** Alarms of a monitor, posted to the store's security events: to its audit trail, its SIEM feed and its notifications. Each once. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import { ConfigError, EnvironmentError, messageOf } from '../base/errors.ts';
import type { securityEventBody } from '../contract/store/index.ts';
import { writeDurable } from '../evidence/files.ts';
import type { Alarm, MonitorCode } from '../evidence/monitor-sessions.ts';
import { object, parseJson, texts } from '../evidence/parse.ts';
import type { StoreClient } from '../proxy/core/store-client.ts';

type Event = z.input<typeof securityEventBody>;

/** The store takes sixty in a minute; what is left is posted after the next look. */
const MAX_AT_ONCE = 50;
const MAX_OBJECT = 500;
const MAX_DETAIL = 1_000;

const kinds: Readonly<Record<MonitorCode, Event['kind']>> = {
  log_forked: 'log_fork',
  log_went_back: 'log_fork',
  log_not_signed: 'verification_failed',
  log_unreadable: 'monitor_alert',
  entry_unreadable: 'verification_failed',
  never_closed: 'never_closed',
  end_without_open: 'monitor_alert',
  device_gap: 'device_gap',
  device_chain: 'device_gap',
  device_repeated: 'device_gap',
  session_missing: 'verification_failed',
  session_shrunk: 'verification_failed',
  session_not_logged: 'monitor_alert',
};

export interface Posted {
  readonly posted: number;
  /** Why the store did not take the others, which are posted after the next look. */
  readonly problem?: string;
}

/** @param memory the file that says what has been posted. @throws ConfigError for a memory that cannot be read */
export async function postAlarms(client: StoreClient, alarms: readonly Alarm[], memory: string): Promise<Posted> {
  const before = read(memory);
  const events = new Map(alarms.map((a) => [keyOf(a), a]));
  // What no longer stands is forgotten: it is news when it comes back.
  const known = new Set([...events.keys()].filter((key) => before.has(key)));
  let posted = 0;
  let problem: string | undefined;
  for (const [key, alarm] of events) {
    if (known.has(key) || problem !== undefined) continue;
    if (posted >= MAX_AT_ONCE) {
      problem = `${events.size - known.size} more than are posted at once`;
      break;
    }
    try {
      await client.raiseAlarm(eventOf(alarm));
      known.add(key);
      posted++;
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      problem = messageOf(error);
    }
  }
  writeDurable(memory, `${JSON.stringify({ v: 1, posted: [...known] })}\n`);
  return { posted, ...(problem === undefined ? {} : { problem }) };
}

/** A forked log has another checkpoint at each look and is one thing to be told of. */
const keyOf = (a: Alarm): string => (a.code.startsWith('log_') ? a.code : `${a.code} ${a.key}`);

/** What it is about: the log, or a session, a device, an entry by name. */
function eventOf(a: Alarm): Event {
  const about = a.code.startsWith('log_') ? 'log' : a.code.startsWith('device_') ? (a.key.split(' ')[0] ?? a.key) : a.key;
  return { kind: kinds[a.code], object: plain(about, MAX_OBJECT), detail: plain(`${a.code}: ${a.message}`, MAX_DETAIL) };
}

const plain = (text: string, max: number): string => text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, max);

function read(file: string): ReadonlySet<string> {
  if (!existsSync(file)) return new Set();
  try {
    return new Set(texts(object(parseJson(readFileSync(file, 'utf8'), 'posted alarms'), 'posted alarms', ['v', 'posted'])['posted'], 'posted'));
  } catch (error) {
    throw new ConfigError(`cannot be read: ${messageOf(error)}`, { file: path.resolve(file), fix: 'move it away to post every standing alarm again' });
  }
}
