/** Opens what a store stands on: embedded in one directory, or a database server, object storage and keys of the operator. */
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { lockDirectory } from '../evidence/lock.ts';
import type { ResolvedConfig } from './config.ts';
import { databaseUrl, s3Credentials } from './config-parts.ts';
import { type Database, openEmbedded } from './db/database.ts';
import { postgresUrl } from './db/postgres-url.ts';
import { fileObjects } from './storage/file-objects.ts';
import { type KeyFiles, keyFiles } from './storage/key-files.ts';
import type { ObjectStore } from './storage/objects.ts';

export interface StoreParts {
  readonly db: Database;
  readonly objects: ObjectStore;
  readonly keys: KeyFiles;
  /** This process's own directory, for what is worth nothing without it. */
  readonly dir: string;
}

export interface OpenOptions {
  readonly clock: Clock;
  readonly onProblem: (message: string) => void;
  /** Take replaced key files. */
  readonly acceptNewKeys: boolean;
  /** Called for each part with what closes it. */
  readonly undo: (step: () => Promise<void>) => void;
}

/** @throws ConfigError and EnvironmentError that name the part that cannot be opened */
export async function openParts(config: ResolvedConfig, o: OpenOptions): Promise<StoreParts> {
  const dir = join(config.data_dir, 'store');
  o.undo(await lockDirectory(dir));
  const db = await openDatabase(config, dir, o);
  o.undo(() => db.close());
  const objects = await openObjects(config, dir, o);
  const keys = keyFiles(db, { dir: config.keys_dir ?? dir, missing: config.keys_dir === undefined ? 'make' : 'given', acceptNew: o.acceptNewKeys });
  return { db, objects, keys, dir };
}

async function openDatabase(config: ResolvedConfig, dir: string, o: OpenOptions): Promise<Database> {
  if (config.database === undefined) return openEmbedded(join(dir, 'pg'));
  const { openPostgres } = await import('./db/postgres.ts');
  return openPostgres({ connection: postgresUrl(databaseUrl(config.database)), connections: config.database.connections, onProblem: o.onProblem });
}

async function openObjects(config: ResolvedConfig, dir: string, o: OpenOptions): Promise<ObjectStore> {
  if (config.objects === undefined) return fileObjects(join(dir, 'objects'));
  const { s3 } = config.objects;
  // Loaded only where it is used: the library is large, and most stores on laptops are embedded.
  const { openS3 } = await import('./storage/s3-objects.ts');
  const opened = await openS3({ endpoint: s3.endpoint, region: s3.region, bucket: s3.bucket, prefix: s3.prefix, pathStyle: s3.path_style, credentials: s3Credentials(s3), lock: s3.lock, clock: o.clock });
  o.undo(() => {
    opened.close();
    return Promise.resolve();
  });
  return opened.objects;
}
