/** Mode `gate` of a shell: the line that the screen shows is decided on before the key that runs it goes on. No boundary: docs/ssh.md says why. */
import { analyseCommand, INTERACTIVE } from '../../policy/shell/analyse.ts';
import type { Outcome, SshRequest, TerminalRules } from '../../policy/types.ts';
import { reference, type SshContext } from './context.ts';
import type { GateMaker } from './filters.ts';
import { askApproval, holdRefusal } from './holds.ts';
import type { Recorded } from './journal.ts';
import { GateRunner } from './terminal/gate-runner.ts';
import { UNCERTAIN } from './terminal/line-gate.ts';

export interface GateOptions {
  readonly channel: number;
  readonly rules: TerminalRules;
  readonly pty: { readonly cols: number; readonly rows: number };
  /** One line for the person at the terminal. */
  tell(message: string): void;
}

export function gated(context: SshContext, o: GateOptions): GateMaker {
  return (forward) =>
    new GateRunner({
      cols: o.pty.cols || 80,
      rows: o.pty.rows || 24,
      forward,
      failed: (error) => context.fail(error),
      decider: {
        line: (text, signal) => decideLine(context, o, text, signal),
        uncertain: (reason) => {
          if (o.rules.uncertain === 'observe') return Promise.resolve(true);
          // Nobody can approve keys whose meaning is not known: `hold` is refused like `deny`.
          const record = context.journal.refused(o.channel, 'a key that would run a line', UNCERTAIN[reason]);
          report(context, o, record, `the line cannot be read: ${UNCERTAIN[reason]}`, []);
          return Promise.resolve(false);
        },
      },
    });
}

async function decideLine(context: SshContext, o: GateOptions, text: string, signal: AbortSignal): Promise<boolean> {
  const { journal, gatekeeper } = context;
  const ssh: SshRequest = { kind: 'shell', command: analyseCommand(text, INTERACTIVE) };
  const outcome = gatekeeper.judge(ssh);
  const record = journal.request('ssh.exec', o.channel, outcome, { typed: true }, [{ name: 'command', value: journal.shown(text) }]);
  const refusal = await refusalOf(context, o, ssh, outcome, record, signal);
  if (refusal !== undefined) {
    journal.denied(o.channel, record, refusal.reason, refusal.policyIds, reference(context, record));
    report(context, o, record, `denied by policy: ${refusal.reason}`, refusal.policyIds);
    return false;
  }
  await journal.recorder.sync();
  return true;
}

async function refusalOf(context: SshContext, o: GateOptions, ssh: SshRequest, outcome: Outcome, record: Recorded, signal: AbortSignal): Promise<{ reason: string; policyIds: readonly string[] } | undefined> {
  if (outcome.effect === 'allow') return undefined;
  if (outcome.effect === 'deny') return outcome;
  const result = await askApproval(context, { channel: o.channel, record, outcome, ssh, tell: (m) => o.tell(m), signal });
  if (result.outcome !== 'approved') return { reason: holdRefusal(result), policyIds: outcome.policyIds };
  const again = context.gatekeeper.judge(ssh, true);
  return again.effect === 'allow' ? undefined : again;
}

function report({ journal, events, sessionId, target, ...context }: SshContext, o: GateOptions, record: Recorded, message: string, policyIds: readonly string[]): void {
  journal.recorder.commit();
  const ref = reference({ journal, events, sessionId, target, ...context }, record);
  events.emit({ event: 'request.denied', session_id: sessionId, connection: target.info.name, reason: journal.shown(message), policy_ids: policyIds, reference: ref });
  o.tell(`${message}. Reference ${ref}`);
}
