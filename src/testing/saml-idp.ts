/** A SAML identity provider for tests: it signs for real with xml-crypto, and lies where a test tells it to. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { SignedXml } from 'xml-crypto';

export interface SamlKey {
  readonly privateKey: string;
  readonly certificate: string;
  readonly certificateFile: string;
}

/** A key with a self-signed certificate. */
export function samlKey(): SamlKey {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-saml-'));
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=idp'], { stdio: 'ignore' });
  return { privateKey: readFileSync(key, 'utf8'), certificate: readFileSync(cert, 'utf8'), certificateFile: cert };
}

const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
export const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
export const RSA_SHA1 = 'http://www.w3.org/2000/09/xmldsig#rsa-sha1';
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
const SHA1 = 'http://www.w3.org/2000/09/xmldsig#sha1';

export interface Claims {
  readonly issuer: string;
  readonly audience: string;
  readonly recipient: string;
  readonly destination: string;
  /** Of the response and of the subject's confirmation. */
  readonly inResponseTo: string | undefined;
  readonly confirmedRequest?: string | undefined;
  /** XML of the NameID's content. */
  readonly nameId: string;
  readonly nameFormat: string;
  readonly groups: readonly string[];
  readonly nowMs: number;
  readonly notBeforeMs: number;
  readonly notOnOrAfterMs: number;
  readonly confirmedUntilMs: number;
  readonly status: string;
  readonly assertionId: string;
  readonly extraConditions: string;
  readonly authnStatement: boolean;
}

const time = (ms: number): string => new Date(ms).toISOString();
const NAMESPACES = 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"';

export function assertionXml(c: Claims): string {
  const request = c.confirmedRequest ?? c.inResponseTo;
  return (
    `<saml:Assertion ${NAMESPACES} ID="${c.assertionId}" Version="2.0" IssueInstant="${time(c.nowMs)}">` +
    `<saml:Issuer>${c.issuer}</saml:Issuer>` +
    `<saml:Subject><saml:NameID Format="${c.nameFormat}">${c.nameId}</saml:NameID>` +
    `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData${request === undefined ? '' : ` InResponseTo="${request}"`} NotOnOrAfter="${time(c.confirmedUntilMs)}" Recipient="${c.recipient}"/></saml:SubjectConfirmation></saml:Subject>` +
    `<saml:Conditions NotBefore="${time(c.notBeforeMs)}" NotOnOrAfter="${time(c.notOnOrAfterMs)}"><saml:AudienceRestriction><saml:Audience>${c.audience}</saml:Audience></saml:AudienceRestriction>${c.extraConditions}</saml:Conditions>` +
    (c.authnStatement ? `<saml:AuthnStatement AuthnInstant="${time(c.nowMs)}" SessionIndex="_s1"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` : '') +
    `<saml:AttributeStatement><saml:Attribute Name="memberOf">${c.groups.map((g) => `<saml:AttributeValue>${g}</saml:AttributeValue>`).join('')}</saml:Attribute><saml:Attribute Name="displayName"><saml:AttributeValue>Sam L.</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>` +
    `</saml:Assertion>`
  );
}

export function responseXml(c: Claims, inside: string, id = '_response'): string {
  return (
    `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ${NAMESPACES} ID="${id}" Version="2.0" IssueInstant="${time(c.nowMs)}" Destination="${c.destination}"${c.inResponseTo === undefined ? '' : ` InResponseTo="${c.inResponseTo}"`}>` +
    `<saml:Issuer>${c.issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${c.status}"/></samlp:Status>${inside}</samlp:Response>`
  );
}

export interface SignOptions {
  readonly key: SamlKey;
  /** Local name of the element to sign. */
  readonly element: 'Assertion' | 'Response';
  readonly signatureAlgorithm?: string;
  readonly digestAlgorithm?: string;
  readonly canonicalization?: string;
}

/** Signs one element of the document, the signature right after its Issuer. */
export function signXml(xml: string, o: SignOptions): string {
  const sha1 = o.signatureAlgorithm === RSA_SHA1;
  const signer = new SignedXml({ privateKey: o.key.privateKey, publicCert: o.key.certificate, signatureAlgorithm: o.signatureAlgorithm ?? RSA_SHA256, canonicalizationAlgorithm: o.canonicalization ?? EXCLUSIVE });
  const xpath = `//*[local-name(.)='${o.element}']`;
  signer.addReference({ xpath, digestAlgorithm: o.digestAlgorithm ?? (sha1 ? SHA1 : SHA256), transforms: [ENVELOPED, o.canonicalization ?? EXCLUSIVE] });
  signer.computeSignature(xml, { location: { reference: `${xpath}/*[local-name(.)='Issuer']`, action: 'after' }, prefix: 'ds' });
  return signer.getSignedXml();
}

/** Id of the request in a redirect to the provider. */
export function requestIdOf(url: string): { id: string; relayState: string; destination: string | undefined; xml: string } {
  const query = new URL(url).searchParams;
  const xml = inflateRawSync(Buffer.from(query.get('SAMLRequest') ?? '', 'base64')).toString('utf8');
  return { id: /\bID="([^"]+)"/.exec(xml)?.[1] ?? '', relayState: query.get('RelayState') ?? '', destination: /AssertionConsumerServiceURL="([^"]+)"/.exec(xml)?.[1], xml };
}

export const SIGNATURE = /<ds:Signature .*?<\/ds:Signature>/s;
