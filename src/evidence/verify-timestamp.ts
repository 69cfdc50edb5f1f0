/**
 * RFC 3161 timestamp tokens: CMS signature, imprint, certificate chain to a pinned certificate, at the time that the
 * token states. Runs on WebCrypto, in browsers and in Node.
 */
import { OctetString, Sequence, type BaseBlock } from 'asn1js';
import { Certificate, ContentInfo, ExtKeyUsage, SignedData, TSTInfo, type Attribute } from 'pkijs';
import { equalBytes } from '../base/encoding.ts';
import { MalformedError, messageOf } from '../base/errors.ts';
import type { TimestampAuthority } from './trust.ts';

const oid = {
  signedData: '1.2.840.113549.1.7.2',
  tstInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  /** ESS signing-certificate and signing-certificate-v2 (RFC 2634, RFC 5816): which certificate the signer means. */
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  extKeyUsage: '2.5.29.37',
  timeStamping: '1.3.6.1.5.5.7.3.8',
} as const;

/** A token with its certificates has a few kilobytes. */
const tokenMaxBytes = 64 * 1024;

const bad = (what: string): MalformedError => new MalformedError('malformed.value', what);

export interface Stamped {
  /** Name of the authority as trust has it. */
  readonly authority: string;
  readonly timeMs: number;
}

/**
 * @param message what was stamped; the token holds its digest
 * @throws MalformedError with the reason when no trusted authority has stamped this message
 */
export async function verifyTimestampToken(token: Uint8Array, message: Uint8Array, authorities: readonly TimestampAuthority[]): Promise<Stamped> {
  if (token.length > tokenMaxBytes) throw new MalformedError('malformed.length', 'the timestamp is too long');
  const signed = parsed('the timestamp token', () => {
    const info = ContentInfo.fromBER(new Uint8Array(token));
    if (info.contentType !== oid.signedData) throw bad('it is not CMS signed data');
    return new SignedData({ schema: info.content });
  });
  // The library checks the imprint for this content type only; any other would be a signature over something else.
  if (signed.encapContentInfo.eContentType !== oid.tstInfo || signed.encapContentInfo.eContent === undefined) throw bad('the token does not hold a TSTInfo');
  if (signed.signerInfos.length !== 1) throw bad(`the token has ${signed.signerInfos.length} signers`);
  const tst = parsed('the TSTInfo', () => TSTInfo.fromBER(signed.encapContentInfo.eContent?.getValue() ?? new ArrayBuffer(0)));
  if (tst.messageImprint.hashAlgorithm.algorithmId !== '2.16.840.1.101.3.4.2.1') throw bad('the imprint is not a SHA-256');
  let reason = 'no timestamp authority is trusted';
  for (const authority of authorities) {
    const root = parsed(`the certificate of ${authority.name}`, () => Certificate.fromBER(new Uint8Array(authority.certificate)));
    const found = await signerUnder(signed, root, message).catch((error: unknown) => {
      reason = `not by ${authority.name}: ${messageOf(error)}`;
      return undefined;
    });
    if (found === undefined) continue;
    checkUsage(found);
    await checkSigningCertificate(signed, found);
    return { authority: authority.name, timeMs: tst.genTime.getTime() };
  }
  throw bad(`the timestamp is ${reason}`);
}

/** The signer's certificate, when signature and imprint are good and its chain ends at `root`. */
async function signerUnder(signed: SignedData, root: Certificate, message: Uint8Array): Promise<Certificate> {
  const result = await signed.verify({ signer: 0, data: new Uint8Array(message).buffer, trustedCerts: [root], checkChain: true, extendedMode: true });
  if (result.signatureVerified !== true || result.signerCertificateVerified !== true || !result.signerCertificate) throw bad(result.message === '' ? 'its signature is not good' : result.message);
  return result.signerCertificate;
}

/** RFC 3161 section 2.3: a critical extended key usage with timeStamping and nothing else. */
function checkUsage(certificate: Certificate): void {
  const extension = certificate.extensions?.find((e) => e.extnID === oid.extKeyUsage);
  const usage: unknown = extension?.parsedValue;
  const only = usage instanceof ExtKeyUsage && usage.keyPurposes.length === 1 && usage.keyPurposes[0] === oid.timeStamping;
  if (extension?.critical !== true || !only) throw bad('the signer’s certificate is not one for timestamps');
}

/** The signed attributes name the certificate by digest, so that another one with the same key cannot take its place. */
async function checkSigningCertificate(signed: SignedData, certificate: Certificate): Promise<void> {
  const attributes = signed.signerInfos[0]?.signedAttrs?.attributes ?? [];
  const [content] = values(attributes, oid.contentType);
  if (content === undefined || !('getValue' in content) || (content as { getValue(): unknown }).getValue() !== oid.tstInfo) throw bad('the signature is for another kind of content');
  const named = [...certificateHash(values(attributes, oid.signingCertificateV2), 'SHA-256'), ...certificateHash(values(attributes, oid.signingCertificate), 'SHA-1')];
  if (named.length === 0) throw bad('the signature does not name its certificate');
  const der = certificate.toSchema().toBER();
  const digest = (alg: string): Promise<ArrayBuffer> => globalThis.crypto.subtle.digest(alg, der);
  for (const { alg, hash } of named) {
    if (!equalBytes(new Uint8Array(await digest(alg)), hash)) throw bad('the signature names another certificate');
  }
}

const values = (attributes: readonly Attribute[], type: string): BaseBlock[] => attributes.filter((a) => a.type === type).flatMap((a) => a.values as BaseBlock[]);

/** certHash of the first ESSCertID(v2); a hash algorithm that is not the default of v2 stands before it. */
function certificateHash(attribute: readonly BaseBlock[], otherwise: string): { alg: string; hash: Uint8Array }[] {
  return attribute.map((value) => {
    const id = children(children(value)[0])[0];
    const parts = children(id);
    const hash = parts.find((p) => p instanceof OctetString);
    if (hash === undefined) throw bad('the signature names its certificate in a form that is not known');
    const size = hash.valueBlock.valueHexView.length;
    const alg = size === 20 ? 'SHA-1' : size === 48 ? 'SHA-384' : size === 64 ? 'SHA-512' : otherwise;
    return { alg, hash: new Uint8Array(hash.valueBlock.valueHexView) };
  });
}

const children = (block: BaseBlock | undefined): readonly BaseBlock[] => (block instanceof Sequence ? block.valueBlock.value : []);

function parsed<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw bad(`${what} cannot be read: ${messageOf(error)}`);
  }
}
