/** Registered targets and leases of their credentials. No answer but the lease holds a credential. */
import { z } from 'zod';
import { line, sessionId, timeMs } from './common.ts';
import { accountTemplate, sshCa, sshCertificate, sshPublicKey } from './ssh-ca.ts';

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
/** A password, or for SSH a private key in OpenSSH or PEM form without a passphrase. */
const secrets = { user: z.string().min(1).max(255), password: z.string().max(10_000).optional(), private_key: z.string().min(1).max(20_000).optional() };
const one = (...values: unknown[]): boolean => values.filter((v) => v !== undefined).length === 1;
export const target = z.strictObject(targetShape);
export type WireTarget = z.output<typeof target>;

export const targetList = z.strictObject({ targets: z.array(target) });
export const targetParams = z.strictObject({ name: connectionName });

/** POST /v1/targets, administrators. `groups`: who may see and lease it; absent means every signed-in person. */
export const targetBody = z
  .strictObject({
    ...targetShape,
    database: z.string().max(255).default(''),
    tls: z.enum(['verify', 'disable']).default('verify'),
    labels: labels.default({}),
    groups: z.array(line(255)).max(100).optional(),
    credentials: z
      .strictObject({ ...secrets, ssh_ca: sshCa.optional() })
      .refine((c) => one(c.password, c.private_key, c.ssh_ca), 'give exactly one of password, private_key, ssh_ca')
      .refine((c) => c.ssh_ca === undefined || accountTemplate.safeParse(c.user).success, 'user: with ssh_ca a name, or in braces {sub} or {local_part@your.domain}'),
  })
  .refine((t) => t.credentials.ssh_ca === undefined || t.protocol === 'ssh', 'ssh_ca is for targets of protocol ssh');

/** POST /v1/targets/:name/lease: signed by an enrolled device of the signed-in person. */
export const leaseBody = z.strictObject({
  session_id: sessionId,
  /** A key pair's public half, made for this session: targets with `ssh_ca` need it, others ignore it. */
  ssh_public_key: sshPublicKey.optional(),
});
export const leaseReply = z
  .strictObject({ ...secrets, certificate: sshCertificate.optional(), lease_id: z.string().min(1).max(100), leased_ms: timeMs })
  .refine((c) => one(c.password, c.private_key, c.certificate), 'exactly one of password, private_key, certificate');
