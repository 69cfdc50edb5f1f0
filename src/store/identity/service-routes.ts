/** The token endpoint for CI jobs and agents (RFC 8693). */
import { serviceRules, tokenForm, tokenReply } from '../../contract/store/index.ts';
import type { Clock } from '../../base/clock.ts';
import { sha256Hex } from '../crypto/keys.ts';
import { StoreError } from '../http/errors.ts';
import { json, none, type Router } from '../http/route.ts';
import { rememberPerson } from './people.ts';
import { serviceOf, type ServiceRule } from './services.ts';
import { openSession, serviceSessions } from './sessions.ts';
import { reachable } from './sign-in-methods.ts';

export function serviceRoutes(route: Router, o: { rules: readonly ServiceRule[]; clock: Clock }): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/services',
    auth: 'user',
    action: 'service.list',
    reply: json(serviceRules),
    handler: (ctx) =>
      ctx.commit('services', async (tx) => {
        const live = await serviceSessions(tx, o.clock.nowMs());
        return { services: o.rules.map(({ name, issuer, audience, claims, groups, minutes }) => ({ name, issuer, audience, claims, groups, minutes, sessions: live.get(name) ?? 0 })) };
      }),
  });
  route({
    ...none,
    method: 'POST',
    path: '/v1/token',
    auth: 'public',
    action: 'service.token',
    reply: json(tokenReply),
    ratePerMinute: 300,
    handler: async (ctx) => {
      const form = formOf(ctx.raw, ctx.headers['content-type']);
      const { person, rule, ttlMs } = await reachable(() => serviceOf(form.subject_token, o.rules, o.clock));
      const nowMs = o.clock.nowMs();
      const proofSha256 = sha256Hex(form.subject_token);
      const token = await ctx.commit(
        `${person.iss} ${person.sub}`,
        async (tx) => {
          await rememberPerson(tx, person, nowMs);
          return openSession(tx, { iss: person.iss, sub: person.sub, kind: 'service', service: rule, proofSha256, address: ctx.actor.address, userAgent: ctx.userAgent, nowMs, expiresMs: nowMs + ttlMs });
        },
        { detail: `rule ${rule} groups ${person.groups.join(',')}` },
      );
      return {
        access_token: token,
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' as const,
        token_type: 'Bearer' as const,
        expires_in: Math.floor(ttlMs / 1000),
        principal: person,
        subject_token_sha256: proofSha256,
      };
    },
  });
}

function formOf(raw: Uint8Array, type: unknown): { subject_token: string } {
  if (typeof type !== 'string' || !/^application\/x-www-form-urlencoded(;|$)/i.test(type)) throw new StoreError('bad_request', 'the body must be application/x-www-form-urlencoded');
  const form = new URLSearchParams(new TextDecoder().decode(raw));
  const keys = [...form.keys()];
  if (new Set(keys).size !== keys.length) throw new StoreError('bad_request', 'a parameter comes twice');
  const parsed = tokenForm.safeParse(Object.fromEntries(form));
  if (!parsed.success) throw new StoreError('bad_request', parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; ').slice(0, 500));
  return parsed.data;
}
