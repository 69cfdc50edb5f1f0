/** Turns a hold into an approval request for exactly these bytes, tells the client, and waits. One at a time per session. */
import { createHash } from 'node:crypto';
import { systemRandom } from '../../base/clock.ts';
import { toHex } from '../../base/encoding.ts';
import { uuidv7, type ApprovalId } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import { approvalRequestDigest, type ApprovalRequest } from '../../evidence/approval.ts';
import { encodeNotice } from '../../wire/postgres/index.ts';
import { awaitApproval, type HoldResult } from '../core/hold.ts';
import type { Analysed } from './analyser.ts';
import { reference, type SessionContext } from './context.ts';
import type { Verdict } from './gatekeeper.ts';
import type { BoundParameter } from './journal.ts';

export interface HoldQuestion {
  readonly verdict: Verdict & { readonly effect: 'hold' };
  readonly record: number;
  readonly leaf: Uint8Array;
  readonly analysed: Analysed;
  readonly statementBytes: Buffer;
  readonly params: readonly BoundParameter[];
}

export class Holds {
  readonly #context: SessionContext;
  #open: AbortController | undefined;
  #ended = false;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** True when a statement was waiting and has been cancelled. */
  cancel(): boolean {
    const open = this.#open;
    open?.abort();
    return open !== undefined;
  }

  /** The session is over: what waits is withdrawn, and nothing waits any more. */
  end(): void {
    this.#ended = true;
    this.cancel();
  }

  async ask(question: HoldQuestion): Promise<HoldResult> {
    // The client may have gone while earlier statements were waited for: nobody is asked on its behalf.
    if (this.#ended) return { outcome: 'cancelled', reason: 'the session has ended' };
    // From here on a cancel finds it, also before the request has been sent.
    const abort = new AbortController();
    this.#open = abort;
    return this.#wait(question, abort.signal).finally(() => {
      this.#open = undefined;
    });
  }

  async #wait(question: HoldQuestion, signal: AbortSignal): Promise<HoldResult> {
    const { journal, events, sessionId, target, gatekeeper, control, clock } = this.#context;
    const request = this.#request(question);
    journal.approvalAsked(question.record, request, approvalRequestDigest(request));
    await journal.recorder.sync();
    const { verdict } = question;
    events.emit({
      event: 'request.held',
      session_id: sessionId,
      connection: target.info.name,
      approval_id: request.id,
      reason: verdict.reason,
      policy_ids: verdict.policyIds,
      approvers: verdict.approvers,
      quorum: verdict.quorum,
      expires_ms: request.expires_ms,
    });
    this.#notify(request, verdict);
    const result = await awaitApproval({
      control,
      clock,
      request,
      signal,
      mayApprove: (approver) => gatekeeper.mayApprove(approver, question.analysed.statements),
      onDecision: (signed, v) => journal.approvalDecision(question.record, request.id, signed, v.counted, v.reason),
    });
    const reason = result.outcome === 'approved' ? `approved by ${result.approvers.map((p) => p.name).join(', ')}` : result.reason;
    journal.released(question.record, request.id, result.outcome, reason);
    events.emit({ event: 'request.released', session_id: sessionId, approval_id: request.id, outcome: result.outcome, reason });
    await journal.recorder.sync();
    return result;
  }

  #request(q: HoldQuestion): ApprovalRequest {
    const { sessionId, caller, target, engine, clock, journal } = this.#context;
    const now = clock.nowMs();
    const { principal } = caller;
    return {
      v: 1,
      type: 'approval-request',
      id: `apr_${uuidv7(now, systemRandom.bytes(10))}` as ApprovalId,
      session_id: sessionId,
      device_id: caller.deviceId as ApprovalRequest['device_id'],
      connection: target.info.name,
      target: { host: target.host, port: target.port, database: target.info.database },
      labels: { ...target.info.labels },
      requester: { iss: principal.issuer, sub: principal.subject, name: principal.name, groups: [...principal.groups] },
      statement: journal.shownSql(q.analysed),
      statement_sha256: createHash('sha256').update(q.statementBytes).digest('hex'),
      params: journal.shownParameters(q.analysed, q.params).map((p) => (typeof p === 'string' ? p : JSON.stringify(p))),
      params_sha256: parametersDigest(q.params),
      request_record: { n: q.record, leaf: toHex(q.leaf) },
      policy: { bundle: engine.digest, ids: [...q.verdict.policyIds], reason: q.verdict.reason },
      approvers: [...q.verdict.approvers],
      quorum: q.verdict.quorum,
      created_ms: now,
      expires_ms: now + Math.min(q.verdict.expiresMs, limits.approvalTtlMs * 96),
      nonce: toHex(systemRandom.bytes(16)),
      client: caller.client,
    };
  }

  #notify(request: ApprovalRequest, verdict: Verdict & { effect: 'hold' }): void {
    const { toClient } = this.#context;
    const people = verdict.quorum === 1 ? 'one approver' : `${verdict.quorum} approvers`;
    toClient.push(
      encodeNotice({
        severity: 'NOTICE',
        code: '00000',
        message: `held for approval: ${verdict.reason}`,
        detail: `Needs ${people} of ${verdict.approvers.join(', ')}. Approval ${request.id}, expires ${new Date(request.expires_ms).toISOString()}.`,
        hint: `Cancel the statement to withdraw it. Reference ${reference(this.#context, request.request_record.n)}.`,
      }),
    );
    toClient.flush();
  }
}

/** SHA-256 over count, then format, length (-1 for NULL) and bytes of each parameter: exact, and unambiguous. */
function parametersDigest(params: readonly BoundParameter[]): string {
  const hash = createHash('sha256');
  const head = Buffer.alloc(8);
  head.writeInt32BE(params.length, 0);
  hash.update(head.subarray(0, 4));
  for (const p of params) {
    head.writeInt32BE(p.format, 0);
    head.writeInt32BE(p.value === null ? -1 : p.value.length, 4);
    hash.update(head);
    if (p.value) hash.update(p.value);
  }
  return hash.digest('hex');
}
