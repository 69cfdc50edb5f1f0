/**
 * The workbench's own connection: an ordinary PostgreSQL client of the local proxy, through the product's codec.
 * Text format only, simple query protocol, one query at a time. Rows are handed on as they arrive.
 */
import { connect, type Socket } from 'node:net';
import { BugError, DeniedError, EnvironmentError, messageOf } from '../../base/errors.ts';
import { reasonIn } from '../../contract/refusal.ts';
import { credential } from '../../proxy/core/secret.ts';
import { connectUpstream, SignOnRefused, type Upstream } from '../../proxy/postgres/upstream.ts';
import {
  backendType as t, decodeBackend, encodeCancelRequest, encodeCopyFail, encodeQuery, encodeTerminate, forEachCellIn, HEADER_BYTES,
  sqlState, type FieldDescription, type NoticeField, type TransactionStatus,
} from '../../wire/postgres/index.ts';

export interface LocalEndpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** What comes back from one query string, in the order of the protocol. */
export interface QuerySink {
  columns(fields: readonly FieldDescription[]): void;
  row(cells: (string | null)[]): void;
  /** COPY TO STDOUT: bytes of the stream as they came. */
  copyOut(data: Buffer | 'begin' | 'end'): void;
  complete(tag: string, rows: number | undefined): void;
  notice(fields: readonly NoticeField[]): void;
  error(fields: readonly NoticeField[]): void;
  /** Everything that has arrived so far has been handed over. */
  pause(): void;
}

interface Running {
  readonly sink: QuerySink;
  readonly resolve: (status: TransactionStatus) => void;
  readonly reject: (error: Error) => void;
}

const STRAY: QuerySink = { columns: () => undefined, row: () => undefined, copyOut: () => undefined, complete: () => undefined, notice: () => undefined, error: () => undefined, pause: () => undefined };

export class WorkbenchConnection {
  readonly sessionId: string;
  readonly serverVersion: string | undefined;
  readonly #local: LocalEndpoint;
  readonly #upstream: Upstream;
  #running: Running | undefined;
  #ended: Error | undefined;
  readonly #onEnd: (error: Error) => void;

  private constructor(local: LocalEndpoint, upstream: Upstream, onEnd: (error: Error) => void) {
    this.#local = local;
    this.#upstream = upstream;
    this.#onEnd = onEnd;
    this.sessionId = upstream.parameters.get('sallyport.session') ?? '';
    this.serverVersion = upstream.parameters.get('server_version');
    if (this.sessionId === '') throw new BugError('the proxy did not name the session');
    const { socket } = upstream;
    socket.on('data', (chunk: Buffer) => this.#data(chunk));
    socket.on('error', (error: Error) => this.#end(error));
    socket.on('close', () => this.#end(new EnvironmentError('env.cancelled', 'the session has ended')));
    this.#drain();
    socket.resume();
  }

  /** @throws DeniedError when policy refuses the session; EnvironmentError when the target or the store is away */
  static async open(local: LocalEndpoint, connection: string, onEnd: (error: Error) => void): Promise<WorkbenchConnection> {
    const target = { info: { name: connection, protocol: 'postgres' as const, labels: {}, database: local.database, tls: 'disable' as const }, host: local.host, port: local.port };
    try {
      const parameters = new Map([['application_name', 'Sallyport workbench']]);
      return new WorkbenchConnection(local, await connectUpstream(target, credential(local.user, local.password), parameters), onEnd);
    } catch (error) {
      throw openError(error);
    }
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /** Resolves with the transaction's state at ReadyForQuery. Errors of SQL go to the sink. @throws EnvironmentError when the session ends */
  query(sql: string, sink: QuerySink): Promise<TransactionStatus> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#running) return Promise.reject(new BugError('one query at a time'));
    return new Promise((resolve, reject) => {
      this.#running = { sink, resolve, reject };
      this.#upstream.socket.write(encodeQuery(sql));
    });
  }

  /** Sends a CancelRequest; the proxy withdraws a held statement or cancels the running one. */
  cancel(): void {
    const { key } = this.#upstream;
    if (key === undefined || this.#ended) return;
    const socket: Socket = connect({ host: this.#local.host, port: this.#local.port }, () => socket.end(encodeCancelRequest(key.processId, key.secretKey)));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(5_000, () => socket.destroy());
  }

  close(): void {
    if (this.#ended) return;
    this.#upstream.socket.end(encodeTerminate());
  }

  #data(chunk: Buffer): void {
    this.#upstream.framer.push(chunk);
    this.#drain();
  }

  #drain(): void {
    try {
      this.#upstream.framer.scan((type, source, start, end) => {
        if (type === t.DataRow) this.#row(source, start + HEADER_BYTES, end);
        else this.#message(type, source.subarray(start, end));
        return true;
      });
      this.#running?.sink.pause();
    } catch (error) {
      this.#upstream.socket.destroy(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  #row(source: Buffer, from: number, end: number): void {
    const cells: (string | null)[] = [];
    forEachCellIn(source, from, end, (_index, at, length) => void cells.push(length < 0 ? null : source.toString('utf8', at, at + length)));
    this.#running?.sink.row(cells);
  }

  #message(type: number, raw: Buffer): void {
    const sink = this.#running?.sink ?? STRAY;
    const message = decodeBackend({ type, raw, body: raw.subarray(HEADER_BYTES) });
    switch (message.type) {
      case 'RowDescription':
        return sink.columns(message.fields);
      case 'CommandComplete':
        return sink.complete(message.tag, message.rows);
      case 'EmptyQueryResponse':
        return sink.complete('', undefined);
      case 'ErrorResponse':
        return sink.error(message.fields);
      case 'NoticeResponse':
        return sink.notice(message.fields);
      case 'CopyOutResponse':
        return sink.copyOut('begin');
      case 'CopyData':
        return sink.copyOut(message.data);
      case 'CopyDone':
        return sink.copyOut('end');
      case 'CopyInResponse':
        this.#upstream.socket.write(encodeCopyFail('the workbench sends no files; use psql through the local endpoint'));
        return;
      case 'ReadyForQuery':
        return this.#ready(message.status);
      default:
        return;
    }
  }

  #ready(status: TransactionStatus): void {
    const running = this.#running;
    this.#running = undefined;
    running?.resolve(status);
  }

  #end(error: Error): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#running?.reject(error);
    this.#running = undefined;
    this.#onEnd(error);
  }
}

/** The sign-on to our own proxy fails for the target's, the store's or policy's reasons: say whose. */
function openError(error: unknown): unknown {
  if (!(error instanceof EnvironmentError) || error.code !== 'env.upstream_auth') return error;
  if (!(error instanceof SignOnRefused)) return new EnvironmentError('env.unreachable', error.message, { cause: error });
  // The proxy passes a target's refusal on under another code.
  if (error.sqlstate === sqlState.insufficientPrivilege) return new DeniedError(reasonIn(error.said));
  return new EnvironmentError('env.unreachable', error.said, { cause: error });
}
