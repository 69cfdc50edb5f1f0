/** The shape of one IPC slice, and the types of both of its sides derived from its schemas. */
import { z } from 'zod';
import type { ipcChannels, SliceName } from './channels.ts';

export interface CallSchema {
  /** What the window may send. Parsed by main from `unknown`. */
  readonly request: z.ZodType;
  /** What main answers. Parsed before it leaves, so a handler cannot leak a field that is not here. */
  readonly reply: z.ZodType;
}

type CallNames<N extends SliceName> = (typeof ipcChannels)[N]['calls'][number];
type EventNames<N extends SliceName> = (typeof ipcChannels)[N]['events'][number];

export interface Slice {
  readonly name: SliceName;
  readonly calls: Readonly<Record<string, CallSchema>>;
  readonly events: Readonly<Record<string, z.ZodType>>;
}

/** Declares a slice; the compiler insists on exactly the calls and events that `channels.ts` names. */
export function defineSlice<
  N extends SliceName,
  C extends Readonly<Record<CallNames<N>, CallSchema>>,
  E extends Readonly<Record<EventNames<N>, z.ZodType>>,
>(name: N, calls: C, events: E): { readonly name: N; readonly calls: C; readonly events: E } {
  return { name, calls, events };
}

/** A request without arguments. */
export const nothing = z.undefined();

/** Errors cross the processes as this plain object; the stack stays in main's log. `fix` says what the person can do. */
export const ipcErrorSchema = z.strictObject({
  code: z.string(),
  message: z.string(),
  fix: z.string().optional(),
});
export type IpcErrorShape = z.infer<typeof ipcErrorSchema>;

export type IpcResult<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: IpcErrorShape };

type RequestArgs<S extends z.ZodType> = undefined extends z.input<S> ? [request?: z.input<S>] : [request: z.input<S>];

/** The window's side: `window.sallyport.<slice>`. */
export type SliceApi<S extends Slice> = {
  readonly [K in keyof S['calls']]: (...args: RequestArgs<S['calls'][K]['request']>) => Promise<IpcResult<z.output<S['calls'][K]['reply']>>>;
} & {
  /** Returns a function that stops listening. */
  readonly [K in keyof S['events'] & string as `on${Capitalize<K>}`]: (listener: (payload: z.output<S['events'][K]>) => void) => () => void;
};

/** Main's side: one function for each call. It may throw; the wrapper turns errors into IpcErrorShape. */
export type SliceHandlers<S extends Slice> = {
  readonly [K in keyof S['calls']]: (request: z.output<S['calls'][K]['request']>) => Promise<z.input<S['calls'][K]['reply']>> | z.input<S['calls'][K]['reply']>;
};

/** What main may send for an event of a slice. */
export type SliceEvent<S extends Slice, K extends keyof S['events']> = z.input<S['events'][K]>;
