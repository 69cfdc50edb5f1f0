/** A migrated embedded database of its own, without a store around it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openEmbedded } from '../store/db/database.ts';
import { copyStoreTemplate } from './store-template.ts';

export async function emptyDatabase(): Promise<{ db: Database; remove: () => Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-db-'));
  copyStoreTemplate(join(dir, 'pg'));
  const db = await openEmbedded(join(dir, 'pg'));
  return {
    db,
    remove: async () => {
      await db.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
