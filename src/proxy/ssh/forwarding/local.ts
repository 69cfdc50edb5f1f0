/** `direct-tcpip` channels (RFC 4254 section 7.2): -L, -D, -W and ProxyJump. Each is a request of its own. */
import type { Connection, ServerChannel, TcpipRequestInfo } from 'ssh2';
import { messageOf } from '../../../base/errors.ts';
import { admit } from '../admission.ts';
import type { SshContext } from '../context.ts';
import { openFailure, rejectOpen } from '../library.ts';
import { opened, type Started } from '../start-process.ts';
import { relay } from './relay.ts';

export interface ForwardOptions {
  readonly connection: Connection;
  readonly channel: number;
  ready(): Promise<SshContext>;
  readonly gone: AbortSignal;
}

export interface ForwardRequest {
  readonly accept: () => ServerChannel;
  readonly reject: () => void;
  readonly info: TcpipRequestInfo;
}

/** Resolves when the channel is closed. Rejects when the recording fails. */
export async function forwardChannel(o: ForwardOptions, r: ForwardRequest): Promise<void> {
  const { connection, channel, gone } = o;
  let context: SshContext;
  try {
    context = await o.ready();
  } catch (error) {
    rejectOpen(connection, r.reject, openFailure.connectFailed, `sallyport: ${messageOf(error)}`);
    return;
  }
  const { destIP: host, destPort: port } = r.info;
  const { journal } = context;
  const asked = await admit(context, {
    channel,
    ssh: { kind: 'forward', direction: 'local', host, port },
    clear: { port },
    fields: [{ name: 'host', value: host }],
    // There is no channel yet that could say why it waits: the event does.
    hold: (ask) => ask(() => undefined, gone),
  });
  const { request } = asked;
  if ('refusal' in asked) {
    rejectOpen(connection, r.reject, openFailure.prohibited, `sallyport: ${asked.refusal}`);
    return;
  }
  let started: Started;
  try {
    started = await opened((done) => context.upstream.forwardOut(r.info.srcIP, r.info.srcPort, host, port, done));
  } catch (error) {
    journal.forwardEnd(channel, request, 0, 0);
    rejectOpen(connection, r.reject, openFailure.connectFailed, `the target cannot reach ${host}:${port}: ${messageOf(error)}`);
    return;
  }
  const work = relay({ client: r.accept(), target: started.channel, closed: started.closed, gone });
  context.delivers(work);
  const carried = await work;
  journal.forwardEnd(channel, request, carried.sent, carried.received);
}
