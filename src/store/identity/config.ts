/** What the store's configuration says about sign-in: providers, and which groups hold which role. */
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

export const issuerIdOf = (i: { issuer: string; id?: string | undefined }): string => i.id ?? new URL(i.issuer).hostname.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 40);

interface IdentityPart {
  readonly issuers: readonly IssuerConfig[];
  readonly dev_idp?: unknown;
  readonly public_url?: string | undefined;
}

const isLocal = (url: URL): boolean => ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);

/** The first rule that a configuration breaks; undefined when it keeps all. */
export function identityProblem(config: IdentityPart): { field: string; message: string; fix?: string } | undefined {
  for (const i of config.issuers) {
    const url = new URL(i.issuer);
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal(url))) return { field: 'issuers', message: `${i.issuer} must use https` };
    if (i.web?.client_secret_file !== undefined && i.web.client_secret_env !== undefined) return { field: 'issuers', message: 'give one of client_secret_file, client_secret_env' };
  }
  const ids = [...config.issuers.map(issuerIdOf), ...(config.dev_idp === undefined ? [] : ['dev'])];
  const twice = ids.find((id, n) => ids.indexOf(id) !== n);
  if (twice !== undefined) return { field: 'issuers', message: `two providers have the id ${twice}`, fix: 'give each its own id' };
  if (config.issuers.length === 0 && config.dev_idp === undefined) return { field: 'issuers', message: 'nobody could sign in', fix: 'name an OpenID provider under issuers, or dev_idp for a demo' };
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
  try {
    return readFileSync(i.web.client_secret_file, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new ConfigError(`${i.web.client_secret_file} cannot be read: ${messageOf(cause)}`, { field });
  }
}
