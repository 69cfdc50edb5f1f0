/** Makes the ways to sign in from the configuration and mounts their routes. */
import type { Clock } from '../../base/clock.ts';
import type { ResolvedConfig } from '../config.ts';
import type { Router } from '../http/route.ts';
import { clientSecret, issuerIdOf, type SamlConfig, samlCertificates } from './config.ts';
import type { DevIdp } from './dev-idp.ts';
import { discoveredKeys, type TrustedIssuer } from './id-token.ts';
import { identityRoutes } from './routes.ts';
import type { SamlMethod, SamlProvider } from './saml/provider.ts';
import { samlRoutes } from './saml/routes.ts';
import { serviceRoutes } from './service-routes.ts';
import { sessionRoutes } from './session-routes.ts';
import { oidcMethod, webRoutes } from './web-routes.ts';

export interface IdentityParts {
  readonly config: ResolvedConfig;
  readonly clock: Clock;
  readonly publicUrl: () => URL;
  readonly dev: { readonly idp: DevIdp; readonly adminSecret: string } | undefined;
}

export async function mountIdentity(route: Router, o: IdentityParts): Promise<void> {
  const { config, clock, publicUrl } = o;
  const issuers: TrustedIssuer[] = config.issuers.map((i) => ({
    id: issuerIdOf(i),
    issuer: i.issuer,
    clientId: i.client_id,
    webClientId: i.web?.client_id ?? i.client_id,
    clientSecret: clientSecret(i),
    name: i.name ?? new URL(i.issuer).host,
    dev: false,
    kind: i.kind,
    groupsClaim: i.groups_claim,
    identityIssuer: i.issuer,
    keys: discoveredKeys(i.issuer),
  }));
  if (o.dev !== undefined) issuers.push(o.dev.idp.trusted);
  const sessionTtlMs = Math.round(config.session_hours * 3_600_000);
  // Agents and CI jobs have no browser.
  const oidc = issuers.filter((i) => i.kind === 'User').map((i) => oidcMethod(i, publicUrl));
  const saml = await samlMethods(config.saml, { publicUrl, clock });
  const methods = [...oidc, ...saml];
  identityRoutes(route, { organisation: config.organisation, origin: config.origin, issuers, methods, sessionTtlMs, clock, dev: o.dev });
  webRoutes(route, { methods, oidc, publicUrl, clock, sessionTtlMs });
  samlRoutes(route, { saml, publicUrl, clock, sessionTtlMs });
  // Rules of one issuer share its keys.
  const keys = new Map(config.services.map((r) => [r.issuer, discoveredKeys(r.issuer)]));
  serviceRoutes(route, { rules: config.services.map((r) => ({ ...r, keys: keys.get(r.issuer) ?? discoveredKeys(r.issuer) })), clock });
  sessionRoutes(route);
}

/** Loaded only where it is used: the library is large, and most stores on laptops have no SAML. */
async function samlMethods(configured: readonly SamlConfig[], o: Pick<IdentityParts, 'publicUrl' | 'clock'>): Promise<SamlMethod[]> {
  if (configured.length === 0) return [];
  const { samlMethod } = await import('./saml/provider.ts');
  return configured.map((s) => samlMethod(samlProvider(s), o));
}

const samlProvider = (s: SamlConfig): SamlProvider => ({
  id: s.id,
  name: s.name ?? s.id,
  entityId: s.entity_id,
  ssoUrl: s.sso_url,
  certificates: samlCertificates(s),
  groupsAttribute: s.groups_attribute,
  nameAttribute: s.name_attribute,
});
