import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BugError, EnvironmentError } from '../../base/errors.ts';
import { freshDatabase } from '../../testing/database-of.ts';
import { freePort } from '../../testing/free-port.ts';
import { type PostgresServer, startPostgres } from '../../testing/postgres-server.ts';
import type { Database } from './database.ts';
import { lockFor, tryLockFor } from './locks.ts';
import { migrations } from './migrations/index.ts';
import { openPostgres } from './postgres.ts';
import { postgresUrl } from './postgres-url.ts';

let server: PostgresServer;
let url: string;
let db: Database;
const opened: Database[] = [];
const problems: string[] = [];

async function open(at = url): Promise<Database> {
  const made = await openPostgres({ connection: postgresUrl(at), connections: 5, onProblem: (p) => problems.push(p) });
  opened.push(made);
  return made;
}

beforeAll(async () => {
  server = await startPostgres();
  url = await freshDatabase(server);
  db = await open();
  await db.run('create table t (id bigint primary key, name text not null, bytes bytea, flag boolean)');
});
afterAll(async () => {
  for (const d of opened) await d.close();
  await server.stop();
});

/** Resolves when `call` is called for the `n`th time. */
function calls(n = 1): { call: (value?: string) => void; done: Promise<string[]> } {
  const seen: string[] = [];
  let finish: (all: string[]) => void = () => undefined;
  const done = new Promise<string[]>((resolve) => (finish = resolve));
  return { call: (value = '') => (seen.push(value) === n ? finish(seen) : undefined), done };
}

describe('a PostgreSQL server', () => {
  it('gives rows as the embedded database does', async () => {
    expect(await db.run('insert into t values ($1, $2, $3, $4)', [2 ** 40, 'a', Uint8Array.of(0, 255), true])).toBe(1);
    const row = z.strictObject({ id: z.number(), name: z.string(), bytes: z.instanceof(Uint8Array), flag: z.boolean() });
    const found = await db.first(row, 'select * from t where id = $1', [2 ** 40]);
    expect(found).toMatchObject({ id: 2 ** 40, name: 'a', flag: true });
    expect([...(found?.bytes ?? [])]).toEqual([0, 255]);
    expect(await db.first(row, 'select * from t where id = 1')).toBeUndefined();
    expect(await db.first(z.strictObject({ n: z.number() }), 'select count(*) as n from t')).toEqual({ n: 1 });
    expect(await db.run('select 1')).toBe(0);
    await expect(db.rows(z.object({ n: z.number() }), 'select 9007199254740993::bigint as n')).rejects.toThrow(/expected number/);
  });

  it('rolls back what is thrown out of', async () => {
    await expect(db.transaction(async (tx) => {
      await tx.run("insert into t values (10, 'gone')");
      throw new Error('no');
    })).rejects.toThrow('no');
    expect(await db.rows(z.unknown(), 'select 1 from t where id = 10')).toEqual([]);
  });

  it('never takes a failed transaction for a committed one', async () => {
    await expect(db.transaction(async (tx) => {
      await tx.run("insert into t values (11, 'gone')");
      await tx.run('select no_such_column from t').catch(() => undefined);
    })).rejects.toBeInstanceOf(BugError);
    expect(await db.rows(z.unknown(), 'select 1 from t where id = 11')).toEqual([]);
  });

  it('runs the loser of a race again, which then finds the winner', async () => {
    const both = calls(2);
    const ensure = (name: string): Promise<string> =>
      db.transaction(async (tx) => {
        const found = await tx.first(z.object({ name: z.string() }), 'select name from t where id = 20');
        if (found !== undefined) return found.name;
        both.call();
        await both.done;
        await tx.run('insert into t values (20, $1)', [name]);
        return name;
      });
    const [a, b] = await Promise.all([ensure('first'), ensure('second')]);
    expect(a).toBe(b);
  });

  it('gives a lock to one transaction at a time', async () => {
    const other = await open();
    await db.transaction(async (tx) => {
      expect(await tryLockFor(tx, 'x')).toBe(true);
      expect(await other.transaction((t) => tryLockFor(t, 'x'))).toBe(false);
      expect(await other.transaction((t) => tryLockFor(t, 'y'))).toBe(true);
    });
    await other.transaction((t) => lockFor(t, 'x'));
  });

  it('is migrated once by many processes that start at once', async () => {
    const empty = await freshDatabase(server);
    await Promise.all([open(empty), open(empty), open(empty), open(empty)]);
    const [first] = opened.slice(-1);
    expect(await first?.rows(z.object({ id: z.number() }), 'select id from migrations order by id')).toEqual([...migrations].map((m) => ({ id: m.id })).sort((x, y) => x.id - y.id));
  });

  it('of a newer store is refused', async () => {
    const newer = await freshDatabase(server);
    const made = await open(newer);
    await made.run("insert into migrations values (9999, 'of the future', 0)");
    await expect(open(newer)).rejects.toThrow(/newer version/);
  });
});

describe('notifications', () => {
  it('reach every process after the commit, and none after a rollback', async () => {
    const [a, b] = [await open(), await open()];
    const [atA, atB] = [calls(), calls()];
    await a.listen('news', atA.call);
    await b.listen('news', atB.call);
    await a.transaction(async (tx) => {
      await tx.run("select pg_notify('news', 'undone')");
      throw new Error('no');
    }).catch(() => undefined);
    await a.transaction((tx) => tx.run("select pg_notify('news', 'done')"));
    expect(await atA.done).toEqual(['done']);
    expect(await atB.done).toEqual(['done']);
  });

  it('and statements go on after the server was away, and the gap is told', async () => {
    const back = calls();
    const after = calls();
    const own = await open();
    await own.listen('news', after.call, back.call);
    await server.down();
    await expect(own.run('select 1')).rejects.toMatchObject({ name: 'EnvironmentError', code: 'env.unreachable' });
    await expect(own.transaction((tx) => tx.run('select 1'))).rejects.toMatchObject({ code: 'env.unreachable' });
    await server.up();
    await back.done;
    await own.run("select pg_notify('news', 'again')");
    expect(await after.done).toEqual(['again']);
    expect(problems.join()).toMatch(/notifications was lost/);
  });

  it('end a transaction that was under way when the server crashed as one that did not happen', async () => {
    const own = await open();
    await expect(own.transaction(async (tx) => {
      await tx.run("insert into t values (30, 'lost')");
      await server.down('crash');
      await server.up();
      await tx.run("insert into t values (31, 'lost')");
    })).rejects.toBeInstanceOf(EnvironmentError);
    expect(await own.rows(z.unknown(), 'select 1 from t where id in (30, 31)')).toEqual([]);
  });
});

describe('an address', () => {
  it.each([
    ['mysql://a:b@localhost/x', /needs user, host and database/],
    ['postgres://localhost/x', /needs user/],
    ['postgres://a:geheim@localhost', /needs user, host and database/],
    ['postgres://a:geheim@db.example/x?sslmode=require', /proves nothing/],
    ['postgres://a:geheim@db.example/x?sslmod=verify-full', /unknown parameter sslmod/],
    ['not a url', /not a URL/],
  ])('%s is refused without naming its password', (text, message) => {
    expect(() => postgresUrl(text)).toThrow(message);
    expect(() => postgresUrl(text)).toThrow(expect.not.objectContaining({ message: expect.stringContaining('geheim') as unknown }) as Error);
  });

  it('beyond this machine means verified TLS unless it says otherwise', () => {
    expect(postgresUrl('postgres://a:b%40c@db.example/x')).toMatchObject({ host: 'db.example', port: 5432, password: 'b@c', ssl: { rejectUnauthorized: true } });
    expect(postgresUrl('postgres://a:b@db.example/x?sslmode=disable').ssl).toBe(false);
    expect(postgresUrl('postgres://a:b@127.0.0.1:1/x').ssl).toBe(false);
  });

  it('where nobody listens, or with a wrong password, is named as the environment\'s fault', async () => {
    await expect(open(`postgres://a:geheim@127.0.0.1:${await freePort()}/x`)).rejects.toMatchObject({ code: 'env.unreachable', message: expect.not.stringContaining('geheim') as unknown });
    await expect(open(url.replace(server.password, 'geheim'))).rejects.toMatchObject({ code: 'env.unreachable', message: expect.stringMatching(/refuses the sign-in/) as unknown });
  });
});
