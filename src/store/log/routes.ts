/**
 * The log in the layout of C2SP tlog-tiles, and this store as a witness for other logs. Hashes say how much happened
 * and when, so they are for people and devices of the organisation; entries say who did what, so they are for auditors.
 */
import { z } from 'zod';
import { fromHex, toHex } from '../../base/encoding.ts';
import { bundleParams, tileParams } from '../../contract/store/index.ts';
import { nodeCrypto } from '../../evidence/node-crypto.ts';
import type { NoteKey } from '../../evidence/note.ts';
import { cosign } from '../../evidence/sign.ts';
import { parseTilePath } from '../../evidence/tlog-tiles.ts';
import { addCheckpointMaxBytes, judgeCheckpoint, type WitnessAnswer } from '../../evidence/tlog-witness.ts';
import type { Queries } from '../db/database.ts';
import type { Context } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
import { bytes, none, type Replier, type Router } from '../http/route.ts';
import type { ObjectStore } from '../storage/objects.ts';
import type { StoreKeys } from '../trust/store-keys.ts';
import { statementText } from '../recordings/ingest.ts';
import { readState } from './state.ts';
import { servedTile } from './stored-tiles.ts';

export interface LogRoutePorts {
  readonly objects: ObjectStore;
  readonly keys: StoreKeys;
  /** Logs that this store witnesses. */
  readonly witnessed: readonly NoteKey[];
}

const SUBMISSIONS_PER_MINUTE = 120;

export function logRoutes(route: Router, ports: LogRoutePorts): void {
  route({
    ...none,
    method: 'GET',
    path: '/log/checkpoint',
    auth: 'either',
    action: 'log.checkpoint',
    reply: bytes,
    handler: (ctx) =>
      ctx.commit('checkpoint', async (tx) => {
        const { checkpoint } = await readState(tx);
        if (checkpoint === undefined) throw new StoreError('not_found', 'the log has no checkpoint yet');
        return { contentType: 'text/plain; charset=utf-8', body: Buffer.from(checkpoint) };
      }),
  });
  route({
    ...none,
    method: 'GET',
    path: '/log/tile/entries/*',
    auth: 'user',
    action: 'log.entries',
    params: bundleParams,
    reply: bytes,
    handler: (ctx) => tile(ctx, ports, `entries/${ctx.params['*']}`),
  });
  route({
    ...none,
    method: 'GET',
    path: '/log/tile/*',
    auth: 'either',
    action: 'log.tile',
    params: tileParams,
    reply: bytes,
    handler: (ctx) => tile(ctx, ports, ctx.params['*']),
  });
  route({
    ...none,
    method: 'POST',
    path: '/witness/add-checkpoint',
    auth: 'public',
    action: 'witness.add',
    bodyLimitBytes: addCheckpointMaxBytes,
    ratePerMinute: SUBMISSIONS_PER_MINUTE,
    reply: witnessReply,
    handler: (ctx) => ctx.commit('add-checkpoint', (tx) => witnessed(tx, ports, ctx.raw, ctx.clock.nowMs()), { detail: (a) => `${a.status}` }),
  });
}

async function tile<P, Q, B>(ctx: Context<P, Q, B>, ports: LogRoutePorts, path: string): Promise<{ contentType: string; body: Uint8Array }> {
  const name = parseTilePath(`tile/${path}`);
  const body = await ctx.commit(`tile/${path}`, (tx) => servedTile(tx, ports.objects, name));
  if (body === undefined) throw new StoreError('not_found', 'the published log has no such tile');
  return { contentType: 'application/octet-stream', body };
}

interface WitnessReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const witnessReply: Replier<WitnessReply> = (reply, r) => reply.status(r.status).header('content-type', r.contentType).header('cache-control', 'no-store').send(r.body);

const stateRow = z.object({ size: z.number(), root: z.string() });

/** One atomic step: the row of the log is locked from the look at it until the new state is committed. */
async function witnessed(tx: Queries, ports: LogRoutePorts, raw: Uint8Array, nowMs: number): Promise<WitnessReply> {
  const stateOf = async (origin: string): Promise<{ size: number; root: Uint8Array } | undefined> => {
    await tx.run("insert into witness_state (origin, size, root, checkpoint, t_ms) values ($1,0,'','',$2) on conflict (origin) do nothing", [origin, nowMs]);
    const row = await tx.first(stateRow, 'select size, root from witness_state where origin = $1 for update', [origin]);
    return row === undefined || row.root === '' ? undefined : { size: row.size, root: fromHex(row.root) };
  };
  const text = statementText(raw);
  const answer = await judgeCheckpoint(text, ports.witnessed, stateOf, nodeCrypto);
  if (answer.status === 200) {
    const { origin, size, root } = answer.checkpoint;
    await tx.run('update witness_state set size = $2, root = $3, checkpoint = $4, t_ms = $5 where origin = $1', [origin, size, toHex(root), text, nowMs]);
  }
  return replyOf(answer, ports, nowMs);
}

function replyOf(answer: WitnessAnswer, ports: LogRoutePorts, nowMs: number): WitnessReply {
  const text = 'text/plain; charset=utf-8';
  if (answer.status === 200) return { status: 200, contentType: text, body: cosign(answer.noteText, ports.keys.witness, nowMs) };
  if (answer.status === 409) return { status: 409, contentType: 'text/x.tlog.size', body: `${answer.size}\n` };
  return { status: answer.status, contentType: text, body: `${answer.reason}\n` };
}
