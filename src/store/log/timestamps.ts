/** RFC 3161 timestamps over checkpoints of the log: asked for now and then, kept beside the checkpoint, put into exports. */
import { z } from 'zod';
import { utf8 } from '../../base/encoding.ts';
import { messageOf } from '../../base/errors.ts';
import type { Clock } from '../../base/clock.ts';
import { parseCheckpoint, parseNote } from '../../evidence/note.ts';
import type { TimestampAuthority } from '../../evidence/trust.ts';
import type { Database } from '../db/database.ts';
import { readState } from './state.ts';

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
    // Loaded where it is used: few stores have an authority, and the library is large.
    const { requestToken } = await import('./timestamp-request.ts');
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
