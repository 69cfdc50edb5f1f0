/** trust.json: the public keys that a verifier goes by. It comes out of band, never from the recording. */
import { MalformedError } from '../base/errors.ts';
import { parseDeviceId, type DeviceId } from '../base/ids.ts';
import type { ApproverKeyRef } from './approval.ts';
import { isNoteName, type NoteKey } from './note.ts';
import { base64, count, exactly, list, object, oneOf, text, texts } from './parse.ts';
import { parseTlogPolicy, type TlogPolicy } from './tlog-policy.ts';
import type { KeyAlg, PublicKeyRef } from './types.ts';
import { deviceIdOf, keyIdOf } from './verify-crypto.ts';

export interface TrustedDevice extends PublicKeyRef {
  readonly deviceId: DeviceId;
  readonly enrolledMs: number;
  /** Signatures count only if a witness saw them before this time. */
  readonly compromisedSinceMs: number | undefined;
}

export interface TrustedApprover {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly groups: readonly string[];
}

export interface Trust {
  readonly organisation: string;
  readonly devices: readonly TrustedDevice[];
  readonly witnesses: readonly NoteKey[];
  readonly receiptKeys: readonly PublicKeyRef[];
  readonly approvers: readonly ApproverKeyRef<TrustedApprover>[];
  readonly exporters: readonly PublicKeyRef[];
  /** Who may agree to a redaction, and how many of them it takes. */
  readonly redactors: { readonly threshold: number; readonly keys: readonly RedactorKey[] };
  /** With it, every recording must prove that its statements are in one of these transparency logs. */
  readonly logPolicy: TlogPolicy | undefined;
  /** RFC 3161 time-stamping authorities. Where there is one, the log checkpoint of each proof must be stamped by one of them. */
  readonly timestampAuthorities: readonly TimestampAuthority[];
}

export interface RedactorKey extends PublicKeyRef {
  /** Whose key it is: two keys of one person are one redactor. The key's own id where trust does not say. */
  readonly person: string;
  readonly compromisedSinceMs: number | undefined;
}

export interface TimestampAuthority {
  readonly name: string;
  /** DER of the certificate that its chain must end at: the authority's own or its root. */
  readonly certificate: Uint8Array;
}

/** @throws MalformedError naming the member that is wrong. An empty list is allowed, a missing one is not. */
export function parseTrust(value: unknown): Trust {
  const o = object(value, 'trust', ['v', 'organisation', 'devices', 'witnesses', 'receipt_keys', 'approvers'], ['exporters', 'redactors', 'log_policy', 'timestamp_authorities']);
  exactly(o['v'], 'trust.v', 1);
  return {
    organisation: text(o['organisation'], 'trust.organisation'),
    devices: unique(list(o['devices'], 'trust.devices', device, 100_000), 'trust.devices'),
    witnesses: list(o['witnesses'], 'trust.witnesses', witness),
    receiptKeys: unique(list(o['receipt_keys'], 'trust.receipt_keys', key), 'trust.receipt_keys'),
    approvers: unique(list(o['approvers'], 'trust.approvers', approver, 100_000), 'trust.approvers'),
    exporters: o['exporters'] === undefined ? [] : unique(list(o['exporters'], 'trust.exporters', key), 'trust.exporters'),
    redactors: redactors(o['redactors']),
    logPolicy: o['log_policy'] === undefined ? undefined : parseTlogPolicy(text(o['log_policy'], 'trust.log_policy')),
    timestampAuthorities: o['timestamp_authorities'] === undefined ? [] : list(o['timestamp_authorities'], 'trust.timestamp_authorities', timestampAuthority, 100),
  };
}

function keyMembers(o: Readonly<Record<string, unknown>>, what: string): PublicKeyRef {
  const alg: KeyAlg = oneOf(o['alg'], `${what}.alg`, ['Ed25519', 'ES256']);
  const publicKey = base64(o['public_key'], `${what}.public_key`);
  if (alg === 'Ed25519' && publicKey.length !== 32) throw new MalformedError('malformed.length', `${what}.public_key is not 32 bytes`);
  return { keyId: keyIdOf(publicKey), alg, publicKey };
}

/** A key whose stated id must be the digest of its bytes. */
function key(value: unknown, what: string): PublicKeyRef {
  const o = object(value, what, ['key_id', 'alg', 'public_key']);
  return named(keyMembers(o, what), o, what);
}

function named<K extends PublicKeyRef>(ref: K, o: Readonly<Record<string, unknown>>, what: string): K {
  if (o['key_id'] !== ref.keyId) throw new MalformedError('malformed.value', `${what}.key_id is not the digest of its public key`);
  return ref;
}

function device(value: unknown, what: string): TrustedDevice {
  const o = object(value, what, ['device_id', 'public_key', 'alg', 'enrolled_ms'], ['revoked']);
  const ref = keyMembers(o, what);
  const deviceId = parseDeviceId(o['device_id']);
  if (deviceId !== deviceIdOf(ref.publicKey)) throw new MalformedError('malformed.value', `${what}.device_id is not the digest of its public key`);
  return { ...ref, deviceId, enrolledMs: count(o['enrolled_ms'], `${what}.enrolled_ms`), compromisedSinceMs: revoked(o['revoked'], what) };
}

function revoked(value: unknown, what: string): number | undefined {
  if (value === undefined) return undefined;
  return count(object(value, `${what}.revoked`, ['compromised_since_ms'])['compromised_since_ms'], `${what}.revoked.compromised_since_ms`);
}

function witness(value: unknown, what: string): NoteKey {
  const o = object(value, what, ['name', 'public_key']);
  const name = text(o['name'], `${what}.name`, 255);
  const publicKey = base64(o['public_key'], `${what}.public_key`);
  if (!isNoteName(name) || publicKey.length !== 32) throw new MalformedError('malformed.value', `${what} is not a witness name and an Ed25519 key`);
  return { name, publicKey };
}

function timestampAuthority(value: unknown, what: string): TimestampAuthority {
  const o = object(value, what, ['name', 'certificate']);
  return { name: text(o['name'], `${what}.name`, 255), certificate: base64(o['certificate'], `${what}.certificate`) };
}

function approver(value: unknown, what: string): ApproverKeyRef<TrustedApprover> {
  const o = object(value, what, ['key_id', 'alg', 'public_key', 'principal'], ['revoked']);
  const p = object(o['principal'], `${what}.principal`, ['iss', 'sub', 'name', 'groups']);
  const principal = { issuer: text(p['iss'], `${what}.iss`), subject: text(p['sub'], `${what}.sub`), name: text(p['name'], `${what}.name`), groups: texts(p['groups'], `${what}.groups`) };
  const revokedMs = revoked(o['revoked'], what);
  const ref = named({ ...keyMembers(o, what), principal }, o, what);
  return revokedMs === undefined ? ref : { ...ref, revokedMs };
}

function redactors(value: unknown): Trust['redactors'] {
  // Without named redactors no removal is ever accepted: the threshold cannot be met.
  if (value === undefined) return { threshold: 1, keys: [] };
  const o = object(value, 'trust.redactors', ['threshold', 'keys']);
  const threshold = count(o['threshold'], 'trust.redactors.threshold');
  if (threshold < 1) throw new MalformedError('malformed.value', 'trust.redactors.threshold is less than 1');
  return { threshold, keys: unique(list(o['keys'], 'trust.redactors.keys', redactor), 'trust.redactors.keys') };
}

function redactor(value: unknown, what: string): RedactorKey {
  if (typeof value !== 'object' || value === null || !('principal' in value)) {
    const plain = key(value, what);
    return { ...plain, person: plain.keyId, compromisedSinceMs: undefined };
  }
  const { principal, revokedMs, ...ref } = approver(value, what);
  return { ...ref, person: JSON.stringify([principal.issuer, principal.subject]), compromisedSinceMs: revokedMs };
}

function unique<K extends PublicKeyRef>(keys: readonly K[], what: string): readonly K[] {
  if (new Set(keys.map((k) => k.keyId)).size !== keys.length) throw new MalformedError('malformed.value', `${what} names a key twice`);
  return keys;
}
