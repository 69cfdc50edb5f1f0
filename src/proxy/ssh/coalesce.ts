/**
 * The library writes each packet to its socket in three pieces (length, body, tag). One by one they are three system
 * calls and, without Nagle's algorithm, three segments; here everything of one turn of the event loop goes out in one.
 */
import type { Socket } from 'node:net';

/** @returns the socket. What is written in one turn leaves at its end, in order; `end` and `destroy` are as before. */
export function coalesced(socket: Socket): Socket {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  const release = (): void => socket.uncork();
  socket.write = (...args: unknown[]): boolean => {
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(release);
    }
    return write(...args);
  };
  return socket;
}
