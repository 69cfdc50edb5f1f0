/** What a verified assertion says, and whether it was said to us, now, and in answer to this sign-in (SAML profiles section 4.1.4.3). */
import { MalformedError } from '../../../base/errors.ts';
import { childrenOf, onlyChild, readXml, type XmlElement } from './xml.ts';
import { NS } from './shape.ts';

export const CLOCK_SKEW_MS = 30_000;
/** Nobody needs longer between the provider's page and ours. */
const MAX_AGE_MS = 10 * 60_000;
const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
const TRANSIENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';

export interface Expected {
  /** Entity id of the provider. */
  readonly issuer: string;
  /** Our entity id. */
  readonly audience: string;
  /** Our assertion consumer service. */
  readonly recipient: string;
  /** Id of the request that this answers. */
  readonly requestId: string;
  readonly nowMs: number;
}

export interface Assertion {
  readonly id: string;
  readonly nameId: string;
  /** Attribute values by attribute name. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  /** When it can no longer be sent again. */
  readonly expiresMs: number;
}

const must = (condition: boolean, why: string): void => {
  if (!condition) throw new MalformedError('malformed.value', why);
};

/**
 * @param xml the assertion as the verified signature covers it, and nothing else
 * @throws MalformedError naming the first rule that is broken
 */
export function readAssertion(xml: string, o: Expected): Assertion {
  const root = readXml(xml);
  const assertion = root.name === 'Response' && root.ns === NS.protocol ? onlyChild(root, NS.assertion, 'Assertion') : root;
  must(assertion.name === 'Assertion' && assertion.ns === NS.assertion && assertion.attributes.get('Version') === '2.0', 'what is signed is no SAML 2.0 assertion');
  must(textOf(onlyChild(assertion, NS.assertion, 'Issuer')) === o.issuer, 'the assertion is of another issuer');
  must(childrenOf(assertion, NS.assertion, 'AuthnStatement').length >= 1, 'the assertion says nothing of a sign-in');
  const subject = onlyChild(assertion, NS.assertion, 'Subject');
  const confirmedUntil = checkConfirmation(onlyChild(subject, NS.assertion, 'SubjectConfirmation'), o);
  const until = Math.min(confirmedUntil, checkConditions(onlyChild(assertion, NS.assertion, 'Conditions'), o));
  const issued = timeOf(assertion, 'IssueInstant');
  must(issued <= o.nowMs + CLOCK_SKEW_MS, 'the assertion was issued in the future');
  must(o.nowMs < issued + MAX_AGE_MS + CLOCK_SKEW_MS, 'the assertion is too old');
  const nameId = onlyChild(subject, NS.assertion, 'NameID');
  must(nameId.attributes.get('Format') !== TRANSIENT, 'a transient NameID names nobody: configure a persistent one or e-mail');
  return { id: assertion.attributes.get('ID') ?? '', nameId: textOf(nameId), attributes: attributesOf(assertion), expiresMs: until + CLOCK_SKEW_MS };
}

function checkConfirmation(confirmation: XmlElement, o: Expected): number {
  must(confirmation.attributes.get('Method') === BEARER, 'the subject is not confirmed as bearer');
  const data = onlyChild(confirmation, NS.assertion, 'SubjectConfirmationData');
  must(data.attributes.get('Recipient') === o.recipient, 'the assertion is meant for another recipient');
  must(data.attributes.get('InResponseTo') === o.requestId, 'the assertion answers another request');
  must(data.attributes.get('NotBefore') === undefined, 'a bearer confirmation must not have NotBefore');
  const until = timeOf(data, 'NotOnOrAfter');
  must(o.nowMs < until + CLOCK_SKEW_MS, 'the confirmation of the subject has expired');
  return until;
}

function checkConditions(conditions: XmlElement, o: Expected): number {
  const known = ['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction'];
  // A condition that is not understood makes the assertion indeterminate (core section 2.5.1).
  must(conditions.children.every((c) => c.ns === NS.assertion && known.includes(c.name)), 'the assertion has a condition that is not understood');
  if (conditions.attributes.has('NotBefore')) must(timeOf(conditions, 'NotBefore') <= o.nowMs + CLOCK_SKEW_MS, 'the assertion is not valid yet');
  const until = timeOf(conditions, 'NotOnOrAfter');
  must(o.nowMs < until + CLOCK_SKEW_MS, 'the assertion has expired');
  const restrictions = childrenOf(conditions, NS.assertion, 'AudienceRestriction');
  must(restrictions.length >= 1, 'the assertion names no audience');
  must(restrictions.every((r) => childrenOf(r, NS.assertion, 'Audience').some((a) => textOf(a) === o.audience)), 'the assertion is meant for another audience');
  return until;
}

function attributesOf(assertion: XmlElement): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const statement of childrenOf(assertion, NS.assertion, 'AttributeStatement')) {
    for (const attribute of childrenOf(statement, NS.assertion, 'Attribute')) {
      const name = attribute.attributes.get('Name') ?? '';
      must(!found.has(name), `the attribute ${name} comes twice`);
      found.set(name, childrenOf(attribute, NS.assertion, 'AttributeValue').map(textOf));
    }
  }
  return found;
}

/** The text of an element that may hold nothing but text. */
function textOf(e: XmlElement): string {
  must(e.children.length === 0, `${e.name} holds more than text`);
  return e.text.trim();
}

/** xs:dateTime in UTC, in milliseconds. */
function timeOf(e: XmlElement, name: string): number {
  const text = e.attributes.get(name) ?? '';
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text) ? Date.parse(text) : NaN;
  must(Number.isFinite(ms), `${e.name} has no ${name}, or one that is no time in UTC`);
  return ms;
}
