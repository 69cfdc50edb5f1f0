/**
 * Walks log.ndjson: numbers, links, disclosure digests, tree, checkpoints (docs/formats/recording.md section 6.2).
 * Incremental and resumable: the verifier feeds it a whole recording, the store one chunk at a time.
 */
import { equalBytes, fromHex, fromUtf8 } from '../base/encoding.ts';
import { bytesOfHex, fastHex as toHex } from './hex.ts';
import { assert, MalformedError } from '../base/errors.ts';
import { LineSplitter } from './log-lines.ts';
import { CompactRange } from './merkle.ts';
import { parseCheckpoint, parseNote, verifyNote, type Checkpoint } from './note.ts';
import { parseCheckpointLine, parseDisclosure, parseRecord, type Disclosure, type RecordHeader } from './record.ts';
import type { CryptoPort } from './verify-crypto.ts';
import { diagnose, type LookAhead, type Suspicion } from './verify-diagnose.ts';
import { FindingError, type FindingCode } from './verify-findings.ts';
import { LeafList } from './verify-leaves.ts';

/** What ties a log to its session: all of it comes from the verified open statement. */
export interface LogBinding {
  readonly origin: string;
  /** Raw Ed25519 key of the session. */
  readonly sessionPub: Uint8Array;
  /** Of the open's file, hex. */
  readonly openSha256: string;
}

/** Enough to go on later; plain JSON. */
export interface LogState {
  readonly size: number;
  readonly range: readonly string[];
  /** Hex of the last leaf, or of the open's digest. */
  readonly prev: string;
  readonly checkpointSize: number;
  readonly lines: number;
  readonly bytes: number;
  readonly lastT: number;
}

export interface MissingDisclosure {
  readonly n: number;
  readonly field: string;
  readonly digest: string;
  readonly len: number;
  readonly line: number;
}

export interface VerifiedRecord {
  readonly record: RecordHeader;
  readonly disclosures: readonly Disclosure[];
  /** Hex. */
  readonly leaf: string;
  readonly line: number;
}

export interface LogVerifierOptions {
  readonly binding: LogBinding;
  readonly crypto: CryptoPort;
  readonly resume?: LogState;
  /** Called for each record that fits, before the checkpoint that signs it. */
  readonly onRecord?: (record: VerifiedRecord) => void;
  readonly onMissing?: (missing: MissingDisclosure) => void;
}

/** Lines looked at beyond the first bad one to name what happened. */
const lookAheadLines = 20_000;

interface PendingDisclosure {
  readonly parsed: Disclosure;
  readonly digest: string;
  readonly len: number;
}

export class LogVerifier {
  /** Root (hex) at each checkpoint of this run, by size. */
  readonly roots = new Map<number, string>();
  readonly leaves: LeafList;
  /** Text of the last good checkpoint note. */
  lastNote: string | undefined;
  readonly #o: LogVerifierOptions;
  readonly #splitter = new LineSplitter();
  #range: CompactRange;
  #rangeBefore: CompactRange | undefined;
  #prev: string;
  #checkpointSize: number;
  #lines: number;
  #bytes: number;
  #lastT: number;
  #pending: PendingDisclosure[] = [];
  #suspicion: { readonly about: Suspicion; ahead: LookAhead; left: number } | undefined;
  #endsWithCheckpoint = false;
  /** Its first byte stays 0, the prefix of a leaf. */
  #scratch = new Uint8Array(4096);

  constructor(o: LogVerifierOptions) {
    this.#o = o;
    const r = o.resume;
    this.#range = new CompactRange(o.crypto.sha256, r?.size ?? 0, r?.range.map(fromHex) ?? []);
    this.leaves = new LeafList(r?.size ?? 0);
    this.#prev = r?.prev ?? o.binding.openSha256;
    this.#checkpointSize = r?.checkpointSize ?? -1;
    this.#lines = r?.lines ?? 0;
    this.#bytes = r?.bytes ?? 0;
    this.#lastT = r?.lastT ?? 0;
  }

  get size(): number {
    return this.#range.size;
  }
  get bytes(): number {
    return this.#bytes;
  }
  get checkpointSize(): number {
    return this.#checkpointSize;
  }
  get lastT(): number {
    return this.#lastT;
  }
  get endsWithCheckpoint(): boolean {
    return this.#endsWithCheckpoint;
  }
  /** False once a line did not fit, even while it is still open what happened. */
  get clean(): boolean {
    return this.#suspicion === undefined;
  }
  /** True right after a record or a checkpoint: a place where the log may be cut. */
  get atBoundary(): boolean {
    return this.#pending.length === 0;
  }
  rootHex(): string {
    return toHex(this.#range.root());
  }

  state(): LogState {
    return { size: this.size, range: this.#range.hashes.map(toHex), prev: this.#prev, checkpointSize: this.#checkpointSize, lines: this.#lines, bytes: this.#bytes, lastT: this.#lastT };
  }

  /** @throws FindingError naming the first bad record */
  async push(bytes: Uint8Array): Promise<void> {
    try {
      for (const line of this.#splitter.push(bytes)) {
        this.#lines++;
        this.#bytes += line.length + 1;
        if (this.#suspicion !== undefined) this.#look(line);
        else if (line[0] === 0x43) await this.#checkpoint(line);
        else this.#line(line);
      }
    } catch (error) {
      throw this.#named(error);
    }
  }

  /** Call when the log ends. @throws FindingError for a suspicion that was still open, a torn line or orphan content */
  end(): void {
    if (this.#suspicion !== undefined) this.#conclude();
    if (this.#splitter.restBytes > 0) throw this.#finding('cut_tail', `the log ends in the middle of a line after record ${this.size - 1}`);
    if (this.#pending.length > 0) throw this.#finding('cut_tail', `the log ends with content of record ${this.size} whose record is missing`);
  }

  #named(error: unknown): FindingError {
    if (error instanceof FindingError) return error;
    if (error instanceof MalformedError) return this.#finding('malformed', `line ${this.#lines} (around record ${this.size}) cannot be read: ${error.message}`);
    throw error;
  }

  #finding(code: FindingCode, reason: string, n = this.size): FindingError {
    return new FindingError({ code, n, line: this.#lines, reason });
  }

  #line(line: Uint8Array): void {
    this.#endsWithCheckpoint = false;
    const body = line.subarray(1);
    if (line[0] === 0x44) {
      if (this.#pending.length >= 1_000) throw this.#finding('malformed', 'too many content lines before a record');
      this.#pending.push({ parsed: parseDisclosure(fromUtf8(body)), digest: this.#o.crypto.sha256Hex(body), len: body.length });
    } else if (line[0] === 0x52) this.#record(body);
    else throw this.#finding('malformed', `line ${this.#lines} is none of D, R and C`);
  }

  /** SHA-256(0x00 || body) in hex. */
  #leafOf(body: Uint8Array): string {
    if (this.#scratch.length <= body.length) this.#scratch = new Uint8Array(2 * body.length + 1);
    this.#scratch.set(body, 1);
    return this.#o.crypto.sha256Hex(this.#scratch.subarray(0, body.length + 1));
  }

  #record(body: Uint8Array): void {
    const record = parseRecord(fromUtf8(body));
    const leafHex = this.#leafOf(body);
    const leaf = bytesOfHex(leafHex);
    if (record.n !== this.size || record.p !== this.#prev) {
      const repeats = record.n < this.size && this.leaves.has(record.n, leaf);
      this.#suspect('record', { record, leaf, repeats });
      return;
    }
    const disclosures = this.#matchDisclosures(record);
    this.#rangeBefore = this.#range.clone();
    this.#range.append(leaf);
    this.leaves.push(leaf);
    this.#prev = leafHex;
    this.#lastT = record.t;
    this.#o.onRecord?.({ record, disclosures, leaf: this.#prev, line: this.#lines });
  }

  /** Content lines come in the order of `d`, each at most once; what is absent is reported, not judged. */
  #matchDisclosures(record: RecordHeader): Disclosure[] {
    const pending = this.#pending;
    this.#pending = [];
    let at = 0;
    for (const [field, digest, len] of record.d) {
      const next = pending[at];
      if (next?.parsed.field !== field || next.parsed.n !== record.n) {
        this.#o.onMissing?.({ n: record.n, field, digest, len, line: this.#lines });
        continue;
      }
      if (next.digest !== digest || next.len !== len) throw this.#finding('altered', `the content of field ${field} of record ${record.n} is not what its header names`, record.n);
      at++;
    }
    if (at < pending.length) throw this.#finding('altered', `content before record ${record.n} is not named in its header`, record.n);
    return pending.map((p) => p.parsed);
  }

  async #checkpoint(line: Uint8Array): Promise<void> {
    const { binding, crypto } = this.#o;
    const text = parseCheckpointLine(fromUtf8(line.subarray(1)));
    const note = parseNote(text);
    const checkpoint = parseCheckpoint(note.text);
    if (checkpoint.origin !== binding.origin) throw this.#finding('other_session', `the checkpoint on line ${this.#lines} belongs to ${checkpoint.origin}`, Math.max(this.#checkpointSize, 0));
    const single = note.signatures.length === 1 && (await verifyNote(note, { name: binding.origin, publicKey: binding.sessionPub }, crypto));
    if (!single) throw this.#finding('checkpoint_key', `the checkpoint on line ${this.#lines} is not signed by this session's key`, Math.max(this.#checkpointSize, 0));
    this.#admitCheckpoint(checkpoint);
    if (this.#suspicion !== undefined) return;
    this.#checkpointSize = checkpoint.size;
    this.roots.set(checkpoint.size, toHex(checkpoint.root));
    this.lastNote = text;
    this.#endsWithCheckpoint = true;
  }

  #admitCheckpoint(checkpoint: Checkpoint): void {
    if (this.#pending.length > 0) throw this.#finding('dropped', `record ${this.size} is missing: its content stands alone`);
    if (checkpoint.size > this.size) throw this.#finding('dropped', `records ${this.size} to ${checkpoint.size - 1} are missing before the checkpoint that signed them`);
    if (checkpoint.size <= this.#checkpointSize) throw this.#finding('checkpoint_order', `the checkpoint on line ${this.#lines} repeats or goes back to size ${checkpoint.size}`, checkpoint.size);
    if (checkpoint.size < this.size) throw this.#finding('checkpoint_order', `the checkpoint for ${checkpoint.size} records stands after record ${this.size - 1}`, checkpoint.size);
    if (!equalBytes(checkpoint.root, this.#range.root())) this.#suspect('root');
  }

  #suspect(kind: Suspicion['kind'], offender?: Suspicion['offender']): void {
    const about: Suspicion = {
      ...{ kind, line: this.#lines, size: this.size, checkpointSize: Math.max(this.#checkpointSize, 0), prev: this.#prev },
      ...{ origin: this.#o.binding.origin, rangeBefore: this.#rangeBefore, offender },
    };
    this.#suspicion = { about, ahead: {}, left: lookAheadLines };
    this.#pending = [];
  }

  /** Reads on for blame only; lines that cannot be read are passed over. */
  #look(line: Uint8Array): void {
    const s = this.#suspicion;
    if (s === undefined) return;
    s.left--;
    try {
      const body = line.subarray(1);
      if (line[0] === 0x52 && s.ahead.next === undefined) {
        s.ahead = { ...s.ahead, next: { record: parseRecord(fromUtf8(body)), leafHex: this.#leafOf(body) } };
        if (s.about.kind === 'root') this.#conclude();
      }
      if (line[0] === 0x43) {
        s.ahead = { ...s.ahead, checkpoint: parseCheckpoint(parseNote(parseCheckpointLine(fromUtf8(body))).text) };
        this.#conclude();
      }
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
    }
    if (s.left <= 0) this.#conclude();
  }

  #conclude(): never {
    const s = this.#suspicion;
    assert(s !== undefined, 'only a suspicion is concluded');
    throw new FindingError(diagnose(s.about, s.ahead, toHex, fromHex));
  }
}

