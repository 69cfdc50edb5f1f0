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
  /** `iss` of its tokens, compared exactly. */
  readonly issuer: string;
  readonly clientId: string;
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

/**
 * The person that a token speaks for.
 * @throws StoreError unauthenticated with the reason; EnvironmentError when the provider's keys cannot be had.
 */
export async function principalOf(token: string, nonce: string | undefined, issuers: readonly TrustedIssuer[], clock: Clock): Promise<WirePrincipal> {
  const trusted = issuerOf(token, issuers);
  const getKey = await trusted.keys();
  let payload: Record<string, unknown>;
  try {
    const verified = await jwtVerify(token, getKey, {
      issuer: trusted.issuer,
      audience: trusted.clientId,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(clock.nowMs()),
      requiredClaims: ['sub', 'exp', 'iat'],
    });
    payload = verified.payload;
  } catch (error) {
    if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout)) throw new StoreError('unauthenticated', `the ID token is refused: ${error.message}`, { cause: error });
    throw new EnvironmentError('env.unreachable', `the keys of ${trusted.issuer} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const parsed = claims.safeParse(payload);
  if (!parsed.success) throw new StoreError('unauthenticated', `the ID token lacks or spoils: ${parsed.error.issues.map((i) => i.path.join('.')).join(', ')}`);
  const c = parsed.data;
  if (c.nonce !== nonce) throw new StoreError('unauthenticated', 'the nonce of the ID token is not the one of this sign-in');
  if (Array.isArray(c.aud) && c.aud.length > 1 && c.azp !== trusted.clientId) throw new StoreError('unauthenticated', 'the ID token was issued to another client');
  // No claim: no groups. A claim that is not a list is refused: guessing could lose a group that policy forbids things to.
  const groups = payload[trusted.groupsClaim] ?? [];
  const person = principal.safeParse({ kind: trusted.kind, iss: trusted.identityIssuer, sub: c.sub, name: c.name ?? c.preferred_username ?? c.email ?? c.sub, groups });
  if (!person.success) throw new StoreError('unauthenticated', `the ID token's claims are not usable: ${person.error.issues.map((i) => i.path.join('.')).join(', ')}`);
  return person.data;
}

/** Picks the issuer by the unverified `iss`; verification then holds the token to it. */
function issuerOf(token: string, issuers: readonly TrustedIssuer[]): TrustedIssuer {
  let iss: unknown;
  try {
    iss = decodeJwt(token).iss;
  } catch {
    throw new StoreError('unauthenticated', 'the ID token is not a JWT');
  }
  const found = issuers.find((i) => i.issuer === iss);
  if (found === undefined) throw new StoreError('unauthenticated', 'the ID token comes from an issuer that this store does not trust');
  return found;
}
