/** Pre-authorisation codes: an administrator lets one device in before it asks. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { deviceCodeBody, deviceCodeList, deviceCodeParams, deviceCodeReply, emptyReply } from '../../contract/store/index.ts';
import { randomToken, sha256Hex } from '../crypto/keys.ts';
import { StoreError } from '../http/errors.ts';
import { json, none, type Router } from '../http/route.ts';

const row = z.object({ code_id: z.string(), iss: z.string().nullable(), sub: z.string().nullable(), created_by: z.string(), expires_ms: z.number() });

export function deviceCodeRoutes(route: Router): void {
  route({
    ...none,
    method: 'POST',
    path: '/v1/devices/codes',
    auth: 'user',
    action: 'device.code.make',
    body: deviceCodeBody,
    reply: json(deviceCodeReply),
    handler: (ctx) => {
      const { person, hours } = ctx.body;
      if (person?.iss === ctx.user.iss && person.sub === ctx.user.sub) throw new StoreError('forbidden', 'somebody else must let your device in');
      const codeId = randomUUID();
      const code = `spd_${randomToken()}`;
      const nowMs = ctx.clock.nowMs();
      const expiresMs = nowMs + Math.round(hours * 3_600_000);
      return ctx.commit(
        codeId,
        async (tx) => {
          await tx.run('insert into device_codes (code_sha256, code_id, iss, sub, created_by, created_ms, expires_ms) values ($1,$2,$3,$4,$5,$6,$7)', [
            sha256Hex(code),
            codeId,
            person?.iss ?? null,
            person?.sub ?? null,
            `${ctx.user.iss} ${ctx.user.sub}`,
            nowMs,
            expiresMs,
          ]);
          return { code_id: codeId, code, expires_ms: expiresMs };
        },
        { detail: person === undefined ? 'for anybody' : `for ${person.iss} ${person.sub}` },
      );
    },
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/devices/codes',
    auth: 'user',
    action: 'device.code.list',
    reply: json(deviceCodeList),
    handler: (ctx) =>
      ctx.commit('device codes', async (tx) => {
        const found = await tx.rows(row, 'select code_id, iss, sub, created_by, expires_ms from device_codes where used_by is null and expires_ms > $1 order by expires_ms', [ctx.clock.nowMs()]);
        return { codes: found.map(({ iss, sub, ...rest }) => (iss === null || sub === null ? rest : { ...rest, person: { iss, sub } })) };
      }),
  });
  route({
    ...none,
    method: 'DELETE',
    path: '/v1/devices/codes/:code',
    auth: 'user',
    action: 'device.code.delete',
    params: deviceCodeParams,
    reply: json(emptyReply),
    handler: (ctx) =>
      ctx.commit(ctx.params.code, async (tx) => {
        if ((await tx.run('delete from device_codes where code_id = $1 and used_by is null', [ctx.params.code])) !== 1) throw new StoreError('not_found', 'no such code');
        return {};
      }),
  });
}
