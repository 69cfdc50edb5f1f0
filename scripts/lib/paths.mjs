// Where scripts read and write. Nothing outside the checkout and one cache directory is ever written.
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What a run leaves for people: reports, screenshots, recordings. Ignored by git. */
export const artifacts = join(root, 'artifacts');

/** Small state of the scripts themselves (stamps, locks). Ignored by git. */
export const state = join(root, '.cache', 'scripts');

/** Downloads that several checkouts share: XDG_CACHE_HOME, else ~/.cache, else the temp directory when there is no home. */
export function cacheDir() {
  const base = process.env.XDG_CACHE_HOME || (homedir() && homedir() !== '/' ? join(homedir(), '.cache') : join(tmpdir(), 'sallyport-cache'));
  return join(base, 'sallyport');
}

/** A path inside the checkout. */
export const inRoot = (...parts) => join(root, ...parts);
