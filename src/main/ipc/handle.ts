/**
 * The only file that registers IPC handlers. For each call of a slice: the sender is checked, the argument is
 * parsed from `unknown`, the reply is parsed before it leaves, and errors cross as plain objects.
 */
import type { z } from 'zod';
import { callChannel, eventChannel } from '../../contract/ipc/channels.ts';
import type { IpcResult, Slice, SliceEvent, SliceHandlers } from '../../contract/ipc/slice.ts';
import type { InvokeEventLike, IpcMainLike, WebContentsLike } from './electron-shapes.ts';
import { toIpcError, toRequestError } from './errors.ts';
import { refuseSender } from './sender.ts';

export interface IpcLog {
  /** Someone tried to speak to main who may not. */
  refused(channel: string, why: string): void;
  /** A handler failed; `error` keeps its stack here and nowhere else. */
  failed(channel: string, error: unknown): void;
}

export interface IpcHost {
  readonly ipcMain: IpcMainLike;
  /** Ids of the WebContents that main opened itself. */
  readonly windows: ReadonlySet<number>;
  readonly log: IpcLog;
}

/** One answer for every refusal: a stranger learns nothing from it. */
const REFUSED: IpcResult<never> = { ok: false, error: { code: 'sender', message: 'This page may not talk to Sallyport.' } };

type Handler = (request: unknown) => unknown;

async function answer(host: IpcHost, channel: string, schema: { request: z.ZodType; reply: z.ZodType }, handler: Handler, args: readonly unknown[]): Promise<IpcResult<unknown>> {
  if (args.length > 1) return { ok: false, error: { code: 'request', message: 'request: one argument at most' } };
  const request = schema.request.safeParse(args[0]);
  if (!request.success) {
    host.log.refused(channel, 'request does not match the contract');
    return { ok: false, error: toRequestError(request.error) };
  }
  try {
    const reply = schema.reply.safeParse(await handler(request.data));
    if (!reply.success) {
      host.log.failed(channel, reply.error);
      return { ok: false, error: toIpcError(reply.error) };
    }
    return { ok: true, value: reply.data };
  } catch (error) {
    host.log.failed(channel, error);
    return { ok: false, error: toIpcError(error) };
  }
}

/**
 * Registers every call of a slice. Returns a function that removes them.
 * @example registerSlice(host, authSlice, { state: () => auth.state(), ... })
 */
export function registerSlice<S extends Slice>(host: IpcHost, slice: S, handlers: SliceHandlers<S>): () => void {
  const channels: string[] = [];
  for (const [name, schema] of Object.entries(slice.calls)) {
    const channel = callChannel(slice.name, name);
    const handler: Handler = (request) => (handlers as Readonly<Record<string, Handler>>)[name]?.(request);
    host.ipcMain.handle(channel, async (event: InvokeEventLike, ...args: unknown[]) => {
      const why = refuseSender(event, host.windows);
      if (why !== undefined) {
        host.log.refused(channel, why);
        return REFUSED;
      }
      return answer(host, channel, schema, handler, args);
    });
    channels.push(channel);
  }
  return () => {
    for (const channel of channels) host.ipcMain.removeHandler(channel);
  };
}

/**
 * Sends an event of a slice to windows. The payload is parsed first; one that does not fit is logged and dropped.
 * @returns whether it was sent.
 */
export function emitEvent<S extends Slice, K extends keyof S['events'] & string>(
  targets: Iterable<WebContentsLike>,
  log: IpcLog,
  slice: S,
  event: K,
  payload: SliceEvent<S, K>,
): boolean {
  const channel = eventChannel(slice.name, event);
  const parsed = slice.events[event]?.safeParse(payload);
  if (!parsed?.success) {
    log.failed(channel, parsed?.error ?? new Error('no such event'));
    return false;
  }
  for (const target of targets) if (!target.isDestroyed()) target.send(channel, parsed.data);
  return true;
}
