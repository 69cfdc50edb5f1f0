/** How a failure leaves the store: as JSON for programs, as a small page for a browser in the middle of a sign-in. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type EnvironmentCode, EnvironmentError, messageOf } from '../../base/errors.ts';
import { codeOfStatus, StoreError } from './errors.ts';
import { escapeHtml } from './html.ts';

/** @param onProblem hears of failures that are the store's own */
export function answerErrors(app: FastifyInstance, onProblem: (message: string) => void): void {
  app.setErrorHandler((error, request, reply) => {
    const known = error instanceof StoreError ? error : asStoreError(error, onProblem);
    return answer(request, reply, known);
  });
  app.setNotFoundHandler((request, reply) => answer(request, reply, new StoreError('not_found', 'no such route')));
}

function answer(request: FastifyRequest, reply: FastifyReply, error: StoreError): FastifyReply {
  // The rest of a body that nobody will read must not be taken for the next request.
  if (!request.raw.complete) reply.header('connection', 'close');
  const wantsPage = request.url.startsWith('/auth/') && request.headers.accept?.includes('text/html') === true;
  if (wantsPage) return reply.status(error.status).header('content-type', 'text/html; charset=utf-8').send(page(error));
  return reply.status(error.status).header('content-type', 'application/json').send(JSON.stringify({ error: { code: error.code, message: error.message } }));
}

const AWAY: ReadonlySet<EnvironmentCode> = new Set<EnvironmentCode>(['env.unreachable', 'env.timeout', 'env.disk_full']);

const page = (error: StoreError): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><title>Sign-in failed · Sallyport</title></head><body><main><h1>Sign-in failed</h1><p>${escapeHtml(error.message)}</p><p><a href="/">Back to Sallyport</a></p></main></body></html>`;

/** Fastify's and the plugins' own errors carry a status; anything else is ours, and its text stays here. */
function asStoreError(error: unknown, onProblem: (message: string) => void): StoreError {
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500) {
    return new StoreError(codeOfStatus(error.statusCode), error.message);
  }
  onProblem(`store: ${messageOf(error)}`);
  // What may come back is told apart from what somebody must repair: clients try again by it. Addresses stay in the log.
  if (error instanceof EnvironmentError && AWAY.has(error.code)) return new StoreError('unavailable', 'the store cannot do this now, because a part of it is away: try again');
  if (error instanceof EnvironmentError) return new StoreError('internal', `the store cannot do this now: ${error.message}`);
  return new StoreError('internal', 'the store failed; its log says why');
}
