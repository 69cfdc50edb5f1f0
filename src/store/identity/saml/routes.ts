/** SAML over HTTP: our metadata, and the address that the provider's page posts to. */
import { issuerParams } from '../../../contract/store/index.ts';
import type { Queries } from '../../db/database.ts';
import { StoreError } from '../../http/errors.ts';
import { bytes, none, redirect, type Router, withCookies } from '../../http/route.ts';
import { loginRefused, secretsOf, takeLogin } from '../logins.ts';
import { finishSignIn, headerText, jarOf, type WebOptions } from '../web-routes.ts';
import type { ProvenAssertion, SamlMethod } from './provider.ts';

const FORM_LIMIT_BYTES = 400 * 1024;

export interface SamlRouteOptions extends Omit<WebOptions, 'methods' | 'oidc'> {
  readonly saml: readonly SamlMethod[];
}

export function samlRoutes(route: Router, o: SamlRouteOptions): void {
  route({
    ...none,
    method: 'GET',
    path: '/auth/saml/:issuer/metadata',
    auth: 'public',
    action: 'web.metadata',
    params: issuerParams,
    reply: bytes,
    ratePerMinute: 60,
    handler: (ctx) => {
      ctx.unaudited();
      const method = o.saml.find((m) => m.id === ctx.params.issuer);
      if (method === undefined) throw new StoreError('not_found', 'no such provider');
      return Promise.resolve({ contentType: 'application/samlmetadata+xml', fileName: `${method.id}.xml`, body: Buffer.from(method.metadata()) });
    },
  });
  route({
    ...none,
    method: 'POST',
    path: '/auth/saml/:issuer',
    auth: 'public',
    action: 'web.signin',
    params: issuerParams,
    bodyLimitBytes: FORM_LIMIT_BYTES,
    reply: withCookies(redirect),
    ratePerMinute: 60,
    handler: async (ctx) => {
      const method = o.saml.find((m) => m.id === ctx.params.issuer);
      if (method === undefined) throw loginRefused('no such provider');
      const form = formOf(ctx.raw, ctx.headers['content-type']);
      const secrets = secretsOf(jarOf(o.publicUrl), headerText(ctx.headers['cookie']), form.state);
      const login = await takeLogin(ctx.db, o.clock, { secrets, issuerId: method.id });
      // Sign-ins that the provider begins by itself have no request of ours, and no way to know for whom they are.
      if (login.request_id === null) throw loginRefused('this sign-in was not begun by SAML');
      const proven = await method.prove(form.response, login.request_id);
      return finishSignIn(ctx, o, { proven, returnTo: login.return_to, state: form.state, sameSite: 'none', once: (tx) => neverAgain(tx, proven) });
    },
  });
}

/** One assertion, one session, for all processes of the store. */
async function neverAgain(tx: Queries, a: ProvenAssertion): Promise<void> {
  const fresh = await tx.run('insert into saml_assertions (issuer, assertion_id, expires_ms) values ($1,$2,$3) on conflict do nothing', [a.issuer, a.assertionId, a.expiresMs]);
  if (fresh !== 1) throw loginRefused('the assertion was used before');
}

function formOf(raw: Uint8Array, type: unknown): { response: string; state: string } {
  if (typeof type !== 'string' || !/^application\/x-www-form-urlencoded(;|$)/i.test(type)) throw loginRefused('the body is not a form');
  const form = new URLSearchParams(new TextDecoder().decode(raw));
  const one = (name: string): string => {
    const values = form.getAll(name);
    if (values.length !== 1 || values[0] === undefined) throw loginRefused(`the form must have one ${name}`);
    return values[0];
  };
  return { response: one('SAMLResponse'), state: one('RelayState') };
}
