/** What opening a local endpoint takes, whatever the protocol. */
import type { Clock } from '../../base/clock.ts';
import type { Principal } from '../../policy/types.ts';
import type { ListenerPolicy } from './endpoint.ts';
import type { ProxyEvents } from './events.ts';
import type { ControlPlane, Target } from './ports.ts';

export interface Opening {
  readonly target: Target;
  /** Name that native clients sign on with. */
  readonly user: string;
  readonly client: 'native' | 'agent';
  readonly policy: ListenerPolicy;
  readonly dataDir: string;
  readonly shared: { readonly principal: Principal; readonly deviceId: string; readonly control: ControlPlane; readonly clock: Clock; readonly events: ProxyEvents };
  /** Starts on the port that was asked for, or on that of last time, or on any. */
  onPort<T>(start: (port: number) => Promise<T>): Promise<T>;
}
