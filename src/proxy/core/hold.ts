/**
 * Waits for a held request. The store only carries decisions: every one is verified here again, against the request
 * this process made and the policy it runs, before it counts (design.md section 8).
 */
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { expiredAfter, WITHDRAWN } from '../../contract/refusal.ts';
import { verifyDecision, type ApprovalDecision, type ApprovalRequest } from '../../evidence/approval.ts';
import type { Principal } from '../../policy/types.ts';
import type { ApprovalStatus, ApproverKey, ControlPlane, SignedDecision } from './ports.ts';

export type HoldResult =
  | { readonly outcome: 'approved'; readonly approvers: readonly Principal[]; readonly decisions: readonly SignedDecision[] }
  | { readonly outcome: 'denied'; readonly reason: string; readonly by: string; readonly decisions: readonly SignedDecision[] }
  | { readonly outcome: 'expired' | 'cancelled'; readonly reason: string }
  | { readonly outcome: 'refused'; readonly reason: string };

export interface HoldInput {
  readonly control: ControlPlane;
  readonly clock: Clock;
  readonly request: ApprovalRequest;
  /** Cedar's answer for this approver; checked for each signature that verified. */
  readonly mayApprove: (approver: Principal) => { allowed: boolean; reason: string };
  /** Aborted when the client cancels or goes away. */
  readonly signal: AbortSignal;
  /** Called for each decision that came, counted or not, before anything follows from it. Goes into the recording. */
  readonly onDecision: (decision: SignedDecision, verdict: { counted: boolean; reason: string; principal?: Principal }) => void;
}

const RETRY_MS = [250, 500, 1_000, 2_000, 5_000];

/** Asks for approval and waits until it is granted, denied, expired or cancelled. Never throws. */
export async function awaitApproval(input: HoldInput): Promise<HoldResult> {
  const { control, request, signal } = input;
  try {
    await control.requestApproval(request);
  } catch (error) {
    return { outcome: 'refused', reason: `approval could not be asked for: ${messageOf(error)}` };
  }
  const tally = new Tally(input);
  let failures = 0;
  for (;;) {
    if (signal.aborted) return cancelled(input);
    const leftMs = request.expires_ms - input.clock.nowMs();
    if (leftMs <= 0) return { outcome: 'expired', reason: expiredAfter(request.expires_ms - request.created_ms) };
    let status: ApprovalStatus;
    try {
      status = await control.waitApproval(request.id, tally.seen, AbortSignal.any([signal, AbortSignal.timeout(Math.min(leftMs, 60_000))]));
      failures = 0;
    } catch {
      // An abort is seen at the top of the loop.
      await pause(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)] ?? 1_000, signal);
      continue;
    }
    const result = await tally.take(status);
    if (result) return result;
    if (status.state === 'cancelled') return { outcome: 'cancelled', reason: WITHDRAWN };
    if (status.state === 'expired') return { outcome: 'expired', reason: expiredAfter(request.expires_ms - request.created_ms) };
    // A store that calls the matter closed without enough valid signatures does not get to decide it.
    if (status.state === 'approved') return { outcome: 'refused', reason: `the store says approved, but ${tally.describe()}` };
    if (status.state === 'denied') return { outcome: 'refused', reason: `the store says denied, but ${tally.describe()}` };
  }
}

async function cancelled(input: HoldInput): Promise<HoldResult> {
  await input.control.cancelApproval(input.request.id).catch(() => undefined);
  return { outcome: 'cancelled', reason: WITHDRAWN };
}

/** Counts distinct people whose signatures verify. */
class Tally {
  readonly #input: HoldInput;
  readonly #approvers = new Map<string, Principal>();
  readonly #counted: SignedDecision[] = [];
  #lastRefusal = 'no decision came';
  seen = 0;

  constructor(input: HoldInput) {
    this.#input = input;
  }

  describe(): string {
    return `only ${this.#approvers.size} of ${this.#input.request.quorum} signatures count: ${this.#lastRefusal}`;
  }

  async take(status: ApprovalStatus): Promise<HoldResult | undefined> {
    const fresh = status.decisions.slice(this.seen);
    this.seen = status.decisions.length;
    if (fresh.length === 0) return undefined;
    const keys = await this.#input.control.approverKeys().catch(() => [] as readonly ApproverKey[]);
    for (const decision of fresh) {
      const result = await this.#one(decision, keys);
      if (result) return result;
    }
    return undefined;
  }

  async #one(signed: SignedDecision, keys: readonly ApproverKey[]): Promise<HoldResult | undefined> {
    const { request, clock, onDecision } = this.#input;
    let decision: ApprovalDecision;
    let principal: Principal;
    try {
      // The principal is the enrolled owner of the key, not what the message says.
      ({ decision, principal } = await verifyDecision({ envelope: signed.envelope, request, keys, nowMs: clock.nowMs() }));
    } catch (error) {
      this.#lastRefusal = messageOf(error);
      onDecision(signed, { counted: false, reason: this.#lastRefusal });
      return undefined;
    }
    const allowed = this.#input.mayApprove(principal);
    if (!allowed.allowed) {
      this.#lastRefusal = allowed.reason;
      onDecision(signed, { counted: false, reason: allowed.reason, principal });
      return undefined;
    }
    onDecision(signed, { counted: true, reason: decision.reason, principal });
    this.#counted.push(signed);
    if (decision.decision === 'deny') return { outcome: 'denied', reason: decision.reason, by: principal.name, decisions: this.#counted };
    this.#approvers.set(`${principal.issuer}\0${principal.subject}`, principal);
    if (this.#approvers.size < request.quorum) return undefined;
    return { outcome: 'approved', approvers: [...this.#approvers.values()], decisions: this.#counted };
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
