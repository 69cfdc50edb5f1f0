/** Keys and pastes on their way to a shell: in order, in pieces, one on its way at a time, so that a slow shell is waited for. */

/** Characters of one piece. */
const PIECE = 16 * 1024;

export class InputQueue {
  readonly #send: (data: string, binary: boolean) => Promise<void>;
  #waiting: { data: string; readonly binary: boolean }[] = [];
  #busy = false;

  /** @param send resolves when the next may come; its failure is its own to tell */
  constructor(send: (data: string, binary: boolean) => Promise<void>) {
    this.#send = send;
  }

  push(data: string, binary = false): void {
    // An interrupt is not kept waiting behind the rest of a paste, which it means to stop.
    if (data === '\u0003') this.#waiting = [];
    const last = this.#waiting.at(-1);
    if (last?.binary === binary) last.data += data;
    else this.#waiting.push({ data, binary });
    if (!this.#busy) void this.#run();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const cut = cutAt(next.data, PIECE);
      const piece = next.data.slice(0, cut);
      if (cut === next.data.length) this.#waiting.shift();
      else next.data = next.data.slice(cut);
      await this.#send(piece, next.binary).catch(() => undefined);
    }
    this.#busy = false;
  }
}

/** Never between the two halves of a character. */
function cutAt(text: string, at: number): number {
  if (text.length <= at) return text.length;
  const code = text.charCodeAt(at - 1);
  return code >= 0xd800 && code < 0xdc00 ? at - 1 : at;
}
