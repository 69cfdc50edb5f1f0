/** The store's own signing keys: one for receipts, one as witness. It has no key that could sign for a device or a person. */
import { join } from 'node:path';
import { ed25519Signer, generateSeed } from '../../evidence/sign.ts';
import type { Signer } from '../../evidence/types.ts';
import { secretFile } from '../storage/secret-file.ts';

export interface StoreKeys {
  readonly receipt: Signer;
  readonly witness: { readonly name: string; readonly signer: Signer };
}

/** Loads the keys, or makes them on the first start. @throws EnvironmentError when a key file is damaged or open to others. */
export async function loadStoreKeys(dir: string, origin: string): Promise<StoreKeys> {
  return {
    receipt: ed25519Signer(await secretFile(join(dir, 'receipt.key'), generateSeed)),
    witness: { name: `${origin}/witness`, signer: ed25519Signer(await secretFile(join(dir, 'witness.key'), generateSeed)) },
  };
}
