/**
 * The shape that a SAML response must have before any signature is looked at. It admits one assertion at one place,
 * signed in itself, and nothing that could be taken for another: with that, moving signed elements around (signature
 * wrapping) leaves nothing for two readers to disagree about.
 */
import { MalformedError } from '../../../base/errors.ts';
import { childrenOf, everyElement, onlyChild, readXml, type XmlElement } from './xml.ts';

export const NS = {
  protocol: 'urn:oasis:names:tc:SAML:2.0:protocol',
  assertion: 'urn:oasis:names:tc:SAML:2.0:assertion',
  signature: 'http://www.w3.org/2000/09/xmldsig#',
} as const;

const EXCLUSIVE_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';
/** SHA-1 is not among them; neither are HMACs, whose key would be the public certificate. */
const SIGNATURE_METHODS = ['rsa-sha256', 'rsa-sha384', 'rsa-sha512'].map((a) => `http://www.w3.org/2001/04/xmldsig-more#${a}`);
const DIGEST_METHODS = ['http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2001/04/xmlenc#sha512', 'http://www.w3.org/2001/04/xmldsig-more#sha384'];
const TRANSFORMS = ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', EXCLUSIVE_C14N];
const SUCCESS = 'urn:oasis:names:tc:SAML:2.0:status:Success';

const refuse = (why: string): never => {
  throw new MalformedError('malformed.value', why);
};
const must = (condition: boolean, why: string): void => {
  if (!condition) refuse(why);
};

/**
 * Reads a response as it came and holds it to that shape (SAML core sections 2.3, 3.3.3 and 5.4, profiles section 4.1.4).
 * @param destination the address of this store that the response must name
 * @throws MalformedError naming the first rule that is broken
 */
export function checkShape(xml: string, destination: string): void {
  const root = readXml(xml);
  must(root.name === 'Response' && root.ns === NS.protocol, 'the message is not a SAML response');
  must(root.attributes.get('Version') === '2.0', 'the response is not SAML 2.0');
  must(root.attributes.get('Destination') === destination, 'the response is meant for another destination');
  must(onlyChild(onlyChild(root, NS.protocol, 'Status'), NS.protocol, 'StatusCode').attributes.get('Value') === SUCCESS, 'the provider reports no success');
  const all = [...everyElement(root)];
  const byName = (name: string): XmlElement[] => all.filter((e) => e.name === name);
  must(byName('EncryptedAssertion').length === 0 && byName('EncryptedID').length === 0, 'encrypted assertions are not supported');
  const assertion = onlyChild(root, NS.assertion, 'Assertion');
  // By local name, wherever it is and whatever its namespace: there is no second one for anybody to read.
  must(byName('Assertion').length === 1, 'there is more than one assertion');
  must(byName('Response').length === 1, 'there is more than one response');
  checkIds(all);
  const ofResponse = signatureOf(root);
  const ofAssertion = signatureOf(assertion);
  must(ofAssertion !== undefined, 'the assertion is not signed');
  must(byName('Signature').length === (ofResponse === undefined ? 1 : 2), 'there is a signature in an unexpected place');
}

function checkIds(all: readonly XmlElement[]): void {
  const seen = new Set<string>();
  for (const e of all) {
    const ids = ['ID', 'Id', 'id'].map((n) => e.attributes.get(n)).filter((v) => v !== undefined);
    must(ids.length <= 1, `${e.name} has several ids`);
    const [id] = ids;
    if (id === undefined) continue;
    must(/^[A-Za-z_][A-Za-z0-9._-]{0,255}$/.test(id), `${e.name} has an id that is no name`);
    must(!seen.has(id), 'two elements have the same id');
    seen.add(id);
  }
}

/** The enveloped signature of an element, over exactly that element. */
function signatureOf(e: XmlElement): XmlElement | undefined {
  const found = childrenOf(e, NS.signature, 'Signature');
  const [signature] = found;
  if (signature === undefined) return undefined;
  must(found.length === 1, `${e.name} has several signatures`);
  must(childrenOf(signature, NS.signature, 'Object').length === 0, 'a signature carries an object');
  const info = onlyChild(signature, NS.signature, 'SignedInfo');
  const algorithm = (of: XmlElement, name: string): string => onlyChild(of, NS.signature, name).attributes.get('Algorithm') ?? '';
  must(algorithm(info, 'CanonicalizationMethod') === EXCLUSIVE_C14N, 'the canonicalization is not exclusive C14N without comments');
  must(SIGNATURE_METHODS.includes(algorithm(info, 'SignatureMethod')), `the signature algorithm ${algorithm(info, 'SignatureMethod')} is not accepted`);
  const reference = onlyChild(info, NS.signature, 'Reference');
  must(reference.attributes.get('URI') === `#${e.attributes.get('ID') ?? ''}`, `the signature in ${e.name} covers something else`);
  must(DIGEST_METHODS.includes(algorithm(reference, 'DigestMethod')), `the digest algorithm ${algorithm(reference, 'DigestMethod')} is not accepted`);
  const transforms = onlyChild(reference, NS.signature, 'Transforms').children.map((t) => t.attributes.get('Algorithm') ?? '');
  must(transforms.length === 2 && TRANSFORMS.every((t, i) => transforms[i] === t), 'the transforms are not enveloped-signature and exclusive C14N');
  return signature;
}
