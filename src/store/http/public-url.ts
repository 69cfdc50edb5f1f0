/** The address under which people and devices reach this store. Never taken from a request: the Host header is the caller's. */
import type { FastifyInstance } from 'fastify';
import { BugError } from '../../base/errors.ts';

/** @param configured `public_url` of the configuration; without it the address that the server listens on */
export function publicUrlOf(app: FastifyInstance, configured: string | undefined, ownScheme: 'http' | 'https'): () => URL {
  return () => {
    if (configured !== undefined) return new URL(configured);
    const address = app.server.address();
    if (address === null || typeof address === 'string') throw new BugError('the server does not listen yet');
    return new URL(`${ownScheme}://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`);
  };
}

/**
 * The path of this origin that `text` names, with query and fragment; undefined for anything else. What browsers read
 * as another origin (`//host`, `/\host`, a control character before either) is refused, not repaired.
 */
export function localPath(text: string, publicUrl: URL): string | undefined {
  if (!/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text)) return undefined;
  const url = new URL(text, publicUrl);
  if (url.origin !== publicUrl.origin || url.pathname.startsWith('//') || url.pathname.startsWith('/auth/')) return undefined;
  return `${url.pathname}${url.search}${url.hash}`;
}
