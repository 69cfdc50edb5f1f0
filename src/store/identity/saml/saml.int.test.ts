import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Browser } from '../../../testing/browser.ts';
import { freePort } from '../../../testing/free-port.ts';
import { assertionXml, type Claims, requestIdOf, responseXml, RSA_SHA1, samlKey, SIGNATURE, signXml } from '../../../testing/saml-idp.ts';
import { startTestStore, type TestStore } from '../../../testing/store-harness.ts';

const key = samlKey();
const stranger = samlKey();
const IDP = 'https://idp.example.com/metadata';
const SSO = 'https://idp.example.com/sso';
const EMAIL = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
let store: TestStore;
let auditorToken: string | undefined;
beforeAll(async () => {
  store = await startTestStore({
    listen: { host: '127.0.0.1', port: await freePort() },
    saml: [
      { id: 'corp', entity_id: IDP, sso_url: SSO, certificate_files: [key.certificateFile], groups_attribute: 'memberOf', name_attribute: 'displayName' },
      { id: 'other', entity_id: 'https://other.example.com/metadata', sso_url: 'https://other.example.com/sso', certificate_files: [key.certificateFile] },
    ],
  });
});
afterAll(() => store.stop());

const acs = (id = 'corp'): string => `${store.url()}/auth/saml/${id}`;

interface Begun {
  readonly browser: Browser;
  readonly state: string;
  readonly claims: Claims;
}

/** A sign-in as far as the provider's page, and what an honest provider would say. */
async function begin(change: Partial<Claims> = {}): Promise<Begun> {
  const browser = new Browser(SSO);
  const page = await browser.open(`${store.url()}/auth/login?issuer=corp&return_to=/auditor`);
  const { id, relayState, destination } = requestIdOf(page.url);
  expect(destination).toBe(acs());
  const nowMs = Date.now();
  const claims: Claims = {
    issuer: IDP,
    audience: `${acs()}/metadata`,
    recipient: acs(),
    destination: acs(),
    inResponseTo: id,
    nameId: 'sam@example.com',
    nameFormat: EMAIL,
    groups: ['audit', 'engineering'],
    nowMs,
    notBeforeMs: nowMs - 5_000,
    notOnOrAfterMs: nowMs + 120_000,
    confirmedUntilMs: nowMs + 120_000,
    status: 'Success',
    assertionId: `_a${id.slice(1)}`,
    extraConditions: '',
    authnStatement: true,
    ...change,
  };
  return { browser, state: relayState, claims };
}

const signed = (c: Claims): string => signXml(responseXml(c, assertionXml(c)), { key, element: 'Assertion' });
const send = (b: Begun, xml: string, to = acs(), state = b.state): Promise<{ status: number; url: string; html: string }> =>
  b.browser.submit(SSO, { SAMLResponse: Buffer.from(xml).toString('base64'), RelayState: state }, to);
const meReply = z.object({ principal: z.object({ iss: z.string(), sub: z.string(), name: z.string(), groups: z.array(z.string()) }), roles: z.object({ auditor: z.boolean() }) });
const session = (b: Browser): string | undefined => b.cookie(store.url(), 'sallyport_session')?.value;

/** The reason that the audit trail has for the newest refusal. */
async function reason(): Promise<string> {
  auditorToken ??= (await store.person('audra@example.com', ['audit'])).identity.token;
  const response = await fetch(`${store.url()}/v1/audit?action=web.signin&limit=1`, { headers: { authorization: `Bearer ${auditorToken}` } });
  return z.object({ entries: z.array(z.object({ outcome: z.string(), detail: z.string() })) }).parse(await response.json()).entries[0]?.detail ?? '';
}

async function refused(b: Begun, xml: string, why: RegExp): Promise<void> {
  const page = await send(b, xml);
  expect(page.status, page.html).toBe(401);
  expect(page.html).toContain('the sign-in was refused: start again');
  expect(session(b.browser)).toBeUndefined();
  expect(await reason()).toMatch(why);
}

describe('SAML sign-in', () => {
  it('takes a signed assertion and knows name, groups and roles', async () => {
    const b = await begin();
    const page = await send(b, signed(b.claims));
    expect(page.url).toBe(`${store.url()}/auditor`);
    const me = meReply.parse(await (await b.browser.request(`${store.url()}/v1/me`)).json());
    expect(me.principal).toMatchObject({ iss: IDP, sub: 'sam@example.com', name: 'Sam L.', groups: ['audit', 'engineering'] });
    expect(me.roles.auditor).toBe(true);
  });

  it('takes a response that is signed as well', async () => {
    const b = await begin();
    expect((await send(b, signXml(signed(b.claims), { key, element: 'Response' }))).url).toBe(`${store.url()}/auditor`);
  });

  it('finishes in another process than it began in', async () => {
    const b = await begin();
    await store.restart();
    expect((await send(b, signed(b.claims))).url).toBe(`${store.url()}/auditor`);
  });

  it('publishes metadata with its address and its wish for signed assertions', async () => {
    const text = await (await fetch(`${acs()}/metadata`)).text();
    expect(text).toContain(`entityID="${acs()}/metadata"`);
    expect(text).toContain(`Location="${acs()}"`);
    expect(text).toContain('WantAssertionsSigned="true"');
  });
});

describe('a SAML response is refused', () => {
  it.each<[string, Partial<Claims>, RegExp]>([
    ['of another issuer', { issuer: 'https://evil.example/metadata' }, /another issuer/],
    ['for another audience', { audience: 'https://other.example.com' }, /audience/],
    ['for another recipient', { recipient: 'https://other.example.com/acs' }, /another recipient/],
    ['for another destination', { destination: 'https://other.example.com/acs' }, /another destination/],
    ['that has expired', { notOnOrAfterMs: Date.now() - 60_000 }, /expired/],
    ['whose confirmation has expired', { confirmedUntilMs: Date.now() - 60_000 }, /confirmation|expired/],
    ['that is not valid yet', { notBeforeMs: Date.now() + 120_000 }, /not (yet )?valid( yet)?/],
    ['issued in the future', { nowMs: Date.now() + 300_000 }, /future/],
    ['issued long ago', { nowMs: Date.now() - 3_600_000 }, /too old/],
    ['to another request', { inResponseTo: '_0123456789012345678901234567890123456789' }, /InResponseTo/],
    ['to no request (provider-initiated)', { inResponseTo: undefined }, /InResponseTo/],
    ['whose signed part answers another request', { confirmedRequest: '_other' }, /InResponseTo|another request/],
    ['that reports no success', { status: 'Responder' }, /no success/],
    ['that names nobody for long', { nameFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient' }, /transient/],
    ['with a condition that nobody knows', { extraConditions: '<saml:Condition xmlns:x="urn:x" x:only="tuesdays"/>' }, /not understood/],
    ['without a statement of a sign-in', { authnStatement: false }, /nothing of a sign-in/],
    ['with a name that holds elements', { nameId: 'sam@example.com<saml:x>.evil.example</saml:x>' }, /more than text/],
  ])('%s', async (_name, change, why) => {
    const b = await begin(change);
    await refused(b, signed(b.claims), why);
  });

  it('without any signature', async () => {
    const b = await begin();
    await refused(b, responseXml(b.claims, assertionXml(b.claims)), /not signed/);
  });

  it('when only the response is signed', async () => {
    const b = await begin();
    await refused(b, signXml(responseXml(b.claims, assertionXml(b.claims)), { key, element: 'Response' }), /the assertion is not signed/);
  });

  it('signed by another key, whose certificate it brings along', async () => {
    const b = await begin();
    await refused(b, signXml(responseXml(b.claims, assertionXml(b.claims)), { key: stranger, element: 'Assertion' }), /signature/i);
  });

  it('signed with RSA-SHA1', async () => {
    const b = await begin();
    await refused(b, signXml(responseXml(b.claims, assertionXml(b.claims)), { key, element: 'Assertion', signatureAlgorithm: RSA_SHA1 }), /algorithm .*rsa-sha1 is not accepted/);
  });

  it('with a SHA-1 digest', async () => {
    const b = await begin();
    const xml = signXml(responseXml(b.claims, assertionXml(b.claims)), { key, element: 'Assertion', digestAlgorithm: 'http://www.w3.org/2000/09/xmldsig#sha1' });
    await refused(b, xml, /digest algorithm .* is not accepted/);
  });

  it('canonicalized with comments', async () => {
    const b = await begin();
    const xml = signXml(responseXml(b.claims, assertionXml(b.claims)), { key, element: 'Assertion', canonicalization: 'http://www.w3.org/2001/10/xml-exc-c14n#WithComments' });
    await refused(b, xml, /canonicalization/);
  });

  it('with one altered byte', async () => {
    const b = await begin();
    await refused(b, signed(b.claims).replace('sam@example.com', 'max@example.com'), /signature/i);
  });

  it('sent twice', async () => {
    const b = await begin();
    const xml = signed(b.claims);
    const cookie = b.browser.cookie(store.url(), 'sallyport_login_')!;
    expect((await send(b, xml)).url).toBe(`${store.url()}/auditor`);
    const again = new Browser();
    again.cookies.set(store.url(), new Map([[cookie.name, { value: cookie.value, sameSite: 'none' }]]));
    expect((await again.submit(SSO, { SAMLResponse: Buffer.from(xml).toString('base64'), RelayState: b.state }, acs())).status).toBe(401);
  });

  it('when its assertion was used by another sign-in', async () => {
    const first = await begin();
    await send(first, signed(first.claims));
    const second = await begin({ assertionId: first.claims.assertionId });
    await refused(second, signed(second.claims), /used before/);
  });

  it('in another browser than began it', async () => {
    const b = await begin();
    const other = new Browser();
    expect((await other.submit(SSO, { SAMLResponse: Buffer.from(signed(b.claims)).toString('base64'), RelayState: b.state }, acs())).status).toBe(401);
  });

  it('at the address of another provider', async () => {
    const b = await begin();
    expect((await send(b, signed(b.claims), acs('other'))).status).toBe(401);
  });
});

/** Eight ways to put a forged assertion where a careless reader finds it, and the signed one where the signature finds it (Somorovsky et al., 2012). */
describe('signature wrapping', () => {
  const forged = (c: Claims): string => assertionXml({ ...c, nameId: 'root@example.com', groups: ['platform', 'audit'], assertionId: '_evil' });
  const parts = (c: Claims): { response: string; original: string; bare: string; signature: string; evil: string } => {
    const response = signed(c);
    const original = /<saml:Assertion .*<\/saml:Assertion>/s.exec(response)![0];
    const signature = SIGNATURE.exec(original)![0];
    return { response, original, signature, bare: original.replace(signature, ''), evil: forged(c) };
  };
  const inEvil = (evil: string, after: string, what: string): string => evil.replace(after, `${after}${what}`);
  const signedResponse = (c: Claims): { response: string; signature: string } => {
    const response = signXml(responseXml(c, assertionXml(c)), { key, element: 'Response' });
    return { response, signature: SIGNATURE.exec(response)![0] };
  };

  it.each<[string, (c: Claims) => string]>([
    ['XSW1: forged response around the signed one, inside its signature', (c) => {
      const { response, signature } = signedResponse(c);
      const inner = response.replace(signature, '');
      return responseXml(c, forged(c), '_evilresponse').replace('<samlp:Status>', `${signature.replace('</ds:Signature>', `<ds:Object>${inner}</ds:Object></ds:Signature>`)}<samlp:Status>`);
    }],
    ['XSW2: forged response, the signed one beside the signature', (c) => {
      const { response, signature } = signedResponse(c);
      return responseXml(c, forged(c), '_evilresponse').replace('<samlp:Status>', `${signature}${response.replace(signature, '')}<samlp:Status>`);
    }],
    ['XSW3: forged assertion before the signed one', (c) => {
      const { response, original, evil } = parts(c);
      return response.replace(original, `${evil}${original}`);
    }],
    ['XSW4: signed assertion inside the forged one', (c) => {
      const { response, original, evil } = parts(c);
      return response.replace(original, evil.replace('</saml:Assertion>', `${original}</saml:Assertion>`));
    }],
    ['XSW5: signature in the forged assertion, the signed one behind', (c) => {
      const { response, original, bare, signature, evil } = parts(c);
      return response.replace(original, `${inEvil(evil, '</saml:Issuer>', signature)}${bare}`);
    }],
    ['XSW6: the signed assertion inside the signature in the forged one', (c) => {
      const { response, original, bare, signature, evil } = parts(c);
      return response.replace(original, inEvil(evil, '</saml:Issuer>', signature.replace('</ds:Signature>', `${bare}</ds:Signature>`)));
    }],
    ['XSW7: forged assertion in Extensions', (c) => {
      const { response, evil } = parts(c);
      return response.replace('<samlp:Status>', `<samlp:Extensions>${evil}</samlp:Extensions><samlp:Status>`);
    }],
    ['XSW8: the signed assertion in an Object of the signature in the forged one', (c) => {
      const { response, original, bare, signature, evil } = parts(c);
      return response.replace(original, inEvil(evil, '</saml:Issuer>', signature.replace('</ds:Signature>', `<ds:Object>${bare}</ds:Object></ds:Signature>`)));
    }],
    ['the forged assertion with the id of the signed one', (c) => {
      const { response, original, evil } = parts(c);
      return response.replace(original, `${evil.replace('_evil', c.assertionId)}${original}`);
    }],
    ['the signed assertion in another namespace’s element', (c) => {
      const { response, original, evil } = parts(c);
      return response.replace(original, `<x xmlns="urn:x">${original}</x>${evil}`);
    }],
  ])('%s', async (_name, wrap) => {
    const b = await begin();
    const xml = wrap(b.claims);
    expect(xml).toContain('root@example.com');
    expect(xml).toContain('<ds:SignatureValue>');
    await refused(b, xml, /refused/);
  });
});

describe('XML', () => {
  it.each<[string, (xml: string) => string, RegExp]>([
    ['an external entity (XXE)', (xml) => `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>${xml.replace('Sam L.', '&x;')}`, /document type/],
    ['entities that multiply', (xml) => `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>${xml}`, /document type/],
    ['a comment in the name, that cuts it short', (xml) => xml.replace('sam@example.com', 'sam@example.com<!---->.evil.example'), /comment/],
    ['a comment in the signed name', (xml) => xml.replace('sam@example.com', 'sam@<!-- x -->example.com'), /comment/],
    ['an empty comment in the signed name', (xml) => xml.replace('sam@example.com', 'sam@<!---->example.com'), /comment/],
    ['a CDATA section', (xml) => xml.replace('sam@example.com', '<![CDATA[sam@example.com]]>'), /CDATA/],
    ['a processing instruction', (xml) => xml.replace('sam@example.com', '<?x y?>sam@example.com'), /processing instruction/],
    ['text that is no XML', () => 'hello', /./],
    ['elements without end', () => '<a>'.repeat(500), /too many elements/],
  ])('with %s is refused', async (_name, change, why) => {
    const b = await begin();
    await refused(b, change(signed(b.claims)), why);
  });

  it('that hides a second document behind lenient base64 is refused', async () => {
    const b = await begin();
    const page = await b.browser.submit(SSO, { SAMLResponse: `${Buffer.from(signed(b.claims)).toString('base64')}!!!!`, RelayState: b.state }, acs());
    expect(page.status).toBe(401);
  });
});
