/** What the channels of one SSH connection share. */
import type { Client } from 'ssh2';
import type { Clock } from '../../base/clock.ts';
import type { SessionId } from '../../base/ids.ts';
import type { MaskContext } from '../../policy/mask/index.ts';
import type { Caller } from '../core/endpoint.ts';
import type { ProxyEvents } from '../core/events.ts';
import type { ControlPlane, Target } from '../core/ports.ts';
import type { Allowed, SshGatekeeper } from './gatekeeper.ts';
import type { Recorded, SshJournal } from './journal.ts';

export interface SshContext {
  readonly sessionId: SessionId;
  readonly target: Target;
  readonly caller: Caller;
  readonly gatekeeper: SshGatekeeper;
  readonly journal: SshJournal;
  readonly masks: MaskContext;
  readonly control: ControlPlane;
  readonly clock: Clock;
  readonly events: ProxyEvents;
  /** Policy's answer to the connection itself. */
  readonly connect: Allowed;
  /** The user that it was signed on as. */
  readonly account: string;
  /** The target, signed on to. */
  readonly upstream: Client;
  /** What the target said before the sign-on, for the first who asks; '' after that. */
  takeBanner(): string;
  /** When the target goes away, the session ends after this: what the target sent before is still on its way to the client. */
  delivers(work: Promise<unknown>): void;
  /** Ends the session; the first call counts. */
  fail(error: unknown): void;
}

/** What people quote to a security engineer: session and record number. */
export const reference = (context: SshContext, record: Recorded): string => `${context.sessionId}/${record.n}`;
