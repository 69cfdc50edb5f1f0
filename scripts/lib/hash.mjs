// Fingerprints of inputs, for "skip what is up to date" and for pinned downloads.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './paths.mjs';

/** SHA-256 of a file, as hex, without holding it in memory. */
export async function sha256File(path) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** All files below a folder, sorted, as absolute paths. */
export function filesBelow(dir) {
  if (!existsSync(dir)) return [];
  if (statSync(dir).isFile()) return [dir];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** One SHA-256 over names and contents of files and folders of the checkout, `skip` left out. */
export function fingerprint(paths, { skip = () => false, extra = '' } = {}) {
  const hash = createHash('sha256').update(extra);
  for (const file of paths.flatMap((path) => filesBelow(path))) {
    const name = relative(root, file);
    if (skip(name)) continue;
    hash.update(`\0${name}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}
