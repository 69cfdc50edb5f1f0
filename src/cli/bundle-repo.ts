/** A policy repository as a directory that signers share (in git, say): public files only, keys lie elsewhere. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ConfigError, messageOf } from '../base/errors.ts';
import { writeDurable } from '../evidence/files.ts';
import { readIfThere } from '../store/storage/secret-file.ts';
import type { AuthorRepo } from '../tuf/author.ts';
import { signerOf, tufKey, type TufKey, type TufSigner } from '../tuf/keys.ts';
import { fileEntry, metadataText, parseMetadata, ringName, type MetadataKind, type SignedFile } from '../tuf/metadata.ts';

const metadataDir = (dir: string): string => path.join(dir, 'metadata');
export const rootFile = (dir: string, version: number): string => path.join(metadataDir(dir), `${version}.root.json`);
const bundleFile = (dir: string, sha256: string): string => path.join(dir, 'bundles', `${sha256}.tar.gz`);

const publishedFile = z.record(z.string(), z.number().int().min(0));

/** @throws ConfigError naming the file that is missing or malformed. */
export function loadRepo(dir: string): AuthorRepo {
  const names = existsSync(metadataDir(dir)) ? readdirSync(metadataDir(dir)) : [];
  const versions = names.flatMap((n) => /^(\d+)\.root\.json$/.exec(n)?.[1] ?? []).map(Number).sort((a, b) => a - b);
  if (versions.length === 0) throw new ConfigError('is no policy repository', { file: dir, fix: 'make one with `sallyport bundle init`' });
  const rings = names.flatMap((n) => /^([a-z][a-z0-9-]*)\.json$/.exec(n)?.[1] ?? []).filter((n) => ringName.safeParse(n).success);
  const published = path.join(dir, 'published.json');
  return {
    roots: versions.map((v) => read('root', rootFile(dir, v))),
    targets: read('targets', path.join(metadataDir(dir), 'targets.json')),
    rings: new Map(rings.map((r) => [r, read('ring', path.join(metadataDir(dir), `${r}.json`))])),
    published: existsSync(published) ? parsed(published, publishedFile) : {},
  };
}

function read<K extends MetadataKind>(kind: K, file: string): SignedFile<K> {
  try {
    return parseMetadata(kind, readFileSync(file));
  } catch (error) {
    throw new ConfigError(messageOf(error), { file });
  }
}

function parsed<T>(file: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new ConfigError(error instanceof z.ZodError ? error.issues.map((i) => i.message).join('; ') : messageOf(error), { file });
  }
}

export function saveRepo(dir: string, repo: AuthorRepo): void {
  mkdirSync(metadataDir(dir), { recursive: true });
  for (const root of repo.roots) writeDurable(rootFile(dir, root.signed.version), metadataText(root));
  writeDurable(path.join(metadataDir(dir), 'targets.json'), metadataText(repo.targets));
  for (const [ring, file] of repo.rings) writeDurable(path.join(metadataDir(dir), `${ring}.json`), metadataText(file));
  writeDurable(path.join(dir, 'published.json'), `${JSON.stringify(repo.published, null, 1)}\n`);
}

/** Loads, changes, saves. */
export function changeRepo<T>(dir: string, change: (repo: AuthorRepo) => T): T {
  const repo = loadRepo(dir);
  const result = change(repo);
  saveRepo(dir, repo);
  return result;
}

export function keepArchive(dir: string, archive: Uint8Array): ReturnType<typeof fileEntry> {
  const entry = fileEntry(archive);
  mkdirSync(path.join(dir, 'bundles'), { recursive: true });
  writeDurable(bundleFile(dir, entry.hashes.sha256), archive);
  return entry;
}

export function readArchive(dir: string, sha256: string): Uint8Array {
  try {
    return readFileSync(bundleFile(dir, sha256));
  } catch (error) {
    throw new ConfigError(`cannot be read: ${messageOf(error)}`, { file: bundleFile(dir, sha256) });
  }
}

/** Public keys that the command line names. @throws ConfigError */
export const readPublicKeys = (files: readonly string[]): TufKey[] => files.map((file) => parsed(file, tufKey));

/** A signer's private key. @throws ConfigError, EnvironmentError when others may read it */
export async function readPrivateKey(file: string): Promise<TufSigner> {
  const bytes = await readIfThere(file);
  if (bytes === undefined) throw new ConfigError('there is no such key', { file, fix: 'make one with `sallyport bundle keygen`' });
  return signerOf(bytes.toString('utf8'), path.basename(file).replace(/\.[a-z]+$/, ''));
}

export const onlinePair = z.strictObject({ snapshot: tufKey, timestamp: tufKey });
export const readOnlinePair = (file: string): z.output<typeof onlinePair> => parsed(file, onlinePair);
