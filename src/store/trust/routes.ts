/** Public keys for verifiers: devices, witness, receipt key, approvers. Verifiers that need certainty pin this file out of band. */
import { fromBase64, toBase64 } from '../../base/encoding.ts';
import { type Device, type RedactorKey, trustReply } from '../../contract/store/index.ts';
import { sha256Hex } from '../crypto/keys.ts';
import { allDevices } from '../devices/routes.ts';
import type { Queries } from '../db/database.ts';
import { json, none, type Router } from '../http/route.ts';
import { authorityOf, type LogConfig, logPolicyOf } from '../log/config.ts';
import { pastSigners } from '../retention/redactions.ts';
import type { StoreKeys } from './store-keys.ts';

export interface TrustPorts {
  readonly organisation: string;
  readonly keys: StoreKeys;
  readonly log: LogConfig;
  readonly roles: { readonly privacy_officer: readonly string[]; readonly security: readonly string[] };
}

/** A redaction needs two people (src/store/retention). */
const REDACTION_THRESHOLD = 2;

export function trustRoutes(route: Router, { organisation, keys, log, roles }: TrustPorts): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/trust',
    auth: 'either',
    action: 'trust.read',
    reply: json(trustReply),
    handler: (ctx) =>
      ctx.commit('trust', async (tx) => {
        const devices = await allDevices(tx);
        const own = { key_id: keys.receipt.keyId, alg: keys.receipt.alg, public_key: toBase64(keys.receipt.publicKey) };
        return {
          v: 1 as const,
          organisation,
          devices: devices.map((d) => ({ device_id: d.device_id, public_key: d.public_key, alg: d.alg, enrolled_ms: d.enrolled_ms, ...revoked(d.revoked) })),
          witnesses: [{ name: keys.witness.name, public_key: toBase64(keys.witness.signer.publicKey) }],
          receipt_keys: [own],
          exporters: [own],
          log_policy: logPolicyOf(log, keys),
          redactors: { threshold: REDACTION_THRESHOLD, keys: await redactorKeys(tx, devices, [...roles.privacy_officer, ...roles.security]) },
          ...(log.tsa === undefined ? {} : { timestamp_authorities: [{ name: log.tsa.name, certificate: toBase64(authorityOf(log.tsa).certificate) }] }),
          approvers: devices.map((d) => ({
            key_id: sha256Hex(fromBase64(d.public_key)),
            alg: d.alg,
            public_key: d.public_key,
            principal: { iss: d.owner.iss, sub: d.owner.sub, name: d.owner.name, groups: d.owner.groups },
            ...revoked(d.revoked),
          })),
        };
      }),
  });
}

/** Keys of those who may sign now, and of those who have signed and may have left since. */
async function redactorKeys(q: Queries, devices: readonly Device[], groups: readonly string[]): Promise<RedactorKey[]> {
  const known = new Map<string, RedactorKey>();
  for (const s of await pastSigners(q)) known.set(s.key_id, { key_id: s.key_id, alg: s.alg, public_key: s.public_key, principal: { iss: s.iss, sub: s.sub, name: s.name, groups: [] } });
  for (const d of devices) {
    const key_id = sha256Hex(fromBase64(d.public_key));
    const { iss, sub, name } = d.owner;
    const may = d.owner.groups.some((g) => groups.includes(g));
    if (may || known.has(key_id)) known.set(key_id, { key_id, alg: d.alg, public_key: d.public_key, principal: { iss, sub, name, groups: d.owner.groups }, ...revoked(d.revoked) });
  }
  return [...known.values()];
}

const revoked = (r: { compromised_since_ms: number } | undefined): { revoked?: { compromised_since_ms: number } } =>
  r === undefined ? {} : { revoked: { compromised_since_ms: r.compromised_since_ms } };
