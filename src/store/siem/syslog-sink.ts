/**
 * Events to a syslog receiver over TLS (RFC 5425). Syslog has no acknowledgement: a batch counts as delivered when the
 * connection has taken all of it and is still there a moment later, and a batch during which it broke is sent again.
 */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { messageOf } from '../../base/errors.ts';
import type { SyslogSinkConfig, SyslogTls } from './config.ts';
import { DeliveryError, type Sink } from './sink.ts';
import { syslogFrame } from './syslog-message.ts';

const BATCH_EVENTS = 500;
const CONNECT_TIMEOUT_MS = 15_000;
const WRITE_TIMEOUT_MS = 30_000;
/** A receiver that closes or resets does so within this time of the last byte, on any usual network. */
const SETTLE_MS = 200;

export function syslogSink(c: SyslogSinkConfig, tls: SyslogTls, hostname: string): Sink {
  let open: TLSSocket | undefined;
  const drop = (): void => {
    open?.destroy();
    open = undefined;
  };
  return {
    batchEvents: BATCH_EVENTS,
    deliver: async (bodies) => {
      try {
        if (open === undefined || !usable(open)) {
          drop();
          open = await dial(c, tls);
        }
        await write(open, Buffer.concat(bodies.map((b) => syslogFrame(b, { hostname, maxBytes: c.max_bytes }))));
      } catch (cause) {
        drop();
        throw new DeliveryError(`${c.host}:${c.port}: ${messageOf(cause)}`, { cause });
      }
    },
    close: async () => {
      const socket = open;
      open = undefined;
      if (socket === undefined || !usable(socket)) return;
      // The receiver may not answer our close; it has what it needs.
      socket.end();
      await Promise.race([once(socket, 'close'), new Promise((resolve) => setTimeout(resolve, SETTLE_MS).unref())]);
      socket.destroy();
    },
  };
}

const usable = (s: TLSSocket): boolean => !s.destroyed && s.writable && !s.readableEnded;

async function dial(c: SyslogSinkConfig, tls: SyslogTls): Promise<TLSSocket> {
  const socket = connect({
    host: c.host,
    port: c.port,
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert, key: tls.key }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  });
  // What the receiver says is of no use; its end of the connection is.
  socket.resume();
  socket.on('error', () => undefined);
  try {
    await within(once(socket, 'secureConnect'), CONNECT_TIMEOUT_MS, 'no connection in time');
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return socket;
}

async function write(socket: TLSSocket, bytes: Buffer): Promise<void> {
  const broken = new Promise<never>((_resolve, reject) => {
    const fail = (why: string): void => reject(new Error(why));
    socket.once('error', (error: Error) => fail(error.message));
    socket.once('close', () => fail('the receiver closed the connection'));
    socket.once('end', () => fail('the receiver closed the connection'));
  });
  // Looked at below; a connection that breaks after the batch is the next batch's business.
  broken.catch(() => undefined);
  const written = new Promise<void>((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
  await Promise.race([broken, within(written, WRITE_TIMEOUT_MS, 'the receiver does not read')]);
  await Promise.race([broken, new Promise((resolve) => setTimeout(resolve, SETTLE_MS))]);
  socket.removeAllListeners('close').removeAllListeners('end');
}

async function within<T>(work: Promise<T>, ms: number, why: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(why)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
