/**
 * Simple queries of the proxy's own, on a connection of its own. The target is trusted no more here than in a session:
 * every byte is decoded, and one that does not decode ends the connection with an error, nothing else.
 */
import { EnvironmentError, MalformedError, messageOf } from '../../base/errors.ts';
import { decodeBackend, encodeQuery, encodeTerminate, noticeField, type BackendMessage } from '../../wire/postgres/index.ts';
import type { Credential, Target } from '../core/ports.ts';
import { SocketReader } from './socket-reader.ts';
import { connectUpstream, type Upstream } from './upstream.ts';

/** A row as text, column by column. */
export type TextRow = readonly (string | null)[];

const QUERY_TIMEOUT_MS = 30_000;
const GRACE_MS = 2_000;

export class OwnConnection {
  readonly #upstream: Upstream;
  readonly #reader: SocketReader;

  private constructor(upstream: Upstream) {
    this.#upstream = upstream;
    this.#reader = new SocketReader(upstream.socket, { direction: 'backend' }, upstream.framer);
  }

  /** @throws EnvironmentError, MalformedError */
  static async open(target: Target, credential: Credential, program: string): Promise<OwnConnection> {
    return new OwnConnection(await connectUpstream(target, credential, new Map([['application_name', program], ['client_encoding', 'UTF8']])));
  }

  /** server_version_num, from what the server said at sign-on: `15.9 (Debian ...)`, `18beta1`. 0 when it said nothing that we know. */
  get serverVersion(): number {
    const match = /^(\d+)(?:\.(\d+))?/.exec(this.#upstream.parameters.get('server_version') ?? '');
    return Number(match?.[1] ?? 0) * 10_000 + Number(match?.[2] ?? 0);
  }

  /** The rows of one statement. @throws EnvironmentError when the server refuses or does not answer in time, MalformedError */
  async rows(sql: string): Promise<TextRow[]> {
    const { socket } = this.#upstream;
    const timer = setTimeout(() => socket.destroy(new EnvironmentError('env.timeout', 'the query took too long')), QUERY_TIMEOUT_MS);
    try {
      socket.write(encodeQuery(sql));
      return await this.#answer();
    } finally {
      clearTimeout(timer);
    }
  }

  async #answer(): Promise<TextRow[]> {
    const rows: TextRow[] = [];
    let failure: string | undefined;
    for (;;) {
      const message = decodeBackend(await this.#reader.next());
      if (message.type === 'ReadyForQuery') break;
      if (message.type === 'DataRow') rows.push(message.cells.map((cell) => cell && cell.toString('utf8')));
      else if (message.type === 'ErrorResponse') failure = noticeField(message.fields, 'message') ?? 'no reason given';
      else if (!MAY_COME.has(message.type)) throw new MalformedError('malformed.phase', `the server answered the proxy's own query with ${message.type}`);
    }
    if (failure !== undefined) throw new EnvironmentError('env.unreachable', `the target refused the proxy's own query: ${failure}`);
    return rows;
  }

  close(): void {
    const { socket } = this.#upstream;
    this.#reader.detach();
    socket.end(encodeTerminate());
    socket.resume();
    setTimeout(() => socket.destroy(), GRACE_MS).unref();
  }
}

const MAY_COME: ReadonlySet<BackendMessage['type']> = new Set(['RowDescription', 'CommandComplete', 'EmptyQueryResponse', 'NoticeResponse', 'ParameterStatus', 'NotificationResponse']);

/** What went wrong, as an error of the environment: a target that sends nonsense is one that cannot be used. */
export function asEnvironmentError(what: string, error: unknown): EnvironmentError {
  return new EnvironmentError('env.unreachable', `${what}: ${messageOf(error)}`, { cause: error });
}
