/** The store's SSH certificate authority: what a target's certificates say, and its keys. docs/ssh-certificates.md is for people. */
import { z } from 'zod';
import { line, sha256Hex, timeMs } from './common.ts';

/** `{sub}`: the whole subject. `{local_part@example.com}`: what is before the @ of a subject of that domain, and of no other. */
const TOKEN = /\{(sub|local_part@[a-z0-9.-]{1,253})\}/g;
/** An account's name or a principal's, maybe with tokens: no space and no comma, which sshd's files use between names. */
export const accountTemplate = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\p{Cc}\s,]+$/u, 'no spaces, commas or control characters')
  .refine((text) => !/[{}]/.test(text.replace(TOKEN, '')), 'in braces only {sub} and {local_part@your.domain}');

/** What sshd lets a certificate permit (PROTOCOL.certkeys of OpenSSH). */
export const certificateExtensions = ['permit-pty', 'permit-port-forwarding', 'permit-agent-forwarding', 'permit-user-rc'] as const;

const address = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'an address or a network: 10.0.0.0/8');

/** A target that is signed on to with certificates, in place of a registered password or key. */
export const sshCa = z.strictObject({
  /** Whom the target may take the bearer for. Default: the account of `user`. */
  principals: z.array(accountTemplate).min(1).max(32).optional(),
  /** From the issue on. It bounds the sign-on, not the session. */
  lifetime_s: z.number().int().min(30).max(3_600).default(300),
  /** Where the sign-on may come from. */
  source_address: z.array(address).min(1).max(32).optional(),
  extensions: z.array(z.enum(certificateExtensions)).max(certificateExtensions.length).default(['permit-pty']),
});
export type SshCa = z.output<typeof sshCa>;

/** The key that a device made for one sign-on. */
export const sshPublicKey = z.string().max(200).regex(/^ssh-ed25519 [A-Za-z0-9+/]+={0,2}$/, 'an Ed25519 key: ssh-ed25519 and base64');
export const sshCertificate = z.string().max(90_000).regex(/^ssh-ed25519-cert-v01@openssh\.com [A-Za-z0-9+/]+={0,2}$/, 'an OpenSSH certificate of an Ed25519 key');

/** `signs`: new certificates are signed with it; one key at a time. `trusted`: hosts are to trust it. `removed`: no more. */
export const caKey = z.strictObject({
  key_id: sha256Hex,
  /** As `ssh-keygen -l` prints it. */
  fingerprint: line(100),
  /** One line for the host's file of TrustedUserCAKeys. */
  public_key: line(300),
  state: z.enum(['signs', 'trusted', 'removed']),
  created_ms: timeMs,
  removed_ms: timeMs.optional(),
});
export type CaKey = z.output<typeof caKey>;
/** GET /v1/ssh-ca/keys */
export const caKeyList = z.strictObject({ keys: z.array(caKey) });
export const caKeyParams = z.strictObject({ id: sha256Hex });
