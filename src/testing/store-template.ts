/**
 * The embedded store's database as its first start leaves it, made once per machine and copied by each test: initdb and
 * the migrations take seconds of the processor. A store that starts on a copy does what it does at its second start.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const schemaDir = path.join(root, 'src', 'store', 'db');
/** More than a shutdown writes. */
const SHUTDOWN_BYTES = 65_536;

let named: string | undefined;
/** Where it lies; the name changes with PGlite and with every migration. */
export function storeTemplatePath(): string {
  if (named !== undefined) return named;
  const { version } = JSON.parse(readFileSync(path.join(root, 'node_modules/@electric-sql/pglite/package.json'), 'utf8')) as { version: string };
  // This file's own text too: it says what is in the template.
  const digest = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  const steps = readdirSync(path.join(schemaDir, 'migrations')).filter((name) => !name.includes('.test.')).sort();
  for (const name of [...steps.map((step) => path.join('migrations', step)), 'migrate.ts']) digest.update(`${name}\0`).update(readFileSync(path.join(schemaDir, name)));
  named = path.join(os.tmpdir(), `sallyport-test-store-${version}-${digest.digest('hex').slice(0, 16)}`);
  return named;
}

/** Makes the template unless it is there. Vitest's global set-up calls this, so that tests only copy. */
export async function ensureStoreTemplate(): Promise<void> {
  const at = storeTemplatePath();
  if (existsSync(at)) return;
  const made = mkdtempSync(path.join(os.tmpdir(), 'sallyport-test-making-'));
  const dir = path.join(made, 'pg');
  const { openEmbedded } = await import('../store/db/database.ts');
  await (await openEmbedded(dir)).close();
  await slim(dir);
  try {
    renameSync(dir, at);
  } catch (error) {
    // Another run was faster.
    if (!existsSync(at)) throw error;
  }
  rmSync(made, { recursive: true, force: true });
}

/** Leaves out what no store reads: the databases that new ones are copied from, and the log of how this one was made. */
async function slim(dir: string): Promise<void> {
  const { PGlite } = await import('@electric-sql/pglite');
  const pg = await PGlite.create(dir);
  await pg.exec('update pg_database set datistemplate = false where datname <> current_database(); checkpoint');
  for (const name of ['template0', 'template1']) await pg.exec(`drop database ${name}`);
  await pg.exec('select pg_switch_wal()');
  await pg.exec('checkpoint');
  const { rows } = await pg.query<{ name: string; at: number }>('select file_name as name, file_offset as at from pg_walfile_name_offset(pg_current_wal_lsn())');
  await pg.close();
  const [{ name, at } = { name: '', at: 0 }] = rows;
  const wal = path.join(dir, 'pg_wal');
  for (const other of readdirSync(wal)) if (/^[0-9A-F]{24}$/.test(other) && other !== name) rmSync(path.join(wal, other));
  // A segment that was used before has its old content behind the end, which only its page addresses tell apart.
  const segment = path.join(wal, name);
  const { size } = statSync(segment);
  truncateSync(segment, at + SHUTDOWN_BYTES);
  truncateSync(segment, size);
}

/** A copy at `dir`, which must not exist yet. Nothing where there is no template: a store then makes its database itself. */
export function copyStoreTemplate(dir: string): void {
  if (!existsSync(storeTemplatePath())) return;
  mkdirSync(path.dirname(dir), { recursive: true, mode: 0o700 });
  copyTree(storeTemplatePath(), dir);
}

/** Writing is what costs: zeros at the end of a file become a hole. */
function copyTree(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) {
      copyTree(source, target);
      continue;
    }
    const bytes = readFileSync(source);
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === 0) end--;
    writeFileSync(target, bytes.subarray(0, end), { mode: 0o600 });
    truncateSync(target, bytes.length);
  }
}
