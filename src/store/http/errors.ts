/** What a handler throws to answer with something else than success. */
import type { ErrorCode } from '../../contract/store/index.ts';

const statuses: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  gone: 410,
  too_large: 413,
  unprocessable: 422,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
};

/** Its message is shown to the client: it holds no secret and nothing of another person. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: ErrorCode;
  readonly status: number;
  /** What really happened, for the audit trail: more than somebody who has proven nothing may learn. */
  readonly auditDetail: string;
  constructor(code: ErrorCode, message: string, options: { cause?: unknown; auditDetail?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = statuses[code];
    this.auditDetail = options.auditDetail ?? message;
  }
}

/** The code that a status of Fastify or of a plugin stands for. */
export function codeOfStatus(status: number): ErrorCode {
  const found = (Object.keys(statuses) as ErrorCode[]).find((code) => statuses[code] === status);
  return found ?? (status >= 500 ? 'internal' : 'bad_request');
}
