/** RFC 3161 timestamps over checkpoints of the log: asked for now and then, kept beside the checkpoint, put into exports. */
import { createHash } from 'node:crypto';
import { OctetString } from 'asn1js';
import { AlgorithmIdentifier, MessageImprint, TimeStampReq, TimeStampResp } from 'pkijs';
import { z } from 'zod';
import { utf8 } from '../../base/encoding.ts';
import { EnvironmentError, messageOf } from '../../base/errors.ts';
import type { Clock } from '../../base/clock.ts';
import { parseCheckpoint, parseNote } from '../../evidence/note.ts';
import type { TimestampAuthority } from '../../evidence/trust.ts';
import { verifyTimestampToken } from '../../evidence/verify-timestamp.ts';
import type { Database } from '../db/database.ts';
import { readState } from './state.ts';

const TIMEOUT_MS = 10_000;
const REPLY_LIMIT_BYTES = 64 * 1024;

export interface StampedCheckpoint {
  readonly size: number;
  /** The signed note. */
  readonly checkpoint: string;
  /** The TimeStampToken, DER. */
  readonly token: Uint8Array;
}

export interface Timestamper {
  /** Stamps the published checkpoint if it is new and the last stamp, or try, is old enough. */
  stampIfDue(db: Database): Promise<void>;
  /** The smallest stamped checkpoint of at least `size` entries; the published one is stamped when there is none. Undefined when the authority is away. */
  covering(db: Database, size: number): Promise<StampedCheckpoint | undefined>;
}

export interface TimestamperOptions {
  readonly url: string;
  readonly authority: TimestampAuthority;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly onProblem: (message: string) => void;
}

const row = z.object({ size: z.number(), checkpoint: z.string(), token: z.instanceof(Uint8Array), t_ms: z.number() });

export function timestamper(o: TimestamperOptions): Timestamper {
  const newest = (db: Database): Promise<z.output<typeof row> | undefined> => db.first(row, 'select size, checkpoint, token, t_ms from log_timestamps order by size desc limit 1');
  const stamp = async (db: Database): Promise<void> => {
    const { checkpoint } = await readState(db);
    if (checkpoint === undefined) return;
    const text = parseNote(checkpoint).text;
    const { size } = parseCheckpoint(text);
    if ((await newest(db))?.size === size) return;
    const token = await requestToken(o, utf8(text));
    await db.run('insert into log_timestamps (size, checkpoint, token, t_ms) values ($1,$2,$3,$4) on conflict (size) do nothing', [size, checkpoint, token, o.clock.nowMs()]);
  };
  const find = (db: Database, size: number): Promise<StampedCheckpoint | undefined> => db.first(row, 'select size, checkpoint, token, t_ms from log_timestamps where size >= $1 order by size limit 1', [size]);
  // Only spares the authority: a process that forgets it asks once more.
  let triedMs = 0;
  const attempt = async (db: Database): Promise<void> => {
    triedMs = o.clock.nowMs();
    await stamp(db).catch((error: unknown) => {
      o.onProblem(`log: ${messageOf(error)}`);
    });
  };
  return {
    stampIfDue: async (db) => {
      const nowMs = o.clock.nowMs();
      if (nowMs - triedMs >= o.everyMs && nowMs - ((await newest(db))?.t_ms ?? 0) >= o.everyMs) await attempt(db);
    },
    covering: async (db, size) => {
      const found = await find(db, size);
      if (found !== undefined) return found;
      await attempt(db);
      return find(db, size);
    },
  };
}

/** @returns the token, verified against the configured authority. @throws EnvironmentError when there is none to be had */
async function requestToken(o: TimestamperOptions, message: Uint8Array): Promise<Uint8Array> {
  // Without a nonce: an older token for the same checkpoint would be as good.
  const request = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: '2.16.840.1.101.3.4.2.1' }),
      hashedMessage: new OctetString({ valueHex: new Uint8Array(createHash('sha256').update(message).digest()).buffer }),
    }),
    certReq: true,
  });
  try {
    const response = await fetch(o.url, { method: 'POST', body: request.toSchema().toBER(), headers: { 'content-type': 'application/timestamp-query' }, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body = new Uint8Array(await response.arrayBuffer());
    if (response.status !== 200 || body.length > REPLY_LIMIT_BYTES) throw new Error(`it answered ${response.status}`);
    const reply = TimeStampResp.fromBER(body);
    // PKIStatus 0 is granted, 1 granted with modifications (RFC 3161 section 2.4.2).
    const status: number = reply.status.status;
    if (status > 1 || reply.timeStampToken === undefined) throw new Error(`it refused with status ${status}`);
    const token = new Uint8Array(reply.timeStampToken.toSchema().toBER());
    await verifyTimestampToken(token, message, [o.authority]);
    return token;
  } catch (error) {
    throw new EnvironmentError('env.unreachable', `the timestamp authority ${o.authority.name} gave no timestamp: ${messageOf(error)}`, { cause: error });
  }
}
