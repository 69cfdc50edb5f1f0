import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { copyStoreTemplate } from '../../testing/store-template.ts';
import { type Database, openEmbedded } from '../db/database.ts';
import { keyFiles } from './key-files.ts';

const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-keys-'));
let db: Database;
beforeAll(async () => {
  copyStoreTemplate(join(dir, 'pg'));
  db = await openEmbedded(join(dir, 'pg'));
});
afterAll(async () => {
  await db.close();
  rmSync(dir, { recursive: true, force: true });
});

it('an embedded store makes its keys once, and never by accident anew', async () => {
  const path = join(dir, 'receipt.key');
  const files = keyFiles(db, { dir, missing: 'make', acceptNew: false });
  const first = await files.load('receipt');
  expect(first).toHaveLength(32);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await files.load('receipt')).toEqual(first);
  rmSync(path);
  await expect(files.load('receipt')).rejects.toThrow(/receipt\.key is missing \(restore it; or start once with --accept-new-keys/);
  expect(existsSync(path)).toBe(false);
  writeFileSync(path, randomBytes(32), { mode: 0o600 });
  await expect(files.load('receipt')).rejects.toThrow(/is not the key that this store has used/);
  const other = readFileSync(path);
  expect(await keyFiles(db, { dir, missing: 'make', acceptNew: true }).load('receipt')).toEqual(other);
  expect(await files.load('receipt')).toEqual(other);
});

it('a key that is cut short is refused', async () => {
  writeFileSync(join(dir, 'seal.key'), randomBytes(31), { mode: 0o600 });
  await expect(keyFiles(db, { dir, missing: 'make', acceptNew: false }).load('seal')).rejects.toThrow(/does not hold 32 bytes/);
});
