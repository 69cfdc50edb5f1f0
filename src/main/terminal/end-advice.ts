/** What a person can do about a session that ended or never began. The proxy says why, in words that clients of every kind get. Pure. */

export interface EndWords {
  /** Why, and what to do where that is known. Empty when the last shell had ended. */
  readonly message: string;
  /** The host was never signed on to: no shell has run there. */
  readonly neverBegan: boolean;
}

const SIGN_ON: readonly (readonly [RegExp, string])[] = [
  [/^the store .* cannot be reached: /, 'What opens the host comes from the store: check the network to the store, then reconnect.'],
  [/ presented the host key | has no host key of a registered type /, 'Do not go on by another way: ask the owner of the host whether its key has changed. The new one must be registered first.'],
  [/ cannot be reached: | did not let us in within /, 'Check the network or VPN to the host, then reconnect.'],
  [/ refused the (?:registered credential|certificate) | asks for more than the registered password|: the registered private key cannot be used/, 'Tell the owner of the host: what is registered for it does not open it.'],
];
const RECORDING = /^the session cannot be recorded and ends: /;

const followed = (reason: string, advice: string): string => `${/[.!?]$/.test(reason) ? reason : `${reason}.`} ${advice}`;

/** @param reason why the session ended, as the proxy has it */
export function endWords(reason: string): EndWords {
  const advice = SIGN_ON.find(([cause]) => cause.test(reason))?.[1];
  if (advice !== undefined) return { message: followed(reason, advice), neverBegan: true };
  if (RECORDING.test(reason)) return { message: followed(reason, 'Nothing may run unrecorded: free disk space, or restore the connection to the store.'), neverBegan: false };
  return { message: reason, neverBegan: false };
}
