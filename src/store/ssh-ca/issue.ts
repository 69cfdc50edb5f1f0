/** Issues one certificate: for a key that the device has just made, for one session, for minutes. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { assert, MalformedError } from '../../base/errors.ts';
import type { SessionId } from '../../base/ids.ts';
import type { SshCa } from '../../contract/store/index.ts';
import { certificateBody, ED25519_CERTIFICATE, signedCertificate } from '../../wire/ssh/certificate.ts';
import { blobOfLine, decodePublicKey, ED25519, keyLine } from '../../wire/ssh/public-key.ts';
import { checkPublicKey } from '../crypto/keys.ts';
import type { Sealer } from '../crypto/seal.ts';
import type { Queries } from '../db/database.ts';
import type { ProvenDevice, User } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
import { appendToLog, logStatement } from '../log/append.ts';
import { accountOf } from './accounts.ts';
import { caSigner } from './keys.ts';

/** By so much a host's clock may be behind ours. */
const SKEW_MS = 60_000;
/** Expired certificates are of no use to a list of revoked ones; the audit trail and the log keep them. */
const FORGET_AFTER_MS = 24 * 3_600_000;

export interface CertificateRequest {
  readonly targetId: string;
  readonly targetName: string;
  /** Account of the target's registration, maybe a template. */
  readonly user: string;
  readonly rules: SshCa;
  /** `ssh-ed25519 AAAA...` as the device sent it. */
  readonly publicKey: string | undefined;
  readonly leaseId: string;
  readonly sessionId: SessionId;
  readonly person: User;
  readonly device: ProvenDevice;
  readonly nowMs: number;
}

export interface IssuedCertificate {
  /** The account to sign on as. */
  readonly user: string;
  /** `ssh-ed25519-cert-v01@openssh.com AAAA...` */
  readonly certificate: string;
  /** For the audit trail. */
  readonly note: string;
}

/** @throws StoreError unprocessable without a good key, forbidden when the rules have no account for this person */
export async function issueCertificate(tx: Queries, seal: Sealer, o: CertificateRequest): Promise<IssuedCertificate> {
  const publicKey = deviceKey(o.publicKey);
  const user = accountOf(o.user, o.person.sub);
  const principals = [...new Set((o.rules.principals ?? [o.user]).map((p) => accountOf(p, o.person.sub)))];
  const ca = await caSigner(tx, seal, o.nowMs);
  // Seconds are what a certificate counts in: it ends before its time rather than after.
  const validAfterS = BigInt(Math.floor((o.nowMs - SKEW_MS) / 1000));
  const validBeforeS = BigInt(Math.floor(o.nowMs / 1000) + o.rules.lifetime_s);
  const serial = await newSerial(tx, ca.keyId, o, Number(validBeforeS) * 1000);
  const keyId = `session=${o.sessionId} device=${o.device.deviceId} person=${o.person.sub}`;
  const body = certificateBody({
    nonce: randomBytes(32),
    publicKey,
    serial,
    type: 'user',
    keyId,
    principals,
    validAfterS,
    validBeforeS,
    criticalOptions: o.rules.source_address === undefined ? {} : { 'source-address': o.rules.source_address.join(',') },
    extensions: Object.fromEntries(o.rules.extensions.map((name) => [name, ''])),
    caKey: ca.publicKey,
  });
  const certificate = keyLine(ED25519_CERTIFICATE, signedCertificate(body, ca.sign(body)));
  const members = { serial: Number(serial), ca_key_id: ca.keyId, target: o.targetName, session_id: o.sessionId, device_id: o.device.deviceId, person: { iss: o.person.iss, sub: o.person.sub }, principals, valid_before: Number(validBeforeS) * 1000 };
  await appendToLog(tx, { kind: 'ssh_ca.certificate', envelope: logStatement('ssh_ca.certificate', o.nowMs, members), tMs: o.nowMs });
  const note = `certificate ${serial} of CA ${ca.keyId.slice(0, 16)} for ${principals.join(',')} until ${new Date(Number(validBeforeS) * 1000).toISOString()}`;
  return { user, certificate, note };
}

/** 32 bytes. */
function deviceKey(line: string | undefined): Uint8Array {
  if (line === undefined) throw new StoreError('unprocessable', 'this target takes certificates: send the public key of a key pair that you have just made (ssh_public_key)');
  try {
    const key = decodePublicKey(blobOfLine(ED25519, line));
    checkPublicKey('Ed25519', key);
    return key;
  } catch (cause) {
    if (cause instanceof MalformedError) throw new StoreError('unprocessable', `ssh_public_key: ${cause.message}`, { cause });
    throw cause;
  }
}

/** The number by which the certificate can be revoked, never 0, never twice. */
async function newSerial(tx: Queries, caKeyId: string, o: CertificateRequest, expiresMs: number): Promise<bigint> {
  await tx.run('delete from ssh_certificates where expires_ms < $1', [o.nowMs - FORGET_AFTER_MS]);
  const made = await tx.first(
    z.object({ serial: z.number().int().positive() }),
    'insert into ssh_certificates (key_id, lease_id, target_id, device_id, store_session_id, issued_ms, expires_ms) values ($1,$2,$3,$4,$5,$6,$7) returning serial',
    [caKeyId, o.leaseId, o.targetId, o.device.deviceId, o.person.sessionId, o.nowMs, expiresMs],
  );
  assert(made !== undefined, 'a new row has a number');
  return BigInt(made.serial);
}
