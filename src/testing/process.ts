import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Numeric user and group to run as; only root may set them. Supplementary groups are dropped. */
  readonly uid?: number;
  readonly gid?: number;
}

export interface ProcessResult {
  /** Exit code; null when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions extends ProcessOptions {
  /** Written to stdin, which is closed after it. */
  readonly input?: string;
  /** The process is killed after this; the promise then rejects. Default 60 seconds. */
  readonly timeoutMs?: number;
}

const running = new Set<ChildProcessByStdio<null, Readable, Readable>>();
// A test run that ends early must not leave servers behind; exit handlers cannot wait, so this is hard.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Runs a command to its end. A failing command is a result, not an error. @throws Error when it cannot start or exceeds timeoutMs */
export function runProcess(command: string, args: readonly string[], options: RunOptions = {}): Promise<ProcessResult> {
  const { input, timeoutMs = 60_000, ...spawnOptions } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], { ...spawnOptions, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new Error(`cannot start ${command}: ${error.message}`, { cause: error }));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (late) reject(new Error(`${command} did not end within ${timeoutMs} ms\n${stdout}${stderr}`));
      else resolve({ code, signal, stdout, stderr });
    });
    // A child that does not read its stdin closes the pipe; that is not the caller's problem.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
}

/** A server or another long-running child of a test. */
export class RunningProcess {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #command: string;
  readonly #watchers = new Set<() => void>();
  readonly #closed: Promise<ProcessResult>;
  #result: ProcessResult | undefined;
  #stdout = '';
  #stderr = '';

  constructor(command: string, args: readonly string[], options: ProcessOptions = {}) {
    this.#command = command;
    const child = spawn(command, [...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    running.add(child);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#notify();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#notify();
    });
    this.#closed = new Promise((resolve) => {
      const finish = (code: number | null, signal: NodeJS.Signals | null): void => {
        if (this.#result !== undefined) return;
        running.delete(child);
        this.#result = { code, signal, stdout: this.#stdout, stderr: this.#stderr };
        resolve(this.#result);
        this.#notify();
      };
      child.once('error', (error) => {
        this.#stderr += `cannot start ${command}: ${error.message}\n`;
        finish(127, null);
      });
      child.once('close', finish);
    });
  }

  /** undefined only when the process could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** All of stdout so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** All of stderr so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /**
   * Waits until a whole line of stdout makes `match` return something, and returns that.
   * @param fromOffset where in stdout to begin, to wait for the next of several equal lines
   * @throws Error when the process ends first or timeoutMs passes; the message carries its output
   */
  async waitForLine<T>(match: (line: string) => T | undefined, timeoutMs = 90_000, fromOffset = 0): Promise<T> {
    const find = (): T | undefined => {
      const lines = this.#stdout.slice(fromOffset).split('\n').slice(0, -1);
      for (const line of lines) {
        const found = match(line);
        if (found !== undefined) return found;
      }
      return undefined;
    };
    return new Promise((resolve, reject) => {
      const settle = (done: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        done();
      };
      const fail = (why: string): void => settle(() => reject(new Error(`${this.#command} ${why}\n${this.#stdout}${this.#stderr}`)));
      const look = (): void => {
        const found = find();
        if (found !== undefined) settle(() => resolve(found));
        else if (this.#result !== undefined) fail('ended before the expected line');
      };
      const timer = setTimeout(() => fail(`did not print the expected line within ${timeoutMs} ms`), timeoutMs);
      this.#watchers.add(look);
      look();
    });
  }

  /** Sends a signal by pid. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for the end, however it comes. */
  ended(): Promise<ProcessResult> {
    return this.#closed;
  }

  /** SIGTERM, then SIGKILL after graceMs; resolves when the process is gone. */
  async stop(graceMs = 10_000): Promise<ProcessResult> {
    if (this.#result !== undefined) return this.#result;
    this.#child.kill('SIGTERM');
    const hard = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    const result = await this.#closed;
    clearTimeout(hard);
    return result;
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Starts a long-running child process; see RunningProcess. */
export function startProcess(command: string, args: readonly string[], options: ProcessOptions = {}): RunningProcess {
  return new RunningProcess(command, args, options);
}
