/**
 * The product's error classes. Each answers "whose fault is it": the peer's bytes, the policy, the
 * configuration, the environment, or us. Codes are a closed union so that a switch over them is total.
 */

export type MalformedCode =
  | 'malformed.truncated'
  | 'malformed.trailing'
  | 'malformed.length'
  | 'malformed.unknown_type'
  | 'malformed.phase'
  | 'malformed.encoding'
  | 'malformed.value';

/** A peer sent bytes that the decoder does not fully understand. `offset` counts from the message's first byte. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
  readonly code: MalformedCode;
  readonly offset: number | undefined;
  constructor(code: MalformedCode, message: string, offset?: number) {
    super(offset === undefined ? message : `${message} (at byte ${offset})`);
    this.code = code;
    this.offset = offset;
  }
}

/** Policy, or the product's fail-closed rule, refuses the request. `policyIds` is empty for built-in refusals. */
export class DeniedError extends Error {
  override readonly name = 'DeniedError';
  readonly code = 'denied';
  readonly policyIds: readonly string[];
  constructor(reason: string, policyIds: readonly string[] = []) {
    super(reason);
    this.policyIds = policyIds;
  }
}

/** Configuration, bundle or command-line input is wrong. The message names the place; `fix` says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'config';
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly field: string | undefined;
  readonly fix: string | undefined;
  /** The message without the fix, for a screen that has a place of its own for it. */
  readonly problem: string;
  constructor(message: string, place: { file?: string; line?: number; field?: string; fix?: string } = {}) {
    const where = [place.file, place.line].filter((x) => x !== undefined).join(':');
    const field = place.field ? `${place.field}: ` : '';
    const problem = `${where ? `${where}: ` : ''}${field}${message}`;
    super(place.fix ? `${problem} (${place.fix})` : problem);
    this.problem = problem;
    this.file = place.file;
    this.line = place.line;
    this.field = place.field;
    this.fix = place.fix;
  }
}

export type EnvironmentCode =
  | 'env.io'
  | 'env.disk_full'
  | 'env.spool_limit'
  | 'env.unreachable'
  | 'env.timeout'
  | 'env.upstream_auth'
  | 'env.tls'
  | 'env.store'
  | 'env.cancelled';

/** The disk, the network, a target or the store failed. Retrying later may help. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly code: EnvironmentCode;
  constructor(code: EnvironmentCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** An invariant of ours does not hold. On an enforcing path this closes the session. */
export class BugError extends Error {
  override readonly name = 'BugError';
  readonly code = 'bug';
}

/** Throws BugError in production too: enforcing code never runs on with a broken invariant. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new BugError(message);
}

/** Makes a switch over a union total at compile time and loud at run time. */
export function unreachable(value: never): never {
  throw new BugError(`unhandled case: ${JSON.stringify(value)}`);
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
