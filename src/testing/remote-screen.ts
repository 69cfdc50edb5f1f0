/** A program at a real pty of this machine (an ssh, say), with a headless terminal that shows what a person would see. */
import { spawn, type ChildProcess } from 'node:child_process';
import headless from '@xterm/headless';
import type { IBufferCell, Terminal } from '@xterm/headless';
import { widths } from '../proxy/ssh/terminal/widths.ts';

export interface CellLook {
  readonly text: string;
  readonly width: number;
  /** Colours as the program named them: `p12` of the palette, `#0a0b0c`, empty for the default. */
  readonly fg: string;
  readonly bg: string;
  /** Bold, dim, italic, underlined, inverse, struck through, blinking, invisible. */
  readonly style: string;
}

export interface Look {
  readonly rows: readonly (readonly CellLook[])[];
  readonly cursor: readonly [number, number];
  readonly alternate: boolean;
}

export interface RemoteScreenOptions {
  readonly cols?: number;
  readonly rows?: number;
  readonly env?: NodeJS.ProcessEnv;
}

export class RemoteScreen {
  readonly #child: ChildProcess;
  readonly #terminal: Terminal;
  readonly #received: Buffer[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #command: string;
  /** Exit status of the program. */
  readonly ended: Promise<number | null>;

  constructor(command: readonly string[], o: RemoteScreenOptions = {}) {
    const { cols = 80, rows = 24 } = o;
    this.#command = command.join(' ');
    this.#terminal = new headless.Terminal({ cols, rows, allowProposedApi: true, scrollback: 1000 });
    // Emoji take two columns, as on the terminals that people have.
    this.#terminal.unicode.register(widths);
    this.#terminal.unicode.activeVersion = widths.version;
    this.#child = spawn('python3', ['-c', BRIDGE, String(cols), String(rows), ...command], { env: { PATH: process.env['PATH'], TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', ...o.env }, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#terminal.write(chunk, () => this.#notify());
    });
    this.#child.stdin?.on('error', () => undefined);
    // What a person's terminal answers when it is asked (its kind, the place of the cursor).
    this.#terminal.onData((answer) => this.type(answer));
    this.ended = new Promise((resolve) => this.#child.once('close', (code) => this.#terminal.write('', () => {
      resolve(code);
      this.#notify();
    })));
  }

  /** Everything that came. */
  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  /** Process that holds the pty; the program is its child. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  type(text: string): void {
    this.#frame('i', Buffer.from(text));
  }

  resize(cols: number, rows: number): void {
    this.#terminal.resize(cols, rows);
    const size = Buffer.alloc(4);
    size.writeUInt16BE(cols, 0);
    size.writeUInt16BE(rows, 2);
    this.#frame('r', size);
  }

  /** Text of the rows that are seen, without blanks at their ends. */
  get text(): string {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: this.#terminal.rows }, (_, y) => active.getLine(active.viewportY + y)?.translateToString(true) ?? '').join('\n');
  }

  look(): Look {
    const { active } = this.#terminal.buffer;
    const rows = Array.from({ length: this.#terminal.rows }, (_, y) => {
      const line = active.getLine(active.viewportY + y);
      return Array.from({ length: this.#terminal.cols }, (__, x) => lookOf(line?.getCell(x)));
    });
    return { rows, cursor: [active.cursorX, active.cursorY], alternate: active.type === 'alternate' };
  }

  /** Waits until the screen is as wanted. @throws Error with the screen when it does not come, or the program ends */
  until(wanted: (text: string) => boolean, timeoutMs = 20_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        if (error) reject(error);
        else resolve();
      };
      const look = (): void => {
        if (wanted(this.text)) settle();
        else if (this.#child.exitCode !== null) settle(new Error(`${this.#command} has ended; the screen:\n${this.text}`));
      };
      const timer = setTimeout(() => settle(new Error(`${this.#command} does not show what is waited for; the screen:\n${this.text}`)), timeoutMs);
      this.#watchers.add(look);
      look();
    });
  }

  shows(text: string | RegExp): Promise<void> {
    return this.until((all) => (typeof text === 'string' ? all.includes(text) : text.test(all)));
  }

  /** SIGKILL for the program that has the pty, as when its window is gone. */
  kill(): void {
    this.#frame('k', Buffer.alloc(0));
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
    this.#terminal.dispose();
  }

  #frame(kind: string, bytes: Buffer): void {
    const head = Buffer.alloc(5);
    head.write(kind, 0, 'latin1');
    head.writeUInt32BE(bytes.length, 1);
    this.#child.stdin?.write(Buffer.concat([head, bytes]));
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

const STYLES = ['isBold', 'isDim', 'isItalic', 'isUnderline', 'isInverse', 'isStrikethrough', 'isBlink', 'isInvisible'] as const;

function lookOf(cell: IBufferCell | undefined): CellLook {
  if (cell === undefined) return { text: '', width: 1, fg: '', bg: '', style: '' };
  const colour = (palette: boolean, rgb: boolean, value: number): string => (palette ? `p${value}` : rgb ? `#${value.toString(16).padStart(6, '0')}` : '');
  return {
    text: cell.getChars() || ' ',
    width: cell.getWidth(),
    fg: colour(cell.isFgPalette(), cell.isFgRGB(), cell.getFgColor()),
    bg: colour(cell.isBgPalette(), cell.isBgRGB(), cell.getBgColor()),
    style: STYLES.filter((s) => cell[s]() !== 0).join(' '),
  };
}

/** A pty with the program at its other end: frames of input and of sizes in, what the program shows out. */
const BRIDGE = `
import fcntl, os, pty, select, signal, struct, sys, termios
def size(fd, cols, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))
pid, fd = pty.fork()
if pid == 0:
    size(0, int(sys.argv[1]), int(sys.argv[2]))
    os.execvp(sys.argv[3], sys.argv[3:])
pending = b''
watched = [0, fd]
while True:
    ready, _, _ = select.select(watched, [], [])
    if fd in ready:
        try:
            data = os.read(fd, 65536)
        except OSError:
            data = b''
        if not data:
            break
        while data:
            data = data[os.write(1, data):]
    if 0 in ready:
        data = os.read(0, 65536)
        if not data:
            watched = [fd]
        pending += data
        while len(pending) >= 5:
            length = struct.unpack('>I', pending[1:5])[0]
            if len(pending) < 5 + length:
                break
            kind, body, pending = pending[:1], pending[5:5 + length], pending[5 + length:]
            if kind == b'r':
                size(fd, *struct.unpack('>HH', body))
            elif kind == b'k':
                os.kill(pid, signal.SIGKILL)
            else:
                while body:
                    body = body[os.write(fd, body):]
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) & 0xff)
`;
