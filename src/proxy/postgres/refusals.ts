/**
 * How a message is refused: it is replaced by one of the same kind that the server must refuse, and the server's error
 * by ours, so that transactions and pipelines behave exactly as after any other error.
 */
import { encodeBind, encodeExecute, encodeParse, encodeQuery, sqlState } from '../../wire/postgres/index.ts';
import { reference, type SessionContext } from './context.ts';
import { denialBytes, policyDenial, type Denial } from './denial.ts';
import { longName } from './message-facts.ts';

const POISON = '_sallyport_denied';

export class Refusals {
  readonly #context: SessionContext;
  /** An extended-query message was refused: what follows is skipped until Sync, as the server skips it. */
  skipsToSync = false;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** Replaces a Query. @param record of the request */
  query(record: number, denial: Denial): void {
    const { toServer, state, clock } = this.#context;
    this.#denied(record, denial);
    toServer.push(encodeQuery(`/* sallyport ${denial.reference} */ denied`));
    state.pending.push({ kind: 'query', record, sql: '', statements: [], index: 0, failed: false, changes: 0, startedNs: clock.monotonicNs(), denial });
  }

  /** Replaces a Query that was not analysed. */
  queryFor(reason: string, code: Denial['code']): void {
    const n = this.#decision(reason);
    this.query(n, { ...policyDenial(reason, [], reference(this.#context, n)), code, message: reason });
  }

  /** Replaces a message of the extended query protocol. @param record of the request */
  extended(record: number, denial: Denial, kind: 'parse' | 'bind' | 'execute'): void {
    const { state, toServer } = this.#context;
    this.#denied(record, denial);
    if (kind === 'parse') toServer.push(encodeParse(POISON, `/* sallyport ${denial.reference} */ denied`));
    else if (kind === 'bind') toServer.push(encodeBind({ portal: POISON, statement: POISON }));
    else toServer.push(encodeExecute(POISON));
    state.pipelineOpen = true;
    if (kind === 'execute') state.pending.push({ kind, record, startedNs: 0n, denial });
    else state.pending.push({ kind, denial });
    this.skipsToSync = true;
  }

  /** Replaces a message of the extended query protocol that was not looked into. */
  extendedFor(reason: string, code: Denial['code'], kind: 'parse' | 'bind' | 'execute'): void {
    const n = this.#decision(reason);
    this.extended(n, { ...policyDenial(reason, [], reference(this.#context, n)), code, message: reason }, kind);
  }

  /** Answers in the server's place: because of a query of ours it already skips to the next Sync, and would not answer. */
  skipped(reason: string): void {
    const { toClient, journal } = this.#context;
    const shown = journal.masked(reason);
    const n = this.#decision(shown);
    const denial = policyDenial(shown, [], reference(this.#context, n));
    this.#denied(n, denial);
    toClient.push(denialBytes(denial));
    toClient.flush();
    this.skipsToSync = true;
  }

  /** True when one of the names was refused: the server cuts longer ones, so that two of them may be one for it. */
  names(...names: readonly string[]): boolean {
    const text = longName(names);
    if (text !== undefined) this.extendedFor(text, sqlState.nameTooLong, 'execute');
    return text !== undefined;
  }

  #decision(reason: string): number {
    return this.#context.journal.recorder.append({ kind: 'policy.decision', clear: { dec: 'deny' }, fields: [{ name: 'reason', value: reason }] }).n;
  }

  #denied(record: number, denial: Denial): void {
    const { journal, events, sessionId, target } = this.#context;
    journal.denied(record, denial);
    events.emit({ event: 'request.denied', session_id: sessionId, connection: target.info.name, reason: journal.masked(denial.reason), policy_ids: denial.policyIds, reference: denial.reference });
  }
}
