/** A forward or the agent: decided, recorded, held and refused like a command. */
import type { ClearValue } from '../../../evidence/record.ts';
import type { Field } from '../../../evidence/types.ts';
import type { SshRequest } from '../../../policy/types.ts';
import type { HoldResult } from '../../core/hold.ts';
import { refuse, type Refused } from '../admission.ts';
import type { SshContext } from '../context.ts';
import { afterHold, askApproval } from '../holds.ts';
import type { Recorded } from '../journal.ts';

export interface Question {
  /** Number of the channel in the recording; 0 where the whole connection asks. */
  readonly channel: number;
  readonly ssh: SshRequest & { readonly kind: 'forward' | 'agent' };
  readonly clear: Readonly<Record<string, ClearValue>>;
  readonly fields: readonly Field[];
  /** Has `ask` wait: with a way to tell the client for what, and a signal that withdraws the request. */
  readonly hold: (ask: (tell: (message: string) => void, withdraw: AbortSignal) => Promise<HoldResult>) => Promise<HoldResult>;
}

/** Resolves when it is decided and, where it may go on, durably recorded. Rejects when it cannot be recorded. */
export async function askPolicy(context: SshContext, q: Question): Promise<{ readonly request: Recorded } | Refused> {
  const { journal, gatekeeper } = context;
  const outcome = gatekeeper.judge(q.ssh);
  const request = journal.request(q.ssh.kind === 'agent' ? 'ssh.agent' : 'ssh.forward', q.channel, outcome, q.clear, q.fields);
  const found = outcome.effect === 'hold' ? afterHold(context, await q.hold((tell, signal) => askApproval(context, { channel: q.channel, record: request, outcome, ssh: q.ssh, tell, signal })), q.ssh, outcome) : outcome;
  if (found.effect !== 'allow') return refuse(context, q.channel, request, found);
  await journal.recorder.sync();
  return { request };
}
