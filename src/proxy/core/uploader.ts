/**
 * Carries recordings from the spool to the store: while sessions run, after a crash, after an outage, each part once.
 * Nothing leaves the spool before the store's signed receipt for it lies beside it (promise 6).
 */
import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { EnvironmentError, messageOf } from '../../base/errors.ts';
import { isSessionId, type SessionId } from '../../base/ids.ts';
import { recoverSession } from '../../evidence/recover.ts';
import { bytesUnder, type SpoolMeter } from '../../evidence/spool-budget.ts';
import type { PublicKeyRef } from '../../evidence/types.ts';
import type { SessionRecorder } from '../../evidence/write.ts';
import { limits } from '../../base/limits.ts';
import type { Device } from './device.ts';
import type { ProxyEvents } from './events.ts';
import type { ControlPlane } from './ports.ts';
import { SessionUpload } from './session-upload.ts';
import { StoreRefusal } from './store-client.ts';

export interface UploaderOptions {
  readonly dir: string;
  readonly control: ControlPlane;
  readonly device: Device;
  readonly clock: Clock;
  readonly events: ProxyEvents;
  readonly spool: SpoolMeter;
  readonly bootId: string;
  /** Keys whose receipts count. They come from enrolment, not from the answer that carries the receipt. */
  receiptKeys(): Promise<readonly PublicKeyRef[]>;
}

/** Uploaded recordings stay for the person's own replay until they take this much. */
const KEEP_UPLOADED_BYTES = 512 * 1024 * 1024;
const RETRY_MS = [1_000, 2_000, 5_000, 10_000, 30_000];

export interface UploadState {
  readonly state: 'idle' | 'uploading' | 'offline';
  readonly pendingSessions: number;
  readonly pendingBytes: number;
  readonly error?: string;
}

/** A store that answers "no" to one recording is there for the others. */
function isAway(error: unknown): boolean {
  if (error instanceof StoreRefusal) return error.status >= 500 || error.status === 429;
  return error instanceof EnvironmentError && error.code === 'env.store';
}

export class Uploader {
  readonly #options: UploaderOptions;
  readonly #pending = new Map<SessionId, SessionUpload>();
  /** Recordings of this process that are still being written. */
  readonly #live = new Set<SessionId>();
  /** Damaged ones of earlier runs. */
  readonly #broken = new Set<string>();
  #running: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #lastError: string | undefined;
  #stopped = false;
  #waiters: (() => void)[] = [];

  constructor(options: UploaderOptions) {
    this.#options = options;
  }

  get state(): UploadState {
    let pendingBytes = 0;
    for (const upload of this.#pending.values()) pendingBytes += upload.pendingBytes;
    const state = this.#lastError !== undefined ? 'offline' : this.#running ? 'uploading' : 'idle';
    return { state, pendingSessions: this.#pending.size, pendingBytes, ...(this.#lastError === undefined ? {} : { error: this.#lastError }) };
  }

  /** Recovers recordings that a crash left open and queues everything that the store has not receipted. */
  async start(): Promise<void> {
    for (const name of readdirSync(this.#options.dir)) {
      if (!isSessionId(name)) continue;
      const dir = path.join(this.#options.dir, name);
      if (!(await this.#takeUp(name, dir))) this.#broken.add(name);
    }
    this.#prune();
    this.poke();
  }

  /** False when the recording is damaged: it stays as it is, for a person to look at, and holds up nothing else. */
  async #takeUp(name: SessionId, dir: string): Promise<boolean> {
    const recovered = await recoverSession(dir, { device: this.#options.device.signer, clock: this.#options.clock, bootId: this.#options.bootId });
    if (recovered.state === 'no_open') return false;
    if (recovered.state === 'failed' || recovered.state === 'bad_open' || recovered.state === 'other_device') {
      process.stderr.write(`recording ${name} is kept and not uploaded: ${recovered.reason}\n`);
      return false;
    }
    try {
      const upload = new SessionUpload(name, dir, this.#options);
      if (!upload.isDone) this.#pending.set(name, upload);
      else this.#options.spool.give(bytesUnder(dir));
      return true;
    } catch (error) {
      process.stderr.write(`recording ${name} is kept and not uploaded: ${messageOf(error)}\n`);
      return false;
    }
  }

  /** Uploads the recording as it grows. */
  watch(recorder: SessionRecorder): void {
    this.#live.add(recorder.sessionId);
    this.#pending.set(recorder.sessionId, new SessionUpload(recorder.sessionId, recorder.dir, this.#options));
    let lastPokeMs = this.#options.clock.nowMs();
    let bytesAtPoke = 0;
    recorder.on('checkpoint', (_size, logBytes) => {
      const now = this.#options.clock.nowMs();
      if (now - lastPokeMs < limits.chunkMs && logBytes - bytesAtPoke < limits.chunkBytes) return;
      lastPokeMs = now;
      bytesAtPoke = logBytes;
      this.poke();
    });
  }

  /** The recording is closed, or will not grow any more. */
  finished(session: SessionId): void {
    this.#live.delete(session);
    this.poke();
  }

  /** Looks for work now. */
  poke(): void {
    if (this.#stopped) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#running = this.#round().finally(() => {
      this.#running = undefined;
      for (const wake of this.#waiters.splice(0)) wake();
      this.#report();
      if (this.#again && this.#lastError === undefined) {
        this.#again = false;
        this.poke();
      } else if (this.#pending.size > 0 && !this.#stopped) this.#later();
    });
    this.#report();
  }

  #later(): void {
    const ms = this.#lastError === undefined ? limits.chunkMs : (RETRY_MS[Math.min(this.#failures - 1, RETRY_MS.length - 1)] ?? 30_000);
    this.#timer = setTimeout(() => this.poke(), ms);
    this.#timer.unref();
  }

  async #round(): Promise<void> {
    this.#again = false;
    let refused: string | undefined;
    for (const [session, upload] of [...this.#pending]) {
      try {
        await upload.advance(!this.#live.has(session));
        if (upload.isDone) this.#done(session, upload);
      } catch (error) {
        // One damaged recording must not hold up the others; a store that is away holds up all.
        if (isAway(error)) {
          this.#failures++;
          this.#lastError = messageOf(error);
          return;
        }
        refused = `recording ${session}: ${messageOf(error)}`;
      }
    }
    this.#lastError = refused;
    this.#failures = refused === undefined ? 0 : this.#failures + 1;
  }

  #done(session: SessionId, upload: SessionUpload): void {
    this.#pending.delete(session);
    this.#options.spool.give(bytesUnder(upload.dir));
    this.#options.events.emit({ event: 'session.uploaded', session_id: session });
    this.#prune();
  }

  /** Removes the oldest uploaded recordings beyond the bound. Only what has its final receipt is ever removed. */
  #prune(): void {
    const uploaded = readdirSync(this.#options.dir)
      .filter((name) => isSessionId(name) && !this.#pending.has(name) && !this.#live.has(name) && !this.#broken.has(name))
      .map((name) => path.join(this.#options.dir, name))
      .filter((dir) => SessionUpload.isReceipted(dir))
      .map((dir) => ({ dir, bytes: bytesUnder(dir), ms: statSync(dir).mtimeMs }))
      .sort((a, b) => b.ms - a.ms);
    let kept = 0;
    for (const { dir, bytes } of uploaded) {
      kept += bytes;
      if (kept > KEEP_UPLOADED_BYTES) rmSync(dir, { recursive: true });
    }
  }

  #report(): void {
    const { state, pendingSessions, pendingBytes, error } = this.state;
    this.#options.events.emit({ event: 'upload.state', state, pending_sessions: pendingSessions, pending_bytes: pendingBytes, ...(error === undefined ? {} : { error }) });
  }

  /** Resolves when everything finished has its receipt, or at once when the store is away. */
  async settle(): Promise<void> {
    this.poke();
    while ((this.#running ?? this.#again) && this.#lastError === undefined) {
      if (!this.#running) return;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  async stop(): Promise<void> {
    await this.settle();
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}
