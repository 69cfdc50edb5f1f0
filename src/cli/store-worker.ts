/**
 * The embedded store on a thread of its own: its database, checks and disk work never hold up the data path. The
 * configuration, which may hold target passwords, is handed over in memory, not through argv or the environment.
 */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { ConfigError, EnvironmentError, messageOf } from '../base/errors.ts';
import type { StoreConfig } from '../store/config.ts';
import { startStore } from '../store/server.ts';

const BACKGROUND_PRIORITY = 5;

export interface EmbeddedStore {
  readonly url: string;
  devToken(person: { subject: string; groups: readonly string[] }): Promise<string>;
  stop(): Promise<void>;
}

const fromWorker = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready'), url: z.string() }),
  z.strictObject({ type: z.literal('failed'), message: z.string(), isConfig: z.boolean() }),
  z.strictObject({ type: z.literal('token'), id: z.number(), token: z.string() }),
  z.strictObject({ type: z.literal('refused'), id: z.number(), message: z.string() }),
]);
const toWorker = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('token'), id: z.number(), subject: z.string(), groups: z.array(z.string()) }),
  z.strictObject({ type: z.literal('stop') }),
]);

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

/** Statements that people wait for go before recordings that are stored. On Linux a thread has a priority of its own. */
function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), BACKGROUND_PRIORITY);
  } catch {
    // A system that does not allow it keeps the order it has.
  }
}

async function serve(config: StoreConfig): Promise<void> {
  const port = parentPort;
  if (!port) return;
  try {
    const store = await startStore(config);
    port.on('message', (raw: unknown) => {
      const message = toWorker.parse(raw);
      if (message.type === 'stop') {
        void store.stop().finally(() => port.close());
        return;
      }
      const { id, subject, groups } = message;
      const token = store.devIdp?.devToken({ subject, groups }) ?? Promise.reject(new Error('no development identity provider'));
      token.then(
        (text) => port.postMessage({ type: 'token', id, token: text }),
        (error: unknown) => port.postMessage({ type: 'refused', id, message: messageOf(error) }),
      );
    });
    stepBack();
    port.postMessage({ type: 'ready', url: store.url });
  } catch (error) {
    port.postMessage({ type: 'failed', message: messageOf(error), isConfig: error instanceof ConfigError });
    port.close();
  }
}

const data: unknown = workerData;
if (!isMainThread && typeof data === 'object' && data !== null && 'sallyportStore' in data) void serve(data.sallyportStore as StoreConfig);
