/** What a handler works with: parsed input, proven identities, and a transaction that cannot commit without its audit row. */
import type { Clock } from '../../base/clock.ts';
import { assert } from '../../base/errors.ts';
import type { DeviceId } from '../../base/ids.ts';
import type { Roles } from '../../contract/store/index.ts';
import type { KeyAlg } from '../../evidence/types.ts';
import type { Database, Queries } from '../db/database.ts';
import type { Hub } from './hub.ts';

/** A person with a valid session of the store. */
export interface User {
  readonly kind: 'User' | 'Agent';
  readonly iss: string;
  readonly sub: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly expiresMs: number;
  /** Public name of the session, as the list of sessions shows it. */
  readonly sessionId: string;
  readonly sessionKind: 'bearer' | 'browser' | 'service';
  readonly roles: Readonly<Roles>;
  /** May this person do `action` to one object? Asks the store's policies. */
  readonly may: (action: string, object: Relation) => boolean;
}

/** An enrolled, unrevoked device that signed this very request. */
export interface ProvenDevice {
  readonly deviceId: DeviceId;
  readonly alg: KeyAlg;
  readonly publicKey: Uint8Array;
  readonly owner: { readonly iss: string; readonly sub: string };
}

export interface AuditNote {
  readonly action: string;
  readonly object: string;
  readonly outcome: 'ok' | 'refused';
  readonly detail?: string;
}

/** What one object is to the caller. */
export interface Relation {
  /** It is the caller's. */
  readonly own: boolean;
  /** It names the caller, or a group of theirs. */
  readonly named?: boolean;
}

export interface Actor {
  readonly user: User | undefined;
  readonly device: ProvenDevice | undefined;
  readonly address: string;
}

/** Inserts one audit row. It throws when it cannot: nothing goes on unaudited. */
export async function writeAudit(q: Queries, nowMs: number, actor: Actor, note: AuditNote): Promise<void> {
  const who = actor.user ?? actor.device?.owner;
  const changed = await q.run(
    'insert into audit (t_ms, iss, sub, device_id, address, action, object, outcome, detail) values ($1,$2,$3,$4,$5,$6,$7,$8,$9)',
    [nowMs, who?.iss ?? '', who?.sub ?? '', actor.device?.deviceId ?? '', actor.address, note.action, note.object.slice(0, 500), note.outcome, (note.detail ?? '').slice(0, 2_000)],
  );
  assert(changed === 1, 'the audit row was not written');
}

export interface ContextParts<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** The body as it came. */
  readonly raw: Uint8Array;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Path and query as they came. */
  readonly url: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

export class Context<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly raw: Uint8Array;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly url: string;
  readonly signal: AbortSignal;
  readonly db: Database;
  readonly clock: Clock;
  readonly hub: Hub;
  readonly actor: Actor;
  /** May whoever calls do what this route does to one object? The policies were asked about the route itself before. */
  readonly may: (object: Relation) => boolean;
  readonly #action: string;
  #audited = false;

  constructor(parts: ContextParts<P, Q, B>, services: { db: Database; clock: Clock; hub: Hub }, actor: Actor, route: { action: string; may: (object: Relation) => boolean }) {
    this.params = parts.params;
    this.query = parts.query;
    this.body = parts.body;
    this.raw = parts.raw;
    this.headers = parts.headers;
    this.url = parts.url;
    this.signal = parts.signal;
    this.db = services.db;
    this.clock = services.clock;
    this.hub = services.hub;
    this.actor = actor;
    this.may = route.may;
    this.#action = route.action;
  }

  get audited(): boolean {
    return this.#audited;
  }

  /** For public answers that say nothing of anybody. */
  unaudited(): void {
    assert(this.actor.user === undefined && this.actor.device === undefined, 'an answer to somebody is audited');
    this.#audited = true;
  }

  /** What the client calls itself; it may lie. */
  get userAgent(): string {
    const text = this.headers['user-agent'];
    return typeof text === 'string' ? text : '';
  }

  /** For what every device asks each minute, and what came of it is recorded elsewhere. */
  routine(): void {
    this.#audited = true;
  }

  get user(): User {
    assert(this.actor.user !== undefined, 'the route did not ask for a user');
    return this.actor.user;
  }

  get device(): ProvenDevice {
    assert(this.actor.device !== undefined, 'the route did not ask for a device');
    return this.actor.device;
  }

  /** Whoever asks: the signed-in person, else the owner of the signing device. */
  get person(): { readonly iss: string; readonly sub: string } {
    const who = this.actor.user ?? this.actor.device?.owner;
    assert(who !== undefined, 'the route did not ask for anybody');
    return who;
  }

  /**
   * Runs `work` and writes the audit row in one transaction, then tells the listeners. `object` names what was touched.
   */
  async commit<T>(object: string, work: (tx: Queries) => Promise<T>, options: { detail?: string | ((result: T) => string); actor?: Actor } = {}): Promise<T> {
    const result = await this.db.transaction(async (tx) => {
      const r = await work(tx);
      const detail = typeof options.detail === 'function' ? options.detail(r) : options.detail;
      await writeAudit(tx, this.clock.nowMs(), options.actor ?? this.actor, { action: this.#action, object, outcome: 'ok', ...(detail === undefined ? {} : { detail }) });
      return r;
    });
    this.#audited = true;
    return result;
  }
}
