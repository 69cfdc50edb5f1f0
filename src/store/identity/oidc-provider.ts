/** The store as a client of an OpenID provider: authorization code with PKCE (OpenID Connect Core 1.0, RFC 7636, RFC 9700). */
import * as oidc from 'openid-client';
import { BugError, EnvironmentError, messageOf } from '../../base/errors.ts';
import type { TrustedIssuer } from './id-token.ts';
import { loginNonce, type LoginSecrets, loginRefused, pkceVerifier } from './logins.ts';

const TIMEOUT_S = 10;

export interface CodeFlow {
  /** Where the browser goes. @throws EnvironmentError when the provider cannot be reached */
  authorizationUrl(secrets: LoginSecrets, redirectUri: URL): Promise<URL>;
  /** The ID token for the answer that came to `callback`, the redirect URI with the answer's query. @throws StoreError */
  redeem(secrets: LoginSecrets, callback: URL): Promise<{ idToken: string; nonce: string }>;
}

/**
 * The library marks this switch as deprecated only to make it stand out. The configuration allows plain http for
 * providers on this very machine only.
 */
function plainHttp(): (config: oidc.Configuration) => void {
  const allow: unknown = Reflect.get(oidc, 'allowInsecureRequests');
  if (!isSwitch(allow)) throw new BugError('the sign-in library has no switch for a provider without TLS');
  return allow;
}
const isSwitch = (value: unknown): value is (config: oidc.Configuration) => void => typeof value === 'function';

export function codeFlow(issuer: TrustedIssuer): CodeFlow {
  let cached: oidc.Configuration | undefined;
  const configuration = async (): Promise<oidc.Configuration> => {
    if (cached !== undefined) return cached;
    const url = new URL(issuer.issuer);
    const auth = issuer.clientSecret === undefined ? oidc.None() : oidc.ClientSecretBasic(issuer.clientSecret);
    try {
      cached = await oidc.discovery(url, issuer.webClientId, undefined, auth, { timeout: TIMEOUT_S, ...(url.protocol === 'http:' ? { execute: [plainHttp()] } : {}) });
    } catch (cause) {
      throw new EnvironmentError('env.unreachable', `the identity provider ${issuer.issuer} cannot be read: ${messageOf(cause)}`, { cause });
    }
    return cached;
  };
  return {
    authorizationUrl: async (secrets, redirectUri) => {
      const config = await configuration();
      const supported = config.serverMetadata().scopes_supported;
      const scope = ['openid', 'profile', 'email', 'groups'].filter((s) => s !== 'groups' || supported === undefined || supported.includes(s)).join(' ');
      return oidc.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri.href,
        scope,
        state: secrets.state,
        nonce: loginNonce(secrets),
        code_challenge: await oidc.calculatePKCECodeChallenge(pkceVerifier(secrets)),
        code_challenge_method: 'S256',
        // The development provider forgets nobody by itself: a demo wants to choose who signs in.
        ...(issuer.dev ? { prompt: 'login' } : {}),
      });
    },
    redeem: async (secrets, callback) => {
      const config = await configuration();
      const nonce = loginNonce(secrets);
      try {
        const tokens = await oidc.authorizationCodeGrant(config, callback, { pkceCodeVerifier: pkceVerifier(secrets), expectedState: secrets.state, expectedNonce: nonce, idTokenExpected: true });
        if (tokens.id_token === undefined) throw loginRefused('the provider gave no ID token');
        return { idToken: tokens.id_token, nonce };
      } catch (error) {
        throw loginRefused(`the provider's answer is refused: ${messageOf(error)}`, error);
      }
    },
  };
}
