/**
 * What the proxy tells its host (the app's window, the gateway's stdout). Events never carry a credential or an
 * unmasked value.
 */
import { EventEmitter } from 'node:events';
import type { ApprovalId, SessionId } from '../../base/ids.ts';
import type { TufVersions } from '../../evidence/types.ts';

export interface MaskedColumn {
  readonly column: number;
  readonly classId: string;
  readonly rule: string;
}

export type ProxyEvent =
  | { readonly event: 'session.opened'; readonly session_id: SessionId; readonly connection: string; readonly client: string; readonly program: string; readonly recording: string; /** Where the client connects from. */ readonly address?: string }
  | { readonly event: 'session.closed'; readonly session_id: SessionId; readonly connection: string; readonly reason: string; readonly recording: string; readonly statements: number }
  | { readonly event: 'request.denied'; readonly session_id: SessionId; readonly connection: string; readonly reason: string; readonly policy_ids: readonly string[]; readonly reference: string }
  /** Nothing was stopped: policy would have refused or held this line of a shell that is only observed. */
  | { readonly event: 'request.advisory'; readonly session_id: SessionId; readonly connection: string; readonly effect: 'deny' | 'hold'; readonly reason: string; readonly policy_ids: readonly string[]; readonly reference: string }
  | {
      readonly event: 'request.held';
      readonly session_id: SessionId;
      readonly connection: string;
      readonly approval_id: ApprovalId;
      /** What waits, as approvers see it. */
      readonly statement: string;
      readonly reason: string;
      readonly policy_ids: readonly string[];
      readonly approvers: readonly string[];
      readonly quorum: number;
      readonly expires_ms: number;
    }
  | { readonly event: 'request.released'; readonly session_id: SessionId; readonly approval_id: ApprovalId; readonly outcome: 'approved' | 'denied' | 'expired' | 'cancelled' | 'refused'; readonly reason: string }
  | {
      readonly event: 'statement.result';
      readonly session_id: SessionId;
      readonly n: number;
      readonly masked: readonly MaskedColumn[];
      readonly detected: Readonly<Record<string, number>>;
    }
  | { readonly event: 'auth.refused'; readonly connection: string; readonly reason: string; readonly address: string }
  | { readonly event: 'upload.state'; readonly state: 'idle' | 'uploading' | 'offline'; readonly pending_sessions: number; readonly pending_bytes: number; readonly error?: string }
  | { readonly event: 'session.uploaded'; readonly session_id: SessionId }
  | { readonly event: 'session.break_glass'; readonly session_id: SessionId; readonly connection: string; readonly reason: string }
  | { readonly event: 'policy.activated'; readonly name: string; readonly serial: number; readonly bundle: string; readonly ring: string; readonly tuf: TufVersions }
  | { readonly event: 'policy.refused'; readonly reason: string }
  | { readonly event: 'policy.degraded'; readonly why: 'expired' | 'stopped'; readonly reason: string }
  | { readonly event: 'policy.restored'; readonly bundle: string };

/** Typed wrapper: listeners must not throw, and a throwing one must not stop a session. */
export class ProxyEvents {
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  on(listener: (event: ProxyEvent) => void): () => void {
    this.#emitter.on('event', listener);
    return () => this.#emitter.off('event', listener);
  }

  emit(event: ProxyEvent): void {
    for (const listener of this.#emitter.listeners('event')) {
      try {
        (listener as (event: ProxyEvent) => void)(event);
      } catch (error) {
        process.stderr.write(`event listener failed: ${error instanceof Error ? error.message : String(error)}\n`);
      }
    }
  }
}
