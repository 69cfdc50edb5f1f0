/** Serving of the pages: an exact list of files, strict headers, a fresh nonce each time. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { copyStoreTemplate } from '../../testing/store-template.ts';
import { type Database, openEmbedded } from '../db/database.ts';
import { StoreError } from '../http/errors.ts';
import { Hub } from '../http/hub.ts';
import { makeRouter } from '../http/route.ts';
import { makeAuthorizer } from '../identity/authorization/authorizer.ts';
import { STORE_POLICIES } from '../identity/authorization/policies.ts';
import { webRoutes } from './routes.ts';
import { findSite, formFor, loadSite } from './site.ts';

const CODE = `${'export const answer = 42; '.repeat(40)}\n`;
let dir: string;
let site: string;
let app: FastifyInstance;
let db: Database;
let hub: Hub;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sallyport-site-'));
  site = join(dir, 'dist', 'auditor');
  mkdirSync(join(site, 'assets'), { recursive: true });
  writeFileSync(join(site, 'index.html'), '<meta name="csp-nonce" content="__CSP_NONCE__">');
  writeFileSync(join(site, 'assets', 'app-1a2b.js'), CODE);
  writeFileSync(join(site, 'assets', 'app-1a2b.js.gz'), gzipSync(CODE));
  writeFileSync(join(site, 'assets', 'forgotten.js'), 'not listed');
  writeFileSync(join(site, 'site.json'), JSON.stringify({ v: 1, files: [{ path: 'index.html', type: 'text/html', encodings: [] }, { path: 'assets/app-1a2b.js', type: 'text/javascript; charset=utf-8', encodings: ['gzip'] }] }));
  copyStoreTemplate(join(dir, 'pg'));
  db = await openEmbedded(join(dir, 'pg'));
  hub = await Hub.start(db);
  app = Fastify();
  app.setErrorHandler((error, _request, reply) => reply.status(error instanceof StoreError ? error.status : 500).send());
  webRoutes(makeRouter(app, { db, clock: systemClock, hub, authorizer: makeAuthorizer('site-test', STORE_POLICIES), authenticate: () => Promise.resolve({ user: undefined, device: undefined, address: '' }) }), site);
  await app.ready();
});
afterAll(async () => {
  await app.close();
  await hub.stop();
  await db.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('the pages', () => {
  it('are one document with a nonce of its own each time, under a policy without holes', async () => {
    const answers = await Promise.all(['/', '/sessions/0198', '/reports', '/reports/activity?from=x', '/activity', '/security-events', '/redactions', '/redactions/r-0198', '/devices', '/sign-ins?person=x', '/services'].map((url) => app.inject({ url })));
    const nonces = answers.map((a) => /content="([^"]+)"/.exec(a.body)?.[1] ?? '');
    expect(new Set(answers.map((a) => a.statusCode))).toEqual(new Set([200]));
    expect(new Set(nonces).size).toBe(nonces.length);
    answers.forEach((a, i) => {
      const policy = String(a.headers['content-security-policy']);
      expect(policy).toContain(`'nonce-${nonces[i] ?? ''}'`);
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|data:|\*/);
      expect(a.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cross-origin-opener-policy': 'same-origin' });
    });
  });

  it('serve listed assets for ever, compressed where the browser takes it', async () => {
    const packed = await app.inject({ url: '/assets/app-1a2b.js', headers: { 'accept-encoding': 'br, gzip' } });
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'public, max-age=31536000, immutable', vary: 'accept-encoding' });
    expect(gunzipSync(packed.rawPayload).toString()).toBe(CODE);
    const plain = await app.inject({ url: '/assets/app-1a2b.js', headers: { 'accept-encoding': 'gzip;q=0' } });
    expect([plain.headers['content-encoding'], plain.body]).toEqual([undefined, CODE]);
  });

  it.each(['/assets/forgotten.js', '/assets/../site.json', '/assets/%2e%2e/site.json', '/assets/..%2fsite.json', '/assets/app-1a2b.js.gz', '/assets/', '/assets/__proto__', '/site.json', '/index.html'])('have no %s', async (url) => {
    expect((await app.inject({ url })).statusCode).toBe(404);
  });
});

describe('the built site', () => {
  it('is found from where the code runs, and only with its list', () => {
    expect([findSite(join(dir, 'dist', 'cli')), findSite(join(dir, 'dist', 'main', 'chunks')), findSite(join(dir, 'src', 'store', 'web'))]).toEqual([site, site, site]);
    expect(findSite(join(tmpdir(), 'nowhere', 'a', 'b', 'c', 'd', 'e'))).toBeUndefined();
  });
  it('refuses a list with a path out of it', () => {
    const bad = join(dir, 'bad');
    mkdirSync(bad);
    writeFileSync(join(bad, 'site.json'), JSON.stringify({ v: 1, files: [{ path: 'assets/../../x', type: 'text/plain', encodings: [] }] }));
    expect(() => loadSite(bad)).toThrow();
  });
  it('sends what the browser asked for', () => {
    const asset = loadSite(site).assets.get('app-1a2b.js')!;
    expect(['gzip', 'GZIP ; q=0.5', 'identity', '', 'br'].map((a) => formFor(asset, a).encoding)).toEqual(['gzip', 'gzip', undefined, undefined, undefined]);
  });
});
