/** Holds of statements: what is asked for, how the client is told, and how it withdraws. One at a time per session. */
import { createHash } from 'node:crypto';
import type { ApprovalRequest } from '../../evidence/approval.ts';
import { encodeNotice } from '../../wire/postgres/index.ts';
import { approvalNeeds, holdForApproval } from '../core/held-request.ts';
import type { HoldResult } from '../core/hold.ts';
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

  #wait(q: HoldQuestion, signal: AbortSignal): Promise<HoldResult> {
    const { journal, engine, gatekeeper } = this.#context;
    return holdForApproval(this.#context, {
      recorder: journal.recorder,
      channel: 0,
      record: { n: q.record, leaf: q.leaf },
      outcome: q.verdict,
      bundle: engine.digest,
      statement: journal.shownSql(q.analysed),
      statementSha256: createHash('sha256').update(q.statementBytes).digest('hex'),
      params: journal.shownParameters(q.analysed, q.params).map((p) => (typeof p === 'string' ? p : JSON.stringify(p))),
      paramsSha256: parametersDigest(q.params),
      tell: (request) => this.#notify(request, q.verdict.reason),
      mayApprove: (approver) => gatekeeper.mayApprove(approver, q.analysed.statements),
      signal,
    });
  }

  #notify(request: ApprovalRequest, reason: string): void {
    const { toClient } = this.#context;
    toClient.push(
      encodeNotice({
        severity: 'NOTICE',
        code: '00000',
        message: `held for approval: ${reason}`,
        detail: approvalNeeds(request),
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
