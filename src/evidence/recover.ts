/**
 * Crash recovery (docs/formats/recording.md section 5.3). The session key died with the program, so the DEVICE key
 * signs what is left. Safe to repeat and to interrupt; one damaged directory never stops the others.
 */
import { createReadStream, existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { concatBytes } from '../base/encoding.ts';
import { MalformedError, messageOf } from '../base/errors.ts';
import { isSessionId, type SessionId } from '../base/ids.ts';
import { writeDurable } from './files.ts';
import { LineSplitter } from './log-lines.ts';
import { nodeCrypto, nodeSha256, nodeSha256Hex } from './node-crypto.ts';
import { signStatement } from './sign.ts';
import type { Signer } from './types.ts';
import { verifyOpen } from './verify-chunk.ts';
import { deviceIdOf } from './verify-crypto.ts';
import { FindingError } from './verify-findings.ts';
import { LogVerifier, type LogBinding } from './verify-log.ts';

export interface RecoverOptions {
  /** The key that signed the session's open. */
  readonly device: Signer;
  readonly clock: Clock;
  readonly bootId: string;
}

export type RecoverResult =
  | { readonly state: 'closed' }
  | {
      readonly state: 'recovered';
      /** Records that are left. */
      readonly size: number;
      /** Of them, signed by the session key. */
      readonly checkpointSize: number;
      readonly tornBytes: number;
      /** False when an earlier run had finished the work. */
      readonly now: boolean;
      /** Why the log stops where it does, when bytes were removed. */
      readonly why?: string;
    }
  /** Nothing to recover: the crash came before the open statement, or the directory is something else. */
  | { readonly state: 'no_open' }
  /** Kept as it is, for a person to look at. */
  | { readonly state: 'bad_open' | 'other_device' | 'failed'; readonly reason: string };

/** Never throws: whatever is wrong with the directory is in the result. */
export async function recoverSession(dir: string, o: RecoverOptions): Promise<RecoverResult> {
  try {
    return await recover(dir, o);
  } catch (error) {
    return { state: 'failed', reason: messageOf(error) };
  }
}

/** Recovers every session directory under a spool root, but for those that this process is writing. */
export async function recoverSpool(root: string, o: RecoverOptions & { readonly live: ReadonlySet<SessionId> }): Promise<{ sessionId: SessionId; result: RecoverResult }[]> {
  const out: { sessionId: SessionId; result: RecoverResult }[] = [];
  if (!existsSync(root)) return out;
  for (const name of readdirSync(root).sort()) {
    if (isSessionId(name) && !o.live.has(name)) out.push({ sessionId: name, result: await recoverSession(join(root, name), o) });
  }
  return out;
}

async function recover(dir: string, o: RecoverOptions): Promise<RecoverResult> {
  if (!existsSync(join(dir, 'open.dsse.json'))) return { state: 'no_open' };
  if (existsSync(join(dir, 'close.dsse.json'))) return { state: 'closed' };
  const open = await readOpen(join(dir, 'open.dsse.json'), o.device);
  if ('state' in open) return open;
  rmSync(join(dir, 'reserve'), { force: true });
  const logPath = join(dir, 'log.ndjson');
  if (!existsSync(logPath)) writeDurable(logPath, '');
  const log = new LogVerifier({ binding: open.binding, crypto: nodeCrypto });
  const walk = await walkLog(logPath, log);
  const done = existsSync(join(dir, 'recovered.dsse.json'));
  if (done && walk.goodBytes === statSync(logPath).size) {
    const tornBytes = existsSync(join(dir, 'torn.bin')) ? statSync(join(dir, 'torn.bin')).size : 0;
    return { state: 'recovered', size: log.size, checkpointSize: Math.max(log.checkpointSize, 0), tornBytes, now: false };
  }
  if (done) return { state: 'failed', reason: 'the log was changed after it had been recovered' };
  const torn = saveTorn(dir, logPath, walk.goodBytes);
  const statement = {
    ...{ v: 1, session_id: open.sessionId, size: walk.state.size, root: walk.state.root, bytes: walk.goodBytes },
    ...{ last_checkpoint_size: Math.max(walk.state.checkpointSize, 0), torn_sha256: nodeSha256Hex(torn), torn_bytes: torn.length },
    ...{ boot_id: o.bootId, end: 'recovered', t: o.clock.nowMs() },
  };
  writeDurable(join(dir, 'recovered.dsse.json'), signStatement('recovered', statement, o.device));
  const result = { state: 'recovered', size: walk.state.size, checkpointSize: statement.last_checkpoint_size, tornBytes: torn.length, now: true } as const;
  return walk.why === undefined ? result : { ...result, why: walk.why };
}

async function readOpen(path: string, device: Signer): Promise<{ binding: LogBinding; sessionId: SessionId } | { state: 'bad_open' | 'other_device'; reason: string }> {
  try {
    const { open, binding } = await verifyOpen(readFileSync(path, 'utf8'), { ...device, deviceId: deviceIdOf(device.publicKey, nodeSha256) }, nodeCrypto);
    return { binding, sessionId: open.session_id };
  } catch (error) {
    if (error instanceof FindingError) return { state: error.finding.code === 'wrong_device' ? 'other_device' : 'bad_open', reason: error.message };
    if (error instanceof MalformedError) return { state: 'bad_open', reason: error.message };
    throw error;
  }
}

interface Walk {
  readonly goodBytes: number;
  readonly state: { readonly size: number; readonly root: string; readonly checkpointSize: number };
  readonly why: string | undefined;
}

/** Follows the log to the last place where everything fits: after a record or a checkpoint. */
async function walkLog(path: string, log: LogVerifier): Promise<Walk> {
  const splitter = new LineSplitter();
  const lf = Uint8Array.of(0x0a);
  let read = 0;
  let goodBytes = 0;
  try {
    for await (const block of createReadStream(path) as AsyncIterable<Buffer>) {
      for (const line of splitter.push(block)) {
        await log.push(concatBytes([line, lf]));
        read += line.length + 1;
        if (!log.clean) return { goodBytes, state: snapshot(log), why: `line ${log.state().lines} does not fit` };
        if (log.atBoundary) goodBytes = read;
      }
    }
  } catch (error) {
    // Anything that a torn or damaged log can contain ends the walk; errors of the disk do not.
    if (!(error instanceof FindingError) && !(error instanceof MalformedError)) throw error;
    return { goodBytes, state: snapshot(log), why: error.message };
  }
  const torn = splitter.restBytes > 0 || goodBytes < read;
  return { goodBytes, state: snapshot(log), why: torn ? 'the last write was cut short' : undefined };
}

const snapshot = (log: LogVerifier): Walk['state'] => ({ size: log.size, root: log.rootHex(), checkpointSize: log.checkpointSize });

/** Keeps what does not fit beside the log, then cuts it off. A crash in between is repaired by the next run. */
function saveTorn(dir: string, logPath: string, goodBytes: number): Buffer {
  const tornPath = join(dir, 'torn.bin');
  const tail = readFileSync(logPath).subarray(goodBytes);
  if (tail.length === 0) return existsSync(tornPath) ? readFileSync(tornPath) : Buffer.alloc(0);
  writeDurable(tornPath, tail);
  truncateSync(logPath, goodBytes);
  return tail;
}
