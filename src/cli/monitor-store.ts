/** What a monitor reads of a store: the log in the C2SP layout, and the recordings that it serves. */
import { MalformedError } from '../base/errors.ts';
import { fromUtf8 } from '../base/encoding.ts';
import type { SessionId } from '../base/ids.ts';
import { isSessionId } from '../base/ids.ts';
import type { RecordingInfo } from '../contract/store/index.ts';
import type { LogSource } from '../evidence/monitor-log.ts';
import type { Alarm, SessionMark } from '../evidence/monitor-sessions.ts';
import { parseEntryBundle } from '../evidence/tlog-entry.ts';
import { tilePath, tileWidth } from '../evidence/tlog-tiles.ts';
import type { StoreClient } from '../proxy/core/store-client.ts';
import { StoreRefusal } from '../proxy/core/store-client-http.ts';

const PAGE = 500;

export function storeSource(client: StoreClient): LogSource {
  return {
    checkpoint: async () => fromUtf8(await client.logFile('checkpoint')),
    entries: async function* (from, to) {
      for (let at = from; at < to; ) {
        const index = Math.floor(at / tileWidth);
        const end = Math.min(to, (index + 1) * tileWidth);
        const width = end - index * tileWidth;
        const bundle = await client.logFile(tilePath({ level: 'entries', index, width })).catch((error: unknown) => {
          if (error instanceof StoreRefusal && error.status === 404) throw new MalformedError('malformed.truncated', `entries ${at} to ${end - 1} are not served`);
          throw error;
        });
        yield* parseEntryBundle(bundle, width).slice(at - index * tileWidth);
        at = end;
      }
    },
  };
}

export interface Comparison {
  /** Recordings that the store lists from this time on are looked for in the log. */
  readonly sinceMs: number;
  /** The marks are of the whole log: a recording without a mark was never logged. */
  readonly whole: boolean;
  /** Sessions of earlier looks that still run. */
  readonly running: readonly string[];
}

/** Do the sessions of the log and the recordings of the store agree? */
export async function comparedWithStore(client: StoreClient, marks: readonly SessionMark[], o: Comparison): Promise<{ alarms: Alarm[]; sessions: number }> {
  const alarms: Alarm[] = [];
  const removed = new Set(marks.filter((m) => m.what === 'removed').map((m) => m.session));
  const sizes = new Map(marks.filter((m) => m.size !== undefined).map((m) => [m.session, m.size ?? 0]));
  const logged = new Set([...marks.map((m) => m.session), ...o.running]);
  const served = new Map<string, RecordingInfo>();
  for await (const r of listed(client, o.sinceMs)) served.set(r.session_id, r);
  for (const session of logged) {
    if (removed.has(session) || !isSessionId(session)) continue;
    const recording = served.get(session) ?? (await shown(client, session));
    if (recording === undefined) {
      alarms.push({ code: 'session_missing', key: session, message: `Session ${session} is in the log, and the store no longer has its recording.` });
      continue;
    }
    const size = sizes.get(session) ?? 0;
    if (recording.size < size) alarms.push({ code: 'session_shrunk', key: session, message: `Session ${session} ended with ${size} records according to the log; the store has ${recording.size}.` });
  }
  if (o.whole) {
    for (const session of served.keys()) {
      if (!logged.has(session)) alarms.push({ code: 'session_not_logged', key: session, message: `The store serves session ${session}, which is not in its log.` });
    }
  }
  return { alarms, sessions: logged.size };
}

async function* listed(client: StoreClient, sinceMs: number): AsyncGenerator<RecordingInfo> {
  for (let beforeMs: number | undefined; ; ) {
    const page = await client.listRecordings({ limit: PAGE, sinceMs, ...(beforeMs === undefined ? {} : { beforeMs }) });
    yield* page;
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return;
    beforeMs = last.opened_ms;
  }
}

async function shown(client: StoreClient, session: SessionId): Promise<RecordingInfo | undefined> {
  try {
    return (await client.getRecording(session)).recording;
  } catch (error) {
    if (error instanceof StoreRefusal && error.status === 404) return undefined;
    throw error;
  }
}
