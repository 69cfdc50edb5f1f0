/** The connection to a target: TCP, the key exchange with a pinned host key, and the sign-on with the leased credential. */
import { connect as tcpConnect, type Socket } from 'node:net';
import ssh2, { type Client, type ConnectConfig } from 'ssh2';
import { ConfigError, EnvironmentError, messageOf } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Credential, Target } from '../core/ports.ts';
import { targetAlgorithms } from './algorithms.ts';
import { CertificateAgent, certificateFor, type EphemeralKey } from './certificate.ts';
import { coalesced } from './coalesce.ts';
import { fingerprint, isEncrypted, parsed, PinnedKeys } from './host-keys.ts';

export interface Upstream {
  readonly client: Client;
  /** Fingerprint of the key that it presented. */
  readonly hostKey: string;
  /** What it said before the sign-on. */
  readonly banner: string;
}

export interface UpstreamOptions {
  /** The client asked for compression on its own leg. */
  readonly compress: boolean;
  /** What the lease was asked with: the key of its certificate, if it is one. */
  readonly key: EphemeralKey;
  readonly nowMs: number;
  /** Nobody waits for the connection any more. */
  readonly signal: AbortSignal;
  /** For the whole sign-on. */
  readonly timeoutMs?: number;
}

/** @throws EnvironmentError: unreachable, timeout, tls (another host key), upstream_auth, cancelled; ConfigError. The message never holds the credential. */
export async function connectUpstream(target: Target, credential: Credential, options: UpstreamOptions): Promise<Upstream> {
  const attempt = new Attempt(target, credential, options);
  try {
    return await attempt.run();
  } catch (error) {
    attempt.abandon();
    throw error;
  }
}

class Attempt {
  readonly #target: Target;
  readonly #credential: Credential;
  readonly #options: UpstreamOptions;
  readonly #name: string;
  readonly #pinned: PinnedKeys;
  readonly #client = new ssh2.Client();
  readonly #socket: Socket;
  #hostKey = '';
  #banner = '';
  #wrongKey: string | undefined;

  constructor(target: Target, credential: Credential, options: UpstreamOptions) {
    this.#target = target;
    this.#credential = credential;
    this.#options = options;
    this.#name = `${target.info.name} (${target.host}:${target.port})`;
    this.#pinned = new PinnedKeys(target.info.name, target.hostKeys ?? []);
    this.#socket = coalesced(tcpConnect({ host: target.host, port: target.port, noDelay: true, keepAlive: true, keepAliveInitialDelay: limits.keepAliveMs }));
  }

  abandon(): void {
    this.#client.on('error', () => undefined);
    this.#socket.on('error', () => undefined);
    this.#socket.destroy();
  }

  run(): Promise<Upstream> {
    const { signal, timeoutMs = limits.upstreamConnectTimeoutMs } = this.#options;
    return new Promise<Upstream>((resolve, reject) => {
      const timer = setTimeout(() => end(new EnvironmentError('env.timeout', `${this.#name} did not let us in within ${timeoutMs / 1000} seconds: see whether it is up, and whether something in between drops its packets`)), timeoutMs);
      const aborted = (): void => end(new EnvironmentError('env.cancelled', 'the session has ended'));
      const end = (error: Error | undefined): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
        if (error === undefined) resolve({ client: this.#client, hostKey: this.#hostKey, banner: this.#banner });
        else reject(error);
      };
      signal.addEventListener('abort', aborted, { once: true });
      if (signal.aborted) aborted();
      this.#socket.once('error', (error) => end(this.#unreachable(error)));
      this.#socket.once('connect', () => this.#handshake(end));
    });
  }

  #handshake(end: (error: Error | undefined) => void): void {
    const client = this.#client;
    client.once('ready', () => end(undefined));
    client.on('error', (error: Error & { level?: string }) => end(this.#failure(error)));
    client.once('close', () => end(this.#failure(new Error('it closed the connection before the sign-on was done'))));
    client.on('banner', (text) => {
      this.#banner += text;
      if (this.#banner.length > limits.sshBannerBytes) end(new EnvironmentError('env.unreachable', `${this.#name} sends a banner of more than ${limits.sshBannerBytes} bytes`));
    });
    this.#answerPrompts(end);
    try {
      client.connect(this.#config());
    } catch (error) {
      end(error instanceof ConfigError || error instanceof EnvironmentError ? error : new EnvironmentError('env.upstream_auth', `${this.#name}: the registered private key cannot be used`));
      return;
    }
  }

  #config(): ConnectConfig {
    return {
      sock: this.#socket,
      username: this.#credential.user,
      ...this.#signOn(),
      algorithms: targetAlgorithms(this.#pinned.algorithms, this.#options.compress),
      hostVerifier: (key: Buffer): boolean => this.#verify(key),
      // The whole attempt has one deadline, which is ours.
      readyTimeout: 0,
      keepaliveInterval: limits.keepAliveMs,
      keepaliveCountMax: 3,
    };
  }

  /** The one way that the lease names. */
  #signOn(): ConnectConfig {
    const secret = this.#credential.reveal();
    switch (this.#credential.kind) {
      case 'password':
        return { password: secret, tryKeyboard: true, authHandler: ['password', 'keyboard-interactive'] };
      case 'private_key':
        if (parsed(secret)?.isPrivateKey() !== true) throw new ConfigError(`the private key registered for ${this.#target.info.name} ${isEncrypted(secret) ? 'has a passphrase' : 'is none'}`, { fix: 'register a key of its own for Sallyport (ssh-keygen -t ed25519 -N ""), or take the passphrase off a copy (ssh-keygen -p -N "" -f COPY); the store keeps it sealed. Certificates of the store need no key at all' });
        return { privateKey: secret, authHandler: ['publickey'] };
      case 'certificate': {
        const { key, nowMs } = this.#options;
        return { agent: new CertificateAgent(this.#client, key, certificateFor(key, secret, nowMs).blob), authHandler: ['agent'] };
      }
    }
  }

  #verify(key: Buffer): boolean {
    this.#hostKey = fingerprint(key);
    const known = this.#pinned.matches(key);
    if (!known) this.#wrongKey = this.#hostKey;
    return known;
  }

  /** PAM asks for a password by prompts. Anything more than one hidden answer is not a password. */
  #answerPrompts(end: (error: Error) => void): void {
    let answered = false;
    this.#client.on('keyboard-interactive', (_name, _instructions, _lang, prompts, finish) => {
      if (prompts.length === 0) {
        finish([]);
      } else if (prompts.length === 1 && prompts[0]?.echo !== true && !answered) {
        answered = true;
        finish([this.#credential.reveal()]);
      } else {
        end(new EnvironmentError('env.upstream_auth', `${this.#name} asks for more than the registered password: register a private key, or use certificates of the store`));
      }
    });
  }

  #failure(error: Error & { level?: string }): Error {
    const expected = this.#pinned.fingerprints.join(' or ');
    if (this.#wrongKey !== undefined) {
      return new EnvironmentError('env.tls', `${this.#name} presented the host key ${this.#wrongKey}, but ${expected} is registered: somebody may be in between, or the host was set up anew. Nothing was sent to it. If it was set up anew, register its new host key`);
    }
    if (error.level === 'client-authentication' && this.#credential.kind === 'certificate') {
      return new EnvironmentError('env.upstream_auth', `${this.#name} refused the certificate for ${this.#credential.user}: its own log says why (a CA that it does not trust, a principal that it does not take, a clock that is wrong, a revocation)`);
    }
    if (error.level === 'client-authentication') return new EnvironmentError('env.upstream_auth', `${this.#name} refused the registered credential of ${this.#credential.user}: register one that it takes, or let it in there (authorized_keys, the account's password)`);
    if (/^Handshake failed: no matching host key format/.test(error.message)) return new EnvironmentError('env.tls', `${this.#name} has no host key of a registered type (${expected}): register the key of a type that it has`, { cause: error });
    return this.#unreachable(error);
  }

  #unreachable(error: Error): EnvironmentError {
    return new EnvironmentError('env.unreachable', `${this.#name} cannot be reached: ${messageOf(error)}`, { cause: error });
  }
}
