/** Looks for the corpus's values in all that the gateway leaves on disk and prints. */
import path from 'node:path';
import { CanaryScan } from './corpus-scan.ts';
import type { CorpusWorld } from './corpus-world.ts';
import { contents, filesUnder } from './leaks.ts';

export interface DiskReport {
  readonly found: readonly string[];
  readonly files: number;
  readonly bytes: number;
}

/** Recordings, spool, stored objects, the store's database, logs. Digests fill these files: pieces of nine characters count, and a date's digits where they are no part of a digest. */
export function leaksOnDisk(world: CorpusWorld): DiskReport {
  const scan = new CanaryScan([...world.data.a.canaries, ...world.data.b.canaries], { piece: 9, amongDigests: true });
  const found: string[] = [];
  let files = 0;
  let bytes = 0;
  for (const file of filesUnder(world.gateway.dataDir)) {
    files++;
    for (const part of contents(file)) {
      bytes += part.length;
      for (const label of scan.find(part)) found.push(`${label} in ${path.relative(world.gateway.dataDir, file)}`);
    }
  }
  const printed = Buffer.from(world.gateway.stdout + world.gateway.process.stderr);
  for (const label of scan.find(printed)) found.push(`${label} in what the gateway prints`);
  return { found, files, bytes };
}
