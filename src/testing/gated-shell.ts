/** A real bash at a real terminal behind the gate, typed at in different ways. Nothing that is typed ever runs. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawn, type IPty } from '@lydell/node-pty';
import { GateRunner } from '../proxy/ssh/terminal/gate-runner.ts';
import type { UncertainReason } from '../proxy/ssh/terminal/line-gate.ts';

export type Seen = { readonly kind: 'line'; readonly text: string } | { readonly kind: 'uncertain'; readonly reason: UncertainReason };

/** External programs are not found, few processes may be made, and lines are refused: three nets under each other. */
const RC = "PS1='alice@web1:\\w\\$ '; PS2='> '; PATH=/nonexistent; ulimit -u 64; HISTFILE=; set +H\n";

export class GatedShell {
  readonly #pty: IPty;
  readonly #gate: GateRunner;
  readonly #dir: string;
  #seen: ((seen: Seen) => void) | undefined;
  /** Lines of the test's own. */
  #mine: string | undefined;
  #shown = '';
  #watch: (() => void) | undefined;

  private constructor(cols: number, rc: string, history: readonly string[]) {
    this.#dir = mkdtempSync(path.join(tmpdir(), 'gated-shell-'));
    chmodSync(this.#dir, 0o755);
    const rcfile = path.join(this.#dir, 'rc');
    writeFileSync(rcfile, RC + rc);
    writeFileSync(this.historyFile, history.map((l) => `${l}\n`).join(''));
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    this.#pty = spawn('/bin/bash', ['--noprofile', '--rcfile', rcfile, '-i'], { name: 'xterm-256color', cols, rows: 24, encoding: null, cwd: this.#dir, env: { TERM: 'xterm-256color', LANG: 'C.UTF-8', HOME: this.#dir, INPUTRC: '/dev/null' }, ...nobody });
    // It takes bytes as well, whatever its types say.
    const raw: { write(data: string | Buffer): void } = this.#pty;
    this.#gate = new GateRunner({
      cols,
      rows: 24,
      decider: {
        line: (text) => Promise.resolve(this.#answer({ kind: 'line', text })),
        uncertain: (reason) => Promise.resolve(this.#answer({ kind: 'uncertain', reason })),
      },
      forward: (bytes) => raw.write(bytes),
      failed: (error) => {
        throw error;
      },
    });
    this.#pty.onData((data: string | Buffer) => {
      const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
      this.#gate.output(bytes);
      this.#shown += bytes.toString('utf8');
      this.#watch?.();
    });
  }

  /** @param rc lines for the shell's start */
  static async open(cols = 80, rc = ''): Promise<GatedShell> {
    return GatedShell.#start(new GatedShell(cols, rc, []));
  }

  /** One in which no command runs whatever the gate lets through: bash asks a trap before each, which says no. @param history what Up brings back, oldest first */
  static async inert(history: readonly string[]): Promise<GatedShell> {
    return GatedShell.#start(new GatedShell(80, 'history -r "$HOME/history"; set -o history; shopt -s extdebug; trap false DEBUG\n', history));
  }

  static async #start(shell: GatedShell): Promise<GatedShell> {
    await shell.shows(/\$ $/);
    return shell;
  }

  get historyFile(): string {
    return path.join(this.#dir, 'history');
  }

  /** Resolves when the output since the last call of this function ends so. */
  async shows(end: RegExp): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#watch = () => {
        // Bash turns bracketed paste on and off around its prompts.
        if (!end.test(this.#shown.replaceAll(/.\[\?2004[hl]/g, ''))) return;
        this.#watch = undefined;
        resolve();
      };
      this.#watch();
    });
    this.#shown = '';
  }

  /** Types pieces, each as it would come from a client. @returns what is asked about first, which is refused */
  async read(pieces: readonly (string | Buffer)[]): Promise<Seen> {
    const seen = new Promise<Seen>((resolve) => (this.#seen = resolve));
    this.#shown = '';
    for (const piece of pieces) await this.#gate.write(typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece);
    return seen;
  }

  /** The same, and the last one ends the line. Resolves at the next prompt. */
  async type(pieces: readonly (string | Buffer)[]): Promise<Seen> {
    const answer = await this.read(pieces);
    this.#shown = '';
    // It was refused: the shell shows its prompt again.
    await this.shows(/\$ \p{Cc}*$/u);
    return answer;
  }

  /**
   * Types lines one after the other, each when the shell is ready for it. Whatever is read is refused.
   * @returns what was read of them; the last is a continuation where the shell waits for more, or found nothing in it that could run
   */
  async enter(lines: readonly string[]): Promise<readonly (Seen | { readonly kind: 'continued' })[]> {
    const all: (Seen | { readonly kind: 'continued' })[] = [];
    // An empty one runs nothing, and is not asked about.
    for (const text of lines.filter((l) => l !== '')) {
      const seen = new Promise<Seen>((resolve) => (this.#seen = resolve));
      this.#shown = '';
      await this.#gate.write(Buffer.from(text, 'utf8'));
      await this.#gate.write(Buffer.from('\r'));
      const answer = await Promise.race([seen, this.shows(/(?:[\r\n]> |syntax error[^]*\$ )\p{Cc}*$/u).then(() => ({ kind: 'continued' }) as const)]);
      this.#watch = undefined;
      all.push(answer);
      if (answer.kind !== 'continued') await this.#prompted();
    }
    if (all.at(-1)?.kind === 'continued') {
      await this.#gate.write(Buffer.from('\u0003'));
      await this.#prompted();
    }
    return all;
  }

  async #prompted(): Promise<void> {
    this.#shown = '';
    await this.shows(/\$ \p{Cc}*$/u);
  }

  /** Keys that end no line. */
  async keys(text: string, shows: RegExp): Promise<void> {
    this.#shown = '';
    await this.#gate.write(Buffer.from(text, 'utf8'));
    await this.shows(shows);
  }

  /** Runs a builtin of the test's own. */
  async run(line: string, shows = /\$ $/): Promise<void> {
    this.#mine = line;
    this.#shown = '';
    await this.#gate.write(Buffer.from(line, 'utf8'));
    await this.#gate.write(Buffer.from('\r'));
    await this.shows(new RegExp(`\\n[^]*${shows.source}`));
  }

  /** Up brings it back. */
  async remember(line: string): Promise<void> {
    writeFileSync(this.historyFile, `${line}\n`);
    await this.run(`history -c; history -r ${this.historyFile}; history -d -2 2>/dev/null`);
  }

  /** The window's size, as a client says it; 0 for one that is not known. */
  resize(cols: number, rows: number): void {
    execFileSync('stty', ['-F', `/proc/${this.#pty.pid}/fd/0`, 'cols', String(cols), 'rows', String(rows)]);
    this.#gate.resize(cols, rows);
  }

  close(): void {
    void this.#gate.end();
    this.#pty.kill('SIGKILL');
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #answer(seen: Seen): boolean {
    if (seen.kind === 'line' && seen.text === this.#mine) {
      this.#mine = undefined;
      return true;
    }
    this.#seen?.(seen);
    return false;
  }
}
