/**
 * A client of a local endpoint that runs recorded requests one by one and keeps what comes back as recordings keep it.
 * It knows the endpoint's secret and nothing of the target's.
 */
import { createHash, randomBytes, type Hash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { EnvironmentError, MalformedError } from '../base/errors.ts';
import type { Cell, ReplayedCopy, ReplayedOutcome, ReplayedResult } from '../policy/replay/types.ts';
import { nodeScramHash } from '../proxy/postgres/node-hash.ts';
import { SocketReader } from '../proxy/postgres/socket-reader.ts';
import * as wire from '../wire/postgres/index.ts';

/** A local endpoint of the gateway, and its secret. */
export interface LocalEndpoint {
  readonly connection: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** How many of the first rows of a result are kept; the digest is over the others. */
export type KeepRows = (result: number) => number;

/** Once a statement has been cancelled it has to end within this time, or the connection is given up. */
const CANCEL_MS = 10_000;
const COPY_REFUSED = 'the data of COPY FROM STDIN are not in a recording';

export class ReplayClient {
  readonly #endpoint: LocalEndpoint;
  readonly #socket: Socket;
  readonly #reader: SocketReader;
  #key: wire.BackendKeyData | undefined;
  #status: wire.TransactionStatus = 'I';
  #isClosed = false;

  private constructor(endpoint: LocalEndpoint, socket: Socket) {
    this.#endpoint = endpoint;
    this.#socket = socket;
    this.#reader = new SocketReader(socket, { direction: 'backend' });
    socket.on('error', () => (this.#isClosed = true));
    socket.on('close', () => (this.#isClosed = true));
  }

  /** @param program what the recording of the replay shows as the client. @throws EnvironmentError when the endpoint or the target refuses */
  static async connect(endpoint: LocalEndpoint, program: string): Promise<ReplayClient> {
    const socket = connect({ host: endpoint.host, port: endpoint.port, noDelay: true });
    const client = new ReplayClient(endpoint, socket);
    socket.write(wire.encodeStartup([['user', endpoint.user], ['database', endpoint.database], ['client_encoding', 'UTF8'], ['application_name', program]]));
    try {
      await client.#signOn();
      return client;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /** In a transaction block, in a failed one, or in none. */
  get status(): wire.TransactionStatus {
    return this.#status;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  query(sql: string, keep: KeepRows): Promise<ReplayedOutcome> {
    return this.#run([wire.encodeQuery(sql)], keep);
  }

  /** @returns the types of its parameters and its number of columns, or the error */
  async prepare(name: string, sql: string, paramTypes: readonly number[]): Promise<{ readonly types: readonly number[]; readonly columns: number } | { readonly error: { code: string; message: string } }> {
    const described: { types: readonly number[]; columns: number } = { types: [], columns: 0 };
    const { error } = await this.#run([wire.encodeClose('statement', name), wire.encodeParse(name, sql, paramTypes), wire.encodeDescribe('statement', name), wire.encodeSync()], () => 0, described);
    return error === undefined ? described : { error };
  }

  bind(b: wire.BindArgs, maxRows: number, keep: KeepRows): Promise<ReplayedOutcome> {
    const portal = b.portal ?? '';
    return this.#run([wire.encodeBind(b), wire.encodeDescribe('portal', portal), wire.encodeExecute(portal, maxRows), wire.encodeSync()], keep);
  }

  /** More rows of a portal whose columns have these formats. */
  fetch(portal: string, maxRows: number, keep: KeepRows): Promise<ReplayedOutcome> {
    return this.#run([wire.encodeDescribe('portal', portal), wire.encodeExecute(portal, maxRows), wire.encodeSync()], keep);
  }

  async forget(name: string): Promise<void> {
    await this.#run([wire.encodeClose('statement', name), wire.encodeSync()], () => 0);
  }

  /** Asks the endpoint to cancel what is running, and gives the connection up when that does not end it. */
  cancel(): void {
    const key = this.#key;
    const late = setTimeout(() => this.#socket.destroy(), CANCEL_MS).unref();
    this.#socket.once('close', () => clearTimeout(late));
    this.#ended = () => clearTimeout(late);
    if (key === undefined) return;
    const socket = connect({ host: this.#endpoint.host, port: this.#endpoint.port });
    socket.on('error', () => undefined);
    socket.end(wire.encodeCancelRequest(key.processId, key.secretKey));
    socket.resume();
  }
  #ended: () => void = () => undefined;

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#reader.detach();
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.resume();
      this.#socket.end(wire.encodeTerminate());
    });
  }

  /** Sends, and collects everything to ReadyForQuery. @throws EnvironmentError when the connection ends */
  async #run(messages: readonly Buffer[], keep: KeepRows, described?: { types: readonly number[]; columns: number }): Promise<ReplayedOutcome> {
    this.#socket.write(Buffer.concat(messages));
    const collected = new Collector(keep);
    for (;;) {
      const raw = await this.#reader.next();
      if (raw.type === wire.backendType.DataRow) {
        collected.row(raw);
        continue;
      }
      const m = wire.decodeBackend(raw);
      if (m.type === 'ReadyForQuery') {
        this.#status = m.status;
        this.#ended();
        return collected.outcome;
      }
      if (m.type === 'CopyInResponse') this.#socket.write(wire.encodeCopyFail(COPY_REFUSED));
      if (described !== undefined && m.type === 'ParameterDescription') described.types = m.paramTypes;
      if (described !== undefined && m.type === 'RowDescription') described.columns = m.fields.length;
      collected.take(m);
    }
  }

  async #signOn(): Promise<void> {
    let scram: wire.ScramClient | undefined;
    for (;;) {
      const m = wire.decodeBackend(await this.#reader.next());
      if (m.type === 'BackendKeyData') this.#key = m;
      if (m.type === 'ReadyForQuery') return;
      if (m.type === 'ErrorResponse') throw new EnvironmentError('env.unreachable', `the endpoint of ${this.#endpoint.connection} refused: ${wire.noticeField(m.fields, 'message') ?? ''}`);
      if (m.type !== 'Authentication') continue;
      const { request } = m;
      if (request.method === 'SASL') {
        const mechanism = wire.selectScramMechanism(request.mechanisms, false);
        scram = new wire.ScramClient({ mechanism, password: this.#endpoint.password, nonce: randomBytes(18).toString('base64'), hash: nodeScramHash });
        this.#socket.write(wire.encodeSaslInitialResponse(mechanism, scram.first()));
      } else if (request.method === 'SASLContinue' && scram !== undefined) this.#socket.write(wire.encodeSaslResponse(scram.respond(request.data)));
      else if (request.method === 'SASLFinal' && scram !== undefined) scram.finish(request.data);
      else if (request.method !== 'Ok') throw new MalformedError('malformed.phase', `the endpoint asks for ${request.method}`);
    }
  }
}

interface Open {
  columns: readonly string[] | undefined;
  formats: readonly number[];
  cells: Cell[][];
  rows: number;
  rest: Hash;
}

/** Makes of messages what a recording makes of them. */
class Collector {
  readonly #keep: KeepRows;
  readonly #results: ReplayedResult[] = [];
  readonly #copies: ReplayedCopy[] = [];
  #error: { code: string; message: string } | undefined;
  #open: Open | undefined;
  #copy: Buffer[] | undefined;

  constructor(keep: KeepRows) {
    this.#keep = keep;
  }

  get outcome(): ReplayedOutcome {
    return { results: this.#results, copies: this.#copies, ...(this.#error === undefined ? {} : { error: this.#error }) };
  }

  row(raw: wire.RawMessage): void {
    const open = (this.#open ??= begun(undefined, []));
    open.rows++;
    if (open.rows > this.#keep(this.#results.length)) {
      open.rest.update(raw.raw);
      return;
    }
    open.cells.push(wire.decodeDataRow(raw.body).map((cell, i) => (cell === null ? null : open.formats[i] === 1 ? { b64: cell.toString('base64') } : cell.toString('utf8'))));
  }

  take(m: wire.BackendMessage): void {
    switch (m.type) {
      case 'RowDescription':
        this.#open = begun(m.fields.map((f) => f.name), m.fields.map((f) => f.format));
        return;
      case 'CommandComplete':
        return this.#finish(m.tag);
      case 'EmptyQueryResponse':
        return this.#finish('');
      case 'PortalSuspended':
        return this.#finish('suspended');
      case 'ErrorResponse':
        this.#error ??= { code: wire.noticeField(m.fields, 'code') ?? '', message: wire.noticeField(m.fields, 'message') ?? '' };
        return;
      case 'CopyOutResponse':
        this.#copy = [];
        return;
      case 'CopyData':
        this.#copy?.push(m.data);
        return;
      case 'CopyDone':
        return this.#copied();
      default:
    }
  }

  #copied(): void {
    const data = Buffer.concat(this.#copy ?? []);
    this.#copies.push({ direction: 'out', bytes: data.length, sha256: createHash('sha256').update(data).digest('hex'), data: data.toString('utf8') });
    this.#copy = undefined;
  }

  #finish(tag: string): void {
    const open = this.#open;
    const restSha256 = (open?.rest ?? createHash('sha256')).digest('hex');
    this.#results.push(open === undefined ? { tag, cells: [], restSha256 } : { tag, rows: open.rows, cells: open.cells, restSha256, ...(open.columns === undefined ? {} : { columns: open.columns }) });
    this.#open = undefined;
  }
}

const begun = (columns: readonly string[] | undefined, formats: readonly number[]): Open => ({ columns, formats, cells: [], rows: 0, rest: createHash('sha256') });
