/** The window's only door to the rest of the program. */
import type { IpcErrorShape, IpcResult } from '../contract/ipc/slice.ts';
import type { SallyportApi } from '../contract/ipc/index.ts';
import { asSentence } from '../ui/format.ts';

declare global {
  interface Window {
    readonly sallyport: SallyportApi;
  }
}

export const api: SallyportApi = window.sallyport;

/** An error of main, rebuilt on this side. */
export class IpcError extends Error {
  override readonly name = 'IpcError';
  readonly code: string;
  readonly fix: string | undefined;
  constructor(shape: IpcErrorShape) {
    super(shape.message);
    this.code = shape.code;
    this.fix = shape.fix;
  }
}

/** The value of a reply. @throws IpcError with what main said. */
export async function ask<T>(reply: Promise<IpcResult<T>>): Promise<T> {
  const result = await reply;
  if (!result.ok) throw new IpcError(result.error);
  return result.value;
}

/** Sentence and advice of anything thrown, for the screen. */
export function explain(error: unknown): { message: string; fix: string | undefined } {
  if (error instanceof IpcError) return { message: asSentence(error.message), fix: error.fix === undefined ? undefined : asSentence(error.fix) };
  return { message: error instanceof Error ? asSentence(error.message) : 'Something went wrong.', fix: undefined };
}
