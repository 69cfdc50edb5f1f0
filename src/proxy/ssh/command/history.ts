/** Lines that were entered, of one shell; the walk through them, and the search in them. Kept in memory only. */

/** Lines, and characters of them all. */
const MAX_LINES = 1_000;
const MAX_CHARS = 1024 * 1024;

export class History {
  readonly #lines: string[] = [];
  #chars = 0;
  #at = 0;
  /** What was being typed when the walk began. */
  #draft = '';

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Blank lines, the same line again, and lines that begin with a blank are not remembered. */
  add(line: string): void {
    if (line.trim() !== '' && !line.startsWith(' ') && line !== this.#lines.at(-1)) {
      this.#lines.push(line);
      this.#chars += line.length;
    }
    while (this.#lines.length > MAX_LINES || this.#chars > MAX_CHARS) this.#chars -= this.#lines.shift()?.length ?? 0;
    this.reset();
  }

  /** A new line begins. */
  reset(): void {
    this.#at = this.#lines.length;
    this.#draft = '';
  }

  /** @param line as it stands @returns the line to show, undefined at the end of the walk */
  older(line: string): string | undefined {
    if (this.#at === 0) return undefined;
    if (this.#at === this.#lines.length) this.#draft = line;
    return this.#lines[--this.#at];
  }

  newer(): string | undefined {
    if (this.#at >= this.#lines.length) return undefined;
    this.#at++;
    return this.#lines[this.#at] ?? this.#draft;
  }

  /** @returns index of the newest line before `before` that holds the text; -1 without one */
  search(text: string, before: number): number {
    for (let i = Math.min(before, this.#lines.length) - 1; i >= 0; i--) if (this.#lines[i]?.includes(text) === true) return i;
    return -1;
  }
}
