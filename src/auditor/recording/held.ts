/** A recording held in memory: its steps for the replay, its files for the verifier. Runs in the worker. */
import { fromUtf8 } from '../../base/encoding.ts';
import { MalformedError, messageOf } from '../../base/errors.ts';
import type { VerifyReport } from '../../contract/ipc/sessions.ts';
import { parseEnvelope, payloadJson } from '../../evidence/dsse.ts';
import { type ReadRecord, readRecords } from '../../evidence/read.ts';
import { fileNames, type RecordingSource } from '../../evidence/source.ts';
import { parseOpen } from '../../evidence/statements.ts';
import { parseTrust } from '../../evidence/trust.ts';
import type { OpenStatement } from '../../evidence/types.ts';
import { verifyRecording } from '../../evidence/verify.ts';
import { shownOf } from '../../ui/terminal/shown.ts';
import { Tape } from '../../ui/terminal/tape.ts';
import { TimelineBuilder } from '../../ui/recorded-timeline.ts';
import { foldSteps, stepHas, type Step, withoutRows } from '../../ui/timeline.ts';
import { shownReport, unreadable } from '../../ui/verify-shown.ts';
import type { Content } from './protocol.ts';

/** Of a content, as a list shows it. */
const CONTENT_CHARS = 300;
/** Records. */
const SETTLE_EVERY = 256;

export class HeldRecording {
  readonly #source: RecordingSource;
  readonly #steps: readonly Step[];
  readonly #byFirst: ReadonlyMap<number, Step>;
  readonly tape: Tape;
  readonly open: OpenStatement | undefined;
  /** Why the reading stopped before the end. */
  readonly unreadable: string | undefined;

  private constructor(source: RecordingSource, steps: readonly Step[], tape: Tape, open: OpenStatement | undefined, problem: string | undefined) {
    this.#source = source;
    this.#steps = steps;
    this.#byFirst = new Map(steps.map((s) => [s.first, s]));
    this.tape = tape;
    this.open = open;
    this.unreadable = problem;
  }

  /** Reads as far as the recording can be read. What is wrong with the rest is the verifier's to say. */
  static async read(source: RecordingSource): Promise<HeldRecording> {
    const builder = new TimelineBuilder(() => undefined);
    const tape = new Tape();
    let problem: string | undefined;
    let open: OpenStatement | undefined;
    try {
      const file = source.file(fileNames.open);
      if (file !== undefined) open = parseOpen(payloadJson(parseEnvelope(fromUtf8(file), 'open')));
      const log = source.log();
      if (log !== undefined) for await (const record of readRecords(log)) await take(record, builder, tape);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      problem = messageOf(error);
    }
    tape.end();
    await tape.settled();
    return new HeldRecording(source, foldSteps(builder.records), tape, open, problem);
  }

  get list(): readonly Step[] {
    return this.#steps.map(withoutRows);
  }

  step(first: number): Step | undefined {
    return this.#byFirst.get(first);
  }

  /** First records of the steps that hold the text; `text` in lower case. */
  find(text: string): readonly number[] {
    return this.#steps.filter((s) => stepHas(s, text)).map((s) => s.first);
  }

  /** Contents of these records, in order. */
  async contents(numbers: readonly number[]): Promise<readonly Content[]> {
    const wanted = new Set(numbers);
    const last = Math.max(-1, ...numbers);
    const found: Content[] = [];
    const log = this.#source.log();
    if (log === undefined) return found;
    for await (const r of readRecords(log)) {
      if (r.n > last) break;
      if (!wanted.has(r.n)) continue;
      for (const [field, value] of Object.entries(r.fields)) found.push({ n: r.n, kind: r.kind, field, text: (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, CONTENT_CHARS) });
      for (const field of r.removed) found.push({ n: r.n, kind: r.kind, field, text: undefined });
    }
    return found;
  }

  /** @param trustText a trust file @throws MalformedError or SyntaxError when that is none */
  async verify(trustText: string, live: boolean, onProgress: (records: number) => void): Promise<VerifyReport> {
    const trust = parseTrust(JSON.parse(trustText) as unknown);
    try {
      return shownReport(await verifyRecording(this.#source, trust, { onProgress, proofs: live ? 'if present' : 'required' }), live, Date.now());
    } catch (error) {
      if (error instanceof MalformedError) return unreadable(error, Date.now());
      throw error;
    }
  }
}

async function take(record: ReadRecord, builder: TimelineBuilder, tape: Tape): Promise<void> {
  builder.add(record);
  const shown = shownOf(record);
  if (shown === undefined) return;
  tape.add(shown);
  // What is full is packed before more is taken: a day's output is never in memory as it is.
  if (record.n % SETTLE_EVERY === 0) await tape.settled();
}
