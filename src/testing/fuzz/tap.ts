/**
 * Stands between the gateway and a real server. Every byte that the gateway forwards is decoded and judged here, by
 * the rules and not by what the gateway says of itself; the server's answers can be spoiled on their way back.
 */
import { createServer, connect, type Server, type Socket } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import { analyseSql } from '../../policy/analyse.ts';
import type { AnalysisEnv } from '../../policy/types.ts';
import * as wire from '../../wire/postgres/index.ts';

/** Changes what the server says: gets whole messages, gives what goes on in their place. */
export type Spoil = (message: Buffer, isSignedOn: boolean) => readonly Buffer[];

export interface TapOptions {
  readonly host: string;
  readonly port: number;
  /** Asked once for each connection, with the startup parameters. */
  spoil?(parameters: ReadonlyMap<string, string>): Spoil | undefined;
  /** Told the protocol version of each startup packet. */
  onStartup?(version: number): void;
}

const env: AnalysisEnv = { catalog: undefined, searchPath: ['pg_catalog', 'public'], classify: () => undefined, prepared: () => undefined, cursor: () => undefined, standardConformingStrings: true };
/** What the gateway sends in the place of a statement that it refuses. */
const POISON = /^\/\* sallyport [\w-]+\/\d+ \*\/ denied$/;

export class Tap {
  readonly #options: TapOptions;
  readonly #server: Server;
  /** Bytes that should not have been forwarded, with the reason. */
  readonly violations: string[] = [];
  readonly #open = new Set<Socket>();
  connections = 0;
  messages = 0;
  bytes = 0;

  private constructor(options: TapOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  static async start(options: TapOptions): Promise<Tap> {
    const tap = new Tap(options);
    await new Promise<void>((resolve) => tap.#server.listen(0, '127.0.0.1', resolve));
    return tap;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  /** Connections that the gateway holds now. */
  get open(): number {
    return this.#open.size;
  }

  #serve(gateway: Socket): void {
    this.connections++;
    this.#open.add(gateway);
    const server = connect(this.#options.port, this.#options.host);
    server.setNoDelay(true);
    const judge = new ForwardJudge((reason) => this.violations.push(reason));
    let spoil: Spoil | undefined;
    const answers = new wire.MessageFramer({ direction: 'backend' });
    gateway.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      this.messages += judge.take(chunk);
      if (judge.parameters && !judge.asked) {
        judge.asked = true;
        this.#options.onStartup?.(judge.version);
        spoil = this.#options.spoil?.(judge.parameters);
      }
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      answers.push(chunk);
      for (let raw = answers.next(); raw; raw = answers.next()) {
        const bytes = Buffer.from(raw.raw);
        if (raw.type === wire.backendType.ReadyForQuery) judge.isSignedOn = true;
        for (const piece of spoil ? spoil(bytes, judge.isSignedOn) : [bytes]) if (!gateway.destroyed) gateway.write(piece);
      }
    });
    for (const [from, to] of [[gateway, server], [server, gateway]] as const) {
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#open.delete(gateway);
        to.destroy();
      });
      from.on('end', () => to.end());
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Judges the stream of one connection from the gateway. */
class ForwardJudge {
  readonly #startup = new wire.StartupFramer();
  readonly #framer = new wire.MessageFramer({ direction: 'frontend' });
  readonly #report: (reason: string) => void;
  parameters: ReadonlyMap<string, string> | undefined;
  version = 0;
  asked = false;
  isSignedOn = false;
  #isCancel = false;
  #mayCopy = false;
  #isBroken = false;

  constructor(report: (reason: string) => void) {
    this.#report = report;
  }

  /** The number of messages in the chunk. */
  take(chunk: Buffer): number {
    if (this.#isBroken) return 0;
    let count = 0;
    try {
      if (!this.parameters && !this.#isCancel) {
        this.#startup.push(chunk);
        const packet = this.#startup.next();
        if (packet?.type === 'StartupMessage') ({ parameters: this.parameters, version: this.version } = packet);
        else if (packet?.type === 'CancelRequest') this.#isCancel = true;
        else if (packet) throw new Error(`the gateway sent ${packet.type}`);
        if (this.#startup.buffered > 0 && packet) throw new Error('bytes behind the startup packet');
        return packet ? 1 : 0;
      }
      this.#framer.push(chunk);
      for (let raw = this.#framer.next(); raw; raw = this.#framer.next()) {
        count++;
        this.#message(wire.decodeFrontend(raw));
      }
    } catch (error) {
      this.#isBroken = true;
      this.#report(`${messageOf(error)}; chunk ${chunk.subarray(0, 200).toString('hex')}`);
    }
    return count;
  }

  #message(message: wire.FrontendMessage): void {
    if (this.#isCancel) throw new Error('a message on a connection for a cancel request');
    switch (message.type) {
      case 'Query':
      case 'Parse':
        this.#text(wire.sqlText(message.sql));
        return;
      case 'FunctionCall':
        throw new Error('a fast-path function call was forwarded');
      case 'AuthData':
        if (this.isSignedOn) throw new Error('sign-on data was forwarded into a session');
        return;
      case 'CopyData':
      case 'CopyDone':
      case 'CopyFail':
        if (!this.#mayCopy) throw new Error(`${message.type} without a COPY FROM STDIN before it`);
        return;
      default:
    }
  }

  /** Only what PostgreSQL's grammar takes and the bundle allows everywhere may come, or the gateway's own refusal. */
  #text(sql: string): void {
    if (POISON.test(sql)) return;
    for (const { facts, refusal, effects } of analyseSql(sql, env)) {
      if (refusal?.code === 'parse' || refusal?.code === 'limit') throw new Error(`text that does not parse: ${sql.slice(0, 200)}`);
      if (facts.programAccess || facts.fileAccess || facts.setting === 'session_replication_role') throw new Error(`a forbidden statement: ${sql.slice(0, 200)}`);
      if (effects.copyIn) this.#mayCopy = true;
    }
  }
}
