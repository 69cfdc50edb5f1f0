/**
 * The writer of one recording (docs/formats/recording.md sections 3 and 5). Records are appended to memory, handed to
 * the kernel by `commit`, made durable by `sync`. The first failed write ends the recording: nothing is ever dropped
 * in silence.
 */
import { closeSync, fdatasync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Random } from '../base/clock.ts';
import { toBase64, toHex } from '../base/encoding.ts';
import { assert, BugError, EnvironmentError } from '../base/errors.ts';
import { parseDeviceId, parseSessionId, uuidv7, type SessionId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { ioError, writeAll, writeDurable } from './files.ts';
import { CompactRange } from './merkle.ts';
import { nodeSha256, nodeSha256Hex } from './node-crypto.ts';
import { encodeClear, encodeDisclosure, encodeRefs, maxFieldsPerRecord, type DisclosureRef, type RecordInput } from './record.ts';
import { ed25519Signer, signCheckpoint, signStatement } from './sign.ts';
import type { SpoolBudget } from './spool-budget.ts';
import type { Field, OpenStatement, Signer } from './types.ts';
import { deviceIdOf } from './verify-crypto.ts';
import { LineBuffer } from './write-buffer.ts';
import { DeviceLedger } from './write-ledger.ts';
import { createReserve, dropReserve } from './write-reserve.ts';

export type { RecordInput } from './record.ts';

/** What the caller knows about a session; the writer adds ids, sequence, keys and time. */
export type OpenInput = Omit<OpenStatement, 'v' | 'session_id' | 'device_id' | 'device_seq' | 'prev_open_sha256' | 'session_pub' | 'origin' | 't'>;

export interface RecorderOptions {
  /** Spool root; `<dir>/<session id>` is created. */
  readonly dir: string;
  /** Name of the store, first part of the checkpoint origin: no spaces, no plus. */
  readonly store: string;
  readonly open: OpenInput;
  readonly device: Signer;
  readonly clock: Clock;
  readonly random: Random;
  /** Called once, when the recording cannot go on. The caller ends the session and then calls `close`. */
  readonly onFailure: (error: EnvironmentError) => void;
  readonly spool?: SpoolBudget;
  /** Shared by the recorders of one spool root; opened from `dir` when absent. */
  readonly ledger?: DeviceLedger;
}

interface Committed {
  readonly size: number;
  readonly prev: string;
  readonly range: CompactRange;
  readonly bytes: number;
  readonly lastT: number;
  readonly checkpointSize: number;
}

type Phase = { readonly kind: 'open' } | { readonly kind: 'failed'; readonly error: EnvironmentError } | { readonly kind: 'closing' } | { readonly kind: 'closed'; readonly closeSha256: string };

const autoCommitBytes = 1024 * 1024;
const NO_FIELDS: readonly Field[] = [];
const checkpointKinds = new Set(['approval.request', 'approval.decision', 'gap']);

export class SessionRecorder {
  readonly sessionId: SessionId;
  readonly dir: string;
  /** The session's open.dsse.json, as uploaded. */
  readonly openEnvelope: string;
  readonly origin: string;
  readonly #o: RecorderOptions;
  readonly #fd: number;
  readonly #buffer = new LineBuffer();
  readonly #listeners: ((size: number, logBytes: number) => void)[] = [];
  readonly #startNs: bigint;
  readonly #counts = new Map<string, number>();
  #session: Signer | undefined;
  #phase: Phase = { kind: 'open' };
  #range: CompactRange;
  #size = 0;
  #prev: string;
  #lastT: number;
  #checkpointSize = -1;
  #bytesAtCheckpoint = 0;
  #checkpointWanted = false;
  /** Kinds appended since the last commit, so that a failed commit can take them back from the counts. */
  #uncommittedKinds: string[] = [];
  #committed: Committed;
  #syncedBytes = 0;
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;
  #syncTimer: NodeJS.Timeout | undefined;
  #checkpointTimer: NodeJS.Timeout | undefined;
  #salts = Buffer.alloc(0);
  #saltAt = 0;

  private constructor(o: RecorderOptions, made: { sessionId: SessionId; dir: string; envelope: string; origin: string; session: Signer; fd: number; openMs: number }) {
    this.#o = o;
    this.sessionId = made.sessionId;
    this.dir = made.dir;
    this.openEnvelope = made.envelope;
    this.origin = made.origin;
    this.#session = made.session;
    this.#fd = made.fd;
    this.#startNs = o.clock.monotonicNs();
    this.#range = new CompactRange(nodeSha256);
    this.#prev = nodeSha256Hex(made.envelope);
    this.#lastT = made.openMs;
    this.#committed = { size: 0, prev: this.#prev, range: this.#range.clone(), bytes: 0, lastT: made.openMs, checkpointSize: -1 };
  }

  /**
   * Creates the session's directory, its ephemeral key and its signed open statement, all durable on return.
   * @throws EnvironmentError when the disk refuses, ConfigError when the device ledger is damaged
   */
  static open(o: RecorderOptions): Promise<SessionRecorder> {
    // Synchronous inside, so that two sessions cannot take the same device number.
    try {
      return Promise.resolve(SessionRecorder.#open(o));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new BugError(String(error)));
    }
  }

  static #open(o: RecorderOptions): SessionRecorder {
    const t = o.clock.nowMs();
    const sessionId = parseSessionId(uuidv7(t, o.random.bytes(10)));
    const deviceId = parseDeviceId(deviceIdOf(o.device.publicKey, nodeSha256));
    const seed = o.random.bytes(32);
    const session = ed25519Signer(seed);
    seed.fill(0);
    const origin = `${o.store}/${deviceId}/${sessionId}`;
    const ledger = o.ledger ?? DeviceLedger.open(o.dir, deviceId);
    const { user, policy, target, client, proxy_build, boot_id, recording_level } = o.open;
    const envelope = ledger.reserve(sessionId, (next) =>
      signStatement(
        'open',
        {
          ...{ v: 1, session_id: sessionId, device_id: deviceId, device_seq: next.deviceSeq, prev_open_sha256: next.prevOpenSha256 },
          ...{ user: { ...user }, policy: { ...policy }, target: { ...target, labels: { ...target.labels } }, client: { ...client } },
          ...{ session_pub: toBase64(session.publicKey), proxy_build, boot_id, recording_level, origin, t },
        },
        o.device,
      ),
    );
    const dir = join(o.dir, sessionId);
    try {
      createReserve(dir);
      const fd = openSync(join(dir, 'log.ndjson'), 'ax', 0o600);
      return new SessionRecorder(o, { sessionId, dir, envelope, origin, session, fd, openMs: t });
    } catch (error) {
      throw ioError(`cannot start the recording in ${dir}`, error);
    }
  }

  /** Records appended so far, committed or not. */
  get size(): number {
    return this.#size;
  }

  /** The error that ended the recording, if one did. */
  get failure(): EnvironmentError | undefined {
    return this.#phase.kind === 'failed' ? this.#phase.error : undefined;
  }

  /** Called after a checkpoint has been handed to the kernel, with the bytes of the log up to and including it. */
  on(_event: 'checkpoint', listener: (size: number, logBytes: number) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Buffers one record. Cheap; not yet safe from a crash: call `commit` or `sync` before acting on it.
   * @throws EnvironmentError when the recording has failed; BugError for a record that the format cannot hold
   */
  append(r: RecordInput): { n: number; leaf: Uint8Array } {
    this.#assertWritable();
    const n = this.#size;
    assert(n === this.#range.size, 'the record number follows the tree');
    const fields = r.fields ?? NO_FIELDS;
    assert(fields.length <= maxFieldsPerRecord && (fields.length < 2 || new Set(fields.map((f) => f.name)).size === fields.length), 'a record has few fields, each once');
    const bodies: string[] = [];
    for (const field of fields) {
      const body = encodeDisclosure(this.#salt(), n, field);
      assert(body.length * 3 <= limits.recordLineBytes || Buffer.byteLength(body) < limits.recordLineBytes, 'a field is larger than a line of a recording may be');
      bodies.push(body);
    }
    // The clear part is checked before anything is buffered, so that a refused record leaves nothing behind.
    const t = this.#o.clock.nowMs();
    const start = { n, k: r.kind, t, m: Number(this.#o.clock.monotonicNs() - this.#startNs), ch: r.channel ?? 0, p: this.#prev };
    const head = encodeClear(start, r.clear);
    assert(head.length < limits.recordLineBytes / 4, 'the clear part of a record is too large');
    const d: DisclosureRef[] = [];
    for (let i = 0; i < bodies.length; i++) {
      const { digest, len } = this.#buffer.disclosure(bodies[i] ?? '');
      d.push([fields[i]?.name ?? '', digest, len]);
    }
    this.#prev = this.#buffer.record(encodeRefs(head, d));
    const leaf = Buffer.from(this.#prev, 'hex');
    this.#range.append(leaf);
    this.#size++;
    this.#lastT = t;
    this.#uncommittedKinds.push(r.kind);
    if (checkpointKinds.has(r.kind) || (r.kind === 'policy.decision' && r.clear?.['dec'] !== 'allow')) this.#checkpointWanted = true;
    if (this.#buffer.length >= autoCommitBytes) this.commit();
    return { n, leaf };
  }

  /**
   * Hands everything appended so far to the kernel: it survives a crash of the program from here on.
   * @throws EnvironmentError when it cannot be written; the recording has then failed
   */
  commit(): void {
    this.#assertWritable();
    if (this.#checkpointWanted || this.#committed.bytes + this.#buffer.length - this.#bytesAtCheckpoint >= limits.checkpointBytes) this.#bufferCheckpoint();
    if (this.#buffer.length > 0) this.#flush();
  }

  /**
   * `commit`, then waits until the disk has it. Callers that come while one fdatasync runs share the next one.
   * @throws EnvironmentError when it cannot be made durable
   */
  async sync(): Promise<void> {
    this.commit();
    if (this.#syncedBytes < this.#committed.bytes) await this.#sharedSync();
  }

  /** Writes a signed checkpoint over everything appended so far, if there is anything new, and commits. */
  checkpoint(): void {
    this.#assertWritable();
    this.#bufferCheckpoint();
    this.commit();
  }

  /**
   * Ends the recording: last checkpoint, close statement by the session key, everything durable, key erased.
   * After a full disk it frees the reserve and says in a `gap` record what is missing; after any other failure
   * it throws, and the recording is recovered later.
   */
  async close(end: { reason: string }): Promise<{ closeSha256: string }> {
    if (this.#phase.kind === 'closed') return { closeSha256: this.#phase.closeSha256 };
    assert(this.#phase.kind !== 'closing', 'a recording is closed once');
    const failure = this.failure;
    try {
      if (failure !== undefined) this.#reopenAfterFullDisk(failure);
      this.checkpoint();
      await this.sync();
      this.#phase = { kind: 'closing' };
      const envelope = this.#signClose(failure === undefined ? end.reason : `${end.reason}; ${failure.message}`);
      dropReserve(this.dir);
      writeDurable(join(this.dir, 'close.dsse.json'), envelope);
      const closeSha256 = nodeSha256Hex(envelope);
      this.#phase = { kind: 'closed', closeSha256 };
      return { closeSha256 };
    } finally {
      await this.#idle();
      this.#release();
    }
  }

  /** A sync that others asked for may still run: a file closed under it would be a failure, or by then another file. */
  async #idle(): Promise<void> {
    for (let sync = this.#queued ?? this.#running; sync !== undefined; sync = this.#queued ?? this.#running) await sync.catch(() => undefined);
  }

  #signClose(reason: string): string {
    const c = this.#committed;
    assert(this.#session !== undefined && c.size === c.checkpointSize, 'a recording is closed over its last checkpoint');
    const statement = {
      ...{ v: 1, session_id: this.sessionId, size: c.size, root: toHex(c.range.root()), bytes: c.bytes },
      ...{ counts: Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1))), last_t: c.lastT, end: 'closed', reason, t: this.#o.clock.nowMs() },
    };
    return signStatement('close', statement, this.#session);
  }

  /** Only a full disk leaves the log in a known state: truncated to the last committed line. */
  #reopenAfterFullDisk(failure: EnvironmentError): void {
    if (failure.code !== 'env.disk_full' && failure.code !== 'env.spool_limit') throw failure;
    dropReserve(this.dir);
    this.#phase = { kind: 'open' };
    this.append({ kind: 'gap', clear: { reason: failure.code } });
  }

  #assertWritable(): void {
    if (this.#phase.kind === 'failed') throw this.#phase.error;
    assert(this.#phase.kind === 'open', 'the recording is closed');
  }

  #bufferCheckpoint(): void {
    this.#checkpointWanted = false;
    if (this.#checkpointSize === this.#size) return;
    assert(this.#session !== undefined && this.#size > this.#checkpointSize, 'checkpoints grow while the session key lives');
    this.#buffer.checkpoint(signCheckpoint({ origin: this.origin, size: this.#size, root: this.#range.root() }, this.#session));
    this.#checkpointSize = this.#size;
  }

  #flush(): void {
    const pending = this.#buffer.length;
    if (this.#o.spool?.take(pending) === false && this.#phase.kind === 'open' && !this.#isGapOnly()) {
      this.#fail(new EnvironmentError('env.spool_limit', 'the spool of unsent recordings is full'));
    }
    try {
      writeAll(this.#fd, this.#buffer.view());
    } catch (error) {
      this.#fail(ioError('the recording cannot be written', error));
    }
    const checkpointed = this.#checkpointSize > this.#committed.checkpointSize;
    this.#buffer.clear();
    this.#committed = {
      ...{ size: this.#size, prev: this.#prev, range: this.#range.clone(), bytes: this.#committed.bytes + pending },
      ...{ lastT: this.#lastT, checkpointSize: this.#checkpointSize },
    };
    for (const kind of this.#uncommittedKinds) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    this.#uncommittedKinds = [];
    if (checkpointed) {
      this.#bytesAtCheckpoint = this.#committed.bytes;
      for (const listener of this.#listeners) listener(this.#size, this.#committed.bytes);
    }
    this.#armTimers();
  }

  /** The note about a full spool may itself pass the limit: it is what makes the recording closable. */
  #isGapOnly(): boolean {
    return this.#uncommittedKinds.every((k) => k === 'gap');
  }

  #armTimers(): void {
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = undefined;
      this.#background(() => this.sync());
    }, limits.groupSyncMs).unref();
    if (this.#checkpointSize === this.#size) return;
    this.#checkpointTimer ??= setTimeout(() => {
      this.#checkpointTimer = undefined;
      this.#background(() => {
        this.checkpoint();
        return this.sync();
      });
    }, limits.checkpointMs).unref();
  }

  /** Work that nobody waits for. Its failure has already been told through `onFailure`. */
  #background(work: () => Promise<void>): void {
    if (this.#phase.kind !== 'open') return;
    const report = (error: unknown): void => {
      if (this.#phase.kind === 'open') this.#tell(ioError('the recording failed', error));
    };
    try {
      work().catch(report);
    } catch (error) {
      report(error);
    }
  }

  #sharedSync(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#syncOnce().finally(() => (this.#running = undefined));
      return this.#running;
    }
    const next = (): Promise<void> => {
      this.#queued = undefined;
      return this.#sharedSync();
    };
    this.#queued ??= this.#running.then(next, next);
    return this.#queued;
  }

  #syncOnce(): Promise<void> {
    if (this.#phase.kind === 'failed') return Promise.reject(this.#phase.error);
    const upTo = this.#committed.bytes;
    return new Promise((resolve, reject) => {
      fdatasync(this.#fd, (error) => {
        if (error === null) {
          this.#syncedBytes = Math.max(this.#syncedBytes, upTo);
          resolve();
          return;
        }
        // After a failed fsync the kernel may have dropped the pages: nothing on this file can be trusted to be there.
        const failure = new EnvironmentError('env.io', `the recording cannot be made durable: ${error.message}`, { cause: error });
        this.#tell(failure);
        reject(failure);
      });
    });
  }

  /** Takes back what was not written, then fails. */
  #fail(error: EnvironmentError): never {
    const c = this.#committed;
    this.#buffer.clear();
    this.#size = c.size;
    this.#prev = c.prev;
    this.#range = c.range.clone();
    this.#lastT = c.lastT;
    this.#checkpointSize = c.checkpointSize;
    this.#uncommittedKinds = [];
    let outcome = error;
    try {
      ftruncateSync(this.#fd, c.bytes);
    } catch (cause) {
      // The torn tail stays; recovery cuts it. Closing would sign a log that does not end where the statement says.
      outcome = new EnvironmentError('env.io', `${error.message}; and its torn tail cannot be removed`, { cause });
    }
    this.#tell(outcome);
    throw outcome;
  }

  #tell(error: EnvironmentError): void {
    if (this.#phase.kind === 'failed') return;
    this.#phase = { kind: 'failed', error };
    this.#stopTimers();
    this.#o.onFailure(error);
  }

  #stopTimers(): void {
    clearTimeout(this.#syncTimer);
    clearTimeout(this.#checkpointTimer);
    this.#syncTimer = this.#checkpointTimer = undefined;
  }

  #release(): void {
    this.#stopTimers();
    this.#session = undefined;
    if (this.#phase.kind !== 'closed') this.#phase = { kind: 'failed', error: this.failure ?? new EnvironmentError('env.io', 'the recording could not be closed') };
    try {
      closeSync(this.#fd);
    } catch {
      // The file was synced or has failed before; there is nothing left to lose in closing it.
    }
  }

  #salt(): string {
    if (this.#saltAt >= this.#salts.length) {
      this.#salts = Buffer.from(this.#o.random.bytes(4096));
      this.#saltAt = 0;
    }
    const at = this.#saltAt;
    this.#saltAt += 16;
    return this.#salts.toString('base64url', at, at + 16);
  }
}

/** Removes an unopened or fully uploaded session from the spool. */
export function removeSession(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}
