/** What one session's parts share. */
import type { Clock } from '../../base/clock.ts';
import type { SessionId } from '../../base/ids.ts';
import type { MaskContext } from '../../policy/mask/index.ts';
import type { CatalogView, PolicyEngine } from '../../policy/types.ts';
import type { Caller } from '../core/endpoint.ts';
import type { ProxyEvents } from '../core/events.ts';
import type { ControlPlane, Target } from '../core/ports.ts';
import type { Analyser } from './analyser.ts';
import type { CatalogSource } from './catalog-source.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import type { Journal } from './journal.ts';
import type { Output } from './output.ts';
import type { SessionState } from './state.ts';

export interface SessionContext {
  readonly sessionId: SessionId;
  readonly target: Target;
  readonly caller: Caller;
  readonly engine: PolicyEngine;
  readonly gatekeeper: Gatekeeper;
  readonly analyser: Analyser;
  readonly catalogs: CatalogSource;
  readonly journal: Journal;
  readonly masks: MaskContext;
  readonly control: ControlPlane;
  readonly clock: Clock;
  readonly events: ProxyEvents;
  readonly state: SessionState;
  readonly toClient: Output;
  readonly toServer: Output;
  /** The catalog that this session's statements are analysed against, and which one it is. */
  catalog: { view: CatalogView | undefined; stamp: string; /** `CatalogSource.changes` before it was read. */ changes: number };
  /** Ends the session; the first call counts. */
  fail(error: unknown): void;
}

/** What people quote to a security engineer: session and record number. */
export const reference = (context: SessionContext, record: number): string => `${context.sessionId}/${record}`;
