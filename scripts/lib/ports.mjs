// Free loopback ports.
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Stop } from './log.mjs';

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const answers = (port) => new Promise((resolve) => {
  const socket = connect({ host: '127.0.0.1', port });
  socket.once('connect', () => { socket.destroy(); resolve(true); });
  socket.once('error', () => resolve(false));
});

/** Waits until something accepts connections on the port. `stillAlive` ends the wait early when the server has died. */
export async function waitForPort(port, { label, timeoutMs = 60_000, stillAlive = () => true }) {
  const deadline = Date.now() + timeoutMs;
  while (!(await answers(port))) {
    if (!stillAlive()) throw new Stop(`${label} ended before it was ready`);
    if (Date.now() > deadline) throw new Stop(`${label} was not ready within ${timeoutMs / 1000} s`);
    await delay(50);
  }
}
