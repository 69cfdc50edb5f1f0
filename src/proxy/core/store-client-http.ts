/** One request to the store: signed, timed, parsed. Whatever goes wrong becomes an EnvironmentError or the store's own refusal. */
import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { toBase64, utf8 } from '../../base/encoding.ts';
import { EnvironmentError, messageOf } from '../../base/errors.ts';
import type { DeviceId } from '../../base/ids.ts';
import { DEVICE_HEADER, deviceRequestMessage, type ErrorCode, errorReply } from '../../contract/store/index.ts';
import type { Signer } from '../../evidence/types.ts';

/** A device's key with its id. */
export type DeviceSigner = Signer & { readonly deviceId: DeviceId };

/**
 * The store understood and refused. It is an EnvironmentError, so that callers that only know outages fail closed,
 * and carries the store's code for those that explain.
 */
export class StoreRefusal extends EnvironmentError {
  readonly status: number;
  readonly refusal: ErrorCode;
  constructor(status: number, refusal: ErrorCode, message: string) {
    super('env.store', message);
    this.status = status;
    this.refusal = refusal;
  }
}

export interface RequestOptions<T> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly auth: 'none' | 'user' | 'device' | 'both';
  readonly json?: unknown;
  readonly bytes?: { readonly type: string; readonly body: Uint8Array; readonly headers?: Readonly<Record<string, string>> };
  readonly headers?: Readonly<Record<string, string>>;
  readonly reply: z.ZodType<T>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Bound on the answer's body. */
  readonly replyLimitBytes?: number;
}

const TIMEOUT_MS = 20_000;
const REPLY_LIMIT_BYTES = 64 * 1024 * 1024;

export interface HttpOptions {
  readonly url: string;
  readonly device: DeviceSigner | undefined;
  readonly userToken: () => string | undefined;
  readonly nowMs: () => number;
}

export class StoreHttp {
  readonly #o: HttpOptions;
  readonly #base: URL;

  constructor(o: HttpOptions) {
    this.#o = o;
    this.#base = storeUrl(o.url);
  }

  nowMs(): number {
    return this.#o.nowMs();
  }

  /** @throws EnvironmentError env.store, env.cancelled when `signal` is aborted, StoreRefusal when the store says no. */
  async call<T>(o: RequestOptions<T>): Promise<T> {
    const response = await this.send(o);
    const text = new TextDecoder().decode(await this.#read(response, o));
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw this.#garbage(o, 'the answer is not JSON');
    }
    const parsed = o.reply.safeParse(value);
    if (!parsed.success) throw this.#garbage(o, parsed.error.issues.map((i) => `${i.path.join('.') || 'answer'}: ${i.message}`).join('; ').slice(0, 300));
    return parsed.data;
  }

  /** A file's bytes. */
  async download(o: Omit<RequestOptions<never>, 'reply'>): Promise<Uint8Array> {
    return this.#read(await this.send(o), o);
  }

  /** The response of a success; the body is still to be read. */
  async send(o: Omit<RequestOptions<unknown>, 'reply'>): Promise<Response> {
    const url = new URL(o.path, this.#base);
    const body = o.json !== undefined ? utf8(JSON.stringify(o.json)) : (o.bytes?.body ?? new Uint8Array(0));
    const headers: Record<string, string> = { ...o.headers, ...o.bytes?.headers };
    if (o.json !== undefined) headers['content-type'] = 'application/json';
    if (o.bytes !== undefined) headers['content-type'] = o.bytes.type;
    if (o.auth === 'user' || o.auth === 'both') {
      const token = this.#o.userToken();
      if (token === undefined) throw new StoreRefusal(401, 'unauthenticated', 'sign in first');
      headers['authorization'] = `Bearer ${token}`;
    }
    if (o.auth === 'device' || o.auth === 'both') headers[DEVICE_HEADER] = this.#sign(o.method, url, body);
    const timeout = AbortSignal.timeout(o.timeoutMs ?? TIMEOUT_MS);
    const signal = o.signal === undefined ? timeout : AbortSignal.any([o.signal, timeout]);
    let response: Response;
    try {
      response = await fetch(url, { method: o.method, headers, signal, redirect: 'error', ...(body.length > 0 ? { body: new Uint8Array(body) } : {}) });
    } catch (cause) {
      throw this.#failure(o, cause);
    }
    if (!response.ok) throw await this.#refusal(o, response);
    return response;
  }

  #sign(method: string, url: URL, body: Uint8Array): string {
    const device = this.#o.device;
    if (device === undefined) throw new EnvironmentError('env.store', 'this needs an enrolled device key');
    const t = this.#o.nowMs();
    const nonce = randomBytes(16).toString('base64url');
    const message = deviceRequestMessage({ method, host: url.host, path: url.pathname + url.search, t, nonce, body });
    return `${device.deviceId} ${t} ${nonce} ${toBase64(device.sign(message))}`;
  }

  async #read(response: Response, o: { readonly method: string; readonly path: string; readonly signal?: AbortSignal; readonly replyLimitBytes?: number }): Promise<Uint8Array> {
    const limitBytes = o.replyLimitBytes ?? REPLY_LIMIT_BYTES;
    const parts: Uint8Array[] = [];
    let size = 0;
    try {
      if (response.body !== null) {
        for await (const part of response.body as AsyncIterable<Uint8Array>) {
          size += part.length;
          if (size > limitBytes) throw this.#garbage(o, `the answer is larger than ${limitBytes} bytes`);
          parts.push(part);
        }
      }
    } catch (cause) {
      if (cause instanceof EnvironmentError) throw cause;
      throw this.#failure(o, cause);
    }
    return Buffer.concat(parts);
  }

  async #refusal(o: Omit<RequestOptions<unknown>, 'reply'>, response: Response): Promise<EnvironmentError> {
    try {
      const parsed = errorReply.safeParse(JSON.parse(new TextDecoder().decode(await this.#read(response, o))));
      if (parsed.success) return new StoreRefusal(response.status, parsed.data.error.code, parsed.data.error.message);
    } catch {
      // Fall through: whatever answered did not speak the store's language.
    }
    return this.#garbage(o, `HTTP ${response.status} without the store's error body`);
  }

  #failure(o: { readonly signal?: AbortSignal }, cause: unknown): EnvironmentError {
    if (o.signal?.aborted === true) return new EnvironmentError('env.cancelled', 'cancelled', { cause });
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : messageOf(cause);
    return new EnvironmentError('env.store', `the store at ${this.#base.origin} cannot be reached: ${why}`, { cause });
  }

  #garbage(o: { readonly method: string; readonly path: string }, what: string): EnvironmentError {
    return new EnvironmentError('env.store', `the store at ${this.#base.origin} gave an answer to ${o.method} ${o.path.split('?')[0] ?? ''} that makes no sense: ${what}`);
  }
}

/** @throws EnvironmentError unless the address is https, or http on loopback: leases travel over it. */
function storeUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new EnvironmentError('env.store', `${text} is not the address of a store`);
  }
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local)) throw new EnvironmentError('env.store', `the store's address ${text} must use https`);
  return url;
}
