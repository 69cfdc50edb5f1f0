/** A writer in front of a reader that promises to take more than it reads: the library on both sides, over a real socket. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import ssh2, { type ClientChannel, type ServerChannel } from 'ssh2';
import { afterEach, expect, it } from 'vitest';
import { coalesced } from './coalesce.ts';
import { newEd25519 } from './host-keys.ts';
import { ChannelWriter } from './output.ts';

const CHUNK = Buffer.alloc(64 * 1024, 'x');
const MOST = 1_000;

interface Ends {
  readonly socket: Socket;
  readonly near: ServerChannel;
  readonly far: ClientChannel;
}

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const one of cleanUp.splice(0)) one();
});

async function open(): Promise<Ends> {
  const server = new ssh2.Server({ hostKeys: [newEd25519('test').text] });
  const tcp = createServer((socket) => server.injectSocket(coalesced(socket)));
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const near = new Promise<ServerChannel>((resolve) => {
    server.on('connection', (connection) => {
      connection.on('error', () => undefined);
      connection.on('authentication', (attempt) => attempt.accept());
      connection.on('session', (accept) => accept().on('exec', (take) => resolve(take())));
    });
  });
  const socket = connect((tcp.address() as AddressInfo).port, '127.0.0.1');
  const client = new ssh2.Client();
  client.on('error', () => undefined);
  cleanUp.push(() => {
    socket.destroy();
    tcp.close();
  });
  const far = new Promise<ClientChannel>((resolve, reject) => {
    client.once('error', reject).once('ready', () => client.exec('run', (error, channel) => (error ? reject(error) : resolve(channel))));
    client.connect({ sock: socket, username: 'anyone', password: 'anything' });
  });
  return { socket, near: await near, far: await far };
}

/** What the other side says that it takes. */
function promise(channel: ServerChannel, bytes: number): void {
  const { outgoing } = channel as unknown as { outgoing: { window: number } };
  outgoing.window = bytes;
}

it('waits when much waits in the socket, whatever the window, and goes on when it is read', async () => {
  const { socket, near, far } = await open();
  const gone = new AbortController();
  const writer = new ChannelWriter(near, gone.signal);
  let received = 0;
  far.on('data', (bytes: Buffer) => (received += bytes.length));
  far.stderr.resume();
  promise(near, 2 ** 31);
  socket.pause();
  let written = 0;
  let busy: Promise<void> | undefined;
  while (busy === undefined && written < MOST) {
    busy = writer.write(CHUNK);
    written++;
  }
  // A MiB, and what was on its way when it was reached.
  expect(written).toBeLessThan(40);
  socket.resume();
  await busy;
  await writer.flushed();
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (received === written * CHUNK.length) resolve();
    };
    far.on('data', look);
    look();
  });
  expect(received).toBe(written * CHUNK.length);
});

it('does not wait while the reader has room, and lets go of what waits when nobody reads any more', async () => {
  const { socket, near } = await open();
  const gone = new AbortController();
  const writer = new ChannelWriter(near, gone.signal);
  expect(writer.write(Buffer.from('little'))).toBeUndefined();
  promise(near, 10);
  const waits = writer.write(CHUNK);
  expect(waits).toBeInstanceOf(Promise);
  expect(writer.write(Buffer.from('behind it'))).toBeInstanceOf(Promise);
  socket.pause();
  gone.abort();
  await waits;
  await writer.flushed();
});
