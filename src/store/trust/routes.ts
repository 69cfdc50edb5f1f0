/** Public keys for verifiers: devices, witness, receipt key, approvers. Verifiers that need certainty pin this file out of band. */
import { fromBase64, toBase64 } from '../../base/encoding.ts';
import { trustReply } from '../../contract/store/index.ts';
import { sha256Hex } from '../crypto/keys.ts';
import { allDevices } from '../devices/routes.ts';
import { json, none, type Router } from '../http/route.ts';
import { authorityOf, type LogConfig, logPolicyOf } from '../log/config.ts';
import type { StoreKeys } from './store-keys.ts';

export function trustRoutes(route: Router, organisation: string, keys: StoreKeys, log: LogConfig): void {
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

const revoked = (r: { compromised_since_ms: number } | undefined): { revoked?: { compromised_since_ms: number } } =>
  r === undefined ? {} : { revoked: { compromised_since_ms: r.compromised_since_ms } };
