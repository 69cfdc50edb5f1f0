/** Starts a process at the target: a shell or one command, with or without a terminal. */
import type { Client, ClientChannel, PseudoTtyInfo } from 'ssh2';
import { EnvironmentError } from '../../base/errors.ts';
import type { Exit } from './library.ts';
import { agentRefused } from './library-channels.ts';

export interface ProcessSettings {
  readonly pty: PseudoTtyInfo | undefined;
  readonly variables: ReadonlyMap<string, string>;
  /** Aborted when nobody is there any more for whom it runs: it is told so. */
  readonly gone: AbortSignal;
}

export interface Started {
  readonly channel: ClientChannel;
  /** How it ended, once the target has said so. */
  exit(): Exit | undefined;
  /** Resolves when the channel is closed and read to its end. */
  readonly closed: Promise<void>;
}

/** @param command absent for a shell. Rejects with what the target answered */
export async function startProcess(upstream: Client, command: string | undefined, { pty, variables, gone }: ProcessSettings): Promise<Started> {
  const env = Object.fromEntries(variables);
  const terminal = pty && { rows: pty.rows, cols: pty.cols, height: pty.height, width: pty.width, term: pty.term, modes: pty.modes };
  const start = (): Promise<Started> =>
    opened((done) => {
      if (command === undefined) upstream.shell(terminal ?? false, { env }, done);
      else upstream.exec(command, { env, ...(terminal ? { pty: terminal } : {}) }, done);
    });
  // A target that does not forward agents says so before it is told what to run; clients then do without.
  const started = await start().catch((error: unknown) => {
    if (!agentRefused(upstream, error)) throw error;
    return start();
  });
  const tell = (): void => hangUp(started);
  gone.addEventListener('abort', tell, { once: true });
  void started.closed.then(() => gone.removeEventListener('abort', tell));
  if (gone.aborted) tell();
  return started;
}

/**
 * What a terminal that is gone does to its programs (RFC 4254 section 6.9). Without it a command that has no terminal
 * would run on, unseen. The packet goes out before the connection is closed: it is sent at once.
 */
function hangUp(started: Started): void {
  if (started.exit() !== undefined) return;
  try {
    started.channel.signal('HUP');
  } catch {
    // The channel or the connection is closed already.
  }
}

/** One call of the library that opens a channel; it throws when the connection is gone, and answers otherwise. */
export function opened(open: (done: (error: Error | undefined, channel: ClientChannel) => void) => void): Promise<Started> {
  return new Promise((resolve, reject) => {
    try {
      open((error, channel) => {
        if (error) reject(error);
        // A short process may have said all it had to say before anybody awaits this.
        else resolve(watched(channel));
      });
    } catch (cause) {
      reject(new EnvironmentError('env.unreachable', 'the connection to the target is gone', { cause }));
    }
  });
}

/** A channel of the target, from the moment on that it is open. */
export function watched(channel: ClientChannel): Started {
  let exit: Exit | undefined;
  channel.on('error', () => undefined);
  // What comes behind its end is an error of the stream, and one that nobody hears would end the program.
  channel.stderr.on('error', () => undefined);
  channel.on('exit', (status: number | null, signal?: string, coreDumped?: boolean, message?: string) => {
    exit = status === null ? { kind: 'signal', signal: signal ?? 'SIGTERM', coreDumped: coreDumped ?? false, message: message ?? '' } : { kind: 'status', status };
  });
  const closed = new Promise<void>((resolve) => channel.once('close', () => resolve()));
  return { channel, exit: () => exit, closed };
}
