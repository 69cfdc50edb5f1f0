/** Helpers of the tests for hostile PostgreSQL input. */
import { MalformedError } from '../base/errors.ts';

/** The MalformedError that `run` throws; anything else it throws, or nothing, is an error of the test. */
export function caught(run: () => unknown): MalformedError {
  try {
    run();
  } catch (error) {
    if (error instanceof MalformedError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** A whole message as a framer would give it, whatever its length field says. */
export function rawOf(message: Buffer): { type: number; raw: Buffer; body: Buffer } {
  return { type: message[0] ?? 0, raw: message, body: message.subarray(5) };
}
