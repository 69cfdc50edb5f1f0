/** COPY FROM STDIN on its way to the server: looked through for mask tokens, counted and digested for the recording. */
import { createHash, type Hash } from 'node:crypto';
import { deniedByPolicy } from '../../contract/refusal.ts';
import { containsMaskToken } from '../../policy/mask/index.ts';
import { encodeCopyFail, type RawMessage } from '../../wire/postgres/index.ts';
import { reference, type SessionContext } from './context.ts';
import { copiesIn, type Pending } from './pending.ts';

/** Longer than any mask token. */
const TAIL_BYTES = 64;
const NOTHING = Buffer.alloc(0);

export class CopyIn {
  readonly #context: SessionContext;
  #hash: Hash | undefined;
  #bytes = 0;
  /** The last bytes of the data so far. */
  #tail: Buffer = NOTHING;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** What data that comes now is for. */
  #copying(): Pending | undefined {
    return this.#context.state.pending.copyIn();
  }

  data(raw: RawMessage): void {
    if (!this.#copying()) return; // The server would ignore it as well.
    const { body } = raw;
    // The border between two messages may cut a token in two.
    const isCut = this.#tail.length > 0 && containsMaskToken(Buffer.concat([this.#tail, body.subarray(0, TAIL_BYTES)]));
    if (isCut || containsMaskToken(body)) {
      const reason = 'the COPY data holds a mask token in the place of a real value';
      this.refuse(reason, deniedByPolicy(reason));
      return;
    }
    this.#tail = Buffer.from((body.length >= TAIL_BYTES ? body : Buffer.concat([this.#tail, body])).subarray(-TAIL_BYTES));
    this.#hash ??= createHash('sha256');
    this.#hash.update(body);
    this.#bytes += body.length;
    this.#context.toServer.push(raw.raw);
  }

  /** Ends the COPY in the client's place; what the client still sends of it is dropped. `message` is what the client reads. */
  refuse(reason: string, message: string): void {
    const copy = this.#copying();
    if (!copy) return;
    copy.copyEnded = copiesIn(copy);
    this.#forget();
    const { toServer, journal, events, sessionId, target } = this.#context;
    const { n } = journal.recorder.append({ kind: 'policy.decision', clear: { dec: 'deny' }, fields: [{ name: 'reason', value: reason }] });
    events.emit({ event: 'request.denied', session_id: sessionId, connection: target.info.name, reason, policy_ids: [], reference: reference(this.#context, n) });
    toServer.push(encodeCopyFail(message));
  }

  /** CopyDone or CopyFail of the client. */
  end(raw: RawMessage): void {
    const copy = this.#copying();
    const { bytes, sha256 } = this.#forget();
    if (!copy) return;
    copy.copyEnded = (copy.copyEnded ?? 0) + 1;
    this.#context.toServer.push(raw.raw);
    this.#context.journal.copy('record' in copy ? copy.record : 0, 'in', bytes, sha256, undefined);
  }

  #forget(): { bytes: number; sha256: string } {
    const seen = { bytes: this.#bytes, sha256: this.#hash?.digest('hex') ?? '' };
    this.#hash = undefined;
    this.#bytes = 0;
    this.#tail = NOTHING;
    return seen;
  }
}
