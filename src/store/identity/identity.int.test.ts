import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStoreClient } from '../../proxy/core/store-client.ts';
import { startTestStore, type TestStore } from '../../testing/store-harness.ts';

/** An OpenID provider reduced to what the store reads of one: discovery and keys. */
async function issuerServer(): Promise<{ url: string; server: Server; sign: (claims: Record<string, unknown>, o?: SignOptions) => Promise<string> }> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const other = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const server = createServer((req, res) => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(req.url?.startsWith('/.well-known') ? { issuer: url, jwks_uri: `${url}/jwks` } : { keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sign = (claims: Record<string, unknown>, o: SignOptions = {}): Promise<string> =>
    new SignJWT({ name: 'Bob', groups: ['ops'], ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer(o.iss ?? url)
      .setAudience(o.aud ?? 'sallyport')
      .setSubject('bob')
      .setIssuedAt()
      .setExpirationTime(o.exp ?? '5m')
      .sign(o.foreignKey === true ? other.privateKey : privateKey);
  return { url, server, sign };
}
interface SignOptions {
  readonly iss?: string;
  readonly aud?: string | string[];
  readonly exp?: string | number;
  readonly foreignKey?: boolean;
}

let issuer: Awaited<ReturnType<typeof issuerServer>>;
let store: TestStore;
beforeAll(async () => {
  issuer = await issuerServer();
  store = await startTestStore({ issuers: [{ issuer: issuer.url, client_id: 'sallyport', kind: 'Agent' }] });
});
afterAll(async () => {
  await store.stop();
  issuer.server.close();
});

const signIn = (token: string, nonce?: string): Promise<unknown> => createStoreClient({ url: store.url() }).signIn(token, nonce);

describe('sign-in', () => {
  it('accepts a token of a configured issuer and says who it is', async () => {
    const client = createStoreClient({ url: store.url() });
    const identity = await client.signIn(await issuer.sign({}));
    expect(identity.principal).toEqual({ kind: 'Agent', issuer: issuer.url, subject: 'bob', name: 'Bob', groups: ['ops'] });
    const me = await client.me();
    expect(me.principal.sub).toBe('bob');
    expect(me.roles).toEqual({ admin: false, auditor: false });
  });

  it('refuses a token for another audience', async () => {
    await expect(signIn(await issuer.sign({}, { aud: 'somebody-else' }))).rejects.toThrow(/"aud"/);
  });

  it('refuses a token for several audiences that was issued to another client', async () => {
    await expect(signIn(await issuer.sign({ azp: 'other' }, { aud: ['sallyport', 'other'] }))).rejects.toThrow(/another client/);
  });

  it('refuses an expired token', async () => {
    await expect(signIn(await issuer.sign({}, { exp: Math.floor(Date.now() / 1000) - 120 }))).rejects.toThrow(/"exp"/);
  });

  it('refuses a token signed by another key', async () => {
    await expect(signIn(await issuer.sign({}, { foreignKey: true }))).rejects.toThrow(/signature/);
  });

  it('refuses a token of an issuer that is not configured', async () => {
    await expect(signIn(await issuer.sign({}, { iss: 'https://evil.example' }))).rejects.toThrow(/does not trust/);
  });

  it('refuses alg none', async () => {
    const token = new UnsecuredJWT({ sub: 'bob' }).setIssuer(issuer.url).setAudience('sallyport').setIssuedAt().setExpirationTime('5m').encode();
    await expect(signIn(token)).rejects.toThrow(/refused/);
  });

  it('refuses a groups claim that is not a list of names', async () => {
    await expect(signIn(await issuer.sign({ groups: 'ops' }))).rejects.toThrow(/groups/);
  });

  it('holds a token to the nonce of its sign-in, both ways', async () => {
    const token = await issuer.sign({ nonce: 'n-1' });
    await expect(signIn(token)).rejects.toThrow(/nonce/);
    await expect(signIn(token, 'n-2')).rejects.toThrow(/nonce/);
    await expect(signIn(await issuer.sign({}), 'n-1')).rejects.toThrow(/nonce/);
    await expect(signIn(token, 'n-1')).resolves.toMatchObject({ principal: { subject: 'bob' } });
  });

  it('ends a session at sign-out and at its expiry', async () => {
    const client = createStoreClient({ url: store.url() });
    const { token } = await client.signIn(await store.token('alice@example.com'));
    const second = createStoreClient({ url: store.url(), userToken: () => token });
    await second.me();
    await client.signOut();
    await expect(second.me()).rejects.toMatchObject({ refusal: 'unauthenticated' });
    const third = createStoreClient({ url: store.url() });
    await third.signIn(await store.token('alice@example.com'));
    store.clock.offsetMs = 13 * 3_600_000;
    await expect(third.me()).rejects.toMatchObject({ refusal: 'unauthenticated' });
    store.clock.offsetMs = 0;
  });

  it('refuses made-up bearer tokens', async () => {
    const client = createStoreClient({ url: store.url(), userToken: () => `sps_${'A'.repeat(43)}` });
    await expect(client.me()).rejects.toMatchObject({ refusal: 'unauthenticated' });
  });

  it('limits how often an address may try', async () => {
    const codes = new Set<number>();
    for (let i = 0; i < 70; i++) codes.add((await fetch(`${store.url()}/v1/signin`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).status);
    expect([...codes].sort()).toEqual([400, 429]);
  });
});

describe('development identity provider', () => {
  it('refuses a token request without the secret of the data directory', async () => {
    const body = JSON.stringify({ subject: 'root@example.com', groups: ['platform'] });
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(`${store.url()}/v1/dev/token`, { method: 'POST', headers, body })).status).toBe(403);
    expect((await fetch(`${store.url()}/v1/dev/token`, { method: 'POST', headers: { ...headers, 'sallyport-dev-secret': 'x'.repeat(43) }, body })).status).toBe(403);
  });

  it('has no such route when it is not configured', async () => {
    const without = await startTestStore({ dev_idp: undefined, issuers: [{ issuer: issuer.url, client_id: 'sallyport' }] });
    expect((await fetch(`${without.url()}/v1/dev/token`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).status).toBe(404);
    expect(without.store().devIdp).toBeUndefined();
    await without.stop();
  });
});
