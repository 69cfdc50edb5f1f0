/** Makes recordings for tests: a fixed clock, a seeded generator, a device key and a session that did something. */
import { createHash } from 'node:crypto';
import type { Clock, Random } from '../base/clock.ts';
import { ed25519Signer } from '../evidence/sign.ts';
import type { Signer } from '../evidence/types.ts';
import { SessionRecorder, type OpenInput, type RecorderOptions } from '../evidence/write.ts';

/** A clock that moves only when told, plus 1 ms at each reading when `tick` is set. */
export class FakeClock implements Clock {
  #ms: number;
  readonly tickMs: number;
  constructor(ms = 1_780_000_000_000, tickMs = 1) {
    this.#ms = ms;
    this.tickMs = tickMs;
  }
  nowMs(): number {
    this.#ms += this.tickMs;
    return this.#ms;
  }
  monotonicNs(): bigint {
    return BigInt(this.#ms) * 1_000_000n;
  }
  advance(ms: number): void {
    this.#ms += ms;
  }
}

/** A repeatable stream of bytes: SHA-256 in counter mode over the seed. Tests only. */
export function seededRandom(seed: string): Random {
  let counter = 0;
  let pool = Buffer.alloc(0);
  return {
    bytes: (length) => {
      while (pool.length < length) pool = Buffer.concat([pool, createHash('sha256').update(`${seed}:${counter++}`).digest()]);
      const out = new Uint8Array(pool.subarray(0, length));
      pool = pool.subarray(length);
      return out;
    },
  };
}

export const testSigner = (name: string): Signer => ed25519Signer(createHash('sha256').update(`key:${name}`).digest());

export const openInput: OpenInput = {
  user: { iss: 'https://idp.example', sub: 'u-1', name: 'alice@example.com', groups: ['engineering'], id_token_sha256: 'a'.repeat(64) },
  policy: { bundle_sha256: `sha256:${'b'.repeat(64)}`, name: 'starter', serial: 3 },
  target: { connection: 'shop', protocol: 'postgres', host: '127.0.0.1', port: 5432, database: 'shop', labels: { env: 'prod' } },
  client: { kind: 'native', program: 'psql', address: '127.0.0.1' },
  proxy_build: 'test',
  boot_id: 'boot-1',
  recording_level: 'masked',
};

export interface TestRecorderOptions extends Partial<RecorderOptions> {
  readonly dir: string;
  readonly seed?: string;
}

export function openTestRecorder(o: TestRecorderOptions): Promise<SessionRecorder> {
  return SessionRecorder.open({
    store: 'store.example.com',
    open: openInput,
    device: testSigner('device'),
    clock: new FakeClock(),
    random: seededRandom(o.seed ?? 'recorder'),
    onFailure: () => undefined,
    ...o,
  });
}

/** One statement as the proxy records it: three records. */
export function recordStatement(recorder: SessionRecorder, i: number): void {
  recorder.append({ kind: 'sql.query', clear: { verb: 'select' }, fields: [{ name: 'sql', value: `SELECT * FROM customers WHERE id = ${i}` }] });
  recorder.append({ kind: 'policy.decision', clear: { dec: 'allow', pol: ['access'] } });
  recorder.commit();
  recorder.append({
    kind: 'sql.result',
    clear: { rows: 1, tag: 'SELECT 1' },
    fields: [
      { name: 'columns', value: ['id', 'email'] },
      { name: 'rows', value: [[String(i), 'tok_9f2c']] },
    ],
  });
  recorder.commit();
}

/** A finished session of `statements` statements with a checkpoint after every `perCheckpoint` of them. */
export async function recordSession(recorder: SessionRecorder, statements: number, perCheckpoint = 3): Promise<void> {
  for (let i = 0; i < statements; i++) {
    recordStatement(recorder, i);
    if (i % perCheckpoint === perCheckpoint - 1) recorder.checkpoint();
  }
  await recorder.sync();
}
