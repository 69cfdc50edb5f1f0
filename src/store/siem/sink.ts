/** What takes events. At least once: a batch that was not confirmed is sent again, whole. */

export interface Sink {
  /** Events of one batch at most. */
  readonly batchEvents: number;
  /**
   * Resolves when the receiver has the batch, as far as its protocol can tell.
   * @param bodies events as JSON text, in order
   * @throws DeliveryError
   */
  deliver(bodies: readonly string[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Not delivered; it will be tried again. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  /** The receiver said when. */
  readonly retryAfterMs: number | undefined;
  /** The batch is too large for it: a smaller one may pass. */
  readonly tooLarge: boolean;
  constructor(message: string, options: { cause?: unknown; retryAfterMs?: number; tooLarge?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
    this.tooLarge = options.tooLarge === true;
  }
}
