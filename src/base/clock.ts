/** Time and randomness as arguments, so that tests decide them. */

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Nanoseconds of a monotonic clock; only differences mean anything. */
  monotonicNs(): bigint;
}

export interface Random {
  /** Cryptographically strong bytes. */
  bytes(length: number): Uint8Array;
}

/** The machine's own clock and generator. `globalThis.crypto` exists in Node 20, Electron and browsers. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicNs: () => BigInt(Math.round(performance.now() * 1e6)),
};

export const systemRandom: Random = {
  bytes: (length) => globalThis.crypto.getRandomValues(new Uint8Array(length)),
};
