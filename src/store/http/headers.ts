/** Response headers that every answer of the store carries. A route that needs another value sets its own. */
import type { FastifyInstance } from 'fastify';

const HSTS = 'max-age=63072000';

const always: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  // Answers are data: nothing in them may load, run or be framed.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

/** @param isSecure whether people reach this store by https */
export function securityHeaders(app: FastifyInstance, isSecure: () => boolean): void {
  app.addHook('onSend', (_request, reply, payload, done) => {
    for (const [name, value] of Object.entries(always)) if (!reply.hasHeader(name)) reply.header(name, value);
    if (isSecure()) reply.header('strict-transport-security', HSTS);
    done(null, payload);
  });
}
