/** The one path on which a command line, the opening of a shell, a forward or the agent is decided, recorded, held and refused. */
import { asText, deniedByPolicy } from '../../contract/refusal.ts';
import type { ClearValue } from '../../evidence/record.ts';
import type { Field } from '../../evidence/types.ts';
import type { Outcome, SshRequest } from '../../policy/types.ts';
import type { HoldResult } from '../core/hold.ts';
import { reference, type SshContext } from './context.ts';
import type { Allowed } from './gatekeeper.ts';
import { afterHold, askApproval, type Refusal } from './holds.ts';
import type { Recorded } from './journal.ts';

/** What bytes that are not UTF-8 were read as: the command that was meant is not known any more. */
const REPLACEMENT = '\ufffd';
const NOT_UTF8: Outcome = { effect: 'deny', reason: 'the command is not valid UTF-8', policyIds: [] };

export interface Asked {
  /** Number of the channel in the recording; 0 where the whole connection asks. */
  readonly channel: number;
  readonly ssh: Exclude<SshRequest, { readonly kind: 'sftp' }>;
  /** Nothing that a person typed. */
  readonly clear: Readonly<Record<string, ClearValue>>;
  /** Besides the command line. */
  readonly fields: readonly Field[];
  /** Has `ask` wait: with a way to tell the client for what, and a signal that withdraws the request. */
  readonly hold: (ask: (tell: (message: string) => void, withdraw: AbortSignal) => Promise<HoldResult>) => Promise<HoldResult>;
}

export interface Admitted {
  readonly request: Recorded;
  readonly allowed: Allowed;
  /** Names of those who approved it. */
  readonly approvers: readonly string[];
}

export interface Refused {
  readonly request: Recorded;
  /** For the client: why, by which policies, and what to quote. */
  readonly refusal: string;
}

/** Resolves when it is decided and, where it may go on, durably recorded. Rejects when it cannot be recorded. */
export async function admit(context: SshContext, asked: Asked): Promise<Admitted | Refused> {
  const { journal, gatekeeper } = context;
  const { ssh, channel } = asked;
  const text = ssh.kind === 'exec' || ssh.kind === 'shell' ? ssh.command?.text : undefined;
  const outcome = text?.includes(REPLACEMENT) === true ? NOT_UTF8 : gatekeeper.judge(ssh);
  // A line of a shell is recorded like a command: both are run.
  const request = journal.request(text === undefined ? `ssh.${ssh.kind}` : 'ssh.exec', channel, outcome, asked.clear, [...(text === undefined ? [] : [{ name: 'command', value: journal.shown(text) }]), ...asked.fields]);
  let found: Allowed | (Refusal & { readonly effect: 'deny' });
  let approvers: readonly string[] = [];
  if (outcome.effect === 'hold') {
    const result = await asked.hold((tell, signal) => askApproval(context, { channel, record: request, outcome, ssh, tell, signal }));
    found = afterHold(context, result, ssh, outcome);
    if (result.outcome === 'approved') approvers = result.approvers.map((p) => p.name);
  } else {
    found = outcome;
  }
  if (found.effect !== 'allow') return refuse(context, channel, request, found);
  // Promise 1: durable before it goes on.
  await journal.recorder.sync();
  return { request, allowed: found, approvers };
}

/** Records that a request is refused, and says so to the host. */
export function refuse(context: SshContext, channel: number, request: Recorded, { reason, policyIds, held }: Refusal): Refused {
  const { journal, events, sessionId, target } = context;
  const ref = reference(context, request);
  journal.denied(channel, request, reason, policyIds, ref);
  journal.recorder.commit();
  events.emit({ event: 'request.denied', session_id: sessionId, connection: target.info.name, reason: journal.shown(reason), policy_ids: policyIds, reference: ref });
  return { request, refusal: asText(held === true ? reason : deniedByPolicy(reason), policyIds, ref) };
}
