/**
 * The device's sequence of recordings: which number comes next and the digest of the open before it.
 * docs/decisions/0001-device-chain-over-opens.md says why the chain runs over opens.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, messageOf } from '../base/errors.ts';
import { parseDeviceId, parseSessionId, type DeviceId, type SessionId } from '../base/ids.ts';
import { canonicalJson } from '../base/jcs.ts';
import { fsyncDir, ioError, writeDurable } from './files.ts';
import { nodeSha256Hex } from './node-crypto.ts';
import { count, exactly, hex32, object, oneOf, parseJson, text } from './parse.ts';

export const firstOpen = '0'.repeat(64);

interface LedgerState {
  readonly v: 1;
  readonly device_id: DeviceId;
  /** Of the newest open. */
  readonly device_seq: number;
  readonly open_sha256: string;
  readonly session_id: SessionId;
  /** `reserved` until open.dsse.json is durable; then `opened`. */
  readonly state: 'reserved' | 'opened';
  /** The envelope while `reserved`, so that a crash between the two leaves no hole in the sequence. */
  readonly open: string;
}

export interface NextOpen {
  readonly deviceSeq: number;
  readonly prevOpenSha256: string;
}

/** One per spool root. A file that does not parse is refused: starting over would hide dropped recordings. */
export class DeviceLedger {
  readonly #path: string;
  readonly #root: string;
  readonly #device: DeviceId;

  private constructor(root: string, device: DeviceId) {
    this.#root = root;
    this.#path = join(root, 'device-ledger.json');
    this.#device = device;
  }

  /** @throws ConfigError when the ledger is damaged or belongs to another device key. */
  static open(root: string, device: DeviceId): DeviceLedger {
    try {
      mkdirSync(root, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw ioError(`cannot create ${root}`, error);
    }
    const ledger = new DeviceLedger(root, device);
    ledger.finishReserved();
    return ledger;
  }

  /**
   * Reserves the next number durably and puts `<root>/<session>/open.dsse.json` on disk.
   * @param sign makes the open envelope for the number it is given
   */
  reserve(session: SessionId, sign: (next: NextOpen) => string): string {
    const last = this.#read();
    const next = { deviceSeq: (last?.device_seq ?? 0) + 1, prevOpenSha256: last?.open_sha256 ?? firstOpen };
    const open = sign(next);
    const state: LedgerState = { v: 1, device_id: this.#device, device_seq: next.deviceSeq, open_sha256: nodeSha256Hex(open), session_id: session, state: 'reserved', open };
    this.#write(state);
    this.finishReserved();
    return open;
  }

  /** Puts a reserved open on disk that a crash kept from its place. */
  finishReserved(): void {
    const last = this.#read();
    if (last?.state !== 'reserved') return;
    const dir = join(this.#root, last.session_id);
    try {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      fsyncDir(this.#root);
    } catch (error) {
      throw ioError(`cannot create ${dir}`, error);
    }
    const path = join(dir, 'open.dsse.json');
    if (!existsSync(path)) writeDurable(path, last.open);
    this.#write({ ...last, state: 'opened', open: '' });
  }

  #write(state: LedgerState): void {
    const body = canonicalJson({ ...state });
    writeDurable(this.#path, JSON.stringify({ body, sha256: nodeSha256Hex(body) }));
  }

  #read(): LedgerState | undefined {
    if (!existsSync(this.#path)) return undefined;
    try {
      const outer = object(parseJson(readFileSync(this.#path, 'utf8'), 'ledger'), 'ledger', ['body', 'sha256']);
      const body = text(outer['body'], 'ledger.body', 1 << 20);
      if (nodeSha256Hex(body) !== outer['sha256']) throw new Error('its checksum does not fit');
      const o = object(parseJson(body, 'ledger body'), 'ledger body', ['v', 'device_id', 'device_seq', 'open_sha256', 'session_id', 'state', 'open']);
      const state: LedgerState = {
        v: exactly(o['v'], 'v', 1),
        device_id: parseDeviceId(o['device_id']),
        device_seq: count(o['device_seq'], 'device_seq'),
        open_sha256: hex32(o['open_sha256'], 'open_sha256'),
        session_id: parseSessionId(o['session_id']),
        state: oneOf(o['state'], 'state', ['reserved', 'opened']),
        open: text(o['open'], 'open', 1 << 20),
      };
      if (state.device_id !== this.#device) throw new Error(`it belongs to ${state.device_id}, this device is ${this.#device}`);
      return state;
    } catch (error) {
      throw new ConfigError(`the device's record sequence cannot be read: ${messageOf(error)}`, {
        file: this.#path,
        fix: 'restore it from a backup, or enrol the device again with a new key and a new spool directory',
      });
    }
  }
}
