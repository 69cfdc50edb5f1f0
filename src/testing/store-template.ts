/**
 * The embedded store's database as its first start leaves it, made once per machine and copied by each test: initdb and
 * the migrations take seconds of the processor. A store that starts on a copy does what it does at its second start.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const schemaDir = path.join(root, 'src', 'store', 'db');

let named: string | undefined;
/** Where it lies; the name changes with PGlite and with every migration. */
export function storeTemplatePath(): string {
  if (named !== undefined) return named;
  const { version } = JSON.parse(readFileSync(path.join(root, 'node_modules/@electric-sql/pglite/package.json'), 'utf8')) as { version: string };
  const digest = createHash('sha256');
  const steps = readdirSync(path.join(schemaDir, 'migrations')).filter((name) => !name.includes('.test.')).sort();
  for (const name of [...steps.map((step) => path.join('migrations', step)), 'migrate.ts']) digest.update(`${name}\0`).update(readFileSync(path.join(schemaDir, name)));
  named = path.join(os.tmpdir(), `sallyport-test-store-${version}-${digest.digest('hex').slice(0, 16)}`);
  return named;
}

/** Makes the template unless it is there. Vitest's global set-up calls this, so that tests only copy. */
export async function ensureStoreTemplate(): Promise<void> {
  const at = storeTemplatePath();
  if (existsSync(at)) return;
  const { openEmbedded } = await import('../store/db/database.ts');
  const made = mkdtempSync(path.join(os.tmpdir(), 'sallyport-test-making-'));
  const db = await openEmbedded(path.join(made, 'pg'));
  await db.run('checkpoint');
  await db.close();
  try {
    renameSync(path.join(made, 'pg'), at);
  } catch (error) {
    // Another run was faster.
    if (!existsSync(at)) throw error;
  }
  rmSync(made, { recursive: true, force: true });
}

/** A copy at `dir`, which must not exist yet. Nothing where there is no template: a store then makes its database itself. */
export function copyStoreTemplate(dir: string): void {
  if (!existsSync(storeTemplatePath())) return;
  mkdirSync(path.dirname(dir), { recursive: true, mode: 0o700 });
  cpSync(storeTemplatePath(), dir, { recursive: true });
}
