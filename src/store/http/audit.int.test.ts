import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../base/clock.ts';
import { copyStoreTemplate } from '../../testing/store-template.ts';
import { type Database, openEmbedded } from '../db/database.ts';
import { makeAuthorizer } from '../identity/authorization/authorizer.ts';
import { Hub } from './hub.ts';
import { json, makeRouter, none } from './route.ts';

const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-audit-'));
const thing = z.object({ n: z.number() });
let db: Database;
let app: FastifyInstance;
let url: string;

beforeAll(async () => {
  copyStoreTemplate(join(dir, 'pg'));
  db = await openEmbedded(join(dir, 'pg'));
  await db.run('create table things (n integer)');
  app = Fastify();
  const authorizer = makeAuthorizer('audit-test', 'permit (principal in Role::"anybody", action in [Action::"test.write", Action::"test.silent", Action::"test.shape"], resource);');
  const route = makeRouter(app, { db, clock: systemClock, hub: await Hub.start(db), authorizer, authenticate: (request) => Promise.resolve({ user: undefined, device: undefined, address: request.ip }) });
  route({
    ...none,
    method: 'POST',
    path: '/write',
    auth: 'public',
    action: 'test.write',
    reply: json(z.object({ ok: z.boolean() })),
    handler: (ctx) =>
      ctx.commit('things', async (tx) => {
        await tx.run('insert into things values (1)');
        return { ok: true };
      }),
  });
  route({ ...none, method: 'GET', path: '/silent', auth: 'public', action: 'test.silent', reply: json(z.object({ secret: z.string() })), handler: () => Promise.resolve({ secret: 'told to nobody' }) });
  route({ ...none, method: 'GET', path: '/shape', auth: 'public', action: 'test.shape', reply: json(z.object({ n: z.number() })), handler: (ctx) => ctx.commit('x', () => Promise.resolve(JSON.parse('{"n":"one"}') as { n: number })) });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await app.close();
  await db.close();
  rmSync(dir, { recursive: true, force: true });
});

const things = async (): Promise<number> => (await db.rows(thing, 'select n from things')).length;

it('writes an audit row with each action', async () => {
  expect((await fetch(`${url}/write`, { method: 'POST' })).status).toBe(200);
  const rows = await db.rows(z.object({ action: z.string(), outcome: z.string() }), 'select action, outcome from audit');
  expect(rows).toEqual([{ action: 'test.write', outcome: 'ok' }]);
});

it('does not answer when a handler forgot to audit', async () => {
  const response = await fetch(`${url}/silent`);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('told to nobody');
});

it('does not answer with something that its schema does not describe', async () => {
  expect((await fetch(`${url}/shape`)).status).toBe(500);
});

it('undoes the action when the audit row cannot be written', async () => {
  const before = await things();
  await db.run('alter table audit rename to audit_away');
  expect((await fetch(`${url}/write`, { method: 'POST' })).status).toBe(500);
  expect(await things()).toBe(before);
  await db.run('alter table audit_away rename to audit');
  expect((await fetch(`${url}/write`, { method: 'POST' })).status).toBe(200);
  expect(await things()).toBe(before + 1);
});
