/**
 * Mode `command` at a terminal: the prompt is the proxy's own, and each line that policy allows is sent as an exec of its
 * own. Nothing that is typed at the prompt reaches the target in any other way, which makes this a boundary (docs/ssh-terminal.md).
 */
import { constants } from 'node:os';
import type { PseudoTtyInfo, ServerChannel } from 'ssh2';
import { messageOf } from '../../../base/errors.ts';
import { analyseCommand, EXEC } from '../../../policy/shell/analyse.ts';
import { shellLimits } from '../../../policy/shell/limits.ts';
import type { HoldResult } from '../../core/hold.ts';
import { admit, type Admitted, type Asked, type Refused } from '../admission.ts';
import type { SshContext } from '../context.ts';
import { masked, open, type OutputFilter } from '../filters.ts';
import type { Exit } from '../library.ts';
import type { ChannelWriter } from '../output.ts';
import { ProcessRelay } from '../process-relay.ts';
import { startProcess } from '../start-process.ts';
import { Meter } from '../stream-journal.ts';
import { TerminalJournal } from '../terminal-journal.ts';
import { capture } from './capture.ts';
import { needsMore } from './complete.ts';
import { LineEditor, type Entered } from './editor.ts';
import { History } from './history.ts';
import { ownLine, type Own } from './own.ts';
import { Place } from './place.ts';
import { ClientScreen } from './screen.ts';
import { TerminalInput } from './terminal-input.ts';
import { shownText } from './width.ts';

/** As shells give it: found, and not to be run. */
const DENIED_STATUS = 126;
/** The target did not run it. */
const BROKEN_STATUS = 255;
const INTERRUPTED_STATUS = 130;
const ESC = '\u001b';
const BRACKETED_PASTE = { on: `${ESC}[?2004h`, off: `${ESC}[?2004l` };
const PROMPT_STYLE: readonly [string, string] = [`${ESC}[1m`, `${ESC}[0m`];

export interface CommandShellOptions {
  readonly context: SshContext;
  readonly channel: number;
  /** The opening of the shell, admitted. */
  readonly shell: Admitted;
  readonly pty: PseudoTtyInfo;
  readonly variables: ReadonlyMap<string, string>;
  readonly client: ServerChannel;
  /** The only one that writes to `client`. */
  readonly toClient: ChannelWriter;
  /** Aborted when the client's channel or connection is gone. */
  readonly gone: AbortSignal;
}

export class CommandShell {
  readonly #o: CommandShellOptions;
  readonly #input: TerminalInput;
  readonly #editor: LineEditor;
  readonly #history = new History();
  readonly #place = new Place();
  readonly #screen: ClientScreen;
  readonly #filter: OutputFilter;
  readonly #out = new Meter();
  readonly #typed = new Meter();
  #journal: TerminalJournal;
  #pty: PseudoTtyInfo;
  #relay: ProcessRelay | undefined;
  #prompting = false;
  #status = 0;

  constructor(o: CommandShellOptions) {
    this.#o = o;
    this.#pty = o.pty;
    const { context, channel } = o;
    const [cols, rows] = sizeOf(o.pty);
    this.#screen = new ClientScreen(cols, rows);
    this.#editor = new LineEditor({ cols, history: this.#history, maxChars: shellLimits.textChars });
    this.#filter = this.#screen.watching(masked(context, { channel, plan: o.shell.allowed.maskPlan, pty: { cols, rows }, command: undefined }))(1, (bytes) => this.#pass(bytes));
    this.#journal = this.#newJournal();
    this.#input = new TerminalInput(o.client, o.gone, (bytes) => this.#editor.drop(bytes), (error) => context.fail(error));
  }

  /** Resolves with the status of the shell when it ends. Rejects when the recording fails. */
  async run(): Promise<number> {
    const { context, channel, gone, shell } = this.#o;
    this.#say('each line is decided and run as a command of its own; cd and plain variables are kept. exit or Ctrl-D ends.');
    for (let next = await this.#entry(); next !== undefined && !gone.aborted; next = await this.#entry()) {
      const own = ownLine(next);
      if (own?.kind === 'exit') {
        this.#status = own.status ?? this.#status;
        break;
      }
      await (own === undefined ? this.#line(next) : this.#own(own, next));
    }
    this.#filter.end();
    this.#journal.end();
    context.journal.exit(channel, shell.request, { kind: 'status', status: this.#status }, { in: this.#typed.end(), out: this.#out.end(), err: new Meter().end() }, [this.#filter.counts], true);
    context.journal.recorder.commit();
    return this.#status;
  }

  resize(rows: number, cols: number, height: number, width: number): void {
    this.#pty = { ...this.#pty, rows, cols, height, width };
    const [c, r] = sizeOf(this.#pty);
    this.#screen.resize(c, r);
    this.#filter.resize(c, r);
    if (this.#relay === undefined) this.#journal.resized(cols, rows);
    else this.#relay.resize(rows, cols, height, width);
    const redrawn = this.#editor.resize(c);
    if (this.#prompting) this.#show(redrawn);
  }

  signal(name: string): void {
    this.#relay?.signal(name);
  }

  // The prompt

  /** One command, over as many lines as it needs; undefined at the end. */
  async #entry(): Promise<string | undefined> {
    let text = '';
    for (;;) {
      const entered = await this.#read(text === '' ? this.#prompt() : '> ');
      if (entered === undefined || entered.kind === 'end') return undefined;
      if (entered.kind === 'interrupt') {
        this.#status = INTERRUPTED_STATUS;
        text = '';
        continue;
      }
      if (entered.kind === 'too-long' || text.length + entered.text.length > shellLimits.textChars) {
        this.#status = DENIED_STATUS;
        this.#drop(`a command of more than ${shellLimits.textChars} characters is not read. It was not run`);
        text = '';
        continue;
      }
      text += entered.text;
      if (needsMore(text)) {
        text += '\n';
        continue;
      }
      if (text.trim() === '') {
        text = '';
        continue;
      }
      this.#history.add(text);
      return text;
    }
  }

  #prompt(): string {
    const { target, account } = this.#o.context;
    return `[sallyport]${this.#status === 0 ? '' : ` ${this.#status}`} ${account}@${target.info.name}:${this.#place.label}$ `;
  }

  /** One line of what is typed; undefined when the client is gone or its input has ended. */
  async #read(prompt: string): Promise<Entered | undefined> {
    const { gone } = this.#o;
    this.#show(this.#screen.tidy() + BRACKETED_PASTE.on + this.#editor.begin(prompt, PROMPT_STYLE));
    this.#prompting = this.#input.prompting = true;
    try {
      while (!gone.aborted) {
        const before = this.#input.queue;
        const { rest, show, entered } = this.#editor.take(before);
        this.#input.keep(rest);
        this.#typed.add(before.subarray(0, before.length - rest.length));
        this.#show(show);
        if (entered !== undefined) {
          this.#typedLine(entered);
          return entered;
        }
        if (this.#input.ended) {
          this.#show('\r\n');
          return undefined;
        }
        // A client that does not read is not read from.
        await this.#o.toClient.flushed();
        await this.#input.more();
      }
      return undefined;
    } finally {
      this.#prompting = this.#input.prompting = false;
      this.#show(BRACKETED_PASTE.off);
    }
  }

  /** Into the recording: what was entered, not the keys that made it. */
  #typedLine(entered: Entered): void {
    const { journal } = this.#o.context;
    const data = entered.kind === 'line' ? `${entered.text}\r` : entered.kind === 'interrupt' ? '\u0003' : entered.kind === 'end' ? '\u0004' : '';
    journal.terminal('ssh.pty.in', this.#o.channel, Buffer.byteLength(data), this.#content ? journal.shown(data) : undefined);
  }

  // What a line does

  async #own(own: Exclude<Own, { kind: 'exit' }>, line: string): Promise<void> {
    switch (own.kind) {
      case 'cd':
        return this.#changeDirectory(own);
      case 'remember':
        this.#status = 0;
        if (!this.#place.remember(own.statement)) this.#drop('too many variables are kept already; this one is not');
        return;
      case 'history':
        this.#status = 0;
        this.#show(this.#history.lines.map((l, i) => `${String(i + 1).padStart(5)}  ${l.split('\n').map(shownText).join('\r\n       ')}\r\n`).join(''));
        return;
      case 'pointless': {
        this.#o.context.journal.refused(this.#o.channel, line, own.reason);
        this.#status = 1;
        this.#drop(own.reason);
      }
    }
  }

  async #changeDirectory({ text, to }: Own & { kind: 'cd' }): Promise<void> {
    if (to === 'home') {
      this.#status = 0;
      this.#place.goHome();
      return;
    }
    const { context, channel, variables, gone } = this.#o;
    const command = `${this.#place.prefix}${to === 'previous' ? `cd -- ${this.#place.previous}` : text} && pwd -P && cd && pwd -P`;
    const admitted = await this.#admit({ ssh: { kind: 'exec', command: analyseCommand(command, EXEC) }, clear: { pty: false }, fields: [] });
    if (admitted === undefined) return;
    try {
      const { status, out, err } = await capture({ context, channel, admitted, command, variables, gone });
      this.#status = status;
      this.#show(err.replaceAll(/\r?\n/g, '\r\n'));
      if (status === 0 && !this.#place.moved(out)) {
        this.#status = 1;
        this.#drop('the target did not say in which directory that is; nothing has changed');
      }
    } catch (error) {
      this.#broken(error);
    }
  }

  async #line(text: string): Promise<void> {
    const { context, channel, client, toClient, variables, gone } = this.#o;
    const pty = this.#pty;
    const command = analyseCommand(this.#place.prefix + text, { ...EXEC, pty: true });
    const admitted = await this.#admit({ ssh: { kind: 'exec', command }, clear: { pty: true, cols: pty.cols, rows: pty.rows }, fields: [{ name: 'term', value: pty.term.slice(0, 64) }] });
    if (admitted === undefined || gone.aborted) return;
    let target;
    try {
      target = await startProcess(context.upstream, command.text, { pty, variables, gone });
    } catch (error) {
      this.#broken(error);
      return;
    }
    const { request, allowed } = admitted;
    const filter = this.#screen.watching(masked(context, { channel, plan: allowed.maskPlan, pty, command }));
    // The relay writes the recording of this channel while the process runs.
    this.#journal.end();
    const relay = new ProcessRelay({ context, channel, request, level: allowed.recordLevel, client, toClient, target, pty: true, filter, gate: open, early: [], gone, input: this.#input.start(this.#editor.pasting), goesOn: true });
    this.#relay = relay;
    if (pty.rows !== this.#pty.rows || pty.cols !== this.#pty.cols) relay.resize(this.#pty.rows, this.#pty.cols, this.#pty.height, this.#pty.width);
    try {
      this.#status = statusOf(await relay.run());
    } finally {
      this.#relay = undefined;
      this.#input.stop();
      this.#journal = this.#newJournal();
    }
  }

  /** The one path of decisions. @returns undefined when it is refused; the person has been told why */
  async #admit(asked: Pick<Asked, 'ssh' | 'clear' | 'fields'>): Promise<Admitted | undefined> {
    const { context, channel } = this.#o;
    const result = await admit(context, { ...asked, channel, hold: (ask) => this.#hold(ask) });
    if (isAdmitted(result)) {
      if (result.approvers.length > 0) this.#say(`approved by ${result.approvers.join(', ')}`);
      return result;
    }
    this.#status = DENIED_STATUS;
    this.#drop(result.refusal);
    return undefined;
  }

  /** While it waits, Ctrl-C withdraws. */
  async #hold(ask: Parameters<Asked['hold']>[0]): Promise<HoldResult> {
    const { gone } = this.#o;
    const withdraw = new AbortController();
    const end = (): void => withdraw.abort();
    if (gone.aborted) end();
    gone.addEventListener('abort', end, { once: true });
    try {
      return await this.#input.waiting(end, () => ask((message) => this.#say(message), withdraw.signal));
    } finally {
      gone.removeEventListener('abort', end);
    }
  }

  #broken(error: unknown): void {
    this.#o.context.journal.note(`the target refused it: ${messageOf(error)}`);
    this.#status = BROKEN_STATUS;
    this.#drop(`the target refused it: ${messageOf(error)}`);
  }

  // What is shown

  /** A line that is not run takes those with it that were pasted behind it. */
  #drop(message: string): void {
    this.#say(message);
    if (this.#input.queue.length === 0 && !this.#editor.pasting) return;
    this.#say('what was typed or pasted behind it is not run either');
    this.#input.clear();
  }

  #say(message: string): void {
    this.#show(`sallyport: ${message}\r\n`);
  }

  #show(text: string): void {
    if (text !== '') this.#pass(Buffer.concat([this.#filter.write(Buffer.from(text, 'utf8')), this.#filter.flush()]));
  }

  #pass(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#out.add(bytes);
    this.#journal.shown(bytes);
    void this.#o.toClient.write(bytes);
  }

  get #content(): boolean {
    return this.#o.shell.allowed.recordLevel !== 'statement';
  }

  #newJournal(): TerminalJournal {
    const { context, channel } = this.#o;
    return new TerminalJournal(context.journal, channel, this.#content, (error) => context.fail(error));
  }
}

const isAdmitted = (result: Admitted | Refused): result is Admitted => 'allowed' in result;

const sizeOf = ({ cols, rows }: PseudoTtyInfo): [number, number] => [cols || 80, rows || 24];

/** As shells give it. */
function statusOf(exit: Exit | undefined): number {
  if (exit === undefined) return BROKEN_STATUS;
  if (exit.kind === 'status') return exit.status;
  const number = Object.entries(constants.signals).find(([name]) => name === exit.signal)?.[1];
  return number === undefined ? BROKEN_STATUS : 128 + number;
}
