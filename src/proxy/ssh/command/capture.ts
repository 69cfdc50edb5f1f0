/** Runs an admitted command for the proxy's own use: its output is read, recorded, and not shown. */
import type { Admitted } from '../admission.ts';
import type { SshContext } from '../context.ts';
import { pump } from '../output.ts';
import { startProcess } from '../start-process.ts';
import { Meter, OutputKeeper } from '../stream-journal.ts';

/** Of each of the two outputs. */
const MAX_BYTES = 16 * 1024;

export interface Captured {
  /** Exit status; 255 where there was none. */
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface CaptureOptions {
  readonly context: SshContext;
  readonly channel: number;
  readonly admitted: Admitted;
  readonly command: string;
  readonly variables: ReadonlyMap<string, string>;
  /** Aborted when nobody waits for it any more. */
  readonly gone: AbortSignal;
}

/** Rejects with what the target answered instead of running it. */
export async function capture({ context, channel, admitted, command, variables, gone }: CaptureOptions): Promise<Captured> {
  const { journal } = context;
  const { request, allowed } = admitted;
  const target = await startProcess(context.upstream, command, { pty: undefined, variables, gone });
  target.channel.end();
  const read = async (fd: 1 | 2): Promise<{ text: string; meter: Meter }> => {
    const meter = new Meter();
    const kept: Buffer[] = [];
    const keeper = new OutputKeeper(journal, channel, request, fd, allowed.recordLevel !== 'statement', (error) => context.fail(error));
    const take = (chunk: Buffer): undefined => {
      if (meter.bytes < MAX_BYTES) kept.push(chunk.subarray(0, MAX_BYTES - meter.bytes));
      meter.add(chunk);
      keeper.add(chunk);
    };
    await pump(fd === 1 ? target.channel : target.channel.stderr, take, gone);
    keeper.end();
    return { text: Buffer.concat(kept).toString('utf8'), meter };
  };
  const [out, err] = await Promise.all([read(1), read(2)]);
  if (!gone.aborted) await target.closed;
  const exit = target.exit();
  target.channel.close();
  journal.exit(channel, request, exit, { in: new Meter().end(), out: out.meter.end(), err: err.meter.end() }, [], false);
  journal.recorder.commit();
  return { status: exit?.kind === 'status' ? exit.status : 255, out: out.text, err: err.text };
}
