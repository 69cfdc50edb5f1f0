import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Browser, type Page } from '../../testing/browser.ts';
import { startTestStore, type TestStore } from '../../testing/store-harness.ts';

let store: TestStore;
beforeAll(async () => {
  store = await startTestStore();
});
afterAll(() => store.stop());

const login = (returnTo = '/auditor?q=1', issuer = 'dev'): string => `${store.url()}/auth/login?${new URLSearchParams({ issuer, return_to: returnTo }).toString()}`;
const me = z.object({ principal: z.object({ sub: z.string() }), session_id: z.string() });

async function signedIn(subject = 'alice@example.com', returnTo?: string): Promise<{ browser: Browser; landed: Page }> {
  const browser = new Browser();
  const page = await browser.open(login(returnTo));
  expect(page.html).toContain('Alice');
  return { browser, landed: await browser.submit(page, subject === 'carol@example.com' ? { subject, password: 'open sesame' } : { subject }) };
}

const post = (browser: Browser, path: string, headers: Record<string, string> = {}): Promise<Response> =>
  browser.request(`${store.url()}${path}`, { method: 'POST', headers: { origin: store.url(), 'sallyport-csrf': '1', 'content-type': 'application/json', ...headers }, body: '{}' });

describe('a browser', () => {
  it('signs in through the provider and comes back where it was', async () => {
    const { browser, landed } = await signedIn('alice@example.com', '/auditor?q=a%20b#event-7');
    expect(landed.url).toBe(`${store.url()}/auditor?q=a%20b#event-7`);
    const answer = await browser.request(`${store.url()}/v1/me`);
    expect(me.parse(await answer.json()).principal.sub).toBe('alice@example.com');
  });

  it('gets one HttpOnly, SameSite=Strict cookie, and none of the sign-in is left', async () => {
    const browser = new Browser();
    const page = await browser.open(login());
    const cookie = browser.cookie(store.url(), 'sallyport_login_');
    expect(cookie?.value).toMatch(/^[\w-]{43}$/);
    await browser.submit(page, { subject: 'alice@example.com' });
    expect([...(browser.cookies.get(store.url())?.keys() ?? [])]).toEqual(['sallyport_session']);
    expect(browser.cookies.get(store.url())?.get('sallyport_session')?.sameSite).toBe('strict');
  });

  it('sees its sessions and ends one', async () => {
    const { browser } = await signedIn();
    const other = await signedIn();
    const list = z.object({ sessions: z.array(z.object({ session_id: z.string(), kind: z.string(), current: z.boolean() })) });
    const { sessions } = list.parse(await (await browser.request(`${store.url()}/v1/sessions`)).json());
    expect(sessions.filter((s) => s.current)).toHaveLength(1);
    const mine = me.parse(await (await other.browser.request(`${store.url()}/v1/me`)).json()).session_id;
    expect(sessions.map((s) => s.session_id)).toContain(mine);
    const ended = await browser.request(`${store.url()}/v1/sessions/${mine}`, { method: 'DELETE', headers: { origin: store.url(), 'sallyport-csrf': '1' } });
    expect(ended.status).toBe(200);
    expect((await other.browser.request(`${store.url()}/v1/me`)).status).toBe(401);
    expect((await browser.request(`${store.url()}/v1/me`)).status).toBe(200);
  });

  it('is out after signing out, with the old cookie too', async () => {
    const { browser } = await signedIn();
    const old = browser.cookie(store.url(), 'sallyport_session')!;
    expect((await post(browser, '/auth/logout')).status).toBe(200);
    expect(browser.cookie(store.url(), 'sallyport_session')).toBeUndefined();
    expect((await fetch(`${store.url()}/v1/me`, { headers: { cookie: `${old.name}=${old.value}` } })).status).toBe(401);
  });

  it('is sent to the one host that cookies are for', async () => {
    const { port } = new URL(store.url());
    const page = await new Browser().open(`http://localhost:${port}/auth/login?issuer=dev`);
    expect(page.hops[1]).toBe(`${store.url()}/auth/login?issuer=dev&return_to=%2F`);
    expect(page.html).toContain('Alice');
  });
});

describe('a sign-in', () => {
  it.each(['//evil.example/', '/\\evil.example', 'https://evil.example/', '/..//evil.example', '/.//evil.example', 'javascript:alert(1)', '/%0d%0aset-cookie:x', ' /x', '/\t/evil.example', '/auth/logout', ''])(
    'does not lead to %j',
    async (target) => {
      const page = await new Browser(store.store().devIdp!.issuer).open(login(target));
      if (page.status === 302) {
        // Percent-encoded line breaks stay what they are: characters of a path on this host.
        expect(target).toBe('/%0d%0aset-cookie:x');
        return;
      }
      expect(page.status).toBe(400);
    },
  );

  it('is refused for a provider that is not there', async () => {
    expect((await new Browser().open(login('/', 'nobody'))).status).toBe(400);
  });

  const answer = async (): Promise<{ browser: Browser; callback: string }> => {
    const browser = new Browser(`${store.url()}/auth/callback`);
    const page = await browser.open(login());
    const back = await browser.submit(page, { subject: 'alice@example.com' });
    expect(back.url).toContain('/auth/callback/dev?');
    return { browser, callback: back.url };
  };
  const finish = (browser: Browser, url: string): Promise<Response> => browser.request(url);

  it('works once', async () => {
    const { browser, callback } = await answer();
    const cookie = browser.cookie(store.url(), 'sallyport_login_')!;
    expect((await finish(browser, callback)).status).toBe(303);
    const again = await fetch(callback, { redirect: 'manual', headers: { cookie: `${cookie.name}=${cookie.value}` } });
    expect(again.status).toBe(401);
    expect(again.headers.getSetCookie()).toEqual([]);
  });

  it('works in the browser that began it only', async () => {
    const { browser, callback } = await answer();
    const stranger = await fetch(callback, { redirect: 'manual' });
    expect(stranger.status).toBe(401);
    const cookie = browser.cookie(store.url(), 'sallyport_login_')!;
    const forged = await fetch(callback, { redirect: 'manual', headers: { cookie: `${cookie.name}=${'A'.repeat(43)}` } });
    expect(forged.status).toBe(401);
    const planted = await fetch(callback, { redirect: 'manual', headers: { cookie: `${cookie.name}=x; ${cookie.name}=${cookie.value}` } });
    expect(planted.status).toBe(401);
    expect((await finish(browser, callback)).status).toBe(303);
  });

  it.each([
    ['another state', (u: URL) => u.searchParams.set('state', 'A'.repeat(43))],
    ['another code', (u: URL) => u.searchParams.set('code', 'stolen')],
    ['another issuer (mix-up)', (u: URL) => u.searchParams.set('iss', 'https://evil.example')],
    ['an error of the provider', (u: URL) => u.searchParams.set('error', 'access_denied')],
    ['another provider’s address', (u: URL) => (u.pathname = '/auth/callback/other')],
    ['no state', (u: URL) => u.searchParams.delete('state')],
  ])('is refused with %s', async (_name, change) => {
    const { browser, callback } = await answer();
    const url = new URL(callback);
    change(url);
    const response = await finish(browser, url.href);
    expect([400, 401]).toContain(response.status);
    expect(browser.cookie(store.url(), 'sallyport_session')).toBeUndefined();
  });

  it('expires', async () => {
    const { browser, callback } = await answer();
    store.clock.offsetMs = 11 * 60_000;
    try {
      expect((await finish(browser, callback)).status).toBe(401);
    } finally {
      store.clock.offsetMs = 0;
    }
  });

  it('gives a new session whatever the browser had: a planted one is replaced', async () => {
    const attacker = await signedIn('carol@example.com');
    const planted = attacker.browser.cookie(store.url(), 'sallyport_session')!;
    const victim = new Browser();
    victim.cookies.set(store.url(), new Map([['sallyport_session', { value: planted.value, sameSite: 'strict' }]]));
    await victim.submit(await victim.open(login()), { subject: 'alice@example.com' });
    const now = me.parse(await (await victim.request(`${store.url()}/v1/me`)).json());
    expect(now.principal.sub).toBe('alice@example.com');
    expect(victim.cookie(store.url(), 'sallyport_session')?.value).not.toBe(planted.value);
    expect((await attacker.browser.request(`${store.url()}/v1/me`)).status).toBe(200);
  });

  it('tells a stranger nothing, and the audit trail the reason', async () => {
    const page = await new Browser().open(`${store.url()}/auth/callback/dev?state=${'B'.repeat(43)}&code=x`);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.html).toContain('the sign-in was refused');
    expect(page.html).not.toMatch(/cookie|state/);
    const auditor = await store.person('audra@example.com', ['audit']);
    const trail = (await (await fetch(`${store.url()}/v1/audit?action=web.signin`, { headers: { authorization: `Bearer ${auditor.identity.token}` } })).json()) as { entries: { detail: string }[] };
    expect(trail.entries.map((e) => e.detail).join('\n')).toContain('the browser has no cookie for this sign-in');
  });
});

describe('a session cookie', () => {
  it('changes nothing without the header of our own page', async () => {
    const { browser } = await signedIn();
    expect((await browser.request(`${store.url()}/auth/logout`, { method: 'POST', headers: { origin: store.url() } })).status).toBe(403);
    expect((await browser.request(`${store.url()}/v1/me`)).status).toBe(200);
  });

  it.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['the null origin', { origin: 'null' }],
    ['another port of this host', { origin: 'http://127.0.0.1:1' }],
    ['a request that the browser calls cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['a request that the browser calls same-site', { 'sec-fetch-site': 'same-site' }],
  ])('changes nothing for %s', async (_name, headers) => {
    const { browser } = await signedIn();
    expect((await post(browser, '/auth/logout', headers)).status).toBe(403);
  });

  it('changes nothing without an origin', async () => {
    const { browser } = await signedIn();
    expect((await browser.request(`${store.url()}/auth/logout`, { method: 'POST', headers: { 'sallyport-csrf': '1' } })).status).toBe(403);
  });

  it('is not read across sites', async () => {
    const { browser } = await signedIn();
    expect((await browser.request(`${store.url()}/v1/me`, { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
  });

  it('is worth nothing as a bearer token, nor a bearer token as a cookie', async () => {
    const { browser } = await signedIn();
    const { value } = browser.cookie(store.url(), 'sallyport_session')!;
    expect((await fetch(`${store.url()}/v1/me`, { headers: { authorization: `Bearer ${value}` } })).status).toBe(401);
    const bob = await store.person('bob@example.com', []);
    expect((await fetch(`${store.url()}/v1/me`, { headers: { cookie: `sallyport_session=${bob.identity.token}` } })).status).toBe(401);
  });

  it('ends with the session', async () => {
    const { browser } = await signedIn();
    store.clock.offsetMs = 13 * 3_600_000;
    try {
      expect((await browser.request(`${store.url()}/v1/me`)).status).toBe(401);
    } finally {
      store.clock.offsetMs = 0;
    }
  });
});

describe('under https', () => {
  it('cookies carry __Host- and Secure, and answers HSTS', async () => {
    const behind = await startTestStore({ public_url: 'https://store.example.com' });
    try {
      const port = new URL(behind.url()).port;
      const response = await rawGet(Number(port), '/auth/login?issuer=dev', 'store.example.com');
      expect(response).toMatch(/^HTTP\/1\.1 303/);
      expect(response).toMatch(/set-cookie: __Host-sallyport_login_[0-9a-f]{12}=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600; Secure/i);
      expect(response).toMatch(/strict-transport-security: max-age=63072000/i);
      expect(response).toContain(encodeURIComponent('https://store.example.com/auth/callback/dev'));
    } finally {
      await behind.stop();
    }
  });
});

async function rawGet(port: number, path: string, host: string): Promise<string> {
  const { connect } = await import('node:net');
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`));
    let text = '';
    socket.setEncoding('utf8').on('data', (part) => (text += String(part)));
    socket.on('end', () => resolve(text)).on('error', reject);
  });
}
