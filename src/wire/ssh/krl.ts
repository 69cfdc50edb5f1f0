/**
 * Key revocation lists, as sshd's RevokedKeys reads them (PROTOCOL.krl of OpenSSH): certificates of a CA by their serial
 * numbers, and keys whole, which counts for what such a key has signed as a CA too.
 *
 *   byte[8] "SSHKRL\n\0", uint32 format 1, uint64 version, uint64 generated (s), uint64 flags, string reserved, string comment
 *   then sections: byte type, string data
 *   type 1: string ca key, string reserved, then byte 0x20, string with uint64 serials
 *   type 2: strings, each a public key
 */
import { ByteWriter } from '../../base/bytes.ts';
import { utf8 } from '../../base/encoding.ts';
import { BugError } from '../../base/errors.ts';
import { packed, writeString, writeU64 } from './data-types.ts';
import { encodePublicKey } from './public-key.ts';

const MAGIC = utf8('SSHKRL\n\0');
const FORMAT = 1;
const CERTIFICATES = 1;
const EXPLICIT_KEYS = 2;
const SERIAL_LIST = 0x20;

export interface Krl {
  /** Grows from list to list. */
  readonly version: bigint;
  readonly generatedS: bigint;
  readonly comment: string;
  readonly certificates: readonly { /** 32 bytes. */ readonly caKey: Uint8Array; readonly serials: readonly bigint[] }[];
  /** Ed25519, 32 bytes each. */
  readonly keys: readonly Uint8Array[];
}

export function encodeKrl(krl: Krl): Uint8Array {
  const w = new ByteWriter(1024);
  w.bytes(MAGIC).u32(FORMAT);
  writeU64(w, krl.version);
  writeU64(w, krl.generatedS);
  writeU64(w, 0n);
  writeString(w, '');
  writeString(w, krl.comment);
  for (const { caKey, serials } of krl.certificates) {
    if (serials.length === 0) continue;
    w.u8(CERTIFICATES);
    writeString(w, serialSection(caKey, serials));
  }
  if (krl.keys.length > 0) {
    w.u8(EXPLICIT_KEYS);
    writeString(w, packed(krl.keys.map(encodePublicKey)));
  }
  return w.finish();
}

function serialSection(caKey: Uint8Array, serials: readonly bigint[]): Uint8Array {
  const list = new ByteWriter(serials.length * 8);
  for (const serial of serials) {
    if (serial === 0n) throw new BugError('a certificate without a serial number cannot be revoked by it');
    writeU64(list, serial);
  }
  const w = new ByteWriter();
  writeString(w, encodePublicKey(caKey));
  writeString(w, '');
  w.u8(SERIAL_LIST);
  writeString(w, list.finish());
  return w.finish();
}
