/** Requests to the store that served this page. What comes back is parsed before anybody sees it. */
import type { z } from 'zod';
import { errorReply } from '../../contract/store/common.ts';
import { asSentence } from '../../ui/format.ts';

/** The store said no, or did not answer. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  /** The store's own code, or `offline` and `malformed` for what never reached it or came back broken. */
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

let tellSignedOut = (): void => undefined;

/** Who hears of answers that say that nobody is signed in. Nobody in a worker: its page is told by message. */
export function onSignedOut(listener: () => void): void {
  tellSignedOut = listener;
}

/** The store refuses a write that another site could have sent. */
const WRITE_HEADERS = { 'content-type': 'application/json', 'sallyport-csrf': '1' } as const;

export interface Request {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** The question itself is whether somebody is signed in: that nobody is, is an answer. */
  readonly asksWho?: boolean;
}

/**
 * The raw answer of a route.
 * @throws RequestError for every answer that is not a success; AbortError when the signal says so
 */
export async function request(path: string, { method = 'GET', body, signal, asksWho = false }: Request = {}): Promise<Response> {
  const write = method !== 'GET';
  const init: RequestInit = { method, redirect: 'error', headers: write ? WRITE_HEADERS : {}, ...(write ? { body: JSON.stringify(body ?? {}) } : {}), ...(signal === undefined ? {} : { signal }) };
  const response = await fetch(path, init).catch((cause: unknown) => {
    if (signal?.aborted === true) throw cause;
    throw new RequestError('offline', 'The store does not answer. Check the network, then try again.', { cause });
  });
  if (response.ok) return response;
  const parsed = errorReply.safeParse(await response.json().catch(() => undefined));
  const { code, message } = parsed.success ? parsed.data.error : { code: 'internal', message: `The store answered with status ${response.status}.` };
  if (code === 'unauthenticated' && !asksWho) tellSignedOut();
  throw new RequestError(code, message);
}

/** The answer of a route as its schema has it. @throws RequestError, also for an answer that the schema does not know */
export async function ask<T>(reply: z.ZodType<T>, path: string, init: Request = {}): Promise<T> {
  const response = await request(path, init);
  const parsed = reply.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) throw new RequestError('malformed', 'The store answered something that this page does not understand. Load the page again: the store may have been updated.');
  return parsed.data;
}

/** Query text of what is defined. */
export function queryText(values: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

const words: Readonly<Record<string, string>> = {
  forbidden: 'You are signed in, but none of your roles may do this.',
  rate_limited: 'Too many requests at once. Wait a moment, then try again.',
};

/** Sentence for anything thrown. */
export function explain(error: unknown): string {
  if (error instanceof RequestError) return words[error.code] ?? asSentence(error.message);
  return error instanceof Error ? asSentence(error.message) : 'Something went wrong.';
}
