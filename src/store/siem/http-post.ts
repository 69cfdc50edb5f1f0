/** One POST to a configured URL: no redirects, TLS verified, bounded answer. For SIEM receivers and webhooks. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

const ANSWER_BYTES = 64 * 1024;

export interface PostInput {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** PEM; absent: the system's. */
  readonly ca?: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface PostAnswer {
  readonly status: number;
  /** Of `Retry-After`, when it is there and can be read. */
  readonly retryAfterMs: number | undefined;
  /** The first bytes of the answer, for people. */
  readonly text: string;
}

/** @throws Error when there is no answer in time */
export function post(p: PostInput): Promise<PostAnswer> {
  const url = new URL(p.url);
  const signal = AbortSignal.any([p.signal, AbortSignal.timeout(p.timeoutMs)]);
  const options = { method: 'POST', headers: { ...p.headers, 'content-length': String(p.body.length) }, signal, agent: false as const };
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest(url, { ...options, rejectUnauthorized: true, minVersion: 'TLSv1.2', ...(p.ca === undefined ? {} : { ca: p.ca }) }) : httpRequest(url, options);
    request.once('error', reject);
    request.once('response', (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        // What comes after this is not read: an endless answer must not hold the sender.
        if (bytes <= ANSWER_BYTES) parts.push(part);
        else response.destroy();
      });
      response.once('error', reject);
      response.once('close', () => resolve({ status: response.statusCode ?? 0, retryAfterMs: retryAfter(response.headers['retry-after']), text: Buffer.concat(parts).toString('utf8').slice(0, 200) }));
    });
    request.end(p.body);
  });
}

/** Seconds or an HTTP date (RFC 9110 section 10.2.3). */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

/** Status codes after which the same request may succeed later. */
export const mayPassLater = (status: number): boolean => status === 408 || status === 425 || status === 429 || status >= 500;
