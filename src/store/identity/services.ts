/**
 * Service identities: a CI job or an agent exchanges a token of its own platform for a short session. Rules of the
 * configuration say which claims it must carry; the first rule that fits gives the groups.
 */
import type { JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../base/clock.ts';
import { principal, type WirePrincipal } from '../../contract/store/index.ts';
import type { ServiceConfig } from './config.ts';
import { claimedIssuer, tokenRefused, verifiedClaims } from './id-token.ts';

export interface ServiceRule extends ServiceConfig {
  readonly keys: () => Promise<JWTVerifyGetKey>;
}

export interface ProvenService {
  readonly person: WirePrincipal;
  readonly rule: string;
  readonly ttlMs: number;
}

/**
 * @throws StoreError unauthenticated when no rule lets the token in; EnvironmentError when the issuer's keys cannot be had
 */
export async function serviceOf(token: string, rules: readonly ServiceRule[], clock: Clock): Promise<ProvenService> {
  const iss = claimedIssuer(token);
  const candidates = rules.filter((r) => r.issuer === iss);
  if (candidates.length === 0) throw tokenRefused('the token comes from an issuer that no service rule names');
  let last: unknown;
  for (const audience of new Set(candidates.map((r) => r.audience))) {
    const [first] = candidates;
    if (first === undefined) break;
    let claims: Record<string, unknown>;
    try {
      claims = await verifiedClaims({ token, issuer: iss, audience, keys: await first.keys(), clock });
    } catch (error) {
      last = error;
      continue;
    }
    const rule = candidates.find((r) => r.audience === audience && fits(r, claims));
    if (rule === undefined) {
      last = tokenRefused('no service rule fits the claims of the token');
      continue;
    }
    // The rule is part of the identity: what one job may do must not follow from another rule that fits a later token.
    const person = principal.safeParse({ kind: 'Agent', iss, sub: `${rule.name}:${String(claims['sub'])}`, name: rule.name, groups: rule.groups });
    if (!person.success) throw tokenRefused('the subject of the token is not usable');
    return { person: person.data, rule: rule.name, ttlMs: Math.round(rule.minutes * 60_000) };
  }
  throw last;
}

/** A claim that is missing, or of another type than the rule's, does not fit. */
function fits(rule: ServiceRule, claims: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(rule.claims).every(([name, wanted]) => {
    if (!Object.hasOwn(claims, name)) return false;
    const value = claims[name];
    return typeof wanted === 'string' ? typeof value === 'string' && matchesGlob(wanted, value) : value === wanted;
  });
}

/**
 * `*` stands for any characters but `/` and `:`, which part the names that platforms make; `**` for any at all.
 * Everything else is itself. Linear in both texts, whatever they hold.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  const parts = pattern.split(/(\*{1,2})/);
  // Which positions of the text the pattern so far can end at.
  let ends = new Set([0]);
  for (const part of parts) {
    if (part === '') continue;
    const next = new Set<number>();
    if (part.startsWith('*')) {
      const from = Math.min(...ends);
      for (let at = from; at <= text.length && ends.size > 0; at++) {
        if (ends.has(at) || (next.has(at - 1) && (part === '**' || !/[/:]/.test(text[at - 1] ?? '')))) next.add(at);
      }
    } else {
      for (const at of ends) if (text.startsWith(part, at)) next.add(at + part.length);
    }
    ends = next;
  }
  return ends.has(text.length);
}
