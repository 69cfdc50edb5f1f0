/**
 * The verifier (docs/formats/recording.md section 6): one implementation for Node and browsers. It knows public keys
 * only, cannot import anything that signs, and takes trust as an argument that cannot be left out.
 */
import { fromUtf8, toHex } from '../base/encoding.ts';
import { MalformedError, messageOf } from '../base/errors.ts';
import type { SessionId } from '../base/ids.ts';
import { parseEnvelope, payloadJson, verifyEnvelope } from './dsse.ts';
import { parseExport } from './export-statement.ts';
import { fileNames, type RecordingSource } from './source.ts';
import type { Trust, TrustedDevice } from './trust.ts';
import type { OpenStatement } from './types.ts';
import { verifyOpen } from './verify-chunk.ts';
import { webCrypto, type CryptoPort } from './verify-crypto.ts';
import { FindingError, type Finding } from './verify-findings.ts';
import { LogVerifier, type LogBinding, type MissingDisclosure, type VerifiedRecord } from './verify-log.ts';
import { checkTimestamp, checkTransparency, type ProofDemand, type Transparency } from './verify-transparency.ts';
import { checkApprovals, checkDevice, checkDisclosures, checkEnd, checkWitness, fail, type End, type RedactedContent, type Walked, type Witnessed } from './verify-steps.ts';

export type Verdict = 'PASS' | 'PASS with redactions' | 'RECOVERED' | 'FAIL';

export interface VerifyStep {
  readonly name: 'container' | 'open' | 'log' | 'end' | 'witness' | 'transparency' | 'timestamp' | 'device' | 'content' | 'approvals';
  readonly ok: boolean;
  readonly detail: string;
}

export interface VerifyReport {
  readonly verdict: Verdict;
  readonly steps: readonly VerifyStep[];
  readonly firstBad?: Finding;
  /** Present once the open statement has been verified. */
  readonly sessionId?: SessionId;
  readonly open?: OpenStatement;
  /** Records in the log, as far as it could be followed. */
  readonly size: number;
  /** Hex, over `size` records. */
  readonly root: string;
  /** Records under a checkpoint of the session's own key. */
  readonly signedThrough: number;
  /** Records that a trusted witness or store has seen. */
  readonly witnessedThrough: number;
  readonly witnessedMs?: number;
  /** The log that has the end of this recording, and when its witnesses had seen that. */
  readonly logged?: { readonly origin: string; readonly index: number; readonly size: number; readonly timeMs?: number };
  /** Time of the RFC 3161 token over the log's checkpoint. */
  readonly timestampMs?: number;
  /** Contents that are gone. */
  readonly redacted: number;
  /** Those of them that a verified redaction took out: signed by enough people, and in the log where proofs are demanded. */
  readonly redactions: readonly RedactedContent[];
}

export interface VerifyOptions {
  /**
   * `required` (default): a recording without the proofs that trust demands fails. `if present` is for a device's own
   * copies, which have none: the store adds them to an export.
   */
  readonly proofs?: ProofDemand;
  /** Node lends its faster primitives here; WebCrypto and a pure SHA-256 otherwise. */
  readonly crypto?: CryptoPort;
  /** Called now and then with the number of records checked. */
  readonly onProgress?: (records: number) => void;
}

/**
 * Checks a recording against trust.
 * @returns a report in every case that lies in the recording: a bad one is a FAIL, not an exception
 * @throws only when the source itself cannot be read (disk, network) or the runtime lacks an algorithm
 */
export async function verifyRecording(source: RecordingSource, trust: Trust, options: VerifyOptions = {}): Promise<VerifyReport> {
  const run = new Run(source, trust, options);
  await run.all();
  return run.report();
}

class Run {
  readonly #source: RecordingSource;
  readonly #trust: Trust;
  readonly #crypto: CryptoPort;
  readonly #proofs: ProofDemand;
  readonly #onProgress: ((records: number) => void) | undefined;
  readonly #steps: VerifyStep[] = [];
  readonly #missing: MissingDisclosure[] = [];
  readonly #approvals: VerifiedRecord[] = [];
  readonly #redactions: RedactedContent[] = [];
  readonly #counts = new Map<string, number>();
  #firstBad: Finding | undefined;
  #open: { open: OpenStatement; binding: LogBinding; device: TrustedDevice } | undefined;
  #log: LogVerifier | undefined;
  #end: End | undefined;
  #witnessed: Witnessed = { through: 0, wholeMs: undefined };
  #transparency: Transparency = { detail: '', proven: undefined };
  #timestampMs: number | undefined;

  constructor(source: RecordingSource, trust: Trust, options: VerifyOptions) {
    this.#source = source;
    this.#trust = trust;
    this.#crypto = options.crypto ?? webCrypto;
    this.#proofs = options.proofs ?? 'required';
    this.#onProgress = options.onProgress;
  }

  /** Later steps lean on what earlier ones have proved, so the first three end the run when they fail. */
  async all(): Promise<void> {
    if (!(await this.#step('container', () => this.#checkExport()))) return;
    if (!(await this.#step('open', () => this.#checkOpen()))) return;
    if (!(await this.#step('log', () => this.#checkLog()))) return;
    const w = this.#walked();
    await this.#step('end', async () => {
      this.#end = await checkEnd(w);
      return this.#end.kind === 'closed' ? `closed: ${this.#end.close.reason}` : `recovered after a crash; ${Math.max(w.log.checkpointSize, 0)} of ${w.log.size} records were signed before it`;
    });
    await this.#step('witness', async () => {
      const { detail, ...witnessed } = await checkWitness(w, this.#end);
      this.#witnessed = witnessed;
      return detail;
    });
    await this.#step('transparency', async () => {
      this.#transparency = await checkTransparency(w, this.#proofs);
      this.#seenWholeAt(this.#transparency.proven?.timeMs);
      return this.#transparency.detail;
    });
    await this.#step('timestamp', async () => {
      const { detail, timeMs } = await checkTimestamp(w, this.#transparency, this.#proofs);
      this.#timestampMs = timeMs;
      this.#seenWholeAt(timeMs);
      return detail;
    });
    await this.#step('device', () => checkDevice(w, this.#witnessed));
    await this.#step('content', () => checkDisclosures(w, this.#redactions));
    await this.#step('approvals', () => checkApprovals(w));
  }

  /** The log has the end statement, and with it the whole recording: whoever saw the log has seen that. */
  #seenWholeAt(timeMs: number | undefined): void {
    if (timeMs === undefined) return;
    this.#witnessed = { ...this.#witnessed, wholeMs: Math.min(timeMs, this.#witnessed.wholeMs ?? timeMs) };
  }

  report(): VerifyReport {
    const failed = this.#steps.some((s) => !s.ok);
    const passed: Verdict = this.#end?.kind === 'recovered' ? 'RECOVERED' : this.#missing.length > 0 ? 'PASS with redactions' : 'PASS';
    const isLogged = this.#steps.some((s) => s.name === 'transparency' && s.ok);
    const empty = toHex(this.#crypto.sha256(new Uint8Array(0)));
    return {
      ...{ verdict: failed ? 'FAIL' : passed, steps: this.#steps, size: this.#log?.size ?? 0, root: this.#log?.rootHex() ?? empty },
      ...{ signedThrough: Math.max(this.#log?.checkpointSize ?? 0, 0), witnessedThrough: this.#witnessed.through, redacted: this.#missing.length, redactions: isLogged ? this.#redactions : [] },
      ...(this.#open === undefined ? {} : { sessionId: this.#open.open.session_id, open: this.#open.open }),
      ...(this.#firstBad === undefined ? {} : { firstBad: this.#firstBad }),
      ...(this.#witnessed.wholeMs === undefined ? {} : { witnessedMs: this.#witnessed.wholeMs }),
      ...this.#logged(),
      ...(this.#timestampMs === undefined ? {} : { timestampMs: this.#timestampMs }),
    };
  }

  #logged(): Pick<VerifyReport, 'logged'> {
    const { proven } = this.#transparency;
    if (proven === undefined) return {};
    const { origin, size } = proven.checkpoint;
    return { logged: { origin, index: proven.index, size, ...(proven.timeMs === undefined ? {} : { timeMs: proven.timeMs }) } };
  }

  async #step(name: VerifyStep['name'], work: () => string | Promise<string>): Promise<boolean> {
    try {
      this.#steps.push({ name, ok: true, detail: await work() });
      return true;
    } catch (error) {
      const finding = this.#named(error);
      this.#firstBad ??= finding;
      this.#steps.push({ name, ok: false, detail: finding.reason });
      return false;
    }
  }

  #named(error: unknown): Finding {
    if (error instanceof FindingError) return error.finding;
    if (error instanceof MalformedError) return { code: 'malformed', n: this.#log?.size ?? 0, line: 0, reason: messageOf(error) };
    throw error;
  }

  /** Informative unless the exporter is trusted; but a list that does not fit its files is always a finding. */
  async #checkExport(): Promise<string> {
    const file = this.#source.file(fileNames.export);
    if (file === undefined) return `${this.#source.names.length} files`;
    const envelope = parseEnvelope(fromUtf8(file), 'export');
    const listed = new Map(parseExport(payloadJson(envelope)).files.map((f) => [f.name, f]));
    const bad = (name: string, what: string): FindingError => fail('container', 0, `${name} ${what} the export's list`);
    for (const name of this.#source.names) {
      if (name === fileNames.export) continue;
      const entry = listed.get(name);
      if (entry === undefined) throw bad(name, 'is not in');
      const bytes = this.#source.file(name) ?? new Uint8Array(0);
      if (bytes.length !== entry.bytes || toHex(this.#crypto.sha256(bytes)) !== entry.sha256) throw bad(name, 'differs from');
      listed.delete(name);
    }
    const [lost] = listed.keys();
    if (lost !== undefined) throw bad(lost, 'is missing but is in');
    for (const key of this.#trust.exporters) {
      if (envelope.signatures.some((s) => s.keyId === key.keyId) && !(await verifyEnvelope(envelope, key, this.#crypto))) throw fail('container', 0, 'the exporter\u2019s signature is not good');
      if (await verifyEnvelope(envelope, key, this.#crypto)) return `${this.#source.names.length} files, exported by a trusted exporter`;
    }
    return `${this.#source.names.length} files, exporter not in trust`;
  }

  async #checkOpen(): Promise<string> {
    const file = this.#source.file(fileNames.open);
    if (file === undefined) throw fail('missing_open', 0, 'there is no open statement');
    const text = fromUtf8(file);
    const envelope = parseEnvelope(text, 'open');
    const device = this.#trust.devices.find((d) => d.keyId === envelope.signatures[0]?.keyId);
    if (device === undefined) throw fail('wrong_device', 0, 'the open statement is signed by a device that is not enrolled');
    const { open, binding } = await verifyOpen(text, device, this.#crypto);
    this.#open = { open, binding, device };
    return `session ${open.session_id} of ${open.user.name} on ${open.target.connection}`;
  }

  async #checkLog(): Promise<string> {
    const binding = this.#walkedBinding();
    const stream = this.#source.log();
    if (stream === undefined) throw fail('missing_log', 0, 'there is no log');
    const log = new LogVerifier({
      binding,
      crypto: this.#crypto,
      onMissing: (m) => this.#missing.push(m),
      onRecord: (r) => {
        this.#counts.set(r.record.k, (this.#counts.get(r.record.k) ?? 0) + 1);
        if (r.record.k.startsWith('approval.')) this.#approvals.push(r);
        if (r.record.n % 10_000 === 9_999) this.#onProgress?.(r.record.n + 1);
      },
    });
    this.#log = log;
    for await (const bytes of stream) await log.push(bytes);
    log.end();
    return `${log.size} records, ${log.roots.size} checkpoints by the session key`;
  }

  #walkedBinding(): LogBinding {
    if (this.#open === undefined) throw fail('missing_open', 0, 'there is no verified open statement');
    return this.#open.binding;
  }

  #walked(): Walked {
    if (this.#open === undefined || this.#log === undefined) throw fail('missing_log', 0, 'there is no verified log');
    return { source: this.#source, trust: this.#trust, crypto: this.#crypto, ...this.#open, log: this.#log, counts: this.#counts, missing: this.#missing, approvals: this.#approvals };
  }
}
