/** trust.json beside the recordings: what this machine verifies with when nothing else is named. */
import path from 'node:path';
import { parseTrust } from '../../evidence/trust.ts';
import { writeDurable } from '../../evidence/files.ts';

/** Asks the store and writes what parses. A store that is away or sends garbage leaves the file as it is. */
export async function refreshTrustFile(store: { trust(): Promise<unknown> }, dataDir: string): Promise<void> {
  const trust = await store.trust();
  parseTrust(trust);
  writeDurable(path.join(dataDir, 'trust.json'), `${JSON.stringify(trust, null, 2)}\n`);
}
