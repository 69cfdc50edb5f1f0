/** Pieces that are written in one turn, over a real socket. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { coalesced, sendNow } from './coalesce.ts';

const server = createServer();
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => void server.close());

async function pair(): Promise<{ near: Socket; far: Socket }> {
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  return { near: coalesced(near), far };
}

async function all(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

it('leave together, in order, and whole when the socket ends in the same turn', async () => {
  const { near, far } = await pair();
  const received = all(far);
  near.write('a');
  near.write('b');
  expect(near.writableCorked).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(near.writableCorked).toBe(0);
  near.write('c');
  near.write('d');
  near.end('e');
  expect(await received).toBe('abcde');
});

it('tell when they are out, and how full the socket is', async () => {
  const { near, far } = await pair();
  const received = all(far);
  const out = await new Promise<unknown>((resolve) => near.write('x', resolve));
  expect(out ?? undefined).toBeUndefined();
  expect(near.write(Buffer.alloc(near.writableHighWaterMark))).toBe(false);
  await once(near, 'drain');
  near.end();
  expect((await received).length).toBe(near.writableHighWaterMark + 1);
});

it('go before the end of the turn when they may not wait, once a turn', async () => {
  const { near, far } = await pair();
  const received = all(far);
  near.write('a');
  near.write('b');
  sendNow(near);
  expect(near.writableCorked).toBe(0);
  expect(near.bytesWritten).toBe(2);
  near.write('c');
  sendNow(near);
  expect(near.writableCorked).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(near.writableCorked).toBe(0);
  near.write('d');
  sendNow(near);
  expect(near.writableCorked).toBe(0);
  near.end();
  expect(await received).toBe('abcd');
});

it('wait for a reader, but not for ever', async () => {
  const { near, far } = await pair();
  far.pause();
  far.on('error', () => undefined);
  const failed = once(near, 'error');
  const piece = Buffer.alloc(8 * 1024 * 1024);
  for (let n = 0; n < 8; n++) near.write(piece);
  expect(near.destroyed).toBe(false);
  for (let n = 0; n < 12; n++) near.write(piece);
  expect(near.destroyed).toBe(true);
  expect(String((await failed)[0])).toContain('does not read');
  far.destroy();
});
