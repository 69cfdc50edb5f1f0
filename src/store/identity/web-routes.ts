/** Sign-in of browsers: out to the provider, back with its answer, into a cookie; and out again. */
import { callbackQuery, emptyReply, issuerParams, loginQuery } from '../../contract/store/index.ts';
import type { Clock } from '../../base/clock.ts';
import { sha256Hex } from '../crypto/keys.ts';
import type { Queries } from '../db/database.ts';
import type { Context } from '../http/context.ts';
import { cookieJar, type CookieJar } from '../http/cookies.ts';
import { StoreError } from '../http/errors.ts';
import { localPath } from '../http/public-url.ts';
import { type CookieReply, json, none, redirect, type Router, withCookies } from '../http/route.ts';
import { principalOf, type TrustedIssuer } from './id-token.ts';
import { LOGIN_TTL_MS, loginCookie, loginRefused, newLogin, rememberLogin, secretsOf, takeLogin } from './logins.ts';
import { type CodeFlow, codeFlow } from './oidc-provider.ts';
import { rememberPerson } from './people.ts';
import { endSession, openSession } from './sessions.ts';
import { type ProvenPerson, reachable, type SignInMethod } from './sign-in-methods.ts';

export interface WebOptions {
  readonly methods: readonly SignInMethod[];
  readonly oidc: readonly OidcMethod[];
  readonly publicUrl: () => URL;
  readonly clock: Clock;
  readonly sessionTtlMs: number;
}

export interface OidcMethod extends SignInMethod {
  readonly issuer: TrustedIssuer;
  readonly flow: CodeFlow;
}

/** One redirect address per provider: an answer of one can never be taken for an answer of another (RFC 9700 section 4.4). */
const callbackUrl = (publicUrl: () => URL, id: string): URL => new URL(`/auth/callback/${id}`, publicUrl());

export function oidcMethod(issuer: TrustedIssuer, publicUrl: () => URL): OidcMethod {
  const flow = codeFlow(issuer);
  return {
    id: issuer.id,
    name: issuer.name,
    protocol: 'oidc',
    issuer,
    flow,
    begin: async (secrets) => ({ url: await flow.authorizationUrl(secrets, callbackUrl(publicUrl, issuer.id)) }),
  };
}

export const jarOf = (publicUrl: () => URL): CookieJar => cookieJar(publicUrl().protocol === 'https:');

export function webRoutes(route: Router, o: WebOptions): void {
  loginRoute(route, o);
  callbackRoute(route, o);
  route({
    ...none,
    method: 'POST',
    path: '/auth/logout',
    auth: 'user',
    action: 'web.logout',
    reply: withCookies(json(emptyReply)),
    handler: async (ctx) => {
      const jar = jarOf(o.publicUrl);
      await ctx.commit('session', (tx) => endSession(tx, ctx.user.sessionId, ctx.user));
      return { cookies: [jar.clear(jar.sessionName, 'strict')], result: {} };
    },
  });
}

function loginRoute(route: Router, o: WebOptions): void {
  route({
    ...none,
    method: 'GET',
    path: '/auth/login',
    auth: 'public',
    action: 'web.login',
    query: loginQuery,
    reply: withCookies(redirect),
    ratePerMinute: 60,
    handler: async (ctx) => {
      const publicUrl = o.publicUrl();
      // Cookies belong to one host: a page opened under another name of this machine begins again under the right one.
      if (ctx.headers['host'] !== publicUrl.host) {
        ctx.unaudited();
        return { cookies: [], result: new URL(`/auth/login?${new URLSearchParams(ctx.query).toString()}`, publicUrl) };
      }
      const method = o.methods.find((m) => m.id === ctx.query.issuer);
      if (method === undefined) throw new StoreError('bad_request', 'no such way to sign in');
      const returnTo = localPath(ctx.query.return_to, publicUrl);
      if (returnTo === undefined) throw new StoreError('bad_request', 'return_to must be a path of this store');
      const secrets = newLogin();
      const begun = await reachable(() => method.begin(secrets));
      const nowMs = o.clock.nowMs();
      await ctx.commit(method.id, (tx) =>
        rememberLogin(tx, secrets, { issuerId: method.id, returnTo, nowMs, ...(begun.requestId === undefined ? {} : { requestId: begun.requestId }) }),
      );
      const jar = jarOf(o.publicUrl);
      const sameSite = method.protocol === 'saml' ? 'none' : 'lax';
      return { cookies: [jar.set(loginCookie(jar, secrets.state), secrets.browser, { sameSite, maxAgeS: LOGIN_TTL_MS / 1000 })], result: begun.url };
    },
  });
}

function callbackRoute(route: Router, o: WebOptions): void {
  route({
    ...none,
    method: 'GET',
    path: '/auth/callback/:issuer',
    auth: 'public',
    action: 'web.signin',
    params: issuerParams,
    query: callbackQuery,
    reply: withCookies(redirect),
    ratePerMinute: 60,
    handler: async (ctx) => {
      const method = o.oidc.find((m) => m.id === ctx.params.issuer);
      if (method === undefined) throw loginRefused('no such provider');
      const secrets = secretsOf(jarOf(o.publicUrl), headerText(ctx.headers['cookie']), ctx.query.state);
      const login = await takeLogin(ctx.db, o.clock, { secrets, issuerId: method.id });
      const answer = callbackUrl(o.publicUrl, method.id);
      answer.search = new URL(ctx.url, o.publicUrl()).search;
      const proven = await reachable(async (): Promise<ProvenPerson> => {
        const { idToken, nonce } = await method.flow.redeem(secrets, answer);
        const person = await principalOf(method.issuer, { token: idToken, nonce, audience: method.issuer.webClientId }, o.clock);
        return { person, proofSha256: sha256Hex(idToken) };
      });
      return finishSignIn(ctx, o, { proven, returnTo: login.return_to, state: ctx.query.state, sameSite: 'lax' });
    },
  });
}

/** A header that came once. */
export const headerText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** A new session in a new cookie, whatever the browser had before: nobody can prepare a session for another (fixation). */
export async function finishSignIn<P, Q, B>(
  ctx: Context<P, Q, B>,
  o: Pick<WebOptions, 'publicUrl' | 'clock' | 'sessionTtlMs'>,
  done: { proven: ProvenPerson; returnTo: string; state: string; sameSite: 'lax' | 'none'; once?: (tx: Queries) => Promise<void> },
): Promise<CookieReply<URL>> {
  const { person, proofSha256 } = done.proven;
  const jar = jarOf(o.publicUrl);
  const nowMs = o.clock.nowMs();
  const token = await ctx.commit(
    `${person.iss} ${person.sub}`,
    async (tx) => {
      await done.once?.(tx);
      await rememberPerson(tx, person, nowMs);
      return openSession(tx, { iss: person.iss, sub: person.sub, kind: 'browser', proofSha256, address: ctx.actor.address, userAgent: ctx.userAgent, nowMs, expiresMs: nowMs + o.sessionTtlMs });
    },
    { detail: `groups ${person.groups.join(',')}` },
  );
  return {
    cookies: [jar.clear(loginCookie(jar, done.state), done.sameSite), jar.set(jar.sessionName, token, { sameSite: 'strict', maxAgeS: Math.floor(o.sessionTtlMs / 1000) })],
    result: new URL(done.returnTo, o.publicUrl()),
  };
}
