/**
 * Sign-ins of browsers that are under way. A row holds hashes only: the PKCE verifier and the nonce are derived from a
 * secret that the browser keeps in a cookie, so whoever reads the database can finish nobody's sign-in.
 */
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { randomToken, sha256Hex } from '../crypto/keys.ts';
import type { Queries } from '../db/database.ts';
import type { CookieJar } from '../http/cookies.ts';
import { cookieValue } from '../http/cookies.ts';
import { StoreError } from '../http/errors.ts';

/** How long somebody may stay on the provider's page. */
export const LOGIN_TTL_MS = 10 * 60_000;
/** An attacker without a session can start sign-ins; the table stays this small. */
const MAX_OPEN_LOGINS = 20_000;

export interface LoginSecrets {
  /** Known to the browser only. */
  readonly browser: string;
  /** Travels through the provider and back. */
  readonly state: string;
}

export const newLogin = (): LoginSecrets => ({ browser: randomToken(), state: randomToken() });

const derived = (kind: string, s: LoginSecrets): string => Buffer.from(sha256Hex(`${kind} ${s.browser} ${s.state}`), 'hex').toString('base64url');
export const pkceVerifier = (s: LoginSecrets): string => derived('pkce', s);
export const loginNonce = (s: LoginSecrets): string => derived('nonce', s);

/** Each sign-in has a cookie of its own, so that two tabs do not spoil each other's. */
export const loginCookie = (jar: CookieJar, state: string): string => jar.loginName(sha256Hex(state).slice(0, 12));

export async function rememberLogin(tx: Queries, secrets: LoginSecrets, o: { issuerId: string; returnTo: string; requestId?: string; nowMs: number }): Promise<void> {
  const made = await tx.run(
    `insert into logins (state_sha256, issuer_id, browser_sha256, return_to, request_id, created_ms, expires_ms)
     select $1, $2, $3, $4, $5, $6, $7 where (select count(*) from logins where expires_ms > $6) < ${MAX_OPEN_LOGINS}`,
    [sha256Hex(secrets.state), o.issuerId, sha256Hex(secrets.browser), o.returnTo, o.requestId ?? null, o.nowMs, o.nowMs + LOGIN_TTL_MS],
  );
  if (made !== 1) throw new StoreError('rate_limited', 'too many sign-ins are under way: try again in some minutes');
}

const row = z.object({ return_to: z.string(), request_id: z.string().nullable() });
export type Login = z.output<typeof row>;

/**
 * Takes a sign-in out of the table: it works once, in the browser that began it, at the provider it was begun with.
 * @throws StoreError unauthenticated, always with the same text
 */
export async function takeLogin(q: Queries, clock: Clock, o: { secrets: LoginSecrets; issuerId: string }): Promise<Login> {
  const found = await q.first(row, 'delete from logins where state_sha256 = $1 and browser_sha256 = $2 and issuer_id = $3 and expires_ms > $4 returning return_to, request_id', [
    sha256Hex(o.secrets.state),
    sha256Hex(o.secrets.browser),
    o.issuerId,
    clock.nowMs(),
  ]);
  if (found === undefined) throw loginRefused('the state is unknown, used, expired, of another browser or of another provider');
  return found;
}

/** @throws StoreError unauthenticated when the browser did not begin this sign-in */
export function secretsOf(jar: CookieJar, cookieHeader: string | undefined, state: string): LoginSecrets {
  const browser = cookieValue(cookieHeader, loginCookie(jar, state));
  if (browser === undefined) throw loginRefused('the browser has no cookie for this sign-in');
  return { browser, state };
}

/** The one answer to a failed sign-in. `why` goes to the audit trail only. */
export const loginRefused = (why: string, cause?: unknown): StoreError => new StoreError('unauthenticated', 'the sign-in was refused: start again', { auditDetail: why, cause });
