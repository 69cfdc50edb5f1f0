/** What a connection keeps of channels that are over: nothing. Automation opens thousands over one connection. */
import { getEventListeners } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import ssh2 from 'ssh2';
import { expect, it } from 'vitest';
import type { Forwarding } from './forwarding/forwarding.ts';
import { newEd25519 } from './host-keys.ts';
import { SessionChannel } from './session-channel.ts';

it('channels come and go, and none waits for the end of the connection any more', async () => {
  const gone = new AbortController();
  let ended = 0;
  const server = new ssh2.Server({ hostKeys: [newEd25519('test').text] }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (attempt) => attempt.accept());
    connection.on('session', (accept) => {
      // It is asked for where a session is ready, and this one never is.
      const forwarding = {} as Forwarding;
      new SessionChannel({ session: accept(), channel: 1, forwarding, ready: () => Promise.reject(new Error('not today')), gone: gone.signal, fail: (error) => expect.fail(String(error)), refused: () => undefined, ended: () => ended++, fails: () => undefined, track: () => undefined });
    });
  });
  const tcp = createServer((socket) => server.injectSocket(socket));
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const client = new ssh2.Client();
  await new Promise<void>((resolve, reject) => {
    client.once('ready', resolve).once('error', reject).connect({ sock: connect((tcp.address() as AddressInfo).port, '127.0.0.1'), username: 'anyone', password: 'any' });
  });
  for (let n = 0; n < 3; n++) {
    const text = await new Promise<string>((resolve, reject) => {
      client.exec('anything', (error, channel) => {
        if (error) {
          reject(error);
          return;
        }
        let told = '';
        channel.stderr.on('data', (chunk: Buffer) => (told += String(chunk)));
        channel.resume().once('close', () => resolve(told));
      });
    });
    expect(text).toBe('sallyport: not today\n');
  }
  // An answer to something that comes after the last channel's end.
  await new Promise<void>((resolve) => client.forwardIn('127.0.0.1', 0, () => resolve()));
  expect(ended).toBe(3);
  expect(getEventListeners(gone.signal, 'abort')).toHaveLength(0);
  client.end();
  tcp.close();
});
