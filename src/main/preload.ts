/**
 * Preload of every window: composes the slices of the contract and holds no logic. It runs in the sandbox and is
 * bundled to CommonJS. What crosses is plain data; the page gets neither `ipcRenderer` nor its event object.
 */
import { contextBridge, ipcRenderer } from 'electron';
import { callChannel, eventChannel, ipcChannels, listenerName } from '../contract/ipc/channels.ts';

type Call = (request: unknown) => Promise<unknown>;
type Listen = (listener: (payload: unknown) => void) => () => void;

const call = (channel: string): Call => {
  return (request) => ipcRenderer.invoke(channel, request);
};

const listen = (channel: string): Listen => {
  return (listener) => {
    const forward = (_event: unknown, payload: unknown): void => listener(payload);
    ipcRenderer.on(channel, forward);
    return () => {
      ipcRenderer.removeListener(channel, forward);
    };
  };
};

const api = Object.fromEntries(
  Object.entries(ipcChannels).map(([slice, { calls, events }]) => [
    slice,
    Object.fromEntries([
      ...calls.map((name): [string, Call | Listen] => [name, call(callChannel(slice, name))]),
      ...events.map((name): [string, Call | Listen] => [listenerName(name), listen(eventChannel(slice, name))]),
    ]),
  ]),
);

contextBridge.exposeInMainWorld('sallyport', api);
