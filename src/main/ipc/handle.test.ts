import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError, DeniedError, EnvironmentError } from '../../base/errors.ts';
import { callChannel, eventChannel } from '../../contract/ipc/channels.ts';
import type { Slice, SliceHandlers } from '../../contract/ipc/slice.ts';
import type { FrameLike, InvokeEventLike, IpcMainLike, WebContentsLike } from './electron-shapes.ts';
import type { IpcHost } from './handle.ts';
import { emitEvent, registerSlice } from './handle.ts';
import { isAppUrl } from './sender.ts';

const slice = {
  name: 'sessions',
  calls: { get: { request: z.strictObject({ id: z.string().max(8) }), reply: z.strictObject({ size: z.int() }) } },
  events: { changed: z.strictObject({ n: z.int() }) },
} as const satisfies Slice;

type Invoke = (event: InvokeEventLike, ...args: unknown[]) => Promise<unknown>;

function harness(get: SliceHandlers<typeof slice>['get'] = ({ id }) => ({ size: id.length })) {
  const handlers = new Map<string, Invoke>();
  const ipcMain: IpcMainLike = {
    handle: (channel, listener) => void handlers.set(channel, listener),
    removeHandler: (channel) => void handlers.delete(channel),
  };
  const refused: string[] = [];
  const failed: unknown[] = [];
  const calls: unknown[] = [];
  const host: IpcHost = { ipcMain, windows: new Set([1]), log: { refused: (_c, why) => void refused.push(why), failed: (_c, e) => void failed.push(e) } };
  const remove = registerSlice(host, slice, {
    get: (request) => {
      calls.push(request);
      return get(request);
    },
  });
  return { handlers, host, remove, refused, failed, calls, get: handlers.get(callChannel('sessions', 'get'))! };
}

function window(id: number, url: string): WebContentsLike & { sent: [string, unknown][] } {
  const sent: [string, unknown][] = [];
  return { id, mainFrame: { url }, isDestroyed: () => false, send: (c, p) => void sent.push([c, p]), sent };
}
const from = (sender: WebContentsLike, senderFrame: FrameLike | null = sender.mainFrame): InvokeEventLike => ({ sender, senderFrame });
const good = () => from(window(1, 'app://sallyport/index.html'));

describe('registerSlice', () => {
  it('answers a known window on the app origin', async () => {
    const h = harness();
    expect(await h.get(good(), { id: 'abc' })).toEqual({ ok: true, value: { size: 3 } });
    expect(h.refused).toEqual([]);
  });

  it.each([
    ['a window that main did not open', from(window(2, 'app://sallyport/index.html'))],
    ['an empty URL', from(window(1, ''))],
    ['about:blank', from(window(1, 'about:blank'))],
    ['another host', from(window(1, 'app://evil/index.html'))],
    ['a host that starts like ours', from(window(1, 'app://sallyport.evil/index.html'))],
    ['a port', from(window(1, 'app://sallyport:1/index.html'))],
    ['user info', from(window(1, 'app://x@sallyport/index.html'))],
    ['another scheme', from(window(1, 'https://sallyport/index.html'))],
    ['a file', from(window(1, 'file:///index.html'))],
    ['a child frame', from(window(1, 'app://sallyport/index.html'), { url: 'app://sallyport/index.html' })],
    ['a frame that is gone', from(window(1, 'app://sallyport/index.html'), null)],
  ])('refuses %s without calling the handler', async (_name, event) => {
    const h = harness();
    expect(await h.get(event, { id: 'abc' })).toMatchObject({ ok: false, error: { code: 'sender' } });
    expect(h.calls).toEqual([]);
    expect(h.refused).toHaveLength(1);
  });

  it('refuses the same origin once the window is no longer known', async () => {
    const h = harness();
    const other = { ...h.host, windows: new Set<number>() };
    registerSlice(other, slice, { get: () => ({ size: 1 }) });
    expect(await h.handlers.get('sallyport:sessions.get')!(good(), { id: 'a' })).toMatchObject({ error: { code: 'sender' } });
  });

  it('reports every bad field and never the value', async () => {
    const h = harness();
    const reply = await h.get(good(), { id: 'hunter2-hunter2', extra: 'hunter2' });
    expect(reply).toMatchObject({ ok: false, error: { code: 'request' } });
    expect(JSON.stringify(reply)).toContain('id');
    expect(JSON.stringify(reply)).toContain('extra');
    expect(JSON.stringify(reply)).not.toContain('hunter2');
    expect(h.calls).toEqual([]);
  });

  it.each([[undefined], [null], ['abc'], [{}], [{ id: 1 }], [[{ id: 'a' }]]])('refuses the request %j', async (request) => {
    const h = harness();
    expect(await h.get(good(), request)).toMatchObject({ ok: false, error: { code: 'request' } });
    expect(h.calls).toEqual([]);
  });

  it('refuses more than one argument', async () => {
    const h = harness();
    expect(await h.get(good(), { id: 'a' }, 'more')).toMatchObject({ ok: false, error: { code: 'request' } });
    expect(h.calls).toEqual([]);
  });

  it('does not let a handler send what the contract does not name', async () => {
    const leaking = { size: 1, password: 'hunter2' };
    const h = harness(() => leaking);
    const reply = await h.get(good(), { id: 'a' });
    expect(reply).toMatchObject({ ok: false, error: { code: 'bug' } });
    expect(JSON.stringify(reply)).not.toContain('hunter2');
    expect(h.failed).toHaveLength(1);
  });

  it('keeps the code and sentence of our own errors', async () => {
    const h = harness(() => {
      throw new EnvironmentError('env.store', 'The store does not answer.');
    });
    expect(await h.get(good(), { id: 'a' })).toMatchObject({ ok: false, error: { code: 'env.store', message: 'The store does not answer.' } });
    const denied = harness(() => Promise.reject(new DeniedError('You are the requester.', ['p1'])));
    expect(await denied.get(good(), { id: 'a' })).toMatchObject({ ok: false, error: { code: 'denied', message: 'You are the requester.' } });
  });

  it('says once what to do', async () => {
    const h = harness(() => {
      throw new ConfigError('this terminal is closed', { fix: 'open the connection again' });
    });
    expect(await h.get(good(), { id: 'a' })).toEqual({ ok: false, error: { code: 'config', message: 'this terminal is closed', fix: 'open the connection again' } });
  });

  it('says nothing of the inside of a foreign error', async () => {
    const h = harness(() => Promise.reject(new Error('ENOENT /home/alice/.secret')));
    const reply = await h.get(good(), { id: 'a' });
    expect(reply).toMatchObject({ ok: false, error: { code: 'bug' } });
    expect(JSON.stringify(reply)).not.toMatch(/alice|ENOENT|stack/);
    expect(h.failed).toHaveLength(1);
  });

  it('removes its handlers', () => {
    const h = harness();
    h.remove();
    expect(h.handlers.size).toBe(0);
  });
});

describe('emitEvent', () => {
  it('sends parsed payloads to living windows only', () => {
    const h = harness();
    const living = window(1, 'app://sallyport/');
    const dead = { ...window(2, 'app://sallyport/'), isDestroyed: () => true };
    expect(emitEvent([living, dead], h.host.log, slice, 'changed', { n: 1 })).toBe(true);
    expect(living.sent).toEqual([[eventChannel('sessions', 'changed'), { n: 1 }]]);
    expect(dead.sent).toEqual([]);
  });

  it('drops a payload that does not fit and says so in the log', () => {
    const h = harness();
    const living = window(1, 'app://sallyport/');
    expect(emitEvent([living], h.host.log, slice, 'changed', { n: 1.5 })).toBe(false);
    expect(living.sent).toEqual([]);
    expect(h.failed).toHaveLength(1);
  });
});

describe('isAppUrl', () => {
  it.each(['app://sallyport', 'app://sallyport/', 'app://sallyport/index.html#/connections'])('accepts %s', (url) => {
    expect(isAppUrl(url)).toBe(true);
  });
  it.each(['', 'app:', 'app:sallyport', 'app:///sallyport', 'APP://evil', 'not a url', 'app://sallyport@evil/'])('refuses %j', (url) => {
    expect(isAppUrl(url)).toBe(false);
  });
});
