/**
 * The store's own secrets: one file of 32 random bytes each, named `<name>.key`. All processes of one store have the
 * same ones; the database remembers what they are, so a process with others does not start.
 */
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, EnvironmentError } from '../../base/errors.ts';
import type { Database } from '../db/database.ts';
import { lockFor } from '../db/locks.ts';
import { readIfThere, secretFile } from './secret-file.ts';

/** Every key that the store has. What each is for: docs/operations.md. */
export const storeKeyNames = ['seal', 'receipt', 'witness', 'log'] as const;
export type StoreKeyName = (typeof storeKeyNames)[number];

export interface KeyFiles {
  /**
   * 32 bytes.
   * @throws EnvironmentError when the file is damaged or open to others; ConfigError when it is not the store's key, or missing where nobody may make it
   */
  load(name: StoreKeyName): Promise<Buffer>;
}

const KEY_BYTES = 32;

export interface KeyFilesOptions {
  readonly dir: string;
  /** `make`: on the first start. `given`: the operator makes them and gives them to every process. */
  readonly missing: 'make' | 'given';
  /** Take keys that the database does not know: the operator has replaced them. */
  readonly acceptNew: boolean;
}

export function keyFiles(db: Database, o: KeyFilesOptions): KeyFiles {
  return {
    load: (name) =>
      db.transaction(async (tx) => {
        await lockFor(tx, 'key-files');
        const path = join(o.dir, `${name}.key`);
        const known = await tx.first(z.object({ sha256: z.string() }), 'select sha256 from key_fingerprints where name = $1', [name]);
        const mayMake = o.missing === 'make' && (known === undefined || o.acceptNew);
        const key = mayMake ? await secretFile(path, () => randomBytes(KEY_BYTES)) : await readIfThere(path, o.missing === 'given' ? 'group' : 'owner');
        if (key === undefined) throw new ConfigError(`${path} is missing`, { field: 'keys_dir', fix: known === undefined ? `head -c ${KEY_BYTES} /dev/urandom > ${path}; chmod 600 ${path}: once, and the same file for every process` : REPLACED });
        if (key.length !== KEY_BYTES) throw new EnvironmentError('env.io', `${path} does not hold ${KEY_BYTES} bytes`);
        const fingerprint = fingerprintOf(name, key);
        // A new key of receipts or of the witness would make what was signed with the old one look foreign: never by accident.
        if (known !== undefined && known.sha256 !== fingerprint && !o.acceptNew) throw new ConfigError(`${path} is not the key that this store has used until now`, { field: 'keys_dir', fix: REPLACED });
        await tx.run('insert into key_fingerprints (name, sha256) values ($1, $2) on conflict (name) do update set sha256 = $2', [name, fingerprint]);
        return key;
      }),
  };
}

const REPLACED = 'restore it; or start once with --accept-new-keys when it was replaced on purpose';

/** Of a random key: it says nothing of it. */
const fingerprintOf = (name: string, key: Uint8Array): string => createHash('sha256').update(`sallyport-key-file-v1\n${name}\n`).update(key).digest('hex');
