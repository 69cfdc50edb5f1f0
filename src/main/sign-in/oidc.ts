/** Authorization code flow with PKCE, state and nonce (RFC 7636, RFC 8252). Tokens stay in the main process. */
import * as oidc from 'openid-client';
import { BugError, EnvironmentError, messageOf } from '../../base/errors.ts';
import { listenForRedirect } from './loopback.ts';

export interface Issuer {
  readonly issuer: string;
  readonly clientId: string;
  /** The development provider of an embedded store. */
  readonly dev: boolean;
  /** The store that names it is on this machine: then its provider may be, too, and speak plain http. */
  readonly local: boolean;
}

/** Shows the provider's page to the person, or drives it. May answer with the redirect itself. */
export type ShowPage = (url: URL, redirectUri: string, signal: AbortSignal) => Promise<URL | undefined>;

export interface IdToken {
  readonly idToken: string;
  readonly nonce: string;
}

/**
 * The library marks this switch as deprecated only to make it stand out; the one use is the provider on this machine.
 * Discovery looks for the very function, so it is handed over as it is.
 */
function plainHttp(): (config: oidc.Configuration) => void {
  const allow: unknown = Reflect.get(oidc, 'allowInsecureRequests');
  if (!isSwitch(allow)) throw new BugError('the sign-in library has no switch for a provider without TLS');
  return allow;
}
const isSwitch = (value: unknown): value is (config: oidc.Configuration) => void => typeof value === 'function';

export const isLoopback = (url: URL): boolean => ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);

async function discover(issuer: Issuer): Promise<oidc.Configuration> {
  const url = new URL(issuer.issuer);
  const insecure = issuer.local && url.protocol === 'http:' && isLoopback(url);
  if (url.protocol !== 'https:' && !insecure) throw new EnvironmentError('env.store', `the identity provider ${url.origin} must use https`);
  return oidc.discovery(url, issuer.clientId, undefined, oidc.None(), insecure ? { execute: [plainHttp()] } : {});
}

/** fetch hides the reason in the cause. */
const whyOf = (error: unknown): string => (error instanceof Error && error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : messageOf(error));

/** @throws EnvironmentError env.cancelled when `signal` aborts, env.store when the provider refuses or is away */
export async function signInWithBrowser(issuer: Issuer, show: ShowPage, signal: AbortSignal): Promise<IdToken> {
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const loopback = await listenForRedirect(state, signal);
  try {
    const config = await discover(issuer);
    const supported = config.serverMetadata().scopes_supported;
    const scope = ['openid', 'profile', 'email', 'groups'].filter((s) => s !== 'groups' || supported === undefined || supported.includes(s)).join(' ');
    const url = oidc.buildAuthorizationUrl(config, {
      ...{ redirect_uri: loopback.redirectUri, scope, state, nonce },
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    });
    const shown = show(url, loopback.redirectUri, signal);
    const answer = await Promise.race([loopback.arrived, shown.then((direct) => direct ?? loopback.arrived)]);
    const tokens = await oidc.authorizationCodeGrant(config, answer, { pkceCodeVerifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true });
    if (tokens.id_token === undefined) throw new EnvironmentError('env.store', 'the identity provider gave no ID token');
    return { idToken: tokens.id_token, nonce };
  } catch (cause) {
    if (cause instanceof EnvironmentError) throw cause;
    throw new EnvironmentError('env.store', `the sign-in failed: ${whyOf(cause)}`, { cause });
  } finally {
    loopback.stop();
  }
}
