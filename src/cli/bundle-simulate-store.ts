/** The recordings of a store for a simulation: many small files, so several are asked for at a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../base/errors.ts';
import type { SessionId } from '../base/ids.ts';
import type { RecordingInfo } from '../contract/store/index.ts';
import { fileNames } from '../evidence/source.ts';
import type { StoreClient } from '../proxy/core/store-client.ts';
import { StoreRefusal } from '../proxy/core/store-client-http.ts';

const PAGE = 500;
/** Sessions whose files are on their way at a time. */
const AT_A_TIME = 8;
/** The store counts requests by the minute: who asks for more waits for the next. */
const PAUSE_MS = 5_000;
const MAX_PAUSES = 30;

export interface StoredSession {
  readonly recording: RecordingInfo;
  /** Absent when something of it could not be had. Chunks are gzipped. */
  readonly files?: { readonly open: Uint8Array; readonly chunks: readonly Uint8Array[] };
  readonly problem?: string;
}

/** Newest first, in order. @throws EnvironmentError when the list cannot be had */
export async function* storedSessions(client: StoreClient, sinceMs: number): AsyncGenerator<StoredSession> {
  const onTheWay: Promise<StoredSession>[] = [];
  for await (const recording of listed(client, sinceMs)) {
    if (recording.protocol !== 'postgres' && recording.protocol !== 'ssh') continue;
    onTheWay.push(fetched(client, recording));
    const first = onTheWay.length >= AT_A_TIME ? onTheWay.shift() : undefined;
    if (first !== undefined) yield await first;
  }
  for (const waiting of onTheWay) yield await waiting;
}

async function* listed(client: StoreClient, sinceMs: number): AsyncGenerator<RecordingInfo> {
  let beforeMs: number | undefined;
  let seen = new Set<SessionId>();
  for (;;) {
    const page = await patiently(() => client.listRecordings({ sinceMs, limit: PAGE, ...(beforeMs === undefined ? {} : { beforeMs }) }));
    const fresh = page.filter((r) => !seen.has(r.session_id));
    yield* fresh;
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return;
    // Sessions of the same millisecond may stand on both sides of a page's end.
    beforeMs = fresh.length > 0 ? last.opened_ms + 1 : last.opened_ms;
    seen = new Set(page.filter((r) => r.opened_ms === last.opened_ms).map((r) => r.session_id));
  }
}

async function fetched(client: StoreClient, recording: RecordingInfo): Promise<StoredSession> {
  const file = (name: string): Promise<Uint8Array> => patiently(() => client.getRecordingFile(recording.session_id, name));
  try {
    const open = await file(fileNames.open);
    const chunks: Uint8Array[] = [];
    for (let i = 0; i < recording.chunks; i++) chunks.push(await file(`chunks/${String(i).padStart(6, '0')}.ndjson.gz`));
    return { recording, files: { open, chunks } };
  } catch (error) {
    return { recording, problem: messageOf(error) };
  }
}

async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let pauses = 0; ; pauses++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof StoreRefusal) || error.refusal !== 'rate_limited' || pauses >= MAX_PAUSES) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
