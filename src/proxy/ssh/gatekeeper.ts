/** Asks policy about one SSH request. Every request of a session has the same asker, target and policy. */
import type { Clock } from '../../base/clock.ts';
import { sshActionOf } from '../../policy/decide/ssh-action.ts';
import type { Outcome, PolicyEngine, Principal, Request, SshRequest, TerminalRules } from '../../policy/types.ts';
import type { Caller } from '../core/endpoint.ts';

export type Allowed = Outcome & { readonly effect: 'allow' };
export type Held = Outcome & { readonly effect: 'hold' };

/** Where policy says nothing of terminals: the strictest. */
const STRICT: TerminalRules = { mode: 'command', uncertain: 'deny', env: [] };

export const terminalOf = (outcome: Allowed): TerminalRules => outcome.terminal ?? STRICT;

export class SshGatekeeper {
  readonly engine: PolicyEngine;
  readonly #caller: Caller;
  readonly #clock: Clock;

  constructor(engine: PolicyEngine, caller: Caller, clock: Clock) {
    this.engine = engine;
    this.#caller = caller;
    this.#clock = clock;
  }

  connect(): Outcome {
    return this.engine.decide({ ...this.#caller, timeMs: this.#clock.nowMs(), approved: false, action: 'connect' });
  }

  judge(ssh: SshRequest, approved = false): Outcome {
    return this.engine.decide(this.#request(ssh, approved));
  }

  mayApprove(approver: Principal, ssh: SshRequest): { allowed: boolean; reason: string } {
    return this.engine.mayApprove(approver, this.#request(ssh, false));
  }

  #request(ssh: SshRequest, approved: boolean): Request {
    return { ...this.#caller, timeMs: this.#clock.nowMs(), approved, action: sshActionOf(ssh), ssh };
  }
}
