/** The store's receipt keys, as it gave them first: a store that swaps keys later is not believed. */
import { parseTrust } from '../../evidence/trust.ts';
import type { PublicKeyRef } from '../../evidence/types.ts';

export function receiptKeys(store: { trust(): Promise<unknown> }): () => Promise<readonly PublicKeyRef[]> {
  let known: Promise<readonly PublicKeyRef[]> | undefined;
  return () => {
    known ??= store.trust().then((t) => parseTrust(t).receiptKeys);
    known.catch(() => (known = undefined));
    return known;
  };
}
