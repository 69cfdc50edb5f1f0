/** Registered targets and leases of their credentials. No answer but the lease holds a credential. */
import { z } from 'zod';
import { line, sessionId, timeMs } from './common.ts';

export const connectionName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'letters, digits, ".", "_", "-"; at most 63');
const host = z.string().min(1).max(253).regex(/^[A-Za-z0-9_.:-]+$|^\/[^\0]{1,100}$/, 'a host name, an address or the directory of a Unix socket');
export const labels = z.record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_./-]{0,62}$/), line(255));

/** A public key as known_hosts names it: type and base64, without host and comment. */
export const hostKey = z.string().max(8_000).regex(/^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/]+={0,2}$/, 'a host key: type and base64, as ssh-keyscan prints them after the host');

const targetShape = {
  name: connectionName,
  protocol: z.enum(['postgres', 'mysql', 'ssh', 'kube', 'http']),
  host,
  port: z.number().int().min(1).max(65_535),
  database: z.string().max(255),
  tls: z.enum(['verify', 'disable']),
  /** PEM of the CA that signs the target's certificate. */
  tls_ca: z.string().max(200_000).optional(),
  /** SSH: which keys the target may present. Without one it is never connected to. */
  host_keys: z.array(hostKey).max(10).optional(),
  labels,
};
/** Exactly one secret: a password, or for SSH a private key in OpenSSH or PEM form without a passphrase. */
const credentials = z.strictObject({ user: z.string().min(1).max(255), password: z.string().max(10_000).optional(), private_key: z.string().min(1).max(20_000).optional() });
const oneSecret = (c: { readonly password?: string | undefined; readonly private_key?: string | undefined }): boolean => (c.password === undefined) !== (c.private_key === undefined);
const ONE_SECRET = 'give exactly one of password, private_key';
export const target = z.strictObject(targetShape);
export type WireTarget = z.output<typeof target>;

export const targetList = z.strictObject({ targets: z.array(target) });
export const targetParams = z.strictObject({ name: connectionName });

/** POST /v1/targets, administrators. `groups`: who may see and lease it; absent means every signed-in person. */
export const targetBody = z.strictObject({
  ...targetShape,
  database: z.string().max(255).default(''),
  tls: z.enum(['verify', 'disable']).default('verify'),
  labels: labels.default({}),
  groups: z.array(line(255)).max(100).optional(),
  credentials: credentials.refine(oneSecret, ONE_SECRET),
});

/** POST /v1/targets/:name/lease: signed by an enrolled device of the signed-in person. */
export const leaseBody = z.strictObject({ session_id: sessionId });
export const leaseReply = credentials.extend({ lease_id: z.string().min(1).max(100), leased_ms: timeMs }).refine(oneSecret, ONE_SECRET);
