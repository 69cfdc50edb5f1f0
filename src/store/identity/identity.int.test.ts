import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStoreClient } from '../../proxy/core/store-client.ts';
import { startTestStore, type TestStore } from '../../testing/store-harness.ts';

/** An OpenID provider reduced to what the store reads of one: discovery and keys. */
async function issuerServer() {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const other = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const server = createServer((req, res) => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(req.url?.startsWith('/.well-known') ? { issuer: url, jwks_uri: `${url}/jwks` } : { keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sign = (claims: Record<string, unknown>, o: SignOptions = {}): Promise<string> => {
    const jwt = new SignJWT({ name: 'Bob', groups: ['ops'], sub: 'bob', ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...o.header })
      .setAudience(o.aud ?? 'sallyport')
      .setIssuedAt(o.iat);
    if (o.noIss !== true) jwt.setIssuer(o.iss ?? url);
    if (o.noExp !== true) jwt.setExpirationTime(o.exp ?? '5m');
    return jwt.sign(o.foreignKey === true ? other.privateKey : privateKey, { crit: { x: true } });
  };
  const signSymmetric = async (): Promise<string> =>
    new SignJWT({ sub: 'bob' }).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).setIssuer(url).setAudience('sallyport').setIssuedAt().setExpirationTime('5m').sign(new TextEncoder().encode(await exportSPKI(publicKey)));
  return { url, server, sign, signSymmetric, foreignJwk: () => exportJWK(other.publicKey) };
}
interface SignOptions {
  readonly iss?: string;
  readonly noIss?: boolean;
  readonly aud?: string | string[];
  readonly iat?: number;
  readonly exp?: string | number | undefined;
  readonly noExp?: boolean;
  readonly foreignKey?: boolean;
  readonly header?: Record<string, unknown>;
}

let issuer: Awaited<ReturnType<typeof issuerServer>>;
let store: TestStore;
let auditor: string;
beforeAll(async () => {
  issuer = await issuerServer();
  store = await startTestStore({ issuers: [{ issuer: issuer.url, client_id: 'sallyport', kind: 'Agent' }] });
  auditor = (await store.person('audra@example.com', ['audit'])).identity.token;
});
afterAll(async () => {
  await store.stop();
  issuer.server.close();
});

const signIn = (token: string, nonce?: string): Promise<unknown> => createStoreClient({ url: store.url() }).signIn(token, nonce);

/** The reason that the audit trail has for the newest refusal. */
async function reason(): Promise<string> {
  const response = await fetch(`${store.url()}/v1/audit?action=identity.signin&limit=1`, { headers: { authorization: `Bearer ${auditor}` } });
  return ((await response.json()) as { entries: { detail: string }[] }).entries[0]?.detail ?? '';
}
describe('sign-in', () => {
  it('accepts a token of a configured issuer and says who it is', async () => {
    const client = createStoreClient({ url: store.url() });
    const identity = await client.signIn(await issuer.sign({}));
    expect(identity.principal).toEqual({ kind: 'Agent', issuer: issuer.url, subject: 'bob', name: 'Bob', groups: ['ops'] });
    const me = await client.me();
    expect(me.principal.sub).toBe('bob');
    expect(me.roles).toEqual({ engineer: false, approver: false, auditor: false, privacy_officer: false, security: false, admin: false, service: true });
  });

  it.each<[string, () => Promise<string>, RegExp]>([
    ['for another audience', () => issuer.sign({}, { aud: 'somebody-else' }), /"aud"/],
    ['for several audiences, issued to another client', () => issuer.sign({ azp: 'other' }, { aud: ['sallyport', 'other'] }), /another client/],
    ['for several audiences, issued to nobody', () => issuer.sign({}, { aud: ['sallyport', 'other'] }), /another client/],
    ['issued to another client', () => issuer.sign({ azp: 'other' }), /another client/],
    ['that has expired', () => issuer.sign({}, { exp: Math.floor(Date.now() / 1000) - 120 }), /"exp"/],
    ['issued in the future', () => issuer.sign({}, { iat: Math.floor(Date.now() / 1000) + 300, exp: '15m' }), /in the future/],
    ['that is not valid yet', () => issuer.sign({ nbf: Math.floor(Date.now() / 1000) + 300 }), /"nbf"/],
    ['without an end', () => issuer.sign({}, { exp: undefined, noExp: true }), /"exp"/],
    ['signed by another key', () => issuer.sign({}, { foreignKey: true }), /signature/],
    ['signed by a key that it brings along (jwk)', async () => issuer.sign({}, { foreignKey: true, header: { jwk: await issuer.foreignJwk() } }), /signature/],
    ['signed by a key that it points to (jku)', () => issuer.sign({}, { foreignKey: true, header: { jku: `${issuer.url}/evil-jwks` } }), /signature/],
    ['with a key id that is none', () => issuer.sign({}, { header: { kid: "k1' or '1'='1" } }), /no applicable key/],
    ['with a key id that is a path', () => issuer.sign({}, { header: { kid: '../../../../dev/null' } }), /no applicable key/],
    ['with an extension that nobody knows (crit)', () => issuer.sign({}, { header: { crit: ['x'], x: 1 } }), /crit|Extension/i],
    ['of another issuer', () => issuer.sign({}, { iss: 'https://evil.example' }), /does not trust/],
    ['of no issuer', () => issuer.sign({}, { noIss: true }), /not a JWT with an issuer/],
    ['that is no ID token but an access token', () => issuer.sign({}, { header: { typ: 'at+jwt' } }), /proves no sign-in/],
    ['whose groups are not a list', () => issuer.sign({ groups: 'ops' }), /groups/],
    ['whose subject has a control character', () => issuer.sign({ sub: 'bob\nroot' }), /sub/],
    ['with alg none', () => Promise.resolve(new UnsecuredJWT({ sub: 'bob' }).setIssuer(issuer.url).setAudience('sallyport').setIssuedAt().setExpirationTime('5m').encode()), /alg/i],
    ['with HS256 and the public key as its secret', () => issuer.signSymmetric(), /"alg"/],
    ['that is no JWT', () => Promise.resolve('hello'), /not a JWT/],
  ])('refuses a token %s, and tells why to the audit trail only', async (_name, make, why) => {
    await expect(signIn(await make())).rejects.toThrow(/^the sign-in was refused$/);
    expect(await reason()).toMatch(why);
  });

  it('holds a token to the nonce of its sign-in, both ways', async () => {
    const token = await issuer.sign({ nonce: 'n-1' });
    await expect(signIn(token)).rejects.toThrow(/refused/);
    expect(await reason()).toMatch(/nonce/);
    await expect(signIn(token, 'n-2')).rejects.toThrow(/refused/);
    await expect(signIn(await issuer.sign({}), 'n-1')).rejects.toThrow(/refused/);
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
