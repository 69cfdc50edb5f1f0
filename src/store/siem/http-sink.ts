/** Events to an HTTP receiver: batches by POST, gzip, retried until one is accepted with a 2xx. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { messageOf } from '../../base/errors.ts';
import { textOf } from '../config-parts.ts';
import { httpHeaders, type HttpSinkConfig } from './config.ts';
import { post, type PostAnswer } from './http-post.ts';
import { DeliveryError, type Sink } from './sink.ts';

const gzipAsync = promisify(gzip);

/** @throws ConfigError when a secret or the CA cannot be read */
export function httpSink(c: HttpSinkConfig): Sink {
  const ca = c.ca_file === undefined ? undefined : textOf(c.ca_file, `siem.sinks.${c.name}.ca_file`);
  const headers = {
    'content-type': c.body === 'ndjson' ? 'application/x-ndjson' : 'application/json',
    'content-encoding': 'gzip',
    'user-agent': 'sallyport',
    ...httpHeaders(c),
  };
  return {
    batchEvents: c.batch_events,
    deliver: async (bodies, signal) => {
      const text = c.body === 'ndjson' ? bodies.map((b) => `${b}\n`).join('') : `[${bodies.join(',')}]`;
      const body = await gzipAsync(text);
      let answer: PostAnswer;
      try {
        answer = await post({ url: c.url, headers, body, ca, timeoutMs: c.timeout_seconds * 1_000, signal });
      } catch (cause) {
        throw new DeliveryError(`${new URL(c.url).host}: ${messageOf(cause)}`, { cause });
      }
      if (answer.status >= 200 && answer.status < 300) return;
      throw new DeliveryError(`${new URL(c.url).host} answered ${answer.status}${answer.text === '' ? '' : `: ${answer.text.replace(/\s+/g, ' ')}`}`, {
        tooLarge: answer.status === 413,
        ...(answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs }),
      });
    },
    close: () => Promise.resolve(),
  };
}
