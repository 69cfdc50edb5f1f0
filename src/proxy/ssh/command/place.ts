/**
 * What a shell of mode `command` remembers between lines: the directory, and variables. There is no shell at the target
 * that could, so it is written in front of each line, and is decided, approved, recorded and sent with it.
 */

/** Statements that are kept, and characters of them all. */
const MAX_STATEMENTS = 100;
const MAX_CHARS = 16 * 1024;
const MAX_PATH_CHARS = 4096;

/** As one word of a shell, whatever is in it. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export class Place {
  /** Absolute; undefined in the home directory. */
  #directory: string | undefined;
  #home: string | undefined;
  #previous: string | undefined;
  #statements: string[] = [];

  /** For the prompt. */
  get label(): string {
    const folded = this.#folded();
    return folded === undefined ? (this.#directory ?? '~') : `~/${folded}`;
  }

  /** What stands before a line. Without the directory the line would run elsewhere than it was decided for: it does not run at all then. */
  get prefix(): string {
    const statements = this.#statements.map((s) => `${s}\n`).join('');
    return this.#directory === undefined ? statements : `${statements}cd -- ${this.#word()} || exit\n`;
  }

  get statements(): readonly string[] {
    return this.#statements;
  }

  /** A shell's word for the directory where `cd -` leads. */
  get previous(): string {
    return this.#previous === undefined ? '~' : quoted(this.#previous);
  }

  /** Back to where sessions begin. */
  goHome(): void {
    this.#previous = this.#directory;
    this.#directory = undefined;
  }

  /**
   * @param answer what `cd WHERE && pwd -P && cd && pwd -P` printed
   * @returns false when it does not name a directory
   */
  moved(answer: string): boolean {
    const lines = answer.split('\n');
    if (lines.pop() !== '') return false;
    const [directory, home] = lines.slice(-2);
    if (!isPath(directory) || !isPath(home)) return false;
    this.#previous = this.#directory;
    this.#home = home;
    this.#directory = directory === home ? undefined : directory;
    return true;
  }

  /** @param statement assigns, exports or unsets variables @returns false when there is too much of that already */
  remember(statement: string): boolean {
    const kept = this.#statements.filter((s) => s !== statement);
    if (kept.length >= MAX_STATEMENTS || kept.reduce((n, s) => n + s.length, statement.length) > MAX_CHARS) return false;
    this.#statements = [...kept, statement];
    return true;
  }

  /** Below the home directory: the rest of the path. Policy knows that directory by `~`. */
  #folded(): string | undefined {
    const root = this.#home === '/' ? undefined : this.#home;
    return root !== undefined && this.#directory?.startsWith(`${root}/`) === true ? this.#directory.slice(root.length + 1) : undefined;
  }

  #word(): string {
    const folded = this.#folded();
    return folded === undefined ? quoted(this.#directory ?? '') : `~/${quoted(folded)}`;
  }
}

/** What `pwd` may print: nothing that could be taken for more than a path. */
const isPath = (text: string | undefined): text is string => text !== undefined && text.startsWith('/') && text.length <= MAX_PATH_CHARS && !/[\p{Cc}\ufffd]/u.test(text);
