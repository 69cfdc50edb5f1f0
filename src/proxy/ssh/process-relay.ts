/**
 * Joins a client's channel with the process that runs for it at the target: bytes both ways, exit, window size and
 * signals. Everything passes the recording before it passes on.
 */
import type { Readable } from 'node:stream';
import type { ServerChannel } from 'ssh2';
import type { RecordLevel } from '../../policy/types.ts';
import type { SshContext } from './context.ts';
import type { FilterMaker, GateMaker, InputGate, OutputFilter } from './filters.ts';
import type { Recorded } from './journal.ts';
import { isOver, sendExit, type Exit } from './library.ts';
import { aborted, ChannelWriter, pump } from './output.ts';
import type { Started } from './start-process.ts';
import { Meter, OutputKeeper } from './stream-journal.ts';
import { TerminalJournal } from './terminal-journal.ts';

/** RFC 4254 section 6.10. */
const SIGNALS = new Set(['ABRT', 'ALRM', 'FPE', 'HUP', 'ILL', 'INT', 'KILL', 'PIPE', 'QUIT', 'SEGV', 'TERM', 'USR1', 'USR2']);
/** Of a name, in the recording. */
const SIGNAL_CHARS = 32;
const LOST = 'sallyport: the connection to the target has ended; how the command ended is not known\r\n';

export interface ProcessOptions {
  readonly context: SshContext;
  readonly channel: number;
  readonly request: Recorded;
  readonly level: RecordLevel;
  readonly client: ServerChannel;
  /** The only one that writes to `client`. */
  readonly toClient: ChannelWriter;
  readonly target: Started;
  /** A terminal is attached. */
  readonly pty: boolean;
  readonly filter: FilterMaker;
  readonly gate: GateMaker;
  /** What was typed before the process ran. */
  readonly early: readonly Buffer[];
  /** Aborted when the client's channel or connection is gone. */
  readonly gone: AbortSignal;
  /** What the process reads, where that is not all that the client sends. */
  readonly input?: Readable;
  /** The client's channel goes on when the process has ended. */
  readonly goesOn?: boolean;
}

export class ProcessRelay {
  readonly #o: ProcessOptions;
  readonly #in = new Meter();
  readonly #out = new Meter();
  readonly #err = new Meter();
  readonly #terminal: TerminalJournal | undefined;
  readonly #kept: Readonly<Record<1 | 2, OutputKeeper>>;
  readonly #filters: Readonly<Record<1 | 2, OutputFilter>>;
  readonly #gate: InputGate;
  readonly #toClient: ChannelWriter;
  readonly #toTarget: ChannelWriter;

  constructor(o: ProcessOptions) {
    this.#o = o;
    const { context, channel, request } = o;
    const content = o.level !== 'statement';
    const fail = (error: unknown): void => context.fail(error);
    this.#terminal = o.pty ? new TerminalJournal(context.journal, channel, content, fail) : undefined;
    const keeper = (fd: 1 | 2): OutputKeeper => new OutputKeeper(context.journal, channel, request, fd, content && !o.pty, fail);
    this.#kept = { 1: keeper(1), 2: keeper(2) };
    const filter = (fd: 1 | 2): OutputFilter => o.filter(fd, (bytes) => this.#late(fd, bytes));
    this.#filters = { 1: filter(1), 2: filter(2) };
    this.#toClient = o.toClient;
    this.#gate = o.gate((bytes, hidden) => this.#later(bytes, hidden));
    this.#toTarget = new ChannelWriter(o.target.channel, o.gone);
  }

  /** Resolves with how the process ended, when both sides are done and that is recorded. Rejects when the recording fails. */
  run(): Promise<Exit | undefined> {
    const { context, gone, goesOn = false } = this.#o;
    const run = this.#run();
    // The client closes its side when it has passed on what it read.
    context.delivers(goesOn ? run : run.then(() => aborted(gone)));
    return run;
  }

  async #run(): Promise<Exit | undefined> {
    const { client, gone, goesOn = false } = this.#o;
    const target = this.#o.target.channel;
    const closed = Promise.race([this.#o.target.closed, aborted(gone)]);
    const input = this.#pumpInput();
    // Its end closes the target's stdin; it is not waited for, since a process may end without reading on.
    input.catch((error: unknown) => this.#o.context.fail(error));
    const outputs = Promise.all([pump(target, (chunk) => this.#output(1, chunk), gone), pump(target.stderr, (chunk) => this.#output(2, chunk), gone)]);
    await outputs;
    await this.#show(1, this.#filters[1].flush());
    await this.#show(2, this.#filters[2].flush());
    if (isOver(target) && this.#o.target.exit() === undefined) await this.#toClient.writeError(Buffer.from(this.#o.pty ? `\r\n${LOST}` : LOST));
    await this.#toClient.flushed();
    if (!gone.aborted && !goesOn) client.eof();
    await closed;
    await this.#gate.end();
    this.#record();
    const exit = this.#o.target.exit();
    if (!gone.aborted && !goesOn) {
      sendExit(client, exit ?? { kind: 'status', status: 255 });
      client.close();
      client.end();
    }
    target.close();
    return exit;
  }

  resize(rows: number, cols: number, height: number, width: number): void {
    this.#terminal?.resized(cols, rows);
    this.#filters[1].resize(cols, rows);
    this.#gate.resize(cols, rows);
    this.#o.target.channel.setWindow(rows, cols, height, width);
  }

  /** Servers ignore what they do not know (RFC 4254 section 6.9), and the library has no way to send it. */
  signal(name: string): void {
    const known = SIGNALS.has(name);
    this.#o.context.journal.note(`signal ${name.slice(0, SIGNAL_CHARS)} to channel ${this.#o.channel}${known ? '' : ': not one of the protocol, and not passed on'}`);
    if (known) this.#o.target.channel.signal(name);
  }

  async #pumpInput(): Promise<void> {
    const { client, input = client, early, gone } = this.#o;
    for (const chunk of early) await this.#input(chunk);
    await pump(input, (chunk) => this.#input(chunk), gone);
    await this.#toTarget.flushed();
    if (!gone.aborted) this.#o.target.channel.end();
  }

  #input(chunk: Buffer): Promise<void> | undefined {
    const bytes = this.#gate.write(chunk);
    return Buffer.isBuffer(bytes) ? this.#send(bytes, false) : bytes.then((late) => this.#send(late, false));
  }

  /** What a gate lets go. */
  #later(bytes: Buffer, hidden: boolean): void {
    try {
      void this.#send(bytes, hidden);
    } catch (error) {
      this.#o.context.fail(error);
    }
  }

  #send(bytes: Buffer, hidden: boolean): Promise<void> | undefined {
    if (bytes.length === 0) return undefined;
    this.#terminal?.typed(bytes, hidden);
    const sent = this.#toTarget.write(bytes);
    this.#in.add(bytes);
    // Before anything can come back. Without a terminal nothing is echoed.
    if (this.#terminal !== undefined) this.#filters[1].typed(bytes);
    return sent;
  }

  #output(fd: 1 | 2, chunk: Buffer): Promise<void> | undefined {
    const shown = this.#show(fd, this.#filters[fd].write(chunk));
    // It is read when the next key comes.
    if (fd === 1) this.#gate.output(chunk);
    return shown;
  }

  /** Bytes that a filter had held back. */
  #late(fd: 1 | 2, bytes: Buffer): void {
    try {
      void this.#show(fd, bytes);
    } catch (error) {
      this.#o.context.fail(error);
    }
  }

  #show(fd: 1 | 2, bytes: Buffer): Promise<void> | undefined {
    if (bytes.length === 0) return undefined;
    this.#kept[fd].add(bytes);
    this.#terminal?.shown(bytes);
    const sent = fd === 1 ? this.#toClient.write(bytes) : this.#toClient.writeError(bytes);
    (fd === 1 ? this.#out : this.#err).add(bytes);
    return sent;
  }

  #record(): void {
    const { context, channel, request } = this.#o;
    this.#filters[1].end();
    this.#filters[2].end();
    this.#terminal?.end();
    this.#kept[1].end();
    this.#kept[2].end();
    context.journal.exit(channel, request, this.#o.target.exit(), { in: this.#in.end(), out: this.#out.end(), err: this.#err.end() }, [this.#filters[1].counts, this.#filters[2].counts], this.#terminal !== undefined);
    context.journal.recorder.commit();
  }
}
