/** Ways in which a browser can sign in. Each protocol makes one per provider; the routes know only this face. */
import type { WirePrincipal } from '../../contract/store/index.ts';
import { EnvironmentError } from '../../base/errors.ts';
import { StoreError } from '../http/errors.ts';
import type { LoginSecrets } from './logins.ts';

export interface BegunSignIn {
  readonly url: URL;
  /** Id of the request that the answer must name (SAML). */
  readonly requestId?: string;
}

/** A person that a provider vouched for. */
export interface ProvenPerson {
  readonly person: WirePrincipal;
  /** Digest of the token or assertion. */
  readonly proofSha256: string;
}

export interface SignInMethod {
  readonly id: string;
  readonly name: string;
  readonly protocol: 'oidc' | 'saml';
  /** @throws EnvironmentError when the provider cannot be reached */
  begin(secrets: LoginSecrets): Promise<BegunSignIn>;
}

/** The provider's failure is the operator's to see: the one who signs in learns only that it is away. */
export async function reachable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EnvironmentError) throw new StoreError('internal', 'the identity provider cannot be reached now', { cause: error, auditDetail: error.message });
    throw error;
  }
}
