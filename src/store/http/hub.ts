/** Live events. They travel as NOTIFY inside the transaction that causes them, so nobody hears of what was rolled back. */
import { type StoreEvent, storeEvent } from '../../contract/store/index.ts';
import type { Database, Queries } from '../db/database.ts';

const CHANNEL = 'sallyport_events';

export type Listener = (event: StoreEvent) => void;

export class Hub {
  readonly #listeners = new Set<Listener>();
  #unlisten: (() => Promise<void>) | undefined;

  static async start(db: Database): Promise<Hub> {
    const hub = new Hub();
    hub.#unlisten = await db.listen(
      CHANNEL,
      (payload) => {
        hub.#deliver(payload);
      },
      () => {
        hub.#tell({ type: 'hello' });
      },
    );
    return hub;
  }

  /** Heard by everyone, in every process, after the transaction commits. */
  async publish(tx: Queries, event: StoreEvent): Promise<void> {
    await tx.run('select pg_notify($1, $2)', [CHANNEL, JSON.stringify(event)]);
  }

  /** `hello` means: events may have been missed, so look again at what you wait for. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async stop(): Promise<void> {
    this.#listeners.clear();
    await this.#unlisten?.();
  }

  #deliver(payload: string): void {
    const parsed = storeEvent.safeParse(JSON.parse(payload));
    if (!parsed.success) return;
    this.#tell(parsed.data);
  }

  #tell(event: StoreEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
