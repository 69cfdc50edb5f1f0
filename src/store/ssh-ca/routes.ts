/** The certificate authority over HTTP: what hosts fetch, and its keys for administrators. Certificates come with a lease (src/store/targets). */
import { utf8 } from '../../base/encoding.ts';
import { caKey, caKeyList, caKeyParams, emptyReply } from '../../contract/store/index.ts';
import type { Sealer } from '../crypto/seal.ts';
import { StoreError } from '../http/errors.ts';
import { bytes, json, none, type Router } from '../http/route.ts';
import { caKeys, caSigner, makeCaKey, removeCaKey, useCaKey } from './keys.ts';
import { revocationList } from './revocations.ts';

export function sshCaRoutes(route: Router, seal: Sealer, origin: string): void {
  hostRoutes(route, seal, origin);
  keyRoutes(route, seal, origin);
}

/** Asked for by every host each minute, without an identity: public keys, and numbers that say nothing of anybody. */
function hostRoutes(route: Router, seal: Sealer, origin: string): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/ssh-ca/trusted-keys',
    auth: 'public',
    action: 'ssh_ca.trusted_keys',
    reply: bytes,
    handler: async (ctx) => {
      ctx.unaudited();
      await ctx.db.transaction((tx) => caSigner(tx, seal, ctx.clock.nowMs()));
      const keys = await caKeys(ctx.db, origin);
      const lines = keys.filter((k) => k.state !== 'removed').map((k) => `${k.public_key}\n`);
      return { contentType: 'text/plain', body: utf8(lines.join('')) };
    },
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/ssh-ca/krl',
    auth: 'public',
    action: 'ssh_ca.krl',
    reply: bytes,
    handler: async (ctx) => {
      ctx.unaudited();
      return { contentType: 'application/octet-stream', body: await revocationList(ctx.db, origin, ctx.clock.nowMs()) };
    },
  });
}

function keyRoutes(route: Router, seal: Sealer, origin: string): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/ssh-ca/keys',
    auth: 'user',
    action: 'ssh_ca.key.list',
    reply: json(caKeyList),
    handler: (ctx) => ctx.commit('ssh-ca', async (tx) => ({ keys: await caKeys(tx, origin) })),
  });
  route({
    ...none,
    method: 'POST',
    path: '/v1/ssh-ca/keys',
    auth: 'user',
    action: 'ssh_ca.key.make',
    reply: json(caKey),
    handler: (ctx) =>
      ctx.commit(
        'ssh-ca',
        async (tx) => {
          const id = await makeCaKey(tx, seal, ctx.clock.nowMs());
          const made = (await caKeys(tx, origin)).find((k) => k.key_id === id);
          if (made === undefined) throw new StoreError('internal', 'the key was not stored');
          return made;
        },
        { detail: (k) => k.fingerprint },
      ),
  });
  route({
    ...none,
    method: 'POST',
    path: '/v1/ssh-ca/keys/:id/use',
    auth: 'user',
    action: 'ssh_ca.key.use',
    params: caKeyParams,
    reply: json(emptyReply),
    handler: (ctx) =>
      ctx.commit(ctx.params.id, async (tx) => {
        await useCaKey(tx, ctx.params.id);
        return {};
      }),
  });
  route({
    ...none,
    method: 'DELETE',
    path: '/v1/ssh-ca/keys/:id',
    auth: 'user',
    action: 'ssh_ca.key.remove',
    params: caKeyParams,
    reply: json(emptyReply),
    handler: (ctx) =>
      ctx.commit(ctx.params.id, async (tx) => {
        await removeCaKey(tx, ctx.params.id, ctx.clock.nowMs());
        return {};
      }),
  });
}
