/** The requests of late, kept in memory, so that a candidate bundle can be asked about them before it decides. */
import type { PolicyEngine, Request } from '../types.ts';
import type { PastRequest } from './redecide.ts';

const MAX_REQUESTS = 500;
const MAX_TEXT = 16 * 1024;

export class RecentRequests {
  readonly #kept = new Map<string, PastRequest>();

  get all(): readonly PastRequest[] {
    return [...this.#kept.values()];
  }

  /** The same engine, and what it is asked is remembered. */
  watching(engine: PolicyEngine): PolicyEngine {
    return {
      ...engine,
      decide: (request) => {
        this.#keep(request);
        return engine.decide(request);
      },
    };
  }

  #keep(r: Request): void {
    const sql = r.statement?.sql;
    // The text is what is analysed again; other actions than opening a session have no text to ask about.
    if ((sql === undefined && r.action !== 'connect') || (sql !== undefined && sql.length > MAX_TEXT)) return;
    const key = `${r.connection.name}\0${r.client}\0${r.principal.issuer}\0${r.principal.subject}\0${r.approved ? 1 : 0}\0${sql ?? ''}`;
    if (this.#kept.has(key)) return;
    const oldest = this.#kept.size >= MAX_REQUESTS ? this.#kept.keys().next().value : undefined;
    if (oldest !== undefined) this.#kept.delete(oldest);
    const { principal, connection, client, deviceId, timeMs, approved } = r;
    this.#kept.set(key, { principal, connection, client, deviceId, timeMs, approved, ...(sql === undefined ? {} : { sql }) });
  }
}
