/** `direct-tcpip` channels (RFC 4254 section 7.2): -L, -D, -W and ProxyJump. Each is a request of its own. */
import type { Connection, ServerChannel, TcpipRequestInfo } from 'ssh2';
import { messageOf } from '../../base/errors.ts';
import type { SshRequest } from '../../policy/types.ts';
import { reference, type SshContext } from './context.ts';
import { askApproval, holdRefusal } from './holds.ts';
import type { Recorded } from './journal.ts';
import { openFailure, rejectOpen } from './library.ts';
import { ChannelWriter, pump } from './output.ts';
import { opened, type Started } from './start-process.ts';

export interface ForwardOptions {
  readonly connection: Connection;
  readonly channel: number;
  ready(): Promise<SshContext>;
  readonly gone: AbortSignal;
  fail(error: unknown): void;
}

export interface ForwardRequest {
  readonly accept: () => ServerChannel;
  readonly reject: () => void;
  readonly info: TcpipRequestInfo;
}

/** Resolves when the channel is closed. Rejects when the recording fails. */
export async function forwardChannel(o: ForwardOptions, r: ForwardRequest): Promise<void> {
  let context: SshContext;
  try {
    context = await o.ready();
  } catch (error) {
    rejectOpen(o.connection, r.reject, openFailure.connectFailed, `sallyport: ${messageOf(error)}`);
    return;
  }
  const { journal, events, sessionId, target } = context;
  const ssh: SshRequest = { kind: 'forward', direction: 'local', host: r.info.destIP, port: r.info.destPort };
  const outcome = context.gatekeeper.judge(ssh);
  const request = journal.request('ssh.forward', o.channel, outcome, { port: r.info.destPort }, [{ name: 'host', value: r.info.destIP }]);
  const refusal = await refusalOf(context, o, ssh, outcome, request);
  if (refusal !== undefined) {
    const ref = reference(context, request);
    journal.denied(o.channel, request, refusal.reason, refusal.policyIds, ref);
    journal.recorder.commit();
    events.emit({ event: 'request.denied', session_id: sessionId, connection: target.info.name, reason: journal.shown(refusal.reason), policy_ids: refusal.policyIds, reference: ref });
    rejectOpen(o.connection, r.reject, openFailure.prohibited, `sallyport: denied by policy: ${refusal.reason}. Reference ${ref}`);
    return;
  }
  await journal.recorder.sync();
  let started: Started;
  try {
    started = await opened((done) => context.upstream.forwardOut(r.info.srcIP, r.info.srcPort, r.info.destIP, r.info.destPort, done));
  } catch (error) {
    journal.forwardEnd(o.channel, request, 0, 0);
    rejectOpen(o.connection, r.reject, openFailure.connectFailed, `the target cannot reach ${r.info.destIP}:${r.info.destPort}: ${messageOf(error)}`);
    return;
  }
  await relay(o, r.accept(), started, context, request);
}

type Judged = ReturnType<SshContext['gatekeeper']['judge']>;

async function refusalOf(context: SshContext, o: ForwardOptions, ssh: SshRequest, outcome: Judged, record: Recorded): Promise<{ reason: string; policyIds: readonly string[] } | undefined> {
  if (outcome.effect === 'allow') return undefined;
  if (outcome.effect === 'deny') return outcome;
  // There is no channel yet that could say why it waits: the event does.
  const result = await askApproval(context, { channel: o.channel, record, outcome, ssh, tell: () => undefined, signal: o.gone });
  if (result.outcome !== 'approved') return { reason: holdRefusal(result), policyIds: outcome.policyIds };
  const again = context.gatekeeper.judge(ssh, true);
  return again.effect === 'allow' ? undefined : again;
}

async function relay(o: ForwardOptions, client: ServerChannel, { channel: target, closed }: Started, context: SshContext, request: Recorded): Promise<void> {
  client.on('error', () => undefined);
  const end = new AbortController();
  o.gone.addEventListener('abort', () => end.abort(), { once: true });
  client.once('close', () => end.abort());
  void closed.then(() => end.abort());
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
  client.close();
  target.close();
  context.journal.forwardEnd(o.channel, request, sent, received);
}
