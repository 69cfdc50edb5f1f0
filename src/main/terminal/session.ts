/**
 * The terminal's own connection: an SSH client of the local proxy, as `ssh` is, with a key that is in no file. All that
 * it does is decided and recorded there; nothing reaches the target in another way.
 */
import { connect, type Socket } from 'node:net';
import type { Client, ClientChannel, SFTPWrapper } from 'ssh2';
import { DeniedError, EnvironmentError, messageOf } from '../../base/errors.ts';
import type { ProxyEvents } from '../../proxy/core/events.ts';

/** Where the app's terminal signs on, and by what it knows the listener. */
export interface LocalSsh {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** OpenSSH form. Stays in this process. */
  readonly privateKey: string;
  /** Type and base64. */
  readonly hostKey: string;
}

export interface WindowSize {
  readonly cols: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
}

export interface SessionOptions {
  readonly local: LocalSsh;
  readonly events: ProxyEvents;
  /** Called once, when the connection is gone. */
  ended(): void;
}

const SIGN_ON_MS = 30_000;
const PROGRAM = 'Sallyport_terminal';

export class TerminalSession {
  /** Of the recording. */
  readonly id: string;
  readonly #client: Client;
  #sftp: Promise<SFTPWrapper> | undefined;
  #closed = false;

  private constructor(client: Client, id: string) {
    this.#client = client;
    this.id = id;
  }

  /** Resolves when the session is recorded. @throws EnvironmentError when the proxy does not open it */
  static async open(o: SessionOptions): Promise<TerminalSession> {
    const { default: ssh2 } = await import('ssh2');
    const socket = await connected(o.local);
    const client = new ssh2.Client();
    const recorded = recordedAs(o.events, `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`);
    try {
      await signOn(client, socket, o.local);
      const session = new TerminalSession(client, await recorded.id(client));
      client.once('close', () => session.#end(o));
      return session;
    } catch (error) {
      client.on('error', () => undefined);
      client.destroy();
      throw error;
    } finally {
      recorded.stop();
    }
  }

  get isOpen(): boolean {
    return !this.#closed;
  }

  /** Rejects with what the proxy says. */
  shell(size: WindowSize): Promise<ClientChannel> {
    const env = { LANG: locale(process.env['LANG'] ?? ''), COLORTERM: 'truecolor' };
    return this.#ask((done) => this.#client.shell({ ...size, term: 'xterm-256color' }, { env }, done));
  }

  /** One channel for all files of the session; a new one where the last has ended. */
  sftp(): Promise<SFTPWrapper> {
    this.#sftp ??= this.#openSftp();
    return this.#sftp;
  }

  async #openSftp(): Promise<SFTPWrapper> {
    const forget = (): void => {
      this.#sftp = undefined;
    };
    try {
      const sftp = await this.#ask<SFTPWrapper>((done) => this.#client.sftp(done));
      sftp.on('error', forget).once('close', forget);
      return sftp;
    } catch (error) {
      forget();
      throw error;
    }
  }

  #ask<T>(call: (done: (error: Error | undefined, channel: T) => void) => void): Promise<T> {
    if (this.#closed) return Promise.reject(new EnvironmentError('env.cancelled', 'the session has ended'));
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new EnvironmentError('env.cancelled', 'the session has ended'));
      this.#client.once('close', gone);
      call((error, channel) => {
        this.#client.off('close', gone);
        if (error) reject(new EnvironmentError('env.unreachable', messageOf(error), { cause: error }));
        else resolve(channel);
      });
    });
  }

  close(): void {
    this.#client.end();
  }

  #end(o: SessionOptions): void {
    this.#closed = true;
    o.ended();
  }
}

/** The terminal speaks UTF-8, whatever this machine's own programs do. */
const locale = (own: string): string => (/utf-?8/i.test(own) ? own : 'C.UTF-8');

function connected({ host, port }: LocalSsh): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', (cause) => reject(new EnvironmentError('env.unreachable', `the local endpoint does not answer: ${cause.message}`, { cause })));
  });
}

/** Only the key that the listener has, whatever answers at its port. */
function signOn(client: Client, socket: Socket, local: LocalSsh): Promise<void> {
  const pinned = Buffer.from(local.hostKey.split(' ')[1] ?? '', 'base64');
  return new Promise((resolve, reject) => {
    client.once('ready', () => {
      client.on('error', () => undefined);
      resolve();
    });
    client.once('error', (cause: Error) => reject(new EnvironmentError('env.unreachable', `the local endpoint did not let the terminal in: ${cause.message}`, { cause })));
    client.once('close', () => reject(new EnvironmentError('env.unreachable', 'the local endpoint closed the connection')));
    client.connect({
      sock: socket,
      username: local.user,
      privateKey: local.privateKey,
      authHandler: ['publickey'],
      hostVerifier: (key: Buffer) => key.equals(pinned),
      algorithms: { serverHostKey: ['ssh-ed25519'], cipher: ['aes128-gcm@openssh.com'], compress: ['none'] },
      ident: PROGRAM,
      readyTimeout: SIGN_ON_MS,
    });
  });
}

/** Which session the proxy makes of the connection from this address: it says so when the recording is open. */
function recordedAs(events: ProxyEvents, address: string): { id(client: Client): Promise<string>; stop(): void } {
  let tell: (id: string) => void = () => undefined;
  const opened = new Promise<string>((resolve) => (tell = resolve));
  const stop = events.on((event) => {
    if (event.event === 'session.opened' && event.address === address) tell(event.session_id);
  });
  return {
    stop,
    id: (client) =>
      Promise.race([
        opened,
        new Promise<never>((_resolve, reject) => {
          client.once('close', () => reject(new DeniedError('the session could not be opened: it cannot be recorded')));
        }),
      ]),
  };
}
