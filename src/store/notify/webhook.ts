/**
 * Webhooks, signed as the Standard Webhooks specification says: the signature covers id, time and body, so a receiver
 * can tell who sent it, refuse what is old, and drop what it has already.
 */
import { createHash, createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { post } from '../siem/http-post.ts';
import { type Channel, SEND_TIMEOUT_MS } from './channel.ts';
import { caOf, type WebhookConfig, webhookKeys, type WebhookKeys } from './config.ts';
import type { Notification } from './notification.ts';
import { worded } from './templates.ts';

/** PKCS #8 of an Ed25519 key up to its 32 bytes (RFC 8410 section 7). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** @throws ConfigError for keys that cannot be read */
export function webhookChannel(c: WebhookConfig, o: { readonly clock: Clock; readonly page: () => string }): Channel {
  const keys = webhookKeys(c);
  const ca = caOf(c.ca_file, c.name);
  return {
    name: c.name,
    ...(keys.ed25519 === undefined ? {} : { publicKey: publicKeyOf(keys.ed25519) }),
    send: async (n, signal) => {
      const body = webhookBody(n, o.page());
      const headers = { 'content-type': 'application/json', 'user-agent': 'sallyport', ...webhookHeaders(messageId(n.id), o.clock.nowMs(), body, keys) };
      const answer = await post({ url: c.url, headers, body: Buffer.from(body), ca, timeoutMs: SEND_TIMEOUT_MS, signal });
      if (answer.status < 200 || answer.status > 299) throw new Error(`${new URL(c.url).host} answered ${answer.status}`);
    },
    close: () => undefined,
  };
}

/** `{type, timestamp, data}` as the specification recommends. */
export function webhookBody(n: Notification, page: string): string {
  const { title, advice, link } = worded(n, page);
  const { kind, t_ms: tMs, until_ms: untilMs, ...data } = n;
  return JSON.stringify({ type: kind, timestamp: new Date(tMs).toISOString(), data: { ...data, title, advice, ...(link === undefined ? {} : { link }), ...(untilMs === undefined ? {} : { until: new Date(untilMs).toISOString() }) } });
}

/** Ids of the specification have no dots and no slashes: a digest of ours, the same at every try. */
export const messageId = (id: string): string => `msg_${createHash('sha256').update(id).digest('base64url').slice(0, 27)}`;

/** `webhook-id`, `webhook-timestamp` (seconds), `webhook-signature` (one for each key, separated by spaces). */
export function webhookHeaders(id: string, nowMs: number, body: string, keys: WebhookKeys): Record<string, string> {
  const seconds = String(Math.floor(nowMs / 1_000));
  const content = Buffer.from(`${id}.${seconds}.${body}`);
  const signatures: string[] = [];
  if (keys.hmac !== undefined) signatures.push(`v1,${createHmac('sha256', keys.hmac).update(content).digest('base64')}`);
  if (keys.ed25519 !== undefined) signatures.push(`v1a,${sign(null, content, privateKey(keys.ed25519)).toString('base64')}`);
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signatures.join(' ') };
}

const privateKey = (seed: Buffer): ReturnType<typeof createPrivateKey> => createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });

function publicKeyOf(seed: Buffer): string {
  const spki = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' });
  return `whpk_${spki.subarray(-32).toString('base64')}`;
}
