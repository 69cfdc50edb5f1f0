/** Puts the log together from its configuration. */
import type { Clock } from '../../base/clock.ts';
import { noteKeyTypes, parseVkey } from '../../evidence/note.ts';
import type { Database } from '../db/database.ts';
import type { Router } from '../http/route.ts';
import type { ObjectStore } from '../storage/objects.ts';
import type { StoreKeys } from '../trust/store-keys.ts';
import { authorityOf, type LogConfig } from './config.ts';
import { TransparencyLog } from './log.ts';
import { logRoutes } from './routes.ts';
import { timestamper } from './timestamps.ts';
import { witnessClient } from './witness-client.ts';

export interface MountLog {
  readonly config: LogConfig;
  readonly db: Database;
  readonly objects: ObjectStore;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  readonly onProblem: (message: string) => void;
}

/** Mounts the routes and gives the log back, not running yet. @throws ConfigError */
export function mountLog(route: Router, o: MountLog): TransparencyLog {
  const { config, clock } = o;
  const { tsa } = config;
  logRoutes(route, { objects: o.objects, keys: o.keys, witnessed: config.witness_for.map((v) => parseVkey(v, noteKeyTypes.ed25519)) });
  return new TransparencyLog({
    ...o,
    checkpointMs: Math.round(config.checkpoint_seconds * 1000),
    witnesses: config.witnesses.map((w) => witnessClient(parseVkey(w.vkey, noteKeyTypes.cosignature), w.url)),
    timestamper: tsa === undefined ? undefined : timestamper({ url: tsa.url, authority: authorityOf(tsa), everyMs: tsa.every_seconds * 1000, clock, onProblem: o.onProblem }),
  });
}
