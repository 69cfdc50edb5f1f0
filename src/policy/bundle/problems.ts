/** Collects everything that is wrong with a bundle, so that a person fixes it in one go. */
import { ConfigError } from '../../base/errors.ts';

export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly field?: string;
  readonly fix?: string;
}

/** A bundle that was refused. The message has one line per problem; `problems` has them one by one. */
export class BundleError extends ConfigError {
  readonly problems: readonly ConfigError[];
  constructor(problems: readonly ConfigError[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(`the policy bundle is refused: ${count}\n${problems.map((p) => `  ${p.message}`).join('\n')}`);
    this.problems = problems;
  }
}

/** More than this and the first ones say enough. */
const MAX_PROBLEMS = 200;

export class Problems {
  readonly #all: ConfigError[] = [];

  add(message: string, place: Place = {}): void {
    if (this.#all.length < MAX_PROBLEMS) this.#all.push(new ConfigError(message, place));
  }

  get any(): boolean {
    return this.#all.length > 0;
  }

  /** @throws BundleError when something was added, ordered by file and line. */
  throwIfAny(): void {
    if (!this.any) return;
    const sorted = [...this.#all].sort((a, b) => (a.file ?? '').localeCompare(b.file ?? '') || (a.line ?? 0) - (b.line ?? 0));
    throw new BundleError(sorted);
  }
}
