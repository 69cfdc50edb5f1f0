/** Node's own hashes for SCRAM: key derivation is about ten times faster than in JavaScript. */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import type { ScramHash } from '../../wire/postgres/scram-common.ts';

export const nodeScramHash: ScramHash = {
  sha256: (data) => new Uint8Array(createHash('sha256').update(data).digest()),
  hmacSha256: (key, data) => new Uint8Array(createHmac('sha256', key).update(data).digest()),
  pbkdf2Sha256: (password, salt, iterations) => new Uint8Array(pbkdf2Sync(password, salt, iterations, 32, 'sha256')),
};
