/** Where tabs lead: to every eighth column, until a program says otherwise. */
const WIDTH = 8;

export class TabStops {
  /** Columns, where they are not every eighth. */
  #set: Set<number> | undefined;

  /** @param cols width of the terminal */
  add(column: number, cols: number): void {
    this.#own(cols).add(column);
  }

  remove(column: number, cols: number): void {
    this.#own(cols).delete(column);
  }

  removeAll(): void {
    this.#set = new Set();
  }

  reset(): void {
    this.#set = undefined;
  }

  /** @returns the column of the next stop, or the last one; without a terminal there is none */
  after(column: number, cols: number): number {
    const last = cols > 0 ? cols - 1 : Infinity;
    if (this.#set === undefined) return Math.min(last, (Math.floor(column / WIDTH) + 1) * WIDTH);
    let to = last;
    for (const stop of this.#set) if (stop > column && stop < to) to = stop;
    return to === Infinity ? column + 1 : to;
  }

  before(column: number): number {
    if (this.#set === undefined) return Math.max(0, (Math.ceil(column / WIDTH) - 1) * WIDTH);
    let to = 0;
    for (const stop of this.#set) if (stop < column && stop > to) to = stop;
    return to;
  }

  #own(cols: number): Set<number> {
    this.#set ??= new Set(Array.from({ length: Math.ceil(cols / WIDTH) }, (_, i) => i * WIDTH));
    return this.#set;
  }
}
