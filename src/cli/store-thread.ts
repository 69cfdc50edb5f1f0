/** The embedded store's side of its thread; see store-worker.ts. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { ConfigError, messageOf } from '../base/errors.ts';
import type { StoreConfig } from '../store/config.ts';
import { startStore } from '../store/server.ts';
import { toWorker } from './store-messages.ts';

const BACKGROUND_PRIORITY = 5;

/** Statements that people wait for go before recordings that are stored. On Linux a thread has a priority of its own. */
function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), BACKGROUND_PRIORITY);
  } catch {
    // A system that does not allow it keeps the order it has.
  }
}

/** Starts the store and answers the proxy's thread until that says stop. */
export async function serve(config: StoreConfig): Promise<void> {
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
