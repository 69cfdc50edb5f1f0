/** Configuration of the store: a strict YAML file, or the same shape from the process that embeds it. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError, messageOf } from '../base/errors.ts';
import { accountTemplate, connectionName, hostKey, labels, line, type SshCa, sshCa } from '../contract/store/index.ts';
import { databaseConfig, listenConfig, objectsConfig, partsAt, textOf } from './config-parts.ts';
import { parseYaml } from './config-yaml.ts';
import { logConfig, logConfigAt } from './log/config.ts';
import { notifyConfig, notifyConfigAt } from './notify/config.ts';
import { siemConfig, siemConfigAt } from './siem/config.ts';
import { retentionConfig } from './retention/config.ts';
import { deviceConfig, identityProblem, issuerConfig, limitsConfig, roleGroups, samlConfig, serviceConfig } from './identity/config.ts';

const devPerson = z.strictObject({
  subject: line(255),
  name: line(255),
  groups: z.array(line(255)).max(100),
  password: z.string().min(1).max(255).optional(),
});

const configTarget = z.strictObject({
  name: connectionName,
  protocol: z.enum(['postgres', 'mysql', 'ssh', 'kube', 'http']),
  host: z.string().min(1).max(253),
  port: z.number().int().min(1).max(65_535),
  database: z.string().max(255).default(''),
  tls: z.enum(['verify', 'disable']).default('verify'),
  /** PEM text. */
  tls_ca: z.string().max(200_000).optional(),
  tls_ca_file: z.string().min(1).optional(),
  /** SSH: the keys that the target may present. */
  host_keys: z.array(hostKey).min(1).max(10).optional(),
  labels: labels.default({}),
  /** Who may see and lease it; absent means every signed-in person. */
  groups: z.array(line(255)).max(100).optional(),
  credentials: z
    .strictObject({
      user: z.string().min(1).max(255),
      password: z.string().max(10_000).optional(),
      password_env: z.string().min(1).optional(),
      password_file: z.string().min(1).optional(),
      /** SSH: OpenSSH or PEM, without a passphrase. */
      private_key_file: z.string().min(1).optional(),
      /** SSH: certificates of this store's CA. */
      ssh_ca: sshCa.optional(),
    })
    .refine((c) => [c.password, c.password_env, c.password_file, c.private_key_file, c.ssh_ca].filter((x) => x !== undefined).length === 1, 'give exactly one of password, password_env, password_file, private_key_file, ssh_ca')
    .refine((c) => c.ssh_ca === undefined || accountTemplate.safeParse(c.user).success, 'user: with ssh_ca a name, or in braces {sub} or {local_part@your.domain}'),
});

export const storeConfig = z.strictObject({
  /** Relative to the configuration file. */
  data_dir: z.string().min(1),
  listen: listenConfig.default({ host: '127.0.0.1', port: 0 }),
  /** PostgreSQL, S3-compatible storage and the keys that all processes share: all three, or none for the embedded store. */
  database: databaseConfig.optional(),
  objects: objectsConfig.optional(),
  keys_dir: z.string().min(1).optional(),
  organisation: line(255).default('Sallyport'),
  /** First part of every recording's checkpoint origin, and of the witness's name: a host name of yours. */
  origin: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,100}$/, 'lower-case letters, digits, dots and dashes').default('sallyport.local'),
  issuers: z.array(issuerConfig).max(20).default([]),
  saml: z.array(samlConfig).max(20).default([]),
  /** CI jobs and agents that may exchange their platform's token for a session; the first rule that fits counts. */
  services: z.array(serviceConfig).max(200).default([]),
  dev_idp: z.strictObject({ port: z.number().int().min(0).max(65_535).default(0), people: z.array(devPerson).max(100).default([]) }).optional(),
  /** Groups that hold each role. `engineer` and `approver` absent: every person. */
  roles: roleGroups.prefault({}),
  devices: deviceConfig.prefault({}),
  limits: limitsConfig.prefault({}),
  log: logConfig.prefault({}),
  retention: retentionConfig.prefault({}),
  siem: siemConfig.prefault({}),
  notify: notifyConfig.prefault({}),
  /** How browsers and devices reach this store. Default: the address it listens on. */
  public_url: z.url({ protocol: /^https?$/ }).max(300).optional(),
  targets: z.array(configTarget).max(1_000).default([]),
  /** How long a sign-in lasts. */
  session_hours: z.number().min(0.01).max(72).default(12),
});
/** What a caller writes: fields with defaults may be left out. */
export type StoreConfig = z.input<typeof storeConfig>;
export type ResolvedConfig = z.output<typeof storeConfig>;
export type ConfigTarget = z.output<typeof configTarget>;

/** @throws ConfigError naming file, line and field of every problem. */
export function loadStoreConfig(file: string): ResolvedConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`cannot be read: ${messageOf(cause)}`, { file });
  }
  const config = parseYaml(storeConfig, text, file);
  checkRules(config, file);
  const base = dirname(resolve(file));
  const at = (path: string): string => resolve(base, path);
  return {
    ...partsAt(config, at),
    data_dir: at(config.data_dir),
    log: logConfigAt(config.log, at),
    siem: siemConfigAt(config.siem, at),
    notify: notifyConfigAt(config.notify, at),
    issuers: config.issuers.map((i) => (i.web?.client_secret_file === undefined ? i : { ...i, web: { ...i.web, client_secret_file: at(i.web.client_secret_file) } })),
    saml: config.saml.map((s) => ({ ...s, certificate_files: s.certificate_files.map(at) })),
    targets: config.targets.map((t) => ({
      ...t,
      ...(t.tls_ca_file === undefined ? {} : { tls_ca_file: at(t.tls_ca_file) }),
      credentials: { ...t.credentials, ...fileAt('password_file', t.credentials.password_file, at), ...fileAt('private_key_file', t.credentials.private_key_file, at) },
    })),
  };
}

/** The same checks for a configuration that a program made. @throws ConfigError */
export function resolveStoreConfig(input: StoreConfig): ResolvedConfig {
  const result = storeConfig.safeParse(input);
  if (!result.success) throw new ConfigError(result.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; '));
  checkRules(result.data, undefined);
  return result.data;
}

function checkRules(config: ResolvedConfig, file: string | undefined): void {
  const place = (field: string): { file?: string; field: string } => (file === undefined ? { field } : { file, field });
  const given = [config.database, config.objects, config.keys_dir].filter((x) => x !== undefined).length;
  if (given !== 0 && given !== 3) throw new ConfigError('database, objects and keys_dir come together: what one process keeps for itself is lost to the others', place('database'));
  const twice = config.targets.find((t, i) => config.targets.findIndex((o) => o.name === t.name) !== i);
  if (twice !== undefined) throw new ConfigError(`two targets are named ${twice.name}`, place('targets'));
  const notSsh = config.targets.find((t) => t.credentials.ssh_ca !== undefined && t.protocol !== 'ssh');
  if (notSsh !== undefined) throw new ConfigError(`${notSsh.name}: ssh_ca is for targets of protocol ssh`, place('targets'));
  const problem = identityProblem(config);
  if (problem !== undefined) throw new ConfigError(problem.message, { ...place(problem.field), ...(problem.fix === undefined ? {} : { fix: problem.fix }) });
}

const fileAt = <N extends string>(name: N, path: string | undefined, at: (path: string) => string): Partial<Record<N, string>> => (path === undefined ? {} : ({ [name]: at(path) } as Record<N, string>));

/** What a target is signed on to with. @throws ConfigError */
export function targetCredentials(t: ConfigTarget): { user: string; password: string } | { user: string; private_key: string } | { user: string; ssh_ca: SshCa } {
  const { user, private_key_file, ssh_ca } = t.credentials;
  if (ssh_ca !== undefined) return { user, ssh_ca };
  return private_key_file === undefined ? { user, password: targetPassword(t) } : { user, private_key: textOf(private_key_file, `targets.${t.name}.credentials`) };
}

/** The secret of a target from where the configuration says it is. @throws ConfigError */
export function targetPassword(t: ConfigTarget): string {
  const { password, password_env, password_file } = t.credentials;
  const field = `targets.${t.name}.credentials`;
  if (password !== undefined) return password;
  if (password_env !== undefined) {
    const value = process.env[password_env];
    if (value === undefined) throw new ConfigError(`the environment has no ${password_env}`, { field });
    return value;
  }
  return textOf(password_file ?? '', field).replace(/\r?\n$/, '');
}

/** PEM of the target's CA, when one is configured. @throws ConfigError */
export function targetCa(t: ConfigTarget): string | undefined {
  return t.tls_ca_file === undefined ? t.tls_ca : textOf(t.tls_ca_file, `targets.${t.name}.tls_ca_file`);
}
