/** Flow control of one terminal: output goes to the window a bounded number of bytes ahead of what it has drawn. Pure. */

export interface Reading {
  pause(): void;
  resume(): void;
}

export class Pacer {
  readonly #ahead: number;
  readonly #reading: Reading;
  #outstanding = 0;
  #paused = false;

  /** @param ahead bytes from which on reading stops; it goes on when a quarter of them is left */
  constructor(ahead: number, reading: Reading) {
    this.#ahead = ahead;
    this.#reading = reading;
  }

  /** Bytes that the window has not acknowledged. */
  get outstanding(): number {
    return this.#outstanding;
  }

  sent(bytes: number): void {
    this.#outstanding += bytes;
    if (this.#paused || this.#outstanding < this.#ahead) return;
    this.#paused = true;
    this.#reading.pause();
  }

  /** A window that acknowledges more than it got gains nothing by it. */
  acknowledged(bytes: number): void {
    this.#outstanding = Math.max(0, this.#outstanding - bytes);
    if (!this.#paused || this.#outstanding > this.#ahead / 4) return;
    this.#paused = false;
    this.#reading.resume();
  }
}
