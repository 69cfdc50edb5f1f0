/** Knows what a client typed, so that its echo is shown at once: what one types oneself needs no guarding from oneself. */
import { bounds } from './bounds.ts';

/** Longer output is no echo of a key. */
const ECHO_BYTES = 256;
/** Keys that were not echoed may stand before the one that is. */
const SKIPPED = 8;

/** The character of one key that shows itself, or of its echo: nearly always it is that, and somebody waits for it. */
export function oneKey(bytes: Uint8Array): string | undefined {
  const code = bytes[0] ?? 0;
  return bytes.length === 1 && code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : undefined;
}

export class Echo {
  #typed = '';

  /** @param bytes as the client sent them */
  type(bytes: Uint8Array): void {
    this.#typed = (this.#typed + visible(bytes)).slice(-bounds.echoChars);
  }

  /** True when the output is what was typed, and nothing else. */
  matches(bytes: Uint8Array): boolean {
    if (this.#typed === '' || bytes.length > ECHO_BYTES) return false;
    const shown = visible(bytes);
    const at = shown === '' ? -1 : this.#typed.slice(0, SKIPPED).indexOf(shown.charAt(0));
    if (at < 0) return false;
    let n = 0;
    while (n < shown.length && shown[n] === this.#typed[at + n]) n++;
    this.#typed = this.#typed.slice(at + n);
    return n === shown.length;
  }
}

const ESC = String.fromCharCode(0x1b);
const SEQUENCES = new RegExp(`${ESC}\\[[0-?]*[ -/]*[@-~]|${ESC}.`, 'g');

/** Printable characters; escape sequences and controls left out. */
function visible(bytes: Uint8Array): string {
  return oneKey(bytes) ?? Buffer.from(bytes).toString('utf8').replaceAll(SEQUENCES, '').replaceAll(/\p{Cc}/gu, '');
}
