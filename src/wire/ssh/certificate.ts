/**
 * OpenSSH certificates of Ed25519 keys (PROTOCOL.certkeys of OpenSSH):
 *
 *   string  "ssh-ed25519-cert-v01@openssh.com"
 *   string  nonce
 *   string  pk                 32 bytes
 *   uint64  serial
 *   uint32  type               1 user, 2 host
 *   string  key id
 *   string  valid principals   strings; none: every one, so none is refused here
 *   uint64  valid after        seconds since the epoch
 *   uint64  valid before       2^64-1: for ever
 *   string  critical options   name and data, names ascending; who does not know one refuses the certificate
 *   string  extensions         likewise; who does not know one ignores it
 *   string  reserved           empty
 *   string  signature key      of the CA
 *   string  signature          by it, over all that is before
 */
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { concatBytes, fromUtf8 } from '../../base/encoding.ts';
import { BugError, MalformedError } from '../../base/errors.ts';
import { packed, readString, readU64, writeString, writeU64 } from './data-types.ts';
import { decodePublicKey, decodeSignature, encodePublicKey, encodeSignature } from './public-key.ts';

export const ED25519_CERTIFICATE = 'ssh-ed25519-cert-v01@openssh.com';
/** As SSHKEY_CERT_MAX_PRINCIPALS of OpenSSH. */
export const MAX_PRINCIPALS = 256;
const MAX_BYTES = 64 * 1024;
const TYPES = { user: 1, host: 2 } as const;

export interface Certificate {
  readonly nonce: Uint8Array;
  /** 32 bytes: whose certificate this is. */
  readonly publicKey: Uint8Array;
  /** 0 cannot be revoked by number. */
  readonly serial: bigint;
  readonly type: keyof typeof TYPES;
  /** What the server's log calls it. */
  readonly keyId: string;
  readonly principals: readonly string[];
  readonly validAfterS: bigint;
  readonly validBeforeS: bigint;
  /** Values by name; an option without a value has ''. */
  readonly criticalOptions: Readonly<Record<string, string>>;
  readonly extensions: Readonly<Record<string, string>>;
  /** 32 bytes. */
  readonly caKey: Uint8Array;
}

/** What the CA signs. */
export function certificateBody(c: Certificate): Uint8Array {
  if (c.publicKey.length !== 32 || c.caKey.length !== 32) throw new BugError('an Ed25519 key has 32 bytes');
  if (c.principals.length === 0 || c.principals.length > MAX_PRINCIPALS || c.principals.includes('')) throw new BugError('a certificate without principals would be good for every one');
  const w = new ByteWriter(1024);
  writeString(w, ED25519_CERTIFICATE);
  writeString(w, c.nonce);
  writeString(w, c.publicKey);
  writeU64(w, c.serial);
  w.u32(TYPES[c.type]);
  writeString(w, c.keyId);
  writeString(w, packed(c.principals));
  writeU64(w, c.validAfterS);
  writeU64(w, c.validBeforeS);
  writeString(w, options(c.criticalOptions));
  writeString(w, options(c.extensions));
  writeString(w, '');
  writeString(w, encodePublicKey(c.caKey));
  return w.finish();
}

/** The certificate: its body and the CA's signature over it, 64 bytes. */
export const signedCertificate = (body: Uint8Array, signature: Uint8Array): Uint8Array => concatBytes([body, packed([encodeSignature(signature)])]);

export interface SignedCertificate {
  readonly certificate: Certificate;
  /** What `signature` is over: the bytes as they came. */
  readonly body: Uint8Array;
  /** 64 bytes. Whoever trusts the certificate verifies it with `certificate.caKey`, and that that key is a CA's. */
  readonly signature: Uint8Array;
}

/** Takes a certificate apart and proves nothing. @throws MalformedError for anything that is not understood to the last byte */
export function decodeCertificate(blob: Uint8Array): SignedCertificate {
  if (blob.length > MAX_BYTES) throw new MalformedError('malformed.length', `a certificate of more than ${MAX_BYTES} bytes`);
  const r = new ByteReader<Uint8Array>(blob);
  if (fromUtf8(readString(r)) !== ED25519_CERTIFICATE) throw new MalformedError('malformed.unknown_type', `only ${ED25519_CERTIFICATE} is understood`, 4);
  const nonce = readString(r);
  const publicKey = readString(r);
  if (publicKey.length !== 32) throw new MalformedError('malformed.length', 'an Ed25519 key has 32 bytes', r.offset);
  const serial = readU64(r);
  const type = readType(r);
  const keyId = fromUtf8(readString(r));
  const principals = readPrincipals(readString(r));
  const validAfterS = readU64(r);
  const validBeforeS = readU64(r);
  const criticalOptions = readOptions(readString(r));
  const extensions = readOptions(readString(r));
  if (readString(r).length > 0) throw new MalformedError('malformed.value', 'the reserved field is not empty', r.offset);
  const caKey = decodePublicKey(readString(r));
  const body = blob.subarray(0, r.offset);
  const signature = decodeSignature(readString(r));
  r.end();
  return { certificate: { nonce, publicKey, serial, type, keyId, principals, validAfterS, validBeforeS, criticalOptions, extensions, caKey }, body, signature };
}

function readType(r: ByteReader): Certificate['type'] {
  const value = r.u32();
  if (value === TYPES.user) return 'user';
  if (value === TYPES.host) return 'host';
  throw new MalformedError('malformed.value', `certificates have no type ${value}`, r.offset - 4);
}

function readPrincipals(bytes: Uint8Array): string[] {
  const r = new ByteReader<Uint8Array>(bytes);
  const found: string[] = [];
  while (r.remaining > 0) {
    const name = fromUtf8(readString(r));
    if (name === '') throw new MalformedError('malformed.value', 'a principal without a name', r.offset);
    if (found.push(name) > MAX_PRINCIPALS) throw new MalformedError('malformed.length', `more than ${MAX_PRINCIPALS} principals`);
  }
  return found;
}

/** Values are strings inside the data; an option without one has no data at all. */
function options(values: Readonly<Record<string, string>>): Uint8Array {
  const sorted = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  return packed(sorted.flatMap(([name, value]) => [name, value === '' ? '' : packed([value])]));
}

function readOptions(bytes: Uint8Array): Record<string, string> {
  const r = new ByteReader<Uint8Array>(bytes);
  const found: [string, string][] = [];
  while (r.remaining > 0) {
    const at = r.offset;
    const name = fromUtf8(readString(r));
    const last = found.at(-1)?.[0];
    if (last !== undefined && last >= name) throw new MalformedError('malformed.value', 'options are in ascending order, each once', at);
    found.push([name, readValue(readString(r))]);
  }
  return Object.fromEntries(found);
}

function readValue(data: Uint8Array): string {
  if (data.length === 0) return '';
  const r = new ByteReader<Uint8Array>(data);
  const value = fromUtf8(readString(r));
  if (value === '') throw new MalformedError('malformed.value', 'an option with an empty value');
  r.end();
  return value;
}
