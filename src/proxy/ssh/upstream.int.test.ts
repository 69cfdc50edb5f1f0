/** Targets that do not behave: each ends in a clear message, in bounded time. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import ssh2 from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import type { Target } from '../core/ports.ts';
import { credential } from '../core/secret.ts';
import { ephemeralKey } from './certificate.ts';
import { newEd25519 } from './host-keys.ts';
import { connectUpstream } from './upstream.ts';

const host = newEd25519('host');
const pinned = `ssh-ed25519 ${host.key.getPublicSSH().toString('base64')}`;
const secret = credential('app', 'canary-4711');

let server: Server | undefined;
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server?.close();
});

async function target(serve: (socket: Socket) => void): Promise<Target> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { info: { name: 'web1', protocol: 'ssh', labels: {}, database: '', tls: 'verify' }, host: '127.0.0.1', port: (server.address() as AddressInfo).port, hostKeys: [pinned] };
}

/** A server of the library: what a real one would not do on demand. */
async function sshTarget(serve: (connection: ssh2.Connection) => void, config: Partial<ssh2.ServerConfig> = {}): Promise<Target> {
  const ssh = new ssh2.Server({ hostKeys: [host.text], ...config }, (connection) => {
    connection.on('error', () => undefined);
    serve(connection);
  });
  return target((socket) => ssh.injectSocket(socket));
}

const attempt = (to: Target, timeoutMs = 5_000, signal = new AbortController().signal): ReturnType<typeof connectUpstream> => connectUpstream(to, secret, { compress: false, key: ephemeralKey(), nowMs: Date.now(), signal, timeoutMs });

describe('a target', () => {
  it('with a password is signed on to, by password and by prompt', async () => {
    for (const method of ['password', 'keyboard-interactive'] as const) {
      const to = await sshTarget((connection) =>
        connection.on('authentication', (ctx) => {
          if (ctx.method === 'password' && method === 'password' && ctx.password === 'canary-4711') ctx.accept();
          else if (ctx.method === 'keyboard-interactive' && method === 'keyboard-interactive') ctx.prompt([{ prompt: 'Password: ', echo: false }], (answers) => (answers[0] === 'canary-4711' ? ctx.accept() : ctx.reject()));
          else ctx.reject([method]);
        }),
      );
      const { client } = await attempt(to);
      client.end();
    }
  });

  it('that asks for more than a password is not answered', async () => {
    const asked: string[][] = [];
    const to = await sshTarget((connection) =>
      connection.on('authentication', (ctx) => {
        if (ctx.method === 'keyboard-interactive') ctx.prompt([{ prompt: 'Password: ', echo: false }, { prompt: 'Code: ', echo: true }], (answers) => asked.push(answers));
        else ctx.reject(['keyboard-interactive']);
      }),
    );
    await expect(attempt(to)).rejects.toMatchObject({ code: 'env.upstream_auth', message: expect.stringContaining('asks for more') as string });
    expect(asked).toEqual([]);
  });

  it('whose registered key has a passphrase: that is said, with what to do', async () => {
    const { private: key } = ssh2.utils.generateKeyPairSync('ed25519', { passphrase: 'canary-4712', cipher: 'aes256-ctr', rounds: 1 });
    const to = await sshTarget(() => undefined);
    const told = (text: string): Promise<unknown> => connectUpstream(to, credential('app', text, 'private_key'), { compress: false, key: ephemeralKey(), nowMs: Date.now(), signal: new AbortController().signal, timeoutMs: 5_000 }).catch(String);
    expect(await told(key)).toContain('has a passphrase (register a key of its own');
    expect(await told('no key')).toContain('web1 is none');
  });

  it('that refuses the credential', async () => {
    const error: unknown = await attempt(await sshTarget((connection) => connection.on('authentication', (ctx) => ctx.reject(['password'])))).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'env.upstream_auth' });
    expect(String(error)).not.toContain('canary');
  });

  it('with another key gets no credential', async () => {
    let asked = 0;
    const to = await sshTarget((connection) => connection.on('authentication', () => asked++));
    const other = `ssh-ed25519 ${newEd25519('other').key.getPublicSSH().toString('base64')}`;
    await expect(attempt({ ...to, hostKeys: [other] })).rejects.toMatchObject({ code: 'env.tls', message: expect.stringContaining('somebody may be in between') as string });
    expect(asked).toBe(0);
    await expect(attempt({ ...to, hostKeys: [] })).rejects.toThrow(/never trusted at first sight/);
  });

  it('that says nothing, that never finishes, that closes in the handshake', async () => {
    await expect(attempt(await target(() => undefined), 200)).rejects.toMatchObject({ code: 'env.timeout' });
    await expect(attempt(await sshTarget((connection) => connection.on('authentication', () => undefined)), 400)).rejects.toMatchObject({ code: 'env.timeout' });
    await expect(attempt(await target((socket) => socket.once('data', () => socket.destroy())))).rejects.toMatchObject({ code: 'env.unreachable' });
    await expect(attempt(await target((socket) => socket.write('SSH-2.0-x\r\n', () => setImmediate(() => socket.destroy()))))).rejects.toMatchObject({ code: 'env.unreachable' });
  });

  it('that speaks something else, and one that floods', async () => {
    await expect(attempt(await target((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n', () => socket.end())))).rejects.toMatchObject({ code: 'env.unreachable' });
    const flood = (socket: Socket): void => void socket.write(`${'x'.repeat(100)}\r\n`.repeat(5_000));
    await expect(attempt(await target(flood), 2_000)).rejects.toMatchObject({ name: 'EnvironmentError', code: 'env.unreachable' });
    const banner = await sshTarget((connection) => connection.on('authentication', () => undefined), { banner: 'x'.repeat(200_000) });
    await expect(attempt(banner)).rejects.toThrow(/banner of more than|cannot be reached/);
  });

  it('is let go of when nobody waits any more', async () => {
    const abort = new AbortController();
    const waiting = attempt(await target(() => undefined), 5_000, abort.signal);
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'env.cancelled' });
  });
});
