import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from '../../base/clock.ts';
import { parseSessionId, uuidv7 } from '../../base/ids.ts';
import { TOKEN_EXCHANGE, tokenReply } from '../../contract/store/index.ts';
import { createStoreClient } from '../../proxy/core/store-client.ts';
import { openDeviceFile } from '../../proxy/core/store-client-device.ts';
import { startTestStore, type TestStore } from '../../testing/store-harness.ts';

/** What a CI platform offers: discovery, keys, and tokens about its jobs. */
async function platform() {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'ci', alg: 'RS256', use: 'sig' };
  const server: Server = createServer((req, res) => {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(req.url?.startsWith('/.well-known') ? { issuer: url(), jwks_uri: `${url()}/jwks` } : { keys: [jwk] }));
  });
  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const job = { sub: 'repo:example/shop:environment:production', repository: 'example/shop', ref: 'refs/heads/main', environment: 'production', ref_protected: true };
  const token = (claims: Record<string, unknown> = {}, aud = 'sallyport-store', exp = '5m'): Promise<string> =>
    new SignJWT({ ...job, ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'ci' }).setIssuer(url()).setAudience(aud).setIssuedAt().setExpirationTime(exp).sign(privateKey);
  return { server, url: url(), token };
}

let ci: Awaited<ReturnType<typeof platform>>;
let store: TestStore;
beforeAll(async () => {
  ci = await platform();
  const base = { issuer: ci.url, audience: 'sallyport-store' };
  store = await startTestStore({
    devices: { enrolment: 'approval' },
    services: [
      { ...base, name: 'deploy', claims: { repository: 'example/shop', ref: 'refs/heads/*', environment: 'production', ref_protected: true }, groups: ['ci-deploy'], minutes: 10 },
      { ...base, name: 'tests', claims: { repository: 'example/*', ref: 'refs/**' }, groups: ['ci-test'] },
    ],
  });
});
afterAll(async () => {
  await store.stop();
  ci.server.close();
});

const post = (form: Record<string, string> | string, type = 'application/x-www-form-urlencoded'): Promise<Response> =>
  fetch(`${store.url()}/v1/token`, { method: 'POST', headers: { 'content-type': type }, body: typeof form === 'string' ? form : new URLSearchParams(form).toString() });
const exchange = (token: string): Promise<Response> => post({ grant_type: TOKEN_EXCHANGE, subject_token: token, subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' });
const taken = async (token: string) => {
  const response = await exchange(token);
  expect(response.status).toBe(200);
  return tokenReply.parse(await response.json());
};

describe('token exchange', () => {
  it('gives a job a short session with the groups of its rule', async () => {
    const reply = await taken(await ci.token({ groups: ['platform', 'audit'] }));
    expect(reply.expires_in).toBe(600);
    expect(reply.principal).toEqual({ kind: 'Agent', iss: ci.url, sub: 'deploy:repo:example/shop:environment:production', name: 'deploy', groups: ['ci-deploy'] });
    const client = createStoreClient({ url: store.url(), userToken: () => reply.access_token });
    expect((await client.me()).roles).toEqual({ engineer: false, approver: false, auditor: false, privacy_officer: false, security: false, admin: false, service: true });
    store.clock.offsetMs = 11 * 60_000;
    await expect(client.me()).rejects.toMatchObject({ refusal: 'unauthenticated' });
    store.clock.offsetMs = 0;
  });

  it('needs no approval of the device, but a device', async () => {
    const device = openDeviceFile(join(store.dataDir, 'job'));
    const client = createStoreClient({ url: store.url(), device, nowMs: () => store.clock.nowMs() });
    const identity = await client.exchangeToken(await ci.token());
    expect(identity.principal.kind).toBe('Agent');
    const session = parseSessionId(uuidv7(Date.now(), systemRandom.bytes(10)));
    await expect(client.lease('shop', session)).rejects.toThrow(/does not verify/);
    const enrolled = await client.enrolDevice('runner 7');
    expect(enrolled.state).toBe('enrolled');
    expect((await client.lease('shop', session)).user).toBe('app');
    // A day after the session the device has ended with it.
    store.clock.offsetMs = 25 * 3_600_000;
    await expect(client.uploadOpen(session, '{}')).rejects.toThrow(/enrolment has ended/);
    store.clock.offsetMs = 0;
  });

  it('takes the first rule that fits', async () => {
    expect((await taken(await ci.token({ environment: 'staging' }))).principal.groups).toEqual(['ci-test']);
    expect((await taken(await ci.token({ ref_protected: false }))).principal.name).toBe('tests');
    expect((await taken(await ci.token({ ref: 'refs/heads/feature/x' }))).principal.name).toBe('tests');
  });

  it('keeps jobs apart that have the same subject and different rules', async () => {
    const weak = await taken(await ci.token({ environment: 'staging' }));
    await taken(await ci.token());
    const me = await createStoreClient({ url: store.url(), userToken: () => weak.access_token }).me();
    expect(me.principal.groups).toEqual(['ci-test']);
  });

  it.each<[string, () => Promise<string>]>([
    ['another repository', () => ci.token({ repository: 'evil/shop' })],
    ['a repository whose name only begins so', () => ci.token({ repository: 'example2/shop' })],
    ['a claim of another type', () => ci.token({ repository: ['example/shop'] })],
    ['a text for a truth', () => ci.token({ repository: 'other/x', ref_protected: 'true' })],
    ['no repository', () => ci.token({ repository: undefined })],
    ['another audience', () => ci.token({}, 'https://example.com')],
    ['an expired token', () => ci.token({}, 'sallyport-store', '-5m')],
    ['a token of a person', () => store.token('alice@example.com', ['ci-deploy'])],
    ['no token', () => Promise.resolve('x')],
  ])('refuses %s', async (_name, token) => {
    const response = await exchange(await token());
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ error: { code: 'unauthenticated', message: 'the sign-in was refused' } });
  });

  it('does not take a job’s token as a person’s sign-in', async () => {
    await expect(createStoreClient({ url: store.url() }).signIn(await ci.token())).rejects.toThrow(/refused/);
  });

  it('reads forms strictly', async () => {
    const token = await ci.token();
    expect((await post({ grant_type: 'client_credentials', subject_token: token, subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' })).status).toBe(400);
    expect((await post({ grant_type: TOKEN_EXCHANGE, subject_token: token, subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' })).status).toBe(400);
    expect((await post({ grant_type: TOKEN_EXCHANGE, subject_token: token, subject_token_type: 'urn:ietf:params:oauth:token-type:jwt', scope: 'admin' })).status).toBe(400);
    expect((await post(`grant_type=${encodeURIComponent(TOKEN_EXCHANGE)}&subject_token=a&subject_token=b&subject_token_type=urn:ietf:params:oauth:token-type:jwt`)).status).toBe(400);
    expect((await post('{}', 'application/json')).status).toBe(400);
  });
});
