/**
 * The auditor's pages as they were built: read once, kept in memory, served from an exact list. No path of a request
 * ever reaches the file system.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** Written by scripts/lib/site.mjs beside what it lists. */
const manifest = z.strictObject({
  v: z.literal(1),
  files: z.array(z.strictObject({ path: z.string().regex(/^(index\.html|assets\/[A-Za-z0-9._-]+)$/), type: z.string().max(100), encodings: z.array(z.enum(['br', 'gzip'])) })).max(500),
});

export interface Asset {
  readonly type: string;
  readonly plain: Buffer;
  /** Compressed forms that are smaller, best first. */
  readonly packed: readonly { readonly encoding: 'br' | 'gzip'; readonly bytes: Buffer }[];
}

export interface Site {
  /** index.html with `__CSP_NONCE__` where the nonce of an answer goes. */
  readonly page: string;
  /** By name below /assets/. Names hold a digest of the content. */
  readonly assets: ReadonlyMap<string, Asset>;
}

const MANIFEST = 'site.json';
/** From the sources, from dist/cli, from dist/main/chunks: the built pages lie at most this far up. */
const MAX_PARENTS = 4;

/** The directory of the built pages, looked for beside the running code; undefined in a checkout that was not built. */
export function findSite(from = dirname(fileURLToPath(import.meta.url))): string | undefined {
  let at = from;
  for (let i = 0; i <= MAX_PARENTS; i++) {
    for (const dir of [join(at, 'auditor'), join(at, 'dist', 'auditor')]) if (existsSync(join(dir, MANIFEST))) return dir;
    at = dirname(at);
  }
  return undefined;
}

/** @throws when the directory is not what the build writes */
export function loadSite(dir: string): Site {
  const { files } = manifest.parse(JSON.parse(readFileSync(join(dir, MANIFEST), 'utf8')));
  const assets = new Map<string, Asset>();
  for (const { path, type, encodings } of files) {
    if (path === 'index.html') continue;
    const packed = encodings.map((encoding) => ({ encoding, bytes: readFileSync(join(dir, `${path}.${encoding === 'br' ? 'br' : 'gz'}`)) }));
    assets.set(path.slice('assets/'.length), { type, plain: readFileSync(join(dir, path)), packed });
  }
  return { page: readFileSync(join(dir, 'index.html'), 'utf8'), assets };
}

/** The form of an asset for an Accept-Encoding header. A form with a weight of 0 is refused by the client. */
export function formFor(asset: Asset, accept: string): { readonly bytes: Buffer; readonly encoding: string | undefined } {
  const taken = new Set(
    accept
      .split(',')
      .map((part) => part.trim().toLowerCase().split(';'))
      .filter(([, weight]) => !/^\s*q=0(\.0*)?$/.test(weight ?? ''))
      .map(([name]) => name?.trim() ?? ''),
  );
  const form = asset.packed.find((p) => taken.has(p.encoding));
  return form === undefined ? { bytes: asset.plain, encoding: undefined } : form;
}
