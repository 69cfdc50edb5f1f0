/** Sign-in with an ID token, sign-out, and who am I. */
import { timingSafeEqual } from 'node:crypto';
import { devTokenBody, devTokenReply, emptyReply, infoReply, meReply, signinBody, signinReply } from '../../contract/store/index.ts';
import type { Clock } from '../../base/clock.ts';
import { sha256Hex } from '../crypto/keys.ts';
import { StoreError } from '../http/errors.ts';
import { json, none, type Router } from '../http/route.ts';
import type { DevIdp } from './dev-idp.ts';
import { claimedIssuer, principalOf, tokenRefused, type TrustedIssuer } from './id-token.ts';
import { rememberPerson } from './people.ts';
import { endSession, openSession } from './sessions.ts';
import { reachable, type SignInMethod } from './sign-in-methods.ts';

export const DEV_SECRET_HEADER = 'sallyport-dev-secret';

export interface IdentityOptions {
  readonly organisation: string;
  readonly origin: string;
  readonly issuers: readonly TrustedIssuer[];
  readonly methods: readonly SignInMethod[];
  readonly sessionTtlMs: number;
  readonly clock: Clock;
  readonly dev: { readonly idp: DevIdp; readonly adminSecret: string } | undefined;
}

export function identityRoutes(route: Router, o: IdentityOptions): void {
  infoRoute(route, o);
  route({
    ...none,
    method: 'POST',
    path: '/v1/signin',
    auth: 'public',
    action: 'identity.signin',
    body: signinBody,
    reply: json(signinReply),
    ratePerMinute: 60,
    handler: async (ctx) => {
      const iss = claimedIssuer(ctx.body.id_token);
      const issuer = o.issuers.find((i) => i.issuer === iss);
      if (issuer === undefined) throw tokenRefused('the ID token comes from an issuer that this store does not trust');
      const person = await reachable(() => principalOf(issuer, { token: ctx.body.id_token, nonce: ctx.body.nonce, audience: issuer.clientId }, o.clock));
      const nowMs = o.clock.nowMs();
      const proofSha256 = sha256Hex(ctx.body.id_token);
      const expiresMs = nowMs + o.sessionTtlMs;
      const token = await ctx.commit(
        `${person.iss} ${person.sub}`,
        async (tx) => {
          await rememberPerson(tx, person, nowMs);
          return openSession(tx, { iss: person.iss, sub: person.sub, kind: 'bearer', proofSha256, address: ctx.actor.address, userAgent: ctx.userAgent, nowMs, expiresMs });
        },
        { detail: `groups ${person.groups.join(',')}` },
      );
      return { token, expires_ms: expiresMs, id_token_sha256: proofSha256, principal: person };
    },
  });
  route({
    ...none,
    method: 'POST',
    path: '/v1/signout',
    auth: 'user',
    action: 'identity.signout',
    reply: json(emptyReply),
    handler: (ctx) =>
      ctx.commit('session', async (tx) => {
        await endSession(tx, ctx.user.sessionId, ctx.user);
        return {};
      }),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/me',
    auth: 'user',
    action: 'identity.me',
    reply: json(meReply),
    handler: (ctx) => {
      const { kind, iss, sub, name, groups, expiresMs, roles, sessionId } = ctx.user;
      return ctx.commit('me', () => Promise.resolve({ principal: { kind, iss, sub, name, groups: [...groups] }, expires_ms: expiresMs, roles: { ...roles }, session_id: sessionId }));
    },
  });
  if (o.dev !== undefined) devTokenRoute(route, o.dev);
}

function infoRoute(route: Router, o: IdentityOptions): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/info',
    auth: 'public',
    action: 'info',
    reply: json(infoReply),
    handler: (ctx) => {
      // Public and without content of anybody: audited as read would only tell how often a client started.
      ctx.unaudited();
      const issuers = o.issuers.map((i) => ({ issuer: i.issuer, client_id: i.clientId, name: i.name, dev: i.dev }));
      const signin = o.methods.map((m) => ({ id: m.id, name: m.name, protocol: m.protocol }));
      return Promise.resolve({ product: 'sallyport-store' as const, api: 1 as const, organisation: o.organisation, origin: o.origin, time_ms: o.clock.nowMs(), issuers, signin });
    },
  });
}

/** Exists only with the development provider: tokens for tests and demos, for whoever can read the owner's files. */
function devTokenRoute(route: Router, dev: { idp: DevIdp; adminSecret: string }): void {
  const secret = Buffer.from(sha256Hex(dev.adminSecret));
  route({
    ...none,
    method: 'POST',
    path: '/v1/dev/token',
    auth: 'public',
    action: 'identity.dev_token',
    body: devTokenBody,
    reply: json(devTokenReply),
    ratePerMinute: 120,
    handler: async (ctx) => {
      const given = ctx.headers[DEV_SECRET_HEADER];
      if (typeof given !== 'string' || !timingSafeEqual(Buffer.from(sha256Hex(given)), secret)) throw new StoreError('forbidden', 'the development secret is missing or wrong');
      const token = await dev.idp.devToken(ctx.body);
      return ctx.commit(ctx.body.subject, () => Promise.resolve({ id_token: token }), { detail: `groups ${ctx.body.groups.join(',')}` });
    },
  });
}
