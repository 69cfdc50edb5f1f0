/** Counts answers that said that nobody is signed in; the frame asks again who it is when this moves. */
import { createStore } from '../../ui/store.ts';
import { onSignedOut } from './http.ts';

export const signedOut = createStore(0);

export const tellSignedOut = (): void => signedOut.set((n) => n + 1);

onSignedOut(tellSignedOut);
