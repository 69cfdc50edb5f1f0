/** Configuration of notifications: who hears of what, and how. Addresses come from here and from nowhere else. */
import { z } from 'zod';
import { line } from '../../contract/store/index.ts';
import { notificationKinds } from '../../contract/store/notify.ts';
import { ConfigError } from '../../base/errors.ts';
import { secretOf, secretSource, type SecretSource, textOf } from '../config-parts.ts';
import { endpointUrl } from '../siem/config.ts';

const file = z.string().min(1).max(4_000);
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

const common = {
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes'),
  /** Absent: all. */
  events: z.array(z.enum(notificationKinds)).min(1).optional(),
  /** Only approvals that ask one of these groups. Absent: all. */
  approver_groups: z.array(line(255)).min(1).max(100).optional(),
  /** The masked statement as approvers see it leaves the store with the message. */
  show_statements: z.boolean().default(false),
};

const webhook = z
  .strictObject({
    ...common,
    type: z.literal('webhook'),
    url: endpointUrl,
    /** HMAC-SHA256 (Standard Webhooks `v1`): `whsec_` and base64 of 24 to 64 bytes. */
    secret: secretSource.optional(),
    /** Ed25519 (`v1a`): `whsk_` and base64 of the 32 bytes of the private key. */
    signing_key: secretSource.optional(),
    ca_file: file.optional(),
  })
  .refine((w) => w.secret !== undefined || w.signing_key !== undefined, 'a webhook is signed: give secret, signing_key or both');

const slack = z.strictObject({
  ...common,
  type: z.literal('slack'),
  /** The URL of an incoming webhook is a secret itself. */
  url: secretSource,
  ca_file: file.optional(),
});

/** One address, without a display name: nothing that could carry a second header or a second address. */
const address = z.string().max(254).regex(/^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,188}[A-Za-z0-9])?$/, 'not an e-mail address');

const email = z.strictObject({
  ...common,
  type: z.literal('email'),
  from: address,
  to: z.array(address).min(1).max(100),
  smtp: z
    .strictObject({
      host: z.string().min(1).max(253),
      port: z.number().int().min(1).max(65_535).default(587),
      /** starttls: refuse to go on without it. implicit: TLS from the first byte. none: on this machine only. */
      tls: z.enum(['starttls', 'implicit', 'none']).default('starttls'),
      ca_file: file.optional(),
      user: z.string().min(1).max(255).optional(),
      password: secretSource.optional(),
    })
    .refine((s) => s.tls !== 'none' || LOOPBACK.includes(s.host), 'mail without TLS goes to this machine only')
    .refine((s) => (s.user === undefined) === (s.password === undefined), 'give both user and password, or neither'),
});

const channel = z.discriminatedUnion('type', [webhook, slack, email]);
export type ChannelConfig = z.output<typeof channel>;
export type WebhookConfig = z.output<typeof webhook>;
export type SlackConfig = z.output<typeof slack>;
export type EmailConfig = z.output<typeof email>;

export const notifyConfig = z
  .strictObject({ channels: z.array(channel).max(50).default([]) })
  .refine((c) => new Set(c.channels.map((x) => x.name)).size === c.channels.length, 'two channels have one name');
export type NotifyConfig = z.output<typeof notifyConfig>;

/** With every path made absolute by `at`. */
export function notifyConfigAt(c: NotifyConfig, at: (path: string) => string): NotifyConfig {
  const source = (s: SecretSource): SecretSource => (s.file === undefined ? s : { ...s, file: at(s.file) });
  const optional = (s: SecretSource | undefined): SecretSource | undefined => (s === undefined ? undefined : source(s));
  const path = (p: string | undefined): string | undefined => (p === undefined ? undefined : at(p));
  return {
    channels: c.channels.map((x) => {
      if (x.type === 'webhook') return { ...x, secret: optional(x.secret), signing_key: optional(x.signing_key), ca_file: path(x.ca_file) };
      if (x.type === 'slack') return { ...x, url: source(x.url), ca_file: path(x.ca_file) };
      return { ...x, smtp: { ...x.smtp, password: optional(x.smtp.password), ca_file: path(x.smtp.ca_file) } };
    }),
  };
}

export interface WebhookKeys {
  readonly hmac: Buffer | undefined;
  /** 32 bytes. */
  readonly ed25519: Buffer | undefined;
}

/** @throws ConfigError when a key is not of the form that Standard Webhooks gives it */
export function webhookKeys(c: WebhookConfig): WebhookKeys {
  const field = `notify.channels.${c.name}`;
  const hmac = c.secret === undefined ? undefined : keyOf(secretOf(c.secret, `${field}.secret`), 'whsec_', `${field}.secret`);
  if (hmac !== undefined && (hmac.length < 24 || hmac.length > 64)) throw new ConfigError('the secret has 24 to 64 bytes', { field: `${field}.secret` });
  const ed25519 = c.signing_key === undefined ? undefined : keyOf(secretOf(c.signing_key, `${field}.signing_key`), 'whsk_', `${field}.signing_key`);
  if (ed25519 !== undefined && ed25519.length !== 32) throw new ConfigError('the key has 32 bytes', { field: `${field}.signing_key` });
  return { hmac, ed25519 };
}

function keyOf(text: string, prefix: string, field: string): Buffer {
  const encoded = text.trim();
  const base64 = encoded.slice(prefix.length);
  if (!encoded.startsWith(prefix) || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw new ConfigError(`not ${prefix} and base64`, { field, fix: `echo ${prefix}$(head -c 32 /dev/urandom | base64)` });
  return Buffer.from(base64, 'base64');
}

/** @throws ConfigError when it is not an https URL */
export function slackUrl(c: SlackConfig): string {
  const field = `notify.channels.${c.name}.url`;
  const url = endpointUrl.safeParse(secretOf(c.url, field).trim());
  if (!url.success) throw new ConfigError('not an https URL', { field });
  return url.data;
}

/** PEM, or undefined for the system's. @throws ConfigError */
export const caOf = (path: string | undefined, name: string): string | undefined => (path === undefined ? undefined : textOf(path, `notify.channels.${name}.ca_file`));
