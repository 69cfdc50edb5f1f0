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
    const name = path.relative(world.gateway.dataDir, file);
    for (const [i, part] of contents(file).entries()) {
      bytes += part.length;
      found.push(...placesIn(scan, part, i === 0 ? name : `${name}, unpacked part ${i}`));
    }
  }
  for (const [name, text] of [['stdout', world.gateway.stdout], ['stderr', world.gateway.process.stderr]] as const) found.push(...placesIn(scan, Buffer.from(text), `what the gateway prints on ${name}`));
  return { found, files, bytes };
}

/** Bytes to show before and after the place. */
const AROUND = 48;

/** What was found, each with where it stands and what is around it. */
export function placesIn(scan: CanaryScan, bytes: Buffer, name: string): string[] {
  return [...scan.locate(bytes)].map(([label, at]) => {
    const around = bytes.toString('latin1', Math.max(0, at - AROUND), at + AROUND).replace(/[^ -~]/g, '.');
    return `${label} in ${name} at byte ${at} of ${bytes.length}: ${around}`;
  });
}
