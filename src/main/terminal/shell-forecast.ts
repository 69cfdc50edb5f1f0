/** How policy would watch a shell that is opened now. The proxy decides again when it is. */
import { systemClock } from '../../base/clock.ts';
import type { ShellForecast } from '../../contract/ipc/terminal.ts';
import type { Target } from '../../proxy/core/ports.ts';
import { SshGatekeeper, terminalOf } from '../../proxy/ssh/gatekeeper.ts';
import type { Work } from '../work/work.ts';

export function shellForecast({ runtime, identity, device }: Pick<Work, 'runtime' | 'identity' | 'device'>, target: Target): ShellForecast {
  const gatekeeper = new SshGatekeeper(runtime.engine, { principal: identity.principal, connection: target.info, client: 'app', deviceId: device.id }, systemClock);
  const outcome = gatekeeper.judge({ kind: 'shell' });
  if (outcome.effect === 'allow') return { effect: 'allow', reason: '', approvers: [], ...rulesOf(outcome) };
  const approved = gatekeeper.judge({ kind: 'shell' }, true);
  const rules = approved.effect === 'allow' ? rulesOf(approved) : { mode: 'command' as const, uncertain: 'deny' as const };
  return { effect: outcome.effect, reason: outcome.reason, approvers: outcome.effect === 'hold' ? [...outcome.approvers] : [], ...rules };
}

function rulesOf(allowed: Parameters<typeof terminalOf>[0]): Pick<ShellForecast, 'mode' | 'uncertain'> {
  const { mode, uncertain } = terminalOf(allowed);
  return { mode, uncertain };
}
