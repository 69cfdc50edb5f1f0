/** The targets this person may open, and the local endpoints for native clients. */
import { z } from 'zod';
import { connectionName, epochMs, labels, protocol } from './common.ts';
import { defineSlice, nothing } from './slice.ts';

export const health = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('unknown') }),
  z.strictObject({ state: z.literal('checking') }),
  z.strictObject({ state: z.literal('up'), latencyMs: z.number().nonnegative(), checkedMs: epochMs }),
  z.strictObject({ state: z.literal('down'), message: z.string(), checkedMs: epochMs }),
]);
export type Health = z.infer<typeof health>;

/** A local listener of the proxy. The password opens this listener only; it is never the target's. */
export const endpoint = z.strictObject({
  host: z.string(),
  port: z.int().min(1).max(65_535),
  user: z.string(),
  password: z.string(),
  database: z.string(),
  url: z.string(),
  psql: z.string(),
  pgService: z.string(),
  /** `export PGHOST=...` lines. */
  env: z.string(),
  sessions: z.int().nonnegative(),
});
export type Endpoint = z.infer<typeof endpoint>;

/** A local listener for ssh and what is made of it. Nothing of it is secret: the key is in a file of this person's. */
export const sshEndpoint = z.strictObject({
  host: z.string(),
  port: z.int().min(1).max(65_535),
  user: z.string(),
  /** `ssh -F ... web1` */
  ssh: z.string(),
  sftp: z.string(),
  /** A line for the person's own ~/.ssh/config. */
  include: z.string(),
  sessions: z.int().nonnegative(),
});
export type SshEndpoint = z.infer<typeof sshEndpoint>;

export const connection = z.strictObject({
  name: connectionName,
  protocol,
  labels,
  database: z.string(),
  /** Address of the target, for people: `db1.internal:5432`. */
  address: z.string(),
  tls: z.enum(['verify', 'disable']),
  health,
  endpoint: endpoint.optional(),
  sshEndpoint: sshEndpoint.optional(),
});
export type Connection = z.infer<typeof connection>;

export const nativeKind = z.enum(['psql', 'url', 'pg_service', 'env', 'password', 'ssh', 'sftp', 'ssh_include']);
export type NativeKind = z.infer<typeof nativeKind>;

const named = z.strictObject({ name: connectionName });

export const connectionsSlice = defineSlice(
  'connections',
  {
    list: { request: nothing, reply: z.array(connection) },
    /** Asks the store again and probes health; the answers arrive as `changed`. */
    refresh: { request: nothing, reply: z.array(connection) },
    openEndpoint: { request: named, reply: connection },
    closeEndpoint: { request: named, reply: z.null() },
    /** Opens the endpoint where needed and puts the text on the clipboard, in main. */
    copyNative: { request: z.strictObject({ name: connectionName, kind: nativeKind }), reply: connection },
  },
  { changed: z.array(connection) },
);
