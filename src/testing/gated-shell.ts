/** A real bash at a real terminal behind the gate, typed at in different ways. Nothing that is typed ever runs. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawn, type IPty } from '@lydell/node-pty';
import { GateRunner } from '../proxy/ssh/terminal/gate-runner.ts';
import type { UncertainReason } from '../proxy/ssh/terminal/line-gate.ts';

export type Seen = { readonly kind: 'line'; readonly text: string } | { readonly kind: 'uncertain'; readonly reason: UncertainReason };

/** External programs are not found, few processes may be made, and lines are refused: three nets under each other. */
const RC = "PS1='alice@web1:\\w\\$ '; PS2='> '; PATH=/nonexistent; ulimit -u 64; HISTFILE=; set +H\n";

const NUDGE_MS = 250;

export class GatedShell {
  readonly #pty: IPty;
  readonly #gate: GateRunner;
  readonly #dir: string;
  #seen: ((seen: Seen) => void) | undefined;
  /** Lines of the test's own. */
  #mine: string | undefined;
  #shown = '';
  #watch: (() => void) | undefined;

  private constructor(cols: number, rc: string) {
    this.#dir = mkdtempSync(path.join(tmpdir(), 'gated-shell-'));
    chmodSync(this.#dir, 0o755);
    const rcfile = path.join(this.#dir, 'rc');
    writeFileSync(rcfile, RC + rc);
    writeFileSync(this.historyFile, '');
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    this.#pty = spawn('/bin/bash', ['--noprofile', '--rcfile', rcfile, '-i'], { name: 'xterm-256color', cols, rows: 24, cwd: this.#dir, env: { TERM: 'xterm-256color', LANG: 'C.UTF-8', HOME: this.#dir, INPUTRC: '/dev/null' }, ...nobody });
    this.#gate = new GateRunner({
      cols,
      rows: 24,
      decider: {
        line: (text) => Promise.resolve(this.#answer({ kind: 'line', text })),
        uncertain: (reason) => Promise.resolve(this.#answer({ kind: 'uncertain', reason })),
      },
      forward: (bytes) => this.#pty.write(bytes.toString('utf8')),
      failed: (error) => {
        throw error;
      },
    });
    this.#pty.onData((text) => {
      this.#gate.output(Buffer.from(text, 'utf8'));
      this.#shown += text;
      this.#watch?.();
    });
  }

  /** @param rc lines for the shell's start */
  static async open(cols = 80, rc = ''): Promise<GatedShell> {
    const shell = new GatedShell(cols, rc);
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
        if (!end.test(this.#shown)) return;
        this.#watch = undefined;
        resolve();
      };
      this.#watch();
    });
    this.#shown = '';
  }

  /** Types pieces, each as it would come from a client. The last one ends the line. */
  async type(pieces: readonly string[]): Promise<Seen> {
    const seen = new Promise<Seen>((resolve) => (this.#seen = resolve));
    this.#shown = '';
    for (const piece of pieces) await this.#gate.write(Buffer.from(piece, 'utf8'));
    const answer = await seen;
    this.#shown = '';
    // It was refused: the shell shows its prompt again. An interrupt that comes while bash still draws is acted upon at
    // the next key: one that changes nothing.
    const nudge = setInterval(() => this.#pty.write('\u0015'), NUDGE_MS);
    try {
      await this.shows(/\$ \p{Cc}*$/u);
    } finally {
      clearInterval(nudge);
    }
    return answer;
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

  close(): void {
    this.#gate.end();
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
