/** What the store's configuration says about sign-in: providers, and which groups hold which role. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError, messageOf } from '../../base/errors.ts';
import { deviceId, issuerId, line } from '../../contract/store/index.ts';

export const issuerConfig = z.strictObject({
  issuer: z.url(),
  /** Names it in the store's sign-in URLs. Default: its host name with dashes. */
  id: issuerId.optional(),
  client_id: line(255),
  /** The client of the store's web sign-in, when it is another one than the app's. */
  web: z.strictObject({ client_id: line(255), client_secret_file: z.string().min(1).optional(), client_secret_env: z.string().min(1).optional() }).optional(),
  name: line(255).optional(),
  /** What signs in here: people, or agents and CI jobs. */
  kind: z.enum(['User', 'Agent']).default('User'),
  groups_claim: line(100).default('groups'),
});
export type IssuerConfig = z.output<typeof issuerConfig>;

export const samlConfig = z.strictObject({
  id: issuerId,
  name: line(255).optional(),
  /** Entity id of the identity provider. */
  entity_id: line(500),
  /** Its single sign-on address for the redirect binding. */
  sso_url: z.url(),
  /** Its signing certificates, PEM: two while it changes keys. */
  certificate_files: z.array(z.string().min(1)).min(1).max(5),
  groups_attribute: line(255).default('groups'),
  /** Attribute with the name that people see. Default: the NameID. */
  name_attribute: line(255).optional(),
});
export type SamlConfig = z.output<typeof samlConfig>;

/** One claim's condition: an exact value, or for text a pattern (`*` within one part, `**` across `/` and `:`). */
const claimCondition = z.union([z.string().min(1).max(500), z.boolean(), z.number()]);

/** A CI job or agent that may exchange its own token for a session. */
export const serviceConfig = z.strictObject({
  name: line(100),
  /** Issuer of the job's token, found by discovery. */
  issuer: z.url(),
  /** Audience that the token must have been made for: this store. */
  audience: line(500),
  /** All must hold. `sub` or another claim that names the job is a must: an issuer speaks for many. */
  claims: z.record(z.string().min(1).max(100), claimCondition).refine((c) => Object.keys(c).length > 0, 'name at least one claim'),
  /** Groups of the session: from here and never from the token. */
  groups: z.array(line(255)).max(100).default([]),
  minutes: z.number().min(1).max(720).default(15),
});
export type ServiceConfig = z.output<typeof serviceConfig>;

const groups = z.array(line(255)).max(100);

/** Groups that hold each role. `engineer` and `approver` absent: every person. */
export const roleGroups = z.strictObject({
  engineer: groups.optional(),
  approver: groups.optional(),
  auditor: groups.default([]),
  privacy_officer: groups.default([]),
  security: groups.default([]),
  admin: groups.default([]),
});

export const deviceConfig = z.strictObject({
  /** Default: auto with the development provider, else approval. */
  enrolment: z.enum(['auto', 'approval']).optional(),
  /** Device ids that need nobody's approval: how the first administrator gets a device. */
  preauthorised: z.array(deviceId).max(1_000).default([]),
});

export const limitsConfig = z.strictObject({
  /** Of one person or device, in one process. */
  requests_per_minute: z.number().int().min(10).max(1_000_000).default(6_000),
  /** Requests of one address that prove nobody. */
  failures_per_minute: z.number().int().min(10).max(1_000_000).default(600),
  /** A request must have arrived whole within this time. */
  request_seconds: z.number().min(1).max(3_600).default(120),
});

export const issuerIdOf = (i: { issuer: string; id?: string | undefined }): string => i.id ?? new URL(i.issuer).hostname.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 40);

interface IdentityPart {
  readonly issuers: readonly IssuerConfig[];
  readonly saml: readonly SamlConfig[];
  readonly services: readonly ServiceConfig[];
  readonly dev_idp?: unknown;
  readonly public_url?: string | undefined;
  readonly listen: { readonly host: string; readonly behind_proxy?: unknown };
}

const isLocal = (url: URL): boolean => ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);

/** The first rule that a configuration breaks; undefined when it keeps all. */
export function identityProblem(config: IdentityPart): { field: string; message: string; fix?: string } | undefined {
  for (const i of config.issuers) {
    const url = new URL(i.issuer);
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal(url))) return { field: 'issuers', message: `${i.issuer} must use https` };
    if (i.web?.client_secret_file !== undefined && i.web.client_secret_env !== undefined) return { field: 'issuers', message: 'give one of client_secret_file, client_secret_env' };
  }
  for (const s of config.saml) {
    const url = new URL(s.sso_url);
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal(url))) return { field: 'saml', message: `${s.sso_url} must use https` };
  }
  for (const s of config.services) {
    const url = new URL(s.issuer);
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal(url))) return { field: 'services', message: `${s.issuer} must use https` };
  }
  const ids = [...config.issuers.map(issuerIdOf), ...config.saml.map((s) => s.id), ...(config.dev_idp === undefined ? [] : ['dev'])];
  const twice = ids.find((id, n) => ids.indexOf(id) !== n);
  if (twice !== undefined) return { field: 'issuers', message: `two providers have the id ${twice}`, fix: 'give each its own id' };
  if (config.issuers.length + config.saml.length === 0 && config.dev_idp === undefined) return { field: 'issuers', message: 'nobody could sign in', fix: 'name an OpenID provider under issuers, a SAML provider under saml, or dev_idp for a demo' };
  const unknown = config.listen.behind_proxy !== undefined || ['0.0.0.0', '::'].includes(config.listen.host);
  if (config.public_url === undefined && unknown) return { field: 'public_url', message: 'is needed: behind a proxy, or on every address, the store cannot know how it is reached' };
  if (config.public_url !== undefined) {
    const url = new URL(config.public_url);
    if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return { field: 'public_url', message: 'must be an address without a path' };
    if (url.protocol !== 'https:' && !isLocal(url)) return { field: 'public_url', message: 'must use https' };
  }
  return undefined;
}

/** The secret of a provider's web client. @throws ConfigError */
export function clientSecret(i: IssuerConfig): string | undefined {
  const field = `issuers.${issuerIdOf(i)}.web`;
  if (i.web?.client_secret_env !== undefined) {
    const value = process.env[i.web.client_secret_env];
    if (value === undefined) throw new ConfigError(`the environment has no ${i.web.client_secret_env}`, { field });
    return value;
  }
  if (i.web?.client_secret_file === undefined) return undefined;
  return readText(i.web.client_secret_file, field).replace(/\r?\n$/, '');
}

/** Certificates of a SAML provider, PEM. @throws ConfigError when one is none, or its key is too weak to trust */
export function samlCertificates(c: SamlConfig): string[] {
  const field = `saml.${c.id}.certificate_files`;
  return c.certificate_files.map((file) => {
    const pem = readText(file, field);
    let key: KeyObject;
    try {
      key = new X509Certificate(pem).publicKey;
    } catch (cause) {
      throw new ConfigError(`${file} is no certificate: ${messageOf(cause)}`, { field });
    }
    if (key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) throw new ConfigError(`${file} must hold an RSA key of at least 2048 bits`, { field });
    return pem;
  });
}

function readText(path: string, field: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${path} cannot be read: ${messageOf(cause)}`, { field });
  }
}
