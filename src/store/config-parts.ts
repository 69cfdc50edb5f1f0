/** Configuration of what the store stands on: database, object storage, key files, how it listens. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { ConfigError, messageOf } from '../base/errors.ts';

const file = z.string().min(1);
/** A secret: here, in the environment, or in a file. */
export const secretSource = z
  .strictObject({ value: z.string().min(1).max(10_000).optional(), env: z.string().min(1).optional(), file: file.optional() })
  .refine((s) => [s.value, s.env, s.file].filter((x) => x !== undefined).length === 1, 'give exactly one of value, env, file');
export type SecretSource = z.output<typeof secretSource>;

export const databaseConfig = z
  .strictObject({
    /** postgres://user:password@host:5432/database */
    url: z.string().min(1).max(2_000).optional(),
    url_env: z.string().min(1).optional(),
    url_file: file.optional(),
    /** Connections of this process. */
    connections: z.number().int().min(2).max(500).default(20),
  })
  .refine((d) => [d.url, d.url_env, d.url_file].filter((x) => x !== undefined).length === 1, 'give exactly one of url, url_env, url_file');
export type DatabaseConfig = z.output<typeof databaseConfig>;

export const objectsConfig = z.strictObject({
  s3: z.strictObject({
    endpoint: z.url({ protocol: /^https?$/ }).optional(),
    region: z.string().min(1).max(100).default('us-east-1'),
    bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'not the name of a bucket'),
    prefix: z.string().regex(/^(?:[A-Za-z0-9][A-Za-z0-9._-]*\/)*$/, 'plain names, each with a slash behind it').max(500).default(''),
    path_style: z.boolean().default(false),
    /** Absent: where the platform gives them (environment, instance, pod identity). */
    access_key_id: secretSource.optional(),
    secret_access_key: secretSource.optional(),
    /** Retention by the bucket's object lock. */
    lock: z.strictObject({ mode: z.enum(['GOVERNANCE', 'COMPLIANCE']), days: z.number().int().min(1).max(36_500) }).optional(),
  }),
});
export type ObjectsConfig = z.output<typeof objectsConfig>;

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];
const network = z.string().refine((text) => {
  const [address = '', bits, more] = text.split('/');
  const family = isIP(address);
  return family !== 0 && more === undefined && (bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)));
}, 'an address or a network such as 10.0.0.0/8');

export const listenConfig = z
  .strictObject({
    host: z.string().min(1).max(253).default('127.0.0.1'),
    port: z.number().int().min(0).max(65_535).default(0),
    tls: z.strictObject({ cert_file: file, key_file: file }).optional(),
    /** TLS ends at proxies with these addresses; nobody else may connect. */
    behind_proxy: z.strictObject({ trusted: z.array(network).min(1).max(100) }).optional(),
  })
  .refine((l) => l.tls === undefined || l.behind_proxy === undefined, 'TLS ends here (tls) or at a proxy (behind_proxy), not at both')
  .refine((l) => LOOPBACK.includes(l.host) || l.tls !== undefined || l.behind_proxy !== undefined, 'beyond loopback the store listens with tls, or behind_proxy with the addresses of its proxies');
export type ListenConfig = z.output<typeof listenConfig>;

/** @throws ConfigError when it cannot be read */
export function secretOf(s: SecretSource, field: string): string {
  if (s.value !== undefined) return s.value;
  if (s.env !== undefined) {
    const value = process.env[s.env];
    if (value === undefined || value === '') throw new ConfigError(`the environment has no ${s.env}`, { field });
    return value;
  }
  return textOf(s.file ?? '', field).trim();
}

/** The address of the database. @throws ConfigError */
export function databaseUrl(d: DatabaseConfig): string {
  return secretOf({ value: d.url, env: d.url_env, file: d.url_file }, 'database');
}

/** @throws ConfigError naming the field */
export function textOf(path: string, field: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${path} cannot be read: ${messageOf(cause)}`, { field });
  }
}

/** Both halves of the credentials, or neither. @throws ConfigError */
export function s3Credentials(c: ObjectsConfig['s3']): { accessKeyId: string; secretAccessKey: string } | undefined {
  if (c.access_key_id === undefined && c.secret_access_key === undefined) return undefined;
  if (c.access_key_id === undefined || c.secret_access_key === undefined) throw new ConfigError('give both access_key_id and secret_access_key, or neither', { field: 'objects.s3' });
  return { accessKeyId: secretOf(c.access_key_id, 'objects.s3.access_key_id'), secretAccessKey: secretOf(c.secret_access_key, 'objects.s3.secret_access_key') };
}

interface Parts {
  readonly database?: DatabaseConfig | undefined;
  readonly objects?: ObjectsConfig | undefined;
  readonly keys_dir?: string | undefined;
  readonly listen: ListenConfig;
}

/** The same with every path made absolute by `at`. */
export function partsAt<T extends Parts>(c: T, at: (path: string) => string): T {
  const { database, objects, keys_dir, listen } = c;
  const source = (s: SecretSource | undefined): SecretSource | undefined => (s?.file === undefined ? s : { ...s, file: at(s.file) });
  return {
    ...c,
    ...(database?.url_file === undefined ? {} : { database: { ...database, url_file: at(database.url_file) } }),
    ...(objects === undefined ? {} : { objects: { s3: { ...objects.s3, access_key_id: source(objects.s3.access_key_id), secret_access_key: source(objects.s3.secret_access_key) } } }),
    ...(keys_dir === undefined ? {} : { keys_dir: at(keys_dir) }),
    ...(listen.tls === undefined ? {} : { listen: { ...listen, tls: { cert_file: at(listen.tls.cert_file), key_file: at(listen.tls.key_file) } } }),
  };
}
