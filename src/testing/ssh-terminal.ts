/** Stock ssh at a terminal of its own, with a screen that can be read. */
import { spawn, type IPty } from '@lydell/node-pty';
import { Screen } from '../proxy/ssh/terminal/screen.ts';

const PATIENCE_MS = 60_000;

export interface TerminalOptions {
  readonly cols?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export class SshTerminal {
  readonly #pty: IPty;
  readonly #screen: Screen;
  readonly #ended: Promise<number>;
  #output = '';
  /** Up to here the test has seen it. */
  #seen = 0;
  readonly #watchers = new Set<() => void>();

  /** @param args of `ssh` */
  constructor(args: readonly string[], { cols = 80, rows = 24, env = {} }: TerminalOptions = {}) {
    this.#screen = new Screen(cols, rows);
    this.#pty = spawn('ssh', [...args], { name: 'xterm-256color', cols, rows, encoding: null, env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', ...env } });
    this.#pty.onData((data: string | Buffer) => {
      const bytes = Buffer.from(data as Buffer);
      this.#screen.feed(bytes);
      this.#output += bytes.toString('latin1');
      for (const watcher of this.#watchers) watcher();
    });
    this.#ended = new Promise((resolve) => this.#pty.onExit(({ exitCode }) => resolve(exitCode)));
  }

  /** Exit status, when it has ended. */
  get ended(): Promise<number> {
    return this.#ended;
  }

  /** Everything that came, as Latin-1. */
  get output(): string {
    return this.#output;
  }

  /** The rows of the screen, without blanks at their ends. */
  rows(): string[] {
    const { top, rows } = this.#screen;
    return Array.from({ length: rows }, (_, i) => this.#screen.text(top + i, top + i).text.trimEnd());
  }

  /** The row of the cursor. */
  get row(): string {
    const { y } = this.#screen.cursor;
    return this.#screen.text(y, y).text.trimEnd();
  }

  get column(): number {
    return this.#screen.cursor.x;
  }

  get alternate(): boolean {
    return this.#screen.alternate;
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  resize(cols: number, rows: number): void {
    this.#screen.resize(cols, rows);
    this.#pty.resize(cols, rows);
  }

  /** Resolves when it is so. Rejects with what the screen shows when it never is. */
  until(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not seen: ${what}\n${this.rows().join('\n')}`)), PATIENCE_MS);
      const watcher = (): void => {
        if (!holds()) return;
        this.#watchers.delete(watcher);
        clearTimeout(timer);
        resolve();
      };
      this.#watchers.add(watcher);
      watcher();
    });
  }

  /** Resolves when this comes after what was awaited last. Escape sequences and carriage returns do not count. @returns what came until then */
  async shows(pattern: RegExp): Promise<string> {
    let found = '';
    await this.until(String(pattern), () => {
      const fresh = plain(this.#output.slice(this.#seen));
      const match = pattern.exec(fresh);
      if (match === null) return false;
      found = fresh;
      return true;
    });
    this.#seen = this.#output.length;
    return found;
  }

  /** A line and Enter; resolves at the next prompt. @returns what was shown */
  async line(text: string, prompt = /\[sallyport\][^\n]*\$ $/): Promise<string> {
    this.#seen = this.#output.length;
    this.type(`${text}\r`);
    return this.shows(new RegExp(`\\n[^]*${prompt.source}`));
  }

  kill(): void {
    this.#pty.kill('SIGKILL');
  }
}

const ESC = String.fromCharCode(0x1b);
const BEL = String.fromCharCode(0x07);
const ESCAPES = new RegExp(`${ESC}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${BEL}${ESC}]*(?:${BEL}|${ESC}\\\\)|[@-Z\\\\-_=>])`, 'g');
const plain = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8').replace(ESCAPES, '').replaceAll('\r', '');
