/** gateway.yaml (design.md section 13), read strictly: a field that is not understood is an error, not a surprise. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ConfigError, messageOf } from '../base/errors.ts';
import { hostKey, sshCa } from '../contract/store/index.ts';
import { parseYaml } from '../store/config-yaml.ts';
import type { StoreConfig } from '../store/config.ts';
import { ringName } from '../tuf/metadata.ts';

const secrets = { user: z.string().min(1), password: z.string().optional(), password_env: z.string().min(1).optional(), password_file: z.string().min(1).optional() };
const given = (...values: readonly unknown[]): number => values.filter((x) => x !== undefined).length;

const common = {
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'letters, digits, dots, dashes and underscores'),
  labels: z.record(z.string(), z.string()).default({}),
  listen: z.strictObject({ port: z.number().int().min(0).max(65_535).default(0) }).default({ port: 0 }),
};

const postgres = z.strictObject({
  ...common,
  protocol: z.literal('postgres'),
  target: z.strictObject({
    host: z.string().min(1),
    port: z.number().int().min(1).max(65_535).default(5432),
    database: z.string().min(1),
    tls: z.enum(['verify', 'disable']).default('verify'),
    ca_file: z.string().min(1).optional(),
  }),
  credentials: z.strictObject(secrets).refine((c) => given(c.password, c.password_env, c.password_file) === 1, 'give exactly one of password, password_env, password_file'),
});

const ssh = z.strictObject({
  ...common,
  protocol: z.literal('ssh'),
  target: z.strictObject({
    host: z.string().min(1),
    port: z.number().int().min(1).max(65_535).default(22),
    /** The key, or the keys, that the target may present. */
    host_key: z.union([hostKey, z.array(hostKey).min(1).max(10)]),
  }),
  credentials: z
    .strictObject({ ...secrets, private_key_file: z.string().min(1).optional(), ssh_ca: sshCa.optional() })
    .refine((c) => given(c.password, c.password_env, c.password_file, c.private_key_file, c.ssh_ca) === 1, 'give exactly one of password, password_env, password_file, private_key_file, ssh_ca'),
});

const connection = z.discriminatedUnion('protocol', [postgres, ssh], { error: 'this version serves postgres and ssh' });
type ConnectionConfig = z.output<typeof connection>;

const identity = z
  .strictObject({
    dev: z.strictObject({ subject: z.string().min(1), groups: z.array(z.string().min(1)).default([]) }).optional(),
    /** An ID token of a person or agent. */
    token_file: z.string().min(1).optional(),
    /** The token that a CI platform gives its job; the store exchanges it for a short session. */
    service_token_file: z.string().min(1).optional(),
  })
  .refine((i) => [i.dev, i.token_file, i.service_token_file].filter((x) => x !== undefined).length === 1, 'give exactly one of dev, token_file, service_token_file');

export const gatewayConfig = z
  .strictObject({
    data_dir: z.string().min(1),
    store: z.union([z.literal('embedded'), z.url()]).default('embedded'),
    identity,
    /** A source directory; only with the embedded store. */
    bundle: z.string().min(1).optional(),
    /** A code of an administrator with which this device need not wait for approval; used at the first start. */
    device_code_file: z.string().min(1).optional(),
    /** Signed bundles of the store: whom to trust, and which ring this device is in. */
    policy: z
      .strictObject({
        root_file: z.string().min(1).optional(),
        root_sha256: z.string().regex(/^[0-9a-f]{64}$/, 'not a SHA-256 in hex').optional(),
        ring: ringName.default('stable'),
      })
      .refine((p) => (p.root_file === undefined) !== (p.root_sha256 === undefined), 'give exactly one of root_file, root_sha256')
      .optional(),
    connections: z.array(connection).max(500).default([]),
    /** Which of the store's connections to serve; all by default. Only with a store of its own. */
    serve: z.array(z.string().min(1)).optional(),
    /** Bound on recordings that the store has not receipted, in MiB. */
    spool_mib: z.number().int().min(1).max(1_000_000).optional(),
  })
  .superRefine((c, context) => {
    const embedded = c.store === 'embedded';
    const say = (at: string, message: string): void => context.addIssue({ code: 'custom', path: [at], message });
    if (embedded && c.bundle === undefined) say('bundle', 'the embedded store needs a bundle directory');
    if (embedded && c.policy !== undefined) say('policy', 'the embedded store reads its bundle from a directory: name it with bundle');
    if (!embedded && c.policy === undefined) say('policy', 'with a store of its own, bundles come from the store: name the root to trust');
    if (!embedded && c.bundle !== undefined) say('bundle', 'a bundle directory works only with the embedded store; with a store of its own, bundles come signed from the store');
    if (embedded && c.connections.length === 0) say('connections', 'the embedded store needs at least one connection');
    if (!embedded && c.connections.length > 0) say('connections', 'with a store of its own, targets come from the store');
    if (!embedded && c.identity.dev !== undefined) say('identity', 'dev identities work only with the embedded store');
    const names = c.connections.map((x) => x.name);
    const twice = names.find((n, i) => names.indexOf(n) !== i);
    if (twice !== undefined) say('connections', `two connections are named ${twice}`);
  });

export type GatewayConfig = z.output<typeof gatewayConfig>;

/** Paths in the result are absolute: the file's own directory is their base. @throws ConfigError with file, line and field. */
export function loadGatewayConfig(file: string): GatewayConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`cannot be read: ${messageOf(cause)}`, { file });
  }
  const config = parseYaml(gatewayConfig, text, file);
  const at = (p: string): string => path.resolve(path.dirname(file), p);
  const optional = (p: string | undefined): string | undefined => (p === undefined ? undefined : at(p));
  return {
    ...config,
    data_dir: at(config.data_dir),
    bundle: optional(config.bundle),
    device_code_file: optional(config.device_code_file),
    policy: config.policy === undefined ? undefined : { ...config.policy, root_file: optional(config.policy.root_file) },
    identity: { ...config.identity, token_file: optional(config.identity.token_file), service_token_file: optional(config.identity.service_token_file) },
    connections: config.connections.map((c) => connectionAt(c, optional)),
  };
}

function connectionAt(c: ConnectionConfig, at: (p: string | undefined) => string | undefined): ConnectionConfig {
  const password_file = at(c.credentials.password_file);
  if (c.protocol === 'postgres') return { ...c, target: { ...c.target, ca_file: at(c.target.ca_file) }, credentials: { ...c.credentials, password_file } };
  return { ...c, credentials: { ...c.credentials, password_file, private_key_file: at(c.credentials.private_key_file) } };
}

/** A connection as the embedded store registers it. */
export function targetOf(c: ConnectionConfig): NonNullable<StoreConfig['targets']>[number] {
  const { name, protocol, labels, credentials } = c;
  const { host, port } = c.target;
  if (c.protocol === 'ssh') return { name, protocol, host, port, labels, credentials, host_keys: [c.target.host_key].flat() };
  const { database, tls, ca_file } = c.target;
  return { name, protocol, host, port, database, tls, labels, credentials, ...(ca_file === undefined ? {} : { tls_ca_file: ca_file }) };
}
