/** Brings a database to the newest schema, one step at a time, each step whole or not at all. */
import { z } from 'zod';
import { EnvironmentError, messageOf } from '../../base/errors.ts';
import type { Queries } from './database.ts';
import { migrations } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';

/** One connection: what `exec` begins, the next `exec` goes on with. */
export interface MigrationSession extends Pick<Queries, 'rows' | 'run'> {
  /** Runs a script of several statements. */
  exec(sql: string): Promise<unknown>;
}

/** Key of the advisory lock: of several processes that start at once, one migrates and the others wait for it. */
const MIGRATION_LOCK = 7_235_001;

/**
 * @param steps what to bring it to; tests stop on the way
 * @throws EnvironmentError env.io when the database was written by a newer version or a step fails; nothing of that step is left
 */
export async function migrate(session: MigrationSession, steps: readonly Migration[] = migrations): Promise<void> {
  await session.run('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
  try {
    await session.exec('create table if not exists migrations (id integer primary key, name text not null, applied_ms bigint not null)');
    const done = new Set((await session.rows(z.object({ id: z.number() }), 'select id from migrations')).map((r) => r.id));
    const known = new Set(migrations.map((m) => m.id));
    for (const id of done) {
      if (!known.has(id)) throw new EnvironmentError('env.io', `the store's database has migration ${id}, which this version does not know: it was written by a newer version`);
    }
    for (const step of [...steps].sort((a, b) => a.id - b.id)) if (!done.has(step.id)) await apply(session, step);
  } finally {
    await session.run('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  }
}

async function apply(session: MigrationSession, step: Migration): Promise<void> {
  await session.exec('begin');
  try {
    await session.exec(step.sql);
    await session.run('insert into migrations values ($1, $2, $3)', [step.id, step.name, Date.now()]);
    await session.exec('commit');
  } catch (cause) {
    await session.exec('rollback');
    throw new EnvironmentError('env.io', `migration ${step.id} (${step.name}) failed: ${messageOf(cause)}`, { cause });
  }
}
