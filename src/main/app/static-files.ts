/** Finds the file behind an `app://sallyport/...` address. Nothing outside the built window can be named. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { isAppUrl } from '../ipc/sender.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

export interface StaticFile {
  readonly path: string;
  readonly type: string;
}

/**
 * @param root real path of dist/renderer
 * @returns undefined for another origin, an unknown type, a path with tricks in it, and whatever a link leads out of `root`
 */
export function findStaticFile(root: string, url: string): StaticFile | undefined {
  if (!isAppUrl(url)) return undefined;
  let name: string;
  try {
    name = decodeURIComponent(new URL(url).pathname);
  } catch {
    return undefined;
  }
  if (name === '/') name = '/index.html';
  if (/[\\\0%]|\/\.|\/\//.test(name)) return undefined;
  const type = TYPES[path.extname(name)];
  if (type === undefined) return undefined;
  let real: string;
  try {
    real = realpathSync(path.join(root, name));
  } catch {
    return undefined;
  }
  return real.startsWith(root + path.sep) ? { path: real, type } : undefined;
}
