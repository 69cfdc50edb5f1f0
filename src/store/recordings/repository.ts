/** What the store knows of each recording: who, where, and how far it has seen it. */
import { z } from 'zod';
import type { SessionId } from '../../base/ids.ts';
import { deviceId, type RecordingInfo, recordingStates, sessionId } from '../../contract/store/index.ts';
import type { LogState } from '../../evidence/verify-log.ts';
import type { OpenStatement } from '../../evidence/types.ts';
import type { Queries } from '../db/database.ts';

const logState = z.strictObject({
  size: z.number().int(),
  range: z.array(z.string()),
  prev: z.string(),
  checkpointSize: z.number().int(),
  lines: z.number().int(),
  bytes: z.number().int(),
  lastT: z.number().int(),
});

const row = z.object({
  session_id: sessionId,
  device_id: deviceId,
  device_seq: z.number(),
  iss: z.string(),
  sub: z.string(),
  name: z.string(),
  connection: z.string(),
  protocol: z.string(),
  client: z.string(),
  open_envelope: z.string(),
  open_sha256: z.string(),
  opened_ms: z.number(),
  state: recordingStates,
  closed_ms: z.number().nullable(),
  end_sha256: z.string().nullable(),
  end_receipt: z.string().nullable(),
  end_cosignature: z.string().nullable(),
  chunks: z.number(),
  log_state: z.string().nullable().transform((t): LogState | undefined => (t === null ? undefined : logState.parse(JSON.parse(t)))),
  size: z.number(),
  root: z.string(),
  witnessed_size: z.number(),
  witnessed_note: z.string().nullable(),
  tail: z.boolean(),
  bytes: z.number(),
});
export type RecordingRow = z.output<typeof row>;

export async function findRecording(q: Queries, session: SessionId, lock = false): Promise<RecordingRow | undefined> {
  return q.first(row, `select * from recordings where session_id = $1${lock ? ' for update' : ''}`, [session]);
}

export interface ListFilter {
  readonly owner: { readonly iss: string; readonly sub: string } | undefined;
  readonly person: string | undefined;
  readonly connection: string | undefined;
  readonly sinceMs: number | undefined;
  readonly beforeMs: number | undefined;
  readonly state: string | undefined;
  readonly limit: number;
}

export async function listRecordings(q: Queries, f: ListFilter): Promise<RecordingRow[]> {
  return q.rows(
    row,
    `select * from recordings
     where ($1::text is null or (iss = $1 and sub = $2)) and ($3::text is null or sub = $3 or name = $3)
       and ($4::text is null or connection = $4) and ($5::bigint is null or opened_ms >= $5)
       and ($6::bigint is null or opened_ms < $6) and ($7::text is null or state = $7)
     order by opened_ms desc, session_id desc limit $8`,
    [f.owner?.iss ?? null, f.owner?.sub ?? null, f.person ?? null, f.connection ?? null, f.sinceMs ?? null, f.beforeMs ?? null, f.state ?? null, f.limit],
  );
}

export async function insertRecording(tx: Queries, open: OpenStatement, o: { envelope: string; sha256: string; emptyRoot: string }): Promise<void> {
  await tx.run(
    `insert into recordings (session_id, device_id, device_seq, iss, sub, name, connection, protocol, client, open_envelope, open_sha256, opened_ms,
       state, chunks, size, root, witnessed_size, tail, bytes)
     values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,'open',0,0,$13,-1,false,0)`,
    [open.session_id, open.device_id, open.device_seq, open.user.iss, open.user.sub, open.user.name, open.target.connection, open.target.protocol, open.client.program.slice(0, 255), o.envelope, o.sha256, open.t, o.emptyRoot],
  );
}

export interface ChunkRow {
  readonly idx: number;
  readonly sha256: string;
  readonly receipt: string;
  readonly cosignature: string;
}
const chunkRow = z.object({ idx: z.number(), sha256: z.string(), receipt: z.string(), cosignature: z.string() });

export async function findChunk(q: Queries, session: SessionId, idx: number): Promise<ChunkRow | undefined> {
  return q.first(chunkRow, 'select idx, sha256, receipt, cosignature from chunks where session_id = $1 and idx = $2', [session, idx]);
}

export async function lastChunk(q: Queries, session: SessionId): Promise<ChunkRow | undefined> {
  return q.first(chunkRow, 'select idx, sha256, receipt, cosignature from chunks where session_id = $1 order by idx desc limit 1', [session]);
}

export interface Advance {
  readonly state: LogState;
  readonly root: string;
  /** The checkpoint that was cosigned with this chunk, if it held one. */
  readonly note: string | undefined;
  readonly tail: boolean;
}

/** Moves the recording on by one chunk. */
export async function advance(tx: Queries, session: SessionId, chunk: ChunkRow & { readonly sizeBytes: number; readonly tMs: number }, a: Advance): Promise<void> {
  await tx.run('insert into chunks (session_id, idx, sha256, size_bytes, receipt, cosignature, t_ms) values ($1,$2,$3,$4,$5,$6,$7)', [session, chunk.idx, chunk.sha256, chunk.sizeBytes, chunk.receipt, chunk.cosignature, chunk.tMs]);
  await tx.run(
    `update recordings set chunks = $2, log_state = $3, size = $4, root = $5, bytes = $6, tail = $7,
       witnessed_size = $8, witnessed_note = coalesce($9, witnessed_note) where session_id = $1`,
    [session, chunk.idx + 1, JSON.stringify(a.state), a.state.size, a.root, a.state.bytes, a.tail, a.state.checkpointSize, a.note ?? null],
  );
}

export async function endRecording(tx: Queries, session: SessionId, o: { state: 'closed' | 'recovered'; nowMs: number; sha256: string; receipt: string; cosignature: string }): Promise<void> {
  await tx.run("update recordings set state = $2, closed_ms = $3, end_sha256 = $4, end_receipt = $5, end_cosignature = $6 where session_id = $1 and state = 'open'", [session, o.state, o.nowMs, o.sha256, o.receipt, o.cosignature]);
}

export function toInfo(r: RecordingRow): RecordingInfo {
  const base = {
    session_id: r.session_id,
    state: r.state,
    device_id: r.device_id,
    user: { iss: r.iss, sub: r.sub, name: r.name },
    connection: r.connection,
    protocol: r.protocol,
    // A client may call itself anything.
    client: r.client.replaceAll(/\p{Cc}/gu, '\u{fffd}'),
    opened_ms: r.opened_ms,
    chunks: r.chunks,
    size: r.size,
    root: r.root,
    bytes: r.bytes,
  };
  return r.closed_ms === null ? base : { ...base, closed_ms: r.closed_ms };
}
