/** Serves the auditor's pages: one document for every address that the pages know, and its immutable assets. */
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { StoreError } from '../http/errors.ts';
import { none, type Replier, type Router } from '../http/route.ts';
import { newNonce, siteHeaders } from './security.ts';
import { type Asset, findSite, formFor, loadSite } from './site.ts';

/** Addresses that a person may open or reload; the page itself reads the rest of them. */
const PAGES = ['/', '/sessions/:id', '/reports', '/reports/:kind', '/activity', '/security-events', '/redactions', '/redactions/:id', '/devices', '/sign-ins', '/services'] as const;

const anyQuery = z.record(z.string(), z.unknown());
const pageParams = z.strictObject({ id: z.string().max(200).optional(), kind: z.string().max(200).optional() });
const assetParams = z.strictObject({ '*': z.string().max(200) });

const withHeaders = (reply: FastifyReply, nonce: string): FastifyReply => reply.headers(siteHeaders(nonce));

const page: Replier<{ html: string }> = (reply, { html }) => {
  const nonce = newNonce();
  return withHeaders(reply, nonce).header('cache-control', 'no-store').type('text/html; charset=utf-8').send(html.replaceAll('__CSP_NONCE__', nonce));
};

const asset: Replier<{ asset: Asset; accept: string }> = (reply, result) => {
  const { bytes, encoding } = formFor(result.asset, result.accept);
  withHeaders(reply, newNonce()).header('cache-control', 'public, max-age=31536000, immutable').header('vary', 'accept-encoding').type(result.asset.type);
  if (encoding !== undefined) reply.header('content-encoding', encoding);
  return reply.send(bytes);
};

/** @param dir the built pages; default: where the build puts them. A checkout that was not built has none, and says so. */
export function webRoutes(route: Router, dir: string | undefined = findSite()): void {
  const site = dir === undefined ? undefined : loadSite(dir);
  const built = (): NonNullable<typeof site> => {
    if (site === undefined) throw new StoreError('not_found', 'the pages of the auditor are not built: npm run build');
    return site;
  };
  for (const path of PAGES) {
    route({
      ...none,
      method: 'GET',
      path,
      auth: 'public',
      action: 'web.page',
      params: pageParams,
      query: anyQuery,
      reply: page,
      handler: (ctx) => {
        // The same bytes for everybody: what they show is asked for, and audited, by the routes below /v1.
        ctx.unaudited();
        return Promise.resolve({ html: built().page });
      },
    });
  }
  route({
    ...none,
    method: 'GET',
    path: '/assets/*',
    auth: 'public',
    action: 'web.asset',
    params: assetParams,
    reply: asset,
    handler: (ctx) => {
      ctx.unaudited();
      const found = built().assets.get(ctx.params['*']);
      if (found === undefined) throw new StoreError('not_found', 'there is no such file');
      const accept = ctx.headers['accept-encoding'];
      return Promise.resolve({ asset: found, accept: typeof accept === 'string' ? accept : '' });
    },
  });
}
