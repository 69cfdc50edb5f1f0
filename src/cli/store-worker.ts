/**
 * The embedded store on a thread of its own: its database, checks and disk work never hold up the data path. The
 * configuration, which may hold target passwords, is handed over in memory, not through argv or the environment.
 * This file is both ends' entry: the proxy's thread never loads the store, and the store's never loads the proxy.
 */
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { ConfigError, EnvironmentError } from '../base/errors.ts';
import type { StoreConfig } from '../store/config.ts';
import { fromWorker } from './store-messages.ts';

export interface EmbeddedStore {
  readonly url: string;
  devToken(person: { subject: string; groups: readonly string[] }): Promise<string>;
  stop(): Promise<void>;
}

/** @throws ConfigError and EnvironmentError as `startStore` does. */
export async function startEmbeddedStore(config: StoreConfig): Promise<EmbeddedStore> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { sallyportStore: config }, stderr: false });
  const waiting = new Map<number, { resolve: (token: string) => void; reject: (error: Error) => void }>();
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new EnvironmentError('env.store', `the embedded store ended with code ${code}`)));
    worker.on('message', (raw: unknown) => {
      const message = fromWorker.parse(raw);
      if (message.type === 'ready') resolve(message.url);
      else if (message.type === 'failed') reject(message.isConfig ? new ConfigError(message.message) : new EnvironmentError('env.store', message.message));
      else {
        const waiter = waiting.get(message.id);
        waiting.delete(message.id);
        if (message.type === 'token') waiter?.resolve(message.token);
        else waiter?.reject(new EnvironmentError('env.store', message.message));
      }
    });
  });
  let last = 0;
  return {
    url,
    devToken: ({ subject, groups }) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ type: 'token', id, subject, groups: [...groups] });
      }),
    stop: () => {
      worker.postMessage({ type: 'stop' });
      return gone;
    },
  };
}

const data: unknown = workerData;
if (!isMainThread && typeof data === 'object' && data !== null && 'sallyportStore' in data) void (await import('./store-thread.ts')).serve(data.sallyportStore as StoreConfig);
