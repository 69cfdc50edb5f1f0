/** The store's own signing keys: one for receipts, one as witness, one for its log. It has no key that could sign for a device or a person. */
import { ed25519Signer } from '../../evidence/sign.ts';
import type { Signer } from '../../evidence/types.ts';
import type { KeyFiles } from '../storage/key-files.ts';

export interface StoreKeys {
  readonly receipt: Signer;
  readonly witness: { readonly name: string; readonly signer: Signer };
  /** Signs the checkpoints of the transparency log; the name is the log's origin. */
  readonly log: { readonly name: string; readonly signer: Signer };
}

/** Loads the keys, or makes them on the first start where that is this process's to do. @throws as KeyFiles.load */
export async function loadStoreKeys(files: KeyFiles, origin: string): Promise<StoreKeys> {
  return {
    receipt: ed25519Signer(await files.load('receipt')),
    witness: { name: `${origin}/witness`, signer: ed25519Signer(await files.load('witness')) },
    log: { name: `${origin}/log`, signer: ed25519Signer(await files.load('log')) },
  };
}
