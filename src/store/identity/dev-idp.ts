/**
 * The development identity provider: a real OpenID provider (authorization code with PKCE) on a loopback port of its
 * own, for demos and tests of an embedded store. It exists only where the configuration names its people.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { createLocalJWKSet, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import type Provider from 'oidc-provider';
import type { Configuration } from 'oidc-provider';
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { BugError, ConfigError, messageOf } from '../../base/errors.ts';
import { sha256Hex } from '../crypto/keys.ts';
import { secretFile } from '../storage/secret-file.ts';
import { memoryAdapters } from './dev-idp-memory.ts';
import { type DevPerson, messagePage, signInPage } from './dev-idp-page.ts';
import type { TrustedIssuer } from './id-token.ts';

export const DEV_CLIENT_ID = 'sallyport-app';
/** Its name in the store's sign-in URLs. */
export const DEV_ISSUER_ID = 'dev';
/** Issuer part of identities of this provider: its URL changes with its port, people do not. */
export const DEV_IDENTITY_ISSUER = 'urn:sallyport:dev-idp';
const TOKEN_TTL_S = 3_600;
const FORM_LIMIT_BYTES = 8 * 1024;

export interface DevIdp {
  readonly issuer: string;
  readonly clientId: string;
  readonly trusted: TrustedIssuer;
  /** An ID token for anybody, as if they had signed in: whoever can call this owns the machine's store. */
  devToken(person: { subject: string; name?: string | undefined; groups: readonly string[] }): Promise<string>;
  stop(): Promise<void>;
}

export interface DevIdpOptions {
  readonly dir: string;
  readonly people: readonly DevPerson[];
  readonly port: number;
  readonly clock: Clock;
  /** Where the store is reached, when that is not this machine's loopback. */
  readonly publicUrl: string | undefined;
}

/**
 * Loaded only where it is used. The library says on stdout and stderr that its defaults are for development, which is
 * what this is; stdout belongs to the ready line.
 */
async function makeProvider(issuer: string, settings: Configuration): Promise<Provider> {
  const { info, warn } = console;
  console.info = console.warn = (): void => undefined;
  try {
    const library = await import('oidc-provider');
    return new library.default(issuer, settings);
  } finally {
    Object.assign(console, { info, warn });
  }
}

export async function startDevIdp(o: DevIdpOptions): Promise<DevIdp> {
  const jwk = await signingKey(join(o.dir, 'dev-idp.key'));
  const server = createServer();
  const port = await listen(server, o.port);
  const issuer = `http://127.0.0.1:${port}`;
  // Made when a browser comes: devices and tests take their tokens from `devToken`.
  let made: Promise<Handler> | undefined;
  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    made ??= makeProvider(issuer, configuration(o, jwk)).then((provider) => handlerOf(provider, o.people));
    made
      .then((handle) => handle(req, res))
      .catch((error: unknown) => sendPage(res, 500, messagePage('Sign-in failed', messageOf(error))));
  });
  const key = await importJWK(jwk, 'ES256');
  const publicJwk = { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, kid: jwk.kid, alg: 'ES256', use: 'sig' };
  const jwks = createLocalJWKSet({ keys: [publicJwk] });
  return {
    issuer,
    clientId: DEV_CLIENT_ID,
    trusted: {
      id: DEV_ISSUER_ID,
      issuer,
      clientId: DEV_CLIENT_ID,
      webClientId: DEV_CLIENT_ID,
      name: 'Development sign-in',
      dev: true,
      kind: 'User',
      groupsClaim: 'groups',
      identityIssuer: DEV_IDENTITY_ISSUER,
      keys: () => Promise.resolve(jwks),
    },
    devToken: (person) => {
      const known = o.people.find((p) => p.subject === person.subject);
      const now = Math.floor(o.clock.nowMs() / 1000);
      return new SignJWT({ name: person.name ?? known?.name ?? person.subject, email: person.subject, groups: [...person.groups] })
        .setProtectedHeader({ alg: 'ES256', kid: jwk.kid ?? '', typ: 'JWT' })
        .setIssuer(issuer)
        .setAudience(DEV_CLIENT_ID)
        .setSubject(person.subject)
        .setIssuedAt(now)
        .setExpirationTime(now + TOKEN_TTL_S)
        .sign(key);
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const storedKey = z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string(), d: z.string(), kid: z.string() });

async function signingKey(path: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const fresh = await exportJWK(privateKey);
  const file = await secretFile(path, () => Buffer.from(JSON.stringify({ ...fresh, kid: `dev-${randomBytes(8).toString('hex')}` })));
  return { ...storedKey.parse(JSON.parse(file.toString('utf8'))), alg: 'ES256', use: 'sig' };
}

function configuration({ people, clock, publicUrl }: DevIdpOptions, jwk: JWK): Configuration {
  const web = `/auth/callback/${DEV_ISSUER_ID}`;
  return {
    adapter: memoryAdapters(() => clock.nowMs()),
    jwks: { keys: [{ ...jwk }] },
    clients: [
      {
        client_id: DEV_CLIENT_ID,
        // A native app: the port of a loopback redirect is free (RFC 8252 section 7.3).
        application_type: 'native',
        redirect_uris: [
          ...['http://127.0.0.1', 'http://localhost', 'http://[::1]'].flatMap((host) => [`${host}/callback`, `${host}${web}`]),
          ...(publicUrl?.startsWith('https:') === true ? [new URL(web, publicUrl).href] : []),
        ],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'none',
        id_token_signed_response_alg: 'ES256',
      },
    ],
    scopes: ['openid', 'profile', 'email', 'groups'],
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'], groups: ['groups'] },
    // Claims of the scopes go into the ID token: the store reads nothing else.
    conformIdTokenClaims: false,
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } },
    ttl: { AuthorizationCode: 60, IdToken: TOKEN_TTL_S, AccessToken: TOKEN_TTL_S, Interaction: 900, Session: 43_200, Grant: 43_200 },
    interactions: { url: (_ctx, i) => `/interaction/${i.uid}` },
    findAccount: (_ctx, id) => {
      const person = people.find((p) => p.subject === id);
      if (person === undefined) return undefined;
      return { accountId: id, claims: () => ({ sub: id, name: person.name, email: id, email_verified: true, groups: [...person.groups] }) };
    },
    loadExistingGrant: async (ctx) => {
      const { client, session } = ctx.oidc;
      const accountId = session?.accountId;
      if (client === undefined || accountId === undefined) return undefined;
      const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId });
      grant.addOIDCScope('openid profile email groups');
      await grant.save();
      return grant;
    },
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.body = messagePage('Sign-in failed', `${out.error}: ${out.error_description ?? ''}`);
    },
  };
}

type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

function handlerOf(provider: Provider, people: readonly DevPerson[]): Handler {
  const handle = provider.callback();
  return async (req, res) => {
    const path = (req.url ?? '/').split('?')[0] ?? '/';
    if (!path.startsWith('/interaction/')) await handle(req, res);
    else await interaction(provider, people, req, res).catch(() => sendPage(res, 400, messagePage('This sign-in has ended', 'Go back to Sallyport and start again.')));
  };
}

/** GET shows the people, POST signs one of them in. The provider's cookie ties both to the browser that started. */
async function interaction(provider: Provider, people: readonly DevPerson[], req: IncomingMessage, res: ServerResponse): Promise<void> {
  const details = await provider.interactionDetails(req, res);
  const action = `/interaction/${details.uid}`;
  if (details.prompt.name === 'consent') {
    // Native clients are always asked for consent; these people have given it by being in the configuration.
    await provider.interactionFinished(req, res, { consent: {} }, { mergeWithLastSubmission: true });
    return;
  }
  if (req.method !== 'POST') {
    sendPage(res, 200, signInPage(people, action));
    return;
  }
  const form = new URLSearchParams(await readForm(req));
  const person = people.find((p) => p.subject === form.get('subject'));
  if (person === undefined || !passwordMatches(person, form.get('password') ?? '')) {
    sendPage(res, 403, signInPage(people, action, 'That is not the right password.'));
    return;
  }
  await provider.interactionFinished(req, res, { login: { accountId: person.subject } }, { mergeWithLastSubmission: false });
}

function passwordMatches(person: DevPerson, given: string): boolean {
  if (person.password === undefined) return true;
  return timingSafeEqual(Buffer.from(sha256Hex(person.password)), Buffer.from(sha256Hex(given)));
}

async function readForm(req: IncomingMessage): Promise<string> {
  let size = 0;
  const parts: Buffer[] = [];
  for await (const part of req as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > FORM_LIMIT_BYTES) throw new ConfigError('the form is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function sendPage(res: ServerResponse, status: number, html: string): void {
  if (res.headersSent) return;
  res.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  res.end(html);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(new ConfigError(`the development identity provider cannot listen on 127.0.0.1:${port}: ${cause.message}`, { field: 'dev_idp.port' })));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new BugError('no port'));
      else resolve(address.port);
    });
  });
}
