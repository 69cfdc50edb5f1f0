/** A bundle as files: which there may be, how they are read from a directory, and the digest over them. */
import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { toHex, utf8 } from '../../base/encoding.ts';
import { ConfigError, messageOf } from '../../base/errors.ts';
import { parseBundleDigest } from '../../base/ids.ts';
import type { BundleDigest } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import { Problems } from './problems.ts';

/** Bundle paths (with `/`) to contents. */
export type BundleFiles = ReadonlyMap<string, Uint8Array>;

const REQUIRED = ['bundle.yaml', 'classification.yaml', 'approvals.yaml', 'recording.yaml'] as const;
const KNOWN = /^(bundle|classification|approvals|recording|terminal)\.yaml$|^policies\/[\w-][\w.-]*\.cedar$|^tests\/[\w-][\w.-]*\.yaml$|^[\w-]+\.md$|^LICENSE$/;

/** `sha256:` over the sorted list of `path NUL sha256 LF` lines. */
export function digestOf(files: BundleFiles): BundleDigest {
  const lines = [...files.keys()].sort().map((path) => `${path}\0${toHex(sha256(files.get(path) ?? new Uint8Array()))}\n`);
  return parseBundleDigest(`sha256:${toHex(sha256(utf8(lines.join(''))))}`);
}

/** Reports files that are missing, that a bundle does not have, or that are too large. */
export function checkFileList(files: BundleFiles, problems: Problems): void {
  for (const file of REQUIRED) {
    if (!files.has(file)) problems.add('the file is missing', { file, fix: 'add it; resources/bundles/starter shows each file' });
  }
  let total = 0;
  for (const [file, bytes] of files) {
    total += bytes.length;
    if (!KNOWN.test(file)) {
      problems.add('a bundle has no such file', { file, fix: 'policies go to policies/*.cedar and tests to tests/*.yaml' });
    }
    if (bytes.length > limits.bundleFileBytes) {
      problems.add(`the file has ${bytes.length} bytes, at most ${limits.bundleFileBytes} are read`, { file });
    }
  }
  if (files.size > limits.bundleFiles) problems.add(`the bundle has ${files.size} files, at most ${limits.bundleFiles} are read`);
  if (total > limits.bundleBytes) problems.add(`the bundle has ${total} bytes, at most ${limits.bundleBytes} are read`);
  if (![...files.keys()].some((f) => f.startsWith('policies/'))) {
    problems.add('there is no policy', { file: 'policies/', fix: 'add at least one policies/*.cedar; without a permit all is denied' });
  }
}

/**
 * Reads a bundle's source directory. Names that start with a dot are left out (editors, git).
 * Symbolic links are refused: a link could pull a file from outside into the policy.
 * @throws ConfigError when the directory cannot be read, BundleError naming every file that is refused.
 */
export async function readBundleDir(dir: string): Promise<BundleFiles> {
  const files = new Map<string, Uint8Array>();
  const problems = new Problems();
  await readInto(dir, '', files, problems);
  problems.throwIfAny();
  return files;
}

async function readInto(dir: string, prefix: string, files: Map<string, Uint8Array>, problems: Problems): Promise<void> {
  let names: string[];
  try {
    names = await readdir(join(dir, prefix));
  } catch (error) {
    throw new ConfigError(`the bundle directory cannot be read: ${messageOf(error)}`, { file: join(dir, prefix), fix: 'name a bundle directory' });
  }
  for (const name of names.sort()) {
    if (name.startsWith('.')) continue;
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const info = await lstat(join(dir, path));
    if (info.isDirectory()) {
      if (prefix === '' && (name === 'policies' || name === 'tests')) await readInto(dir, path, files, problems);
      else problems.add('a bundle has no such directory', { file: path, fix: 'a bundle has policies/ and tests/ only' });
    } else if (!info.isFile()) {
      problems.add('not a regular file', { file: path, fix: 'replace the link by the file itself' });
    } else if (info.size > limits.bundleFileBytes || files.size >= limits.bundleFiles) {
      problems.add(`too large: at most ${limits.bundleFiles} files of ${limits.bundleFileBytes} bytes are read`, { file: path });
    } else {
      files.set(path, await readFile(join(dir, path)));
    }
  }
}

