/** Runs generated scripts over one connection and keeps every byte that comes back. */
import { startTap } from '../leaks.ts';
import type { Tap } from '../leaks.ts';
import { sendCancel, WireClient } from '../pg-wire-client.ts';
import type { WireClientOptions } from '../pg-wire-client.ts';
import { encodeBind, encodeDescribe, encodeExecute, encodeParse, encodeQuery, encodeSync, noticeField } from '../../wire/postgres/index.ts';
import type { BackendMessage } from '../../wire/postgres/index.ts';
import type { Script, Via } from './scripts.ts';

/** What came of one script. */
export interface Answer {
  /** Everything received, and behind it all cells joined by row and by column: a value may be spread over them. */
  readonly bytes: Buffer;
  readonly rows: number;
  readonly errors: readonly { readonly code: string; readonly message: string; readonly detail: string; readonly statement: number }[];
  readonly held: boolean;
  /** The connection was closed. */
  readonly ended: boolean;
}

interface Collected {
  readonly rows: (Buffer | null)[][];
  readonly errors: Answer['errors'][number][];
  held: boolean;
  statement: number;
}

export class ScriptClient {
  readonly #login: WireClientOptions;
  readonly #tap: Tap;
  #client: WireClient | undefined;
  /** The proxy's name for the session; none on a direct connection. */
  session: string | undefined;

  private constructor(login: WireClientOptions, tap: Tap) {
    this.#login = login;
    this.#tap = tap;
  }

  static async open(login: WireClientOptions): Promise<ScriptClient> {
    const client = new ScriptClient(login, await startTap(login.port));
    await client.#connect();
    return client;
  }

  async #connect(): Promise<void> {
    this.#tap.clear();
    this.#client = await WireClient.connect({ ...this.#login, port: this.#tap.port });
    this.session = /sallyport\.session\0([^\0]+)\0/.exec(this.#tap.received().toString('latin1'))?.[1] ?? this.session;
  }

  close(): void {
    this.#client?.close();
    this.#tap.stop();
  }

  /** Runs a script; `inTransaction` wraps it in one that is rolled back. Never throws for what the server answers. */
  async run(script: Script, inTransaction: boolean): Promise<Answer> {
    if (this.#client === undefined) await this.#connect();
    this.#tap.clear();
    const collected: Collected = { rows: [], errors: [], held: false, statement: 0 };
    let ended = false;
    try {
      if (inTransaction) await this.#send('BEGIN', 'simple', collected);
      for (const [i, sql] of script.statements.entries()) {
        collected.statement = i;
        await this.#send(sql, script.via, collected);
      }
      if (inTransaction) await this.#send('ROLLBACK', 'simple', collected);
    } catch (error) {
      collected.errors.push({ code: 'ended', message: String(error), detail: '', statement: collected.statement });
      this.#client = undefined;
      ended = true;
    }
    return { bytes: Buffer.concat([this.#tap.received(), Buffer.from('\0'), spread(collected.rows)]), rows: collected.rows.length, errors: collected.errors, held: collected.held, ended };
  }

  async #send(sql: string, via: Via, into: Collected): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    client.send(...messages(sql, via));
    for (;;) {
      const message = await client.next();
      if (message.type === 'ReadyForQuery') return;
      await this.#take(message, into, client);
    }
  }

  async #take(message: BackendMessage, into: Collected, client: WireClient): Promise<void> {
    if (message.type === 'DataRow') into.rows.push([...message.cells]);
    if (message.type === 'CopyData') into.rows.push([message.data]);
    if (message.type === 'ErrorResponse') {
      const field = (name: 'code' | 'message' | 'detail'): string => noticeField(message.fields, name) ?? '';
      into.errors.push({ code: field('code'), message: field('message'), detail: field('detail'), statement: into.statement });
    }
    if (message.type === 'NoticeResponse' && (noticeField(message.fields, 'message') ?? '').startsWith('held for approval')) {
      into.held = true;
      // Nobody approves here.
      if (client.keyData) await sendCancel('127.0.0.1', this.#tap.port, client.keyData);
    }
  }
}

/** Its portal can be executed in pieces, and the statement any number of times. */
const isQuery = (sql: string): boolean => /^(SELECT(?! \* INTO)|WITH|VALUES|TABLE|\()/.test(sql);

function messages(sql: string, via: Via): Buffer[] {
  if (via === 'simple') return [encodeQuery(sql)];
  const parse = encodeParse('', sql);
  const bind = encodeBind({ resultFormats: [via === 'binary' ? 1 : 0] });
  if (via === 'pieces' && isQuery(sql)) return [parse, bind, encodeExecute('', 1), encodeExecute('', 1), encodeExecute('', 0), encodeSync()];
  if (via === 'again' && isQuery(sql)) return [parse, bind, encodeExecute(''), encodeBind({ resultFormats: [1] }), encodeExecute(''), encodeSync()];
  return [parse, encodeDescribe('statement', ''), bind, encodeExecute(''), encodeSync()];
}

/** Cells one after the other, by row and then by column. */
function spread(rows: readonly (readonly (Buffer | null)[])[]): Buffer {
  const byRow = rows.flat();
  const width = Math.max(0, ...rows.map((r) => r.length));
  const byColumn = Array.from({ length: width }, (_, i) => rows.map((r) => r[i] ?? null)).flat();
  return Buffer.concat([...byRow, Buffer.from('\0'), ...byColumn].filter((c) => c !== null));
}
