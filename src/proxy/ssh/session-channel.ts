/** One `session` channel of a client (RFC 4254 section 6): what it asks for before it runs, and what it runs. */
import { Readable } from 'node:stream';
import type { PseudoTtyInfo, ServerChannel, Session } from 'ssh2';
import { assert, MalformedError, messageOf } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { analyseCommand, EXEC } from '../../policy/shell/analyse.ts';
import { shellLimits } from '../../policy/shell/limits.ts';
import type { CommandAnalysis } from '../../policy/shell/types.ts';
import type { HoldResult } from '../core/hold.ts';
import { admit, refuse, type Admitted, type Asked } from './admission.ts';
import { readScript } from './command/script.ts';
import { CommandShell } from './command/shell.ts';
import type { SshContext } from './context.ts';
import { masked, open, type GateMaker } from './filters.ts';
import type { Forwarding } from './forwarding/forwarding.ts';
import { gated, observed } from './gate.ts';
import { terminalOf, type Allowed } from './gatekeeper.ts';
import type { Recorded } from './journal.ts';
import { sendExit } from './library.ts';
import { aborted, ChannelWriter } from './output.ts';
import { ProcessRelay } from './process-relay.ts';
import { SftpRelay } from './sftp-relay.ts';
import { opened, startProcess } from './start-process.ts';
import { allowedVariables } from './variables.ts';

/** Exit status of a command that was found but may not run, as shells give it. */
const DENIED_STATUS = 126;
/** What ssh itself gives when there is no connection. */
const BROKEN_STATUS = 255;
const CTRL_C = 0x03;
export interface SessionChannelOptions {
  readonly session: Session;
  /** Number of the channel in the recording. */
  readonly channel: number;
  readonly forwarding: Forwarding;
  /** The connection, once it is recorded, allowed and signed on to the target. Rejects with what the client is told. */
  ready(): Promise<SshContext>;
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal;
  fail(error: unknown): void;
  /** Records a request that no policy is asked about. */
  refused(what: string, reason: string): void;
  ended(): void;
  /** Answers a request by a failure where the library does not. */
  fails(): void;
  /** The recording is closed after this. */
  track(work: Promise<void>): void;
}

export class SessionChannel {
  readonly #o: SessionChannelOptions;
  readonly #variables = new Map<string, string>();
  readonly #closed = new AbortController();
  #pty: PseudoTtyInfo | undefined;
  #relay: ProcessRelay | CommandShell | undefined;
  /** The only one that writes to the client's channel: two at once would lose what waits for window. */
  #writer: ChannelWriter | undefined;
  #withdraw: AbortController | undefined;
  /** The client offers its agent. */
  #agent = false;

  constructor(o: SessionChannelOptions) {
    this.#o = o;
    const { session } = o;
    const gone = (): void => this.#closed.abort();
    o.gone.addEventListener('abort', gone, { once: true });
    session.once('close', () => {
      // The connection may have thousands of channels, one after the other.
      o.gone.removeEventListener('abort', gone);
      gone();
      o.ended();
    });
    session.on('pty', (accept, _reject, info) => {
      this.#pty = info;
      answer(accept);
    });
    session.on('env', (accept, _reject, { key, val }) => {
      if (this.#variables.size < limits.sshVariables && key.length <= 256 && val.length <= limits.sshVariableBytes) this.#variables.set(key, val);
      // Servers ignore what they do not take, and clients do not ask.
      answer(accept);
    });
    session.on('window-change', (accept, _reject, { rows, cols, height, width }) => {
      if (this.#pty) this.#pty = { ...this.#pty, rows, cols, height, width };
      this.#guard(() => this.#relay?.resize(rows, cols, height, width));
      answer(accept);
    });
    session.on('signal', (accept, _reject, { name }) => {
      if (name === 'INT' || name === 'TERM' || name === 'HUP') this.#withdraw?.abort();
      this.#guard(() => this.#relay?.signal(name));
      answer(accept);
    });
    session.on('x11', (_accept, reject) => this.#refuse(reject, 'X11 forwarding', 'X11 is not forwarded: its clients can read and type for each other'));
    session.on('auth-agent', (accept, reject) => {
      this.#agent = true;
      // Answers of a channel come in the order of its requests: this one cannot wait for the decision.
      if (o.forwarding.agent.mayBeGranted()) answer(accept);
      else answer(reject);
    });
    session.on('exec', (accept, reject, { command }) => this.#run(accept, reject, { kind: 'exec', command }));
    session.on('shell', (accept, reject) => this.#run(accept, reject, { kind: 'shell' }));
    session.on('subsystem', (accept, reject, { name }) => {
      if (name === 'sftp') this.#run(accept, reject, { kind: 'sftp' });
      else this.#refuse(reject, `subsystem ${name}`, 'only the subsystem sftp is served');
    });
  }

  // The library accepts late answers only while the client has not sent EOF, and drops data that comes before them: a
  // channel is accepted at once, and what it is told comes over it.
  #run(accept: () => ServerChannel | undefined, reject: (() => void) | undefined, what: Wanted): void {
    const client = accept();
    if (client === undefined) {
      // RFC 4254 section 6.5: one of them for each channel.
      if (reject !== undefined) this.#o.fails();
      this.#o.refused(what.kind === 'exec' ? what.command : what.kind, 'this channel has a command or shell already: open another');
      return;
    }
    client.on('error', () => undefined);
    this.#writer = new ChannelWriter(client, this.#closed.signal);
    this.#o.track(this.#serve(client, what).catch((error: unknown) => this.#o.fail(error)));
  }

  async #serve(client: ServerChannel, what: Wanted): Promise<void> {
    let context: SshContext;
    try {
      context = await this.#o.ready();
    } catch (error) {
      await this.#end(client, messageOf(error), BROKEN_STATUS);
      return;
    }
    if (this.#closed.signal.aborted) return;
    this.#closed.signal.addEventListener('abort', this.#o.forwarding.tellBy((text) => void this.#tell(client, text)), { once: true });
    if (what.kind === 'sftp') await this.#sftp(context, client);
    else await this.#process(context, client, what);
  }

  async #process(context: SshContext, client: ServerChannel, what: Exclude<Wanted, { kind: 'sftp' }>): Promise<void> {
    const { journal } = context;
    const { channel } = this.#o;
    const variables = allowedVariables(this.#variables, terminalOf(context.connect).env);
    const ssh = what.kind === 'shell' ? ({ kind: 'shell' } as const) : ({ kind: 'exec', command: analyseCommand(what.command, { ...EXEC, pty: this.#pty !== undefined }) } as const);
    // What is decided, approved and run is one text.
    assert(ssh.kind !== 'exec' || what.kind !== 'exec' || ssh.command.text === what.command, 'the analysis is of this command');
    const banner = context.takeBanner();
    if (banner !== '') void this.#output(client).writeError(Buffer.from(banner));
    const pty = this.#pty;
    const early: Buffer[] = [];
    // File transfers have no use for it, and are not asked about.
    const withoutAgent = this.#agent ? await this.#o.forwarding.agent.ask(context, channel, (ask) => this.#held(client, early, ask)) : undefined;
    if (withoutAgent !== undefined) void this.#say(client, withoutAgent);
    const { signal } = this.#closed;
    if (signal.aborted) return;
    const admitted = await admit(context, {
      channel,
      ssh,
      clear: { pty: pty !== undefined, ...(pty ? { cols: pty.cols, rows: pty.rows } : {}) },
      fields: [...(pty ? [{ name: 'term', value: pty.term.slice(0, 64) }] : []), ...(variables.size > 0 ? [{ name: 'env', value: journal.shown([...variables].map(([k, v]) => `${k}=${v}`).join('\n')) }] : [])],
      hold: (ask) => this.#held(client, early, ask),
    });
    if (!('allowed' in admitted)) {
      await this.#end(client, admitted.refusal, DENIED_STATUS);
      return;
    }
    if (this.#closed.signal.aborted) return;
    const { request, allowed } = admitted;
    const { mode } = terminalOf(allowed);
    if (ssh.kind === 'exec' || mode === 'observe' || (mode === 'gate' && pty !== undefined)) {
      await this.#start(context, client, { request, allowed, variables, early, command: ssh.kind === 'exec' ? ssh.command : undefined });
    } else if (mode === 'gate') {
      // Lines are read from a screen: without a terminal there is none.
      const { refusal } = refuse(context, channel, request, { reason: `shells of this connection are watched in mode gate and need a terminal; run one command with ssh ${context.target.info.name} COMMAND`, policyIds: allowed.policyIds });
      await this.#end(client, refusal, DENIED_STATUS);
    } else if (pty === undefined) {
      await this.#script(context, client, admitted, variables);
    } else {
      await this.#commands(context, client, { shell: admitted, variables, pty });
    }
  }

  /** Mode `command` at a terminal. */
  async #commands(context: SshContext, client: ServerChannel, o: { readonly shell: Admitted; readonly variables: ReadonlyMap<string, string>; readonly pty: PseudoTtyInfo }): Promise<void> {
    const shell = new CommandShell({ ...o, context, channel: this.#o.channel, client, toClient: this.#output(client), gone: this.#closed.signal });
    this.#relay = shell;
    // The window may have changed while the request was decided.
    const pty = this.#pty;
    if (pty && (pty.rows !== o.pty.rows || pty.cols !== o.pty.cols)) shell.resize(pty.rows, pty.cols, pty.height, pty.width);
    await this.#finish(client, await shell.run());
  }

  /** Mode `command` without one. */
  async #script(context: SshContext, client: ServerChannel, shell: Admitted, variables: ReadonlyMap<string, string>): Promise<void> {
    const { channel } = this.#o;
    const { signal } = this.#closed;
    const text = await readScript(client, signal);
    if (signal.aborted) return;
    if (text === undefined) {
      const { refusal } = refuse(context, channel, shell.request, { reason: `a shell's input of more than ${shellLimits.textChars} characters is not read; none of it was run`, policyIds: [] });
      await this.#end(client, refusal, DENIED_STATUS);
      return;
    }
    const command = analyseCommand(text, EXEC);
    const admitted = await admit(context, { channel, ssh: { kind: 'exec', command }, clear: { pty: false }, fields: [], hold: (ask) => this.#held(client, [], ask) });
    if (!('allowed' in admitted)) {
      await this.#end(client, admitted.refusal, DENIED_STATUS);
      return;
    }
    await this.#start(context, client, { ...admitted, variables, early: [], command, input: Readable.from([]) });
  }

  async #start(context: SshContext, client: ServerChannel, { request, allowed, variables, early, command, input }: Starting): Promise<void> {
    const pty = this.#pty;
    let target;
    try {
      target = await startProcess(context.upstream, command?.text, { pty, variables, gone: this.#closed.signal });
    } catch (error) {
      context.journal.note(`the target refused it: ${messageOf(error)}`);
      await this.#end(client, `the target refused it: ${messageOf(error)}`, BROKEN_STATUS);
      return;
    }
    const relay = new ProcessRelay({ context, channel: this.#o.channel, request, level: allowed.recordLevel, client, toClient: this.#output(client), target, pty: pty !== undefined, filter: masked(context, { channel: this.#o.channel, plan: allowed.maskPlan, pty, command }), gate: this.#gate(context, client, allowed, command), early, gone: this.#closed.signal, ...(input ? { input } : {}) });
    this.#relay = relay;
    // The window may have changed while the request was decided.
    if (pty && this.#pty && (pty.rows !== this.#pty.rows || pty.cols !== this.#pty.cols)) relay.resize(this.#pty.rows, this.#pty.cols, this.#pty.height, this.#pty.width);
    await relay.run();
  }

  #gate(context: SshContext, client: ServerChannel, allowed: Allowed, command: CommandAnalysis | undefined): GateMaker {
    const rules = terminalOf(allowed);
    if (command !== undefined || this.#pty === undefined) return open;
    if (rules.mode === 'observe') return observed(context, { channel: this.#o.channel, pty: this.#pty });
    // The cursor stands behind the line that was typed.
    return gated(context, { channel: this.#o.channel, rules, pty: this.#pty, tell: (message) => void this.#output(client).writeError(Buffer.from(`\r\nsallyport: ${message}\r\n`)) });
  }

  async #sftp(context: SshContext, client: ServerChannel): Promise<void> {
    const { signal } = this.#closed;
    let target;
    try {
      target = await opened((done) => context.upstream.subsys('sftp', done));
    } catch (error) {
      await this.#end(client, `the target serves no SFTP: ${messageOf(error)}. scp -O copies without it`, BROKEN_STATUS);
      return;
    }
    const relay = new SftpRelay({ context, channel: this.#o.channel, client, toClient: this.#output(client), target, gone: signal, tell: (message) => void this.#say(client, message) });
    try {
      await relay.run();
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      // What is not understood ends this channel; the others are not concerned.
      context.journal.note(`sftp ended: ${error.message}`);
      await this.#end(client, `SFTP is not understood: ${error.message}`, BROKEN_STATUS);
      target.channel.close();
      return;
    }
    await Promise.race([target.closed, aborted(signal)]);
    if (!signal.aborted) {
      sendExit(client, target.exit() ?? { kind: 'status', status: BROKEN_STATUS });
      client.close();
      client.end();
    }
    target.channel.close();
  }

  /** While it waits, Ctrl-C at a terminal withdraws; what else is typed is for the process that may come. */
  async #held(client: ServerChannel, early: Buffer[], ask: Parameters<Asked['hold']>[0]): Promise<HoldResult> {
    const withdraw = new AbortController();
    this.#withdraw = withdraw;
    const gone = (): void => withdraw.abort();
    if (this.#closed.signal.aborted) gone();
    this.#closed.signal.addEventListener('abort', gone, { once: true });
    const typed = (chunk: Buffer): void => {
      if (chunk.includes(CTRL_C)) withdraw.abort();
      else if (early.reduce((n, c) => n + c.length, 0) < limits.socketHighWaterBytes) early.push(chunk);
    };
    if (this.#pty) client.on('data', typed);
    try {
      return await ask((message) => void this.#say(client, message), withdraw.signal);
    } finally {
      client.off('data', typed);
      client.pause();
      this.#closed.signal.removeEventListener('abort', gone);
      this.#withdraw = undefined;
    }
  }

  /** A request that is answered by a failure, and recorded with the reason. */
  #refuse(reject: (() => void) | undefined, what: string, reason: string): void {
    reject?.();
    this.#o.refused(what, reason);
  }

  #output(client: ServerChannel): ChannelWriter {
    this.#writer ??= new ChannelWriter(client, this.#closed.signal);
    return this.#writer;
  }

  /** Something that does not answer this channel: at a terminal it comes where the cursor is. */
  async #tell(client: ServerChannel, message: string): Promise<void> {
    if (this.#relay !== undefined && this.#pty !== undefined) await this.#output(client).writeError(Buffer.from('\r\n'));
    await this.#say(client, message);
  }

  async #say(client: ServerChannel, message: string): Promise<void> {
    const eol = this.#pty ? '\r\n' : '\n';
    await this.#output(client).writeError(Buffer.from(`sallyport: ${message}${eol}`));
  }

  async #end(client: ServerChannel, message: string, status: number): Promise<void> {
    await this.#say(client, message);
    await this.#finish(client, status);
  }

  async #finish(client: ServerChannel, status: number): Promise<void> {
    await this.#output(client).flushed();
    if (this.#closed.signal.aborted) return;
    // What the client still sends is let go of.
    client.resume();
    sendExit(client, { kind: 'status', status });
    client.close();
    client.end();
  }

  /** For calls from events: an error ends the session instead of the program. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#o.fail(error);
    }
  }
}

/** A process that may run. */
interface Starting {
  readonly request: Recorded;
  readonly allowed: Allowed;
  readonly variables: ReadonlyMap<string, string>;
  readonly early: readonly Buffer[];
  /** Absent for a shell. */
  readonly command: CommandAnalysis | undefined;
  /** What it reads, where that is not what the client sends. */
  readonly input?: Readable;
}

type Wanted = { readonly kind: 'exec'; readonly command: string } | { readonly kind: 'shell' } | { readonly kind: 'sftp' };

/** The library gives nothing to answer with where no answer is wanted, which its types do not say. */
function answer(reply: (() => unknown) | undefined): void {
  reply?.();
}
