/** Validation of ID tokens (OpenID Connect Core 1.0 section 3.1.3.7) of the issuers that the operator configured. */
import { createRemoteJWKSet, decodeJwt, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { EnvironmentError, messageOf } from '../../base/errors.ts';
import { line, principal, type WirePrincipal } from '../../contract/store/index.ts';
import { StoreError } from '../http/errors.ts';

/** Signature algorithms accepted. Symmetric ones and `none` are not among them. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
const CLOCK_TOLERANCE_S = 30;
const FETCH_TIMEOUT_MS = 10_000;

export interface TrustedIssuer {
  /** Its name in the store's own URLs. */
  readonly id: string;
  /** `iss` of its tokens, compared exactly. */
  readonly issuer: string;
  /** Client of the app and the command. */
  readonly clientId: string;
  /** Client of the store's web sign-in; often the same. */
  readonly webClientId: string;
  /** With it the web sign-in is a confidential client. */
  readonly clientSecret?: string | undefined;
  readonly name: string;
  readonly dev: boolean;
  /** Kind of principal that signs in here: people, or agents and CI jobs. */
  readonly kind: 'User' | 'Agent';
  readonly groupsClaim: string;
  /**
   * Issuer part of the person's identity. The provider's URL, but for the development provider a constant, because
   * its port may change and alice must not become another person by that.
   */
  readonly identityIssuer: string;
  readonly keys: () => Promise<JWTVerifyGetKey>;
}

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Keys of a provider by discovery, fetched on first use. */
export function discoveredKeys(issuer: string): () => Promise<JWTVerifyGetKey> {
  let cached: JWTVerifyGetKey | undefined;
  return async () => {
    if (cached !== undefined) return cached;
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    let found: z.output<typeof discovery>;
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS), redirect: 'error' });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      found = discovery.parse(await response.json());
    } catch (cause) {
      throw new EnvironmentError('env.unreachable', `the identity provider's configuration at ${url} cannot be read: ${messageOf(cause)}`, { cause });
    }
    if (found.issuer !== issuer) throw new EnvironmentError('env.unreachable', `${url} speaks for ${found.issuer}, not for ${issuer}`);
    cached = createRemoteJWKSet(new URL(found.jwks_uri), { timeoutDuration: FETCH_TIMEOUT_MS });
    return cached;
  };
}

const claims = z.object({
  sub: line(255),
  nonce: z.string().optional(),
  azp: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]),
  name: z.string().optional(),
  preferred_username: z.string().optional(),
  email: z.string().optional(),
});

export interface IdTokenCheck {
  readonly token: string;
  /** The nonce of the sign-in; undefined when there was none, and then the token must not carry one. */
  readonly nonce: string | undefined;
  /** The client that the token must have been issued to. */
  readonly audience: string;
}

/**
 * The person that an ID token of `trusted` speaks for.
 * @throws StoreError unauthenticated, its reason in `auditDetail` only; EnvironmentError when the provider's keys cannot be had.
 */
export async function principalOf(trusted: TrustedIssuer, o: IdTokenCheck, clock: Clock): Promise<WirePrincipal> {
  const payload = await verifiedClaims({ token: o.token, issuer: trusted.issuer, audience: o.audience, keys: await trusted.keys(), clock });
  const parsed = claims.safeParse(payload);
  if (!parsed.success) throw tokenRefused(`the ID token lacks or spoils: ${parsed.error.issues.map((i) => i.path.join('.')).join(', ')}`);
  const c = parsed.data;
  if (c.nonce !== o.nonce) throw tokenRefused('the nonce of the ID token is not the one of this sign-in');
  const several = Array.isArray(c.aud) && c.aud.length > 1;
  if ((several || c.azp !== undefined) && c.azp !== o.audience) throw tokenRefused('the ID token was issued to another client');
  // No claim: no groups. A claim that is not a list is refused: guessing could lose a group that policy forbids things to.
  const groups = payload[trusted.groupsClaim] ?? [];
  const person = principal.safeParse({ kind: trusted.kind, iss: trusted.identityIssuer, sub: c.sub, name: c.name ?? c.preferred_username ?? c.email ?? c.sub, groups });
  if (!person.success) throw tokenRefused(`the ID token's claims are not usable: ${person.error.issues.map((i) => i.path.join('.')).join(', ')}`);
  return person.data;
}

/**
 * The claims of a signed token, after signature, type, issuer, audience and times.
 * @throws StoreError unauthenticated, EnvironmentError when the keys cannot be had
 */
export async function verifiedClaims(o: { token: string; issuer: string; audience: string; keys: JWTVerifyGetKey; clock: Clock }): Promise<Record<string, unknown>> {
  const nowMs = o.clock.nowMs();
  try {
    const { payload, protectedHeader } = await jwtVerify(o.token, o.keys, {
      issuer: o.issuer,
      audience: o.audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(nowMs),
      requiredClaims: ['sub', 'exp', 'iat'],
    });
    // An access token or a logout token of the same provider is signed by the same keys (RFC 8725 section 3.11).
    if (protectedHeader.typ !== undefined && protectedHeader.typ.toUpperCase() !== 'JWT') throw tokenRefused(`a token of the type ${protectedHeader.typ} proves no sign-in`);
    if ((payload.iat ?? Infinity) * 1000 > nowMs + CLOCK_TOLERANCE_S * 1000) throw tokenRefused('the ID token was issued in the future');
    return payload;
  } catch (error) {
    if (error instanceof StoreError) throw error;
    if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout)) throw tokenRefused(`the ID token is refused: ${error.message}`, error);
    throw new EnvironmentError('env.unreachable', `the keys of ${o.issuer} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** The one answer to a bad token: somebody who has proven nothing learns nothing about why. */
export const tokenRefused = (why: string, cause?: unknown): StoreError => new StoreError('unauthenticated', 'the sign-in was refused', { auditDetail: why, cause });

/** The unverified `iss` of a token, only to find out whose keys verify it. @throws StoreError */
export function claimedIssuer(token: string): string {
  try {
    const { iss } = decodeJwt(token);
    if (typeof iss === 'string') return iss;
  } catch {
    // Fall through: no JWT and no issuer are the same to us.
  }
  throw tokenRefused('the ID token is not a JWT with an issuer');
}
