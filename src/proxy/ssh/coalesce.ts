/**
 * The library writes each packet to its socket in three pieces (length, body, tag). One by one they are three system
 * calls and, without Nagle's algorithm, three segments; here everything of one turn of the event loop goes out in one.
 */
import type { Socket } from 'node:net';

/**
 * What waits for a reader at most. Data stops long before; this is for answers to somebody who asks on and on and never
 * reads them.
 */
const WAITING_BYTES = 128 * 1024 * 1024;

/** Sockets that have sent before the end of this turn. */
const early = new WeakSet<Socket>();

/** @returns the socket. What is written in one turn leaves at its end, in order; `end` and `destroy` are as before. */
export function coalesced(socket: Socket): Socket {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  const release = (): void => {
    early.delete(socket);
    socket.uncork();
  };
  socket.write = (...args: unknown[]): boolean => {
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(release);
    }
    const more = write(...args);
    if (!more && socket.writableLength > WAITING_BYTES) socket.destroy(new Error('the other side does not read what it is sent'));
    return more;
  };
  return socket;
}

/** Sends what was written in this turn before the turn ends, once a turn: a key does not wait for what is done about it. */
export function sendNow(socket: Socket): void {
  if (socket.writableCorked === 0 || early.has(socket)) return;
  early.add(socket);
  socket.uncork();
}
