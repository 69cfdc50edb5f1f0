/** LISTEN on a connection of its own that comes back after the server was away. */
import type pg from 'pg';
import { assert, EnvironmentError, messageOf } from '../../base/errors.ts';
import { explained } from './postgres-errors.ts';

const RETRY_MS = [200, 500, 1_000, 2_000, 5_000];
/** How often the connection is asked for a sign of life: a network that drops packets ends no connection. */
const HEARTBEAT_MS = 15_000;

interface Subscription {
  readonly channel: string;
  readonly onPayload: (payload: string) => void;
  readonly onGap: () => void;
}

export class NotificationListener {
  readonly #make: () => pg.Client;
  readonly #onProblem: (message: string) => void;
  readonly #subscriptions = new Set<Subscription>();
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(make: () => pg.Client, onProblem: (message: string) => void) {
    this.#make = make;
    this.#onProblem = onProblem;
  }

  /** @throws EnvironmentError when there is no connection yet and the server is away */
  async listen(channel: string, onPayload: (payload: string) => void, onGap: () => void = () => undefined): Promise<() => Promise<void>> {
    assert(/^[a-z_]+$/.test(channel), 'a channel is a plain name');
    const subscription = { channel, onPayload, onGap };
    this.#subscriptions.add(subscription);
    try {
      if (this.#client === undefined) await this.#connect();
      else await this.#client.query(`listen ${channel}`);
    } catch (error) {
      this.#subscriptions.delete(subscription);
      throw explained(error);
    }
    return () => {
      this.#subscriptions.delete(subscription);
      return Promise.resolve();
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = this.#make();
    // Both can come, in either order, also while the connection is being made.
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('notification', ({ channel, payload }) => {
      for (const s of this.#subscriptions) if (s.channel === channel) s.onPayload(payload ?? '');
    });
    try {
      await client.connect();
      for (const channel of new Set([...this.#subscriptions].map((s) => s.channel))) await client.query(`listen ${channel}`);
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
    if (this.#closed) {
      await client.end();
      throw new EnvironmentError('env.cancelled', 'database: closed');
    }
    this.#client = client;
    this.#beatLater(client);
  }

  #beatLater(client: pg.Client): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      client.query('select 1').then(
        () => {
          if (this.#client === client) this.#beatLater(client);
        },
        () => this.#lost(client),
      );
    }, HEARTBEAT_MS);
    this.#timer.unref();
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    void client.end().catch(() => undefined);
    this.#onProblem('store: the database connection for notifications was lost');
    this.#comeBack(0);
  }

  #comeBack(attempt: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#connect().then(
        () => {
          for (const s of this.#subscriptions) s.onGap();
        },
        (error: unknown) => {
          if (attempt === RETRY_MS.length) this.#onProblem(`store: no notifications from the database: ${messageOf(error)}`);
          this.#comeBack(attempt + 1);
        },
      );
    }, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]);
    this.#timer.unref();
  }
}
