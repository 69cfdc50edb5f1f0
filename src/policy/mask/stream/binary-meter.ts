/**
 * Text or not, for output that goes to no terminal. Text holds next to no NULs and control characters; compressed data,
 * executables, archives and images hold many. Measured over the last 8 to 16 KiB, so that a script with an archive behind
 * it is text first and not afterwards.
 */

const WINDOW_BYTES = 8192;
/** Fewer bytes say nothing. */
const ENOUGH_BYTES = 64;
/** More than one in so many. */
const SHARE = 16;

/** C0 controls but BEL, BS, HT, LF, VT, FF, CR and ESC. */
const ODD = Uint8Array.from({ length: 256 }, (_, i) => (i < 7 || (i > 13 && i < 32 && i !== 27) ? 1 : 0));

export class BinaryMeter {
  #bytes = 0;
  #odd = 0;

  /** @param bytes at most 8 KiB, the next of the stream @returns true when they are part of binary data */
  add(bytes: Uint8Array): boolean {
    let odd = 0;
    for (let i = 0; i < bytes.length; i++) odd += ODD[bytes[i] ?? 0] ?? 0;
    this.#bytes += bytes.length;
    this.#odd += odd;
    const binary = this.#bytes >= ENOUGH_BYTES && this.#odd * SHARE > this.#bytes;
    if (this.#bytes >= 2 * WINDOW_BYTES) {
      this.#bytes /= 2;
      this.#odd /= 2;
    }
    return binary;
  }
}

export const METER_BYTES = WINDOW_BYTES;
