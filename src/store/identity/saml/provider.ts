/** The store as a SAML 2.0 service provider of one identity provider: request by redirect, response by post. */
import { randomBytes } from 'node:crypto';
import { type CacheProvider, SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import type { Clock } from '../../../base/clock.ts';
import { MalformedError, messageOf } from '../../../base/errors.ts';
import { principal } from '../../../contract/store/index.ts';
import { sha256Hex } from '../../crypto/keys.ts';
import { loginRefused } from '../logins.ts';
import type { ProvenPerson, SignInMethod } from '../sign-in-methods.ts';
import { type Assertion, CLOCK_SKEW_MS, readAssertion } from './assertion.ts';
import { checkShape } from './shape.ts';

export interface SamlProvider {
  readonly id: string;
  readonly name: string;
  /** Entity id of the identity provider. */
  readonly entityId: string;
  readonly ssoUrl: string;
  /** PEM. Several while the provider changes its key. */
  readonly certificates: readonly string[];
  readonly groupsAttribute: string;
  readonly nameAttribute: string | undefined;
}

export interface ProvenAssertion extends ProvenPerson {
  readonly assertionId: string;
  readonly issuer: string;
  readonly expiresMs: number;
}

export interface SamlMethod extends SignInMethod {
  /** Metadata of this store for the identity provider's operator. */
  metadata(): string;
  /** @throws StoreError unauthenticated */
  prove(samlResponse: string, requestId: string): Promise<ProvenAssertion>;
}

const RESPONSE_LIMIT_BYTES = 256 * 1024;

/** Every use has a library object of its own, which knows one request id: nothing is kept in the process. */
function oneRequest(requestId: string, nowMs: number): CacheProvider {
  const knows = (key: string | null): string | null => (key === requestId ? new Date(nowMs).toISOString() : null);
  return {
    saveAsync: (_key, value) => Promise.resolve({ value, createdAt: nowMs }),
    getAsync: (key) => Promise.resolve(knows(key)),
    removeAsync: (key) => Promise.resolve(knows(key)),
  };
}

export function samlMethod(p: SamlProvider, o: { publicUrl: () => URL; clock: Clock }): SamlMethod {
  const recipient = (): string => new URL(`/auth/saml/${p.id}`, o.publicUrl()).href;
  const audience = (): string => new URL(`/auth/saml/${p.id}/metadata`, o.publicUrl()).href;
  const library = (requestId: string): SAML =>
    new SAML({
      idpCert: [...p.certificates],
      issuer: audience(),
      audience: audience(),
      callbackUrl: recipient(),
      entryPoint: p.ssoUrl,
      idpIssuer: p.entityId,
      identifierFormat: null,
      wantAssertionsSigned: true,
      wantAuthnResponseSigned: false,
      disableRequestedAuthnContext: true,
      acceptedClockSkewMs: CLOCK_SKEW_MS,
      validateInResponseTo: ValidateInResponseTo.always,
      cacheProvider: oneRequest(requestId, Date.now()),
      generateUniqueId: () => requestId,
    });
  return {
    id: p.id,
    name: p.name,
    protocol: 'saml',
    begin: async (secrets) => {
      const requestId = `_${randomBytes(20).toString('hex')}`;
      return { url: new URL(await library(requestId).getAuthorizeUrlAsync(secrets.state, undefined, {})), requestId };
    },
    metadata: () => library('_metadata').generateServiceProviderMetadata(null, null),
    prove: async (samlResponse, requestId) => {
      try {
        const xml = decoded(samlResponse);
        checkShape(xml, recipient());
        const { profile } = await library(requestId).validatePostResponseAsync({ SAMLResponse: Buffer.from(xml).toString('base64') });
        // Only what the signature covers is read from here on.
        const verified = profile?.getAssertionXml?.();
        if (verified === undefined) throw new MalformedError('malformed.value', 'the library verified nothing');
        const assertion = readAssertion(verified, { issuer: p.entityId, audience: audience(), recipient: recipient(), requestId, nowMs: o.clock.nowMs() });
        return { ...personOf(p, assertion), proofSha256: sha256Hex(verified), assertionId: assertion.id, issuer: p.entityId, expiresMs: assertion.expiresMs };
      } catch (error) {
        throw loginRefused(`the SAML response is refused: ${messageOf(error)}`, error);
      }
    },
  };
}

/** Strict base64 of strict UTF-8: the library reads both leniently, and would see another document than the check. */
function decoded(text: string): string {
  const compact = text.replace(/[\r\n]/g, '');
  if (compact.length > RESPONSE_LIMIT_BYTES || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) throw new MalformedError('malformed.encoding', 'the response is not base64 or too long');
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(compact, 'base64')).replace(/\r\n?/g, '\n');
}

function personOf(p: SamlProvider, a: Assertion): Pick<ProvenPerson, 'person'> {
  const name = p.nameAttribute === undefined ? undefined : a.attributes.get(p.nameAttribute)?.[0];
  const person = principal.safeParse({ kind: 'User', iss: p.entityId, sub: a.nameId, name: name ?? a.nameId, groups: [...(a.attributes.get(p.groupsAttribute) ?? [])] });
  if (!person.success) throw new MalformedError('malformed.value', `its claims are not usable: ${person.error.issues.map((i) => i.path.join('.')).join(', ')}`);
  return { person: person.data };
}
