import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStore, type TestStore } from '../../testing/store-harness.ts';

let store: TestStore;
beforeAll(async () => {
  store = await startTestStore({ limits: { requests_per_minute: 70, failures_per_minute: 40, request_seconds: 1 } });
});
afterAll(() => store.stop());
/** The next minute, in which nobody has asked anything. */
const nextMinute = (): void => void (store.clock.offsetMs += 61_000);

const me = async (token: string): Promise<number> => (await fetch(`${store.url()}/v1/me`, { headers: { authorization: `Bearer ${token}` } })).status;

describe('requests', () => {
  it('of one person are bounded, whatever their sessions, and those of others go on', async () => {
    nextMinute();
    const [one, two] = [(await store.person('alice@example.com', [])).identity.token, (await store.person('alice@example.com', [], 'second')).identity.token];
    const bob = (await store.person('bob@example.com', [])).identity.token;
    const codes: number[] = [];
    for (let i = 0; i < 80; i++) codes.push(await me(i % 2 === 0 ? one : two));
    expect(codes.slice(0, 50).every((c) => c === 200)).toBe(true);
    expect(codes.at(-1)).toBe(429);
    expect(await me(bob)).toBe(200);
    nextMinute();
    expect(await me(one)).toBe(200);
  });

  it('that prove nobody are bounded by address', async () => {
    nextMinute();
    const codes: number[] = [];
    for (let i = 0; i < 45; i++) codes.push(await me(`sps_${'A'.repeat(43)}`));
    expect(codes[0]).toBe(401);
    expect(codes.at(-1)).toBe(429);
    nextMinute();
    expect(await me(`sps_${'A'.repeat(43)}`)).toBe(401);
  });

  it('to sign in are bounded by address, for each route by itself', async () => {
    nextMinute();
    const codes = new Set<number>();
    for (let i = 0; i < 65; i++) codes.add((await fetch(`${store.url()}/auth/login?issuer=nobody`)).status);
    expect([...codes].sort()).toEqual([400, 429]);
    expect((await fetch(`${store.url()}/auth/saml/nobody/metadata`)).status).toBe(404);
  });
});

/** What comes back on a socket until the store closes it. */
const until = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (part) => (text += String(part)));
    socket.on('error', () => undefined).on('close', () => resolve(text));
  });
const open = async (): Promise<Socket> => {
  const socket = connect(Number(new URL(store.url()).port), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
};

describe('bodies', () => {
  it('that are too large are refused by their announced length', async () => {
    nextMinute();
    const response = await fetch(`${store.url()}/v1/signin`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: 'x'.repeat(1024 * 1024 + 1) }).catch(() => undefined);
    expect([413, undefined]).toContain(response?.status);
    const socket = await open();
    socket.write(`POST /v1/signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n`);
    expect(await until(socket)).toMatch(/^HTTP\/1\.1 413 .*connection: close/is);
  });

  it('of uploads are not read for a device that nobody enrolled', async () => {
    nextMinute();
    const socket = await open();
    const header = `dev_${'0'.repeat(32)} ${store.clock.nowMs()} ${'A'.repeat(22)} ${'A'.repeat(86)}==`;
    socket.write(`PUT /v1/recordings/01990000-0000-7000-8000-000000000000/chunks/0 HTTP/1.1\r\nHost: x\r\nSallyport-Device: ${header}\r\nContent-Type: application/gzip\r\nContent-Length: 60000000\r\n\r\n`);
    expect(await until(socket)).toMatch(/^HTTP\/1\.1 401 .*connection: close.*does not verify/is);
  });

  it('that never end are given up', async () => {
    nextMinute();
    const socket = await open();
    socket.write(`POST /v1/signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"id_`);
    expect(await until(socket)).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('and headers that never end are given up', async () => {
    nextMinute();
    const socket = await open();
    socket.write(`GET /v1/info HTTP/1.1\r\nHost: x\r\nX-Slow: a`);
    expect(await until(socket)).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe('every answer', () => {
  it.each(['/v1/info', '/v1/me', '/nothing/here', '/auth/login?issuer=nobody', '/v1/info?x=1'])('carries the security headers: %s', async (path) => {
    nextMinute();
    const { headers } = await fetch(`${store.url()}${path}`, { redirect: 'manual' });
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'") as string,
    });
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('server')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it('grants no other site anything', async () => {
    nextMinute();
    const response = await fetch(`${store.url()}/v1/me`, { method: 'OPTIONS', headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' } });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    expect(response.status).toBe(404);
  });
});
