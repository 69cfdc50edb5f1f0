/** The bytes of a forward: both ways, until one side closes. */
import type { ClientChannel, ServerChannel } from 'ssh2';
import { ChannelWriter, pump } from '../output.ts';

export interface Ends {
  readonly client: ServerChannel;
  readonly target: ClientChannel;
  /** Resolves when the target's channel is closed. */
  readonly closed: Promise<void>;
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal;
}

/** Bytes, as the client sees them. */
export interface Carried {
  readonly sent: number;
  readonly received: number;
}

/** Resolves when both sides are closed. */
export async function relay({ client, target, closed, gone }: Ends): Promise<Carried> {
  client.on('error', () => undefined);
  const end = new AbortController();
  const over = (): void => end.abort();
  gone.addEventListener('abort', over, { once: true });
  client.once('close', over);
  void closed.then(over);
  const toClient = new ChannelWriter(client, end.signal);
  const toTarget = new ChannelWriter(target, end.signal);
  let sent = 0;
  let received = 0;
  const up = pump(client, (chunk) => {
    sent += chunk.length;
    return toTarget.write(chunk);
  }, end.signal).then(async () => {
    await toTarget.flushed();
    target.eof();
  });
  const down = pump(target, (chunk) => {
    received += chunk.length;
    return toClient.write(chunk);
  }, end.signal).then(async () => {
    await toClient.flushed();
    client.eof();
  });
  await Promise.all([up, down]);
  gone.removeEventListener('abort', over);
  client.close();
  target.close();
  return { sent, received };
}
