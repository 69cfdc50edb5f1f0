/** While something of the store is awaited: its events say when to look again. They are hints; the waiting looks by itself too. */
import type { StoreEvent } from '../../contract/store/index.ts';
import type { UserApi } from '../../proxy/core/store-client.ts';
import type { Attempt } from './attempt.ts';

export async function whileHinted<T>(client: Pick<UserApi, 'subscribe'>, attempt: Attempt, type: StoreEvent['type'], work: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  // `hello` comes at each connection: something may have been missed. A stream that fails is opened again by the client.
  client.subscribe((event) => {
    if (event.type === type || event.type === 'hello') attempt.nudge();
  }, stop.signal).catch(() => undefined);
  try {
    return await work();
  } finally {
    stop.abort();
  }
}
