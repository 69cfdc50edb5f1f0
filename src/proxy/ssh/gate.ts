/** Shells of modes `gate` and `observe`: the line that the screen shows is decided on when a key runs it. No boundary: docs/ssh-terminal.md says why. */
import { analyseCommand, INTERACTIVE } from '../../policy/shell/analyse.ts';
import type { TerminalRules } from '../../policy/types.ts';
import { admit } from './admission.ts';
import { reference, type SshContext } from './context.ts';
import type { GateMaker } from './filters.ts';
import { GateRunner, type GateDecider } from './terminal/gate-runner.ts';
import { UNCERTAIN, type UncertainReason } from './terminal/line-gate.ts';

export interface GateOptions {
  readonly channel: number;
  readonly rules: TerminalRules;
  readonly pty: { readonly cols: number; readonly rows: number };
  /** One line for the person at the terminal. */
  tell(message: string): void;
}

/** Nothing is stopped, so Enter waits hardly at all for the screen to show the line. */
const OBSERVED = { settledMs: 20, unansweredMs: 50 };

/** Mode `gate`: the key waits for the decision. */
export function gated(context: SshContext, o: GateOptions): GateMaker {
  return runner(context, o, {
    line: (text, signal) => decideLine(context, o, text, signal),
    uncertain: (reason) => Promise.resolve(o.rules.uncertain === 'observe' || refuseKey(context, o, reason)),
  });
}

/** Mode `observe`: what policy would not have allowed is recorded and reported, and runs. */
export function observed(context: SshContext, o: Omit<GateOptions, 'tell' | 'rules'>): GateMaker {
  const decider: GateDecider = {
    line: (text) => {
      advise(context, o.channel, text);
      return Promise.resolve(true);
    },
    uncertain: () => Promise.resolve(true),
  };
  return runner(context, o, decider, OBSERVED);
}

function runner(context: SshContext, { pty }: Pick<GateOptions, 'pty'>, decider: GateDecider, patience?: typeof OBSERVED): GateMaker {
  return (forward) => new GateRunner({ cols: pty.cols || 80, rows: pty.rows || 24, forward, failed: (error) => context.fail(error), decider, ...(patience ? { patience } : {}) });
}

async function decideLine(context: SshContext, o: GateOptions, text: string, signal: AbortSignal): Promise<boolean> {
  const ssh = { kind: 'shell', command: analyseCommand(text, INTERACTIVE) } as const;
  const result = await admit(context, { channel: o.channel, ssh, clear: { typed: true }, fields: [], hold: (ask) => ask((m) => o.tell(m), signal) });
  if ('allowed' in result) return true;
  o.tell(result.refusal);
  return false;
}

function refuseKey(context: SshContext, o: GateOptions, reason: UncertainReason): boolean {
  const { journal, events, sessionId, target } = context;
  const record = journal.refused(o.channel, 'a key that would run a line', UNCERTAIN[reason]);
  journal.recorder.commit();
  const ref = reference(context, record);
  const message = `the line cannot be read: ${UNCERTAIN[reason]}`;
  events.emit({ event: 'request.denied', session_id: sessionId, connection: target.info.name, reason: message, policy_ids: [], reference: ref });
  o.tell(`${message}. Reference ${ref}`);
  return false;
}

function advise(context: SshContext, channel: number, text: string): void {
  const { journal, gatekeeper, events, sessionId, target } = context;
  const outcome = gatekeeper.judge({ kind: 'shell', command: analyseCommand(text, INTERACTIVE) });
  if (outcome.effect === 'allow') return;
  const record = journal.advisory(channel, outcome, text);
  journal.recorder.commit();
  events.emit({ event: 'request.advisory', session_id: sessionId, connection: target.info.name, effect: outcome.effect, reason: journal.shown(outcome.reason), policy_ids: outcome.policyIds, reference: reference(context, record) });
}
