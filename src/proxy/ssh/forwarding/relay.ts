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
  const [sent, received] = await Promise.all([carry(client, target, end.signal), carry(target, client, end.signal)]);
  gone.removeEventListener('abort', over);
  client.close();
  target.close();
  return { sent, received };
}

/** @returns how many bytes went, when there are no more */
async function carry(from: ServerChannel | ClientChannel, to: ServerChannel | ClientChannel, over: AbortSignal): Promise<number> {
  const writer = new ChannelWriter(to, over);
  let bytes = 0;
  await pump(from, (chunk) => {
    bytes += chunk.length;
    return writer.write(chunk);
  }, over);
  await writer.flushed();
  to.eof();
  return bytes;
}
