import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createStoreClient } from '../../proxy/core/store-client.ts';
import { startTestStore, type TestStore } from '../../testing/store-harness.ts';

let store: TestStore;
beforeAll(async () => {
  store = await startTestStore();
});
afterAll(() => store.stop());

/** A browser's part: follows redirects, keeps cookies, and stops where the app's loopback address begins. */
class Browser {
  readonly #cookies = new Map<string, string>();
  async open(url: string, init: RequestInit = {}): Promise<{ url: string; html: string; status: number }> {
    let next = url;
    let request = init;
    for (let hop = 0; hop < 10; hop++) {
      if (next.startsWith('http://127.0.0.1:1/')) return { url: next, html: '', status: 302 };
      const response = await fetch(next, { ...request, redirect: 'manual', headers: { ...(request.headers as Record<string, string> | undefined), cookie: [...this.#cookies].map(([k, v]) => `${k}=${v}`).join('; ') } });
      for (const line of response.headers.getSetCookie()) {
        const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
        this.#cookies.set(name, value);
      }
      const location = response.headers.get('location');
      if (location === null) return { url: next, html: await response.text(), status: response.status };
      next = new URL(location, next).toString();
      request = {};
    }
    throw new Error('too many redirects');
  }
  submit(url: string, fields: Record<string, string>): ReturnType<Browser['open']> {
    return this.open(url, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(fields).toString() });
  }
}

interface Flow {
  readonly url: string;
  readonly nonce: string;
  /** The token endpoint's answer to the code in that address. */
  readonly exchange: (back: string, verifier?: string) => Promise<{ status: number; idToken: string | undefined }>;
}

const random = (): string => randomBytes(32).toString('base64url');

async function authorization(): Promise<Flow> {
  const info = await createStoreClient({ url: store.url() }).info();
  const { issuer, clientId } = info.issuers.find((i) => i.dev)!;
  const metadata = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as { authorization_endpoint: string; token_endpoint: string };
  const [verifier, nonce, redirect] = [random(), random(), 'http://127.0.0.1:1/callback'];
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const query = { client_id: clientId, response_type: 'code', redirect_uri: redirect, scope: 'openid profile email groups', code_challenge: challenge, code_challenge_method: 'S256', nonce, state: random() };
  return {
    url: `${metadata.authorization_endpoint}?${new URLSearchParams(query).toString()}`,
    nonce,
    exchange: async (back, given = verifier) => {
      const code = new URL(back).searchParams.get('code') ?? '';
      const body = new URLSearchParams({ grant_type: 'authorization_code', client_id: clientId, code, redirect_uri: redirect, code_verifier: given });
      const response = await fetch(metadata.token_endpoint, { method: 'POST', body });
      return { status: response.status, idToken: ((await response.json()) as { id_token?: string }).id_token };
    },
  };
}

it('signs a person in with authorization code and PKCE, as the app does', async () => {
  const { url, nonce, exchange } = await authorization();
  const browser = new Browser();
  const page = await browser.open(url);
  expect(page.html).toContain('Alice');
  expect(page.html).toContain('Carol');
  const back = await browser.submit(page.url, { subject: 'alice@example.com' });
  expect(back.url).toContain('http://127.0.0.1:1/callback?code=');
  const { idToken } = await exchange(back.url);
  const client = createStoreClient({ url: store.url() });
  const identity = await client.signIn(idToken!, nonce);
  expect(identity.principal).toEqual({ kind: 'User', issuer: 'urn:sallyport:dev-idp', subject: 'alice@example.com', name: 'Alice', groups: ['engineering'] });
});

it('asks for the password where one is set', async () => {
  const { url } = await authorization();
  const browser = new Browser();
  const page = await browser.open(url);
  const refused = await browser.submit(page.url, { subject: 'carol@example.com', password: 'wrong' });
  expect(refused.status).toBe(403);
  expect(refused.html).toContain('not the right password');
  const unknown = await browser.submit(page.url, { subject: 'root@example.com' });
  expect(unknown.status).toBe(403);
  const back = await browser.submit(page.url, { subject: 'carol@example.com', password: 'open sesame' });
  expect(back.url).toContain('code=');
});

it('refuses an authorization request without PKCE', async () => {
  const { url } = await authorization();
  const bare = new URL(url);
  bare.searchParams.delete('code_challenge');
  bare.searchParams.delete('code_challenge_method');
  const back = await new Browser().open(bare.toString());
  expect(back.url).toContain('error=invalid_request');
});

it('shows nothing for an interaction of another browser', async () => {
  const { url } = await authorization();
  const page = await new Browser().open(url);
  const stranger = await new Browser().open(page.url);
  expect(stranger.status).toBe(400);
});

it('gives no token for a code without its PKCE verifier', async () => {
  const { url, exchange } = await authorization();
  const browser = new Browser();
  const back = await browser.submit((await browser.open(url)).url, { subject: 'alice@example.com' });
  expect(await exchange(back.url, random())).toEqual({ status: 400, idToken: undefined });
});
