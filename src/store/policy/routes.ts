/** Serves the policy repository to devices and takes pushes and reports. */
import { z } from 'zod';
import { utf8 } from '../../base/encoding.ts';
import { MalformedError } from '../../base/errors.ts';
import { bundleReport, emptyReply, metadataParams, onlineKeysReply, policyBundleParams, policyDevices, policyStatusReply, policyTargetParams, policyVersionsReply, pushBody, reportBody, uploadedTarget, type PolicyDevice } from '../../contract/store/index.ts';
import { parseEnvelope, payloadJson, verifyEnvelope } from '../../evidence/dsse.ts';
import { nodeCrypto } from '../../evidence/node-crypto.ts';
import { tufLimits } from '../../tuf/metadata.ts';
import { sha256Hex } from '../crypto/keys.ts';
import type { Sealer } from '../crypto/seal.ts';
import { allDevices } from '../devices/routes.ts';
import { StoreError } from '../http/errors.ts';
import { bytes, json, none, type Router } from '../http/route.ts';
import { appendToLog } from '../log/append.ts';
import { raiseSecurityEvent } from '../notify/security-event.ts';
import { makeOnlineKeys, newestOnlineKeys } from './online-keys.ts';
import { publish } from './publish.ts';
import { currentVersions, findBundle, findMetadata, findTarget, insertTarget, lockRepository } from './repository.ts';

const MIB = 1024 * 1024;

export function policyRoutes(route: Router, seal: Sealer): void {
  servingRoutes(route);
  pushRoutes(route, seal);
  reportRoutes(route);
}

function servingRoutes(route: Router): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/policy/metadata/:file',
    auth: 'either',
    action: 'policy.metadata',
    params: metadataParams,
    reply: bytes,
    handler: async (ctx) => {
      const [version, role = ''] = ctx.params.file === 'timestamp.json' ? [undefined, 'timestamp'] : ctx.params.file.split('.');
      const wanted = version === undefined ? ((await currentVersions(ctx.db))?.['timestamp'] ?? 0) : Number(version);
      const text = await findMetadata(ctx.db, role, wanted);
      // Asked for each minute by each device: what came of it is in the device's signed reports.
      ctx.routine();
      if (text === undefined) throw new StoreError('not_found', `there is no ${ctx.params.file}`);
      return { contentType: 'application/json', body: utf8(text) };
    },
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/policy/targets/:sha256',
    auth: 'either',
    action: 'policy.bundle.read',
    params: policyTargetParams,
    reply: bytes,
    handler: (ctx) =>
      ctx.commit(ctx.params.sha256, async (tx) => {
        const body = await findTarget(tx, ctx.params.sha256);
        if (body === undefined) throw new StoreError('not_found', 'there is no such bundle');
        return { contentType: 'application/gzip', body };
      }),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/policy/bundles/:digest',
    auth: 'either',
    action: 'policy.bundle.read',
    params: policyBundleParams,
    reply: bytes,
    handler: (ctx) =>
      ctx.commit(`sha256:${ctx.params.digest}`, async (tx) => {
        const body = await findBundle(tx, ctx.params.digest);
        if (body === undefined) throw new StoreError('not_found', 'no bundle of this digest was ever published here');
        return { contentType: 'application/gzip', body };
      }),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/policy/status',
    auth: 'user',
    action: 'policy.status',
    reply: json(policyStatusReply),
    handler: (ctx) =>
      ctx.commit('policy', async (tx) => {
        const versions = await currentVersions(tx);
        return versions === undefined ? {} : { versions };
      }),
  });
}

function pushRoutes(route: Router, seal: Sealer): void {
  for (const method of ['GET', 'POST'] as const) {
    route({
      ...none,
      method,
      path: '/v1/policy/online-keys',
      auth: 'user',
      action: method === 'GET' ? 'policy.keys.read' : 'policy.keys.make',
      reply: json(onlineKeysReply),
      handler: (ctx) =>
        ctx.commit('snapshot and timestamp keys', async (tx) => {
          await lockRepository(tx);
          return method === 'GET' ? newestOnlineKeys(tx, seal, ctx.clock.nowMs()) : makeOnlineKeys(tx, seal, ctx.clock.nowMs());
        }),
    });
  }
  route({
    ...none,
    method: 'PUT',
    path: '/v1/policy/targets/:sha256',
    auth: 'user',
    action: 'policy.bundle.upload',
    params: policyTargetParams,
    bodyLimitBytes: tufLimits.targetBytes,
    reply: json(uploadedTarget),
    handler: (ctx) =>
      ctx.commit(ctx.params.sha256, async (tx) => {
        if (sha256Hex(ctx.raw) !== ctx.params.sha256) throw new StoreError('unprocessable', 'the bytes do not have the digest of the address');
        await insertTarget(tx, ctx.params.sha256, ctx.raw, ctx.clock.nowMs());
        return { sha256: ctx.params.sha256, bytes: ctx.raw.length };
      }),
  });
  route({
    ...none,
    method: 'POST',
    path: '/v1/policy/push',
    auth: 'user',
    action: 'policy.push',
    body: pushBody,
    bodyLimitBytes: 16 * MIB,
    reply: json(policyVersionsReply),
    handler: (ctx) =>
      ctx.commit(
        'policy',
        async (tx) => {
          const { versions, isNew, stop } = await publish(tx, ctx.body, { seal, nowMs: ctx.clock.nowMs() });
          if (stop !== undefined) await raiseSecurityEvent(tx, ctx.clock.nowMs(), { kind: 'emergency_stop', object: 'policy', detail: stop }, ctx.actor);
          if (isNew) await ctx.hub.publish(tx, { type: 'policy', timestamp: versions['timestamp'] ?? 0 });
          return { versions };
        },
        { detail: (r) => Object.entries(r.versions).map(([role, v]) => `${role} ${v}`).join(', ') },
      ),
  });
}

function reportRoutes(route: Router): void {
  route({
    ...none,
    method: 'POST',
    path: '/v1/policy/reports',
    auth: 'device',
    action: 'policy.report',
    body: reportBody,
    reply: json(emptyReply),
    handler: (ctx) =>
      ctx.commit(
        ctx.device.deviceId,
        async (tx) => {
          const report = await verifiedReport(ctx.body.envelope, ctx.device);
          await tx.run(
            `insert into policy_reports (device_id, report, t_ms, received_ms) values ($1,$2,$3,$4)
             on conflict (device_id) do update set report = $2, t_ms = $3, received_ms = $4`,
            [report.device_id, JSON.stringify(report), report.t, ctx.clock.nowMs()],
          );
          await appendToLog(tx, { kind: 'bundle', envelope: ctx.body.envelope, tMs: ctx.clock.nowMs() });
          return report;
        },
        { detail: (r) => `${r.outcome} ${r.bundle === undefined ? '' : `${r.bundle.name} #${r.bundle.serial} `}${r.reason}`.trim() },
      ).then(() => ({})),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/policy/devices',
    auth: 'user',
    action: 'policy.devices',
    reply: json(policyDevices),
    handler: (ctx) =>
      ctx.commit('devices', async (tx) => {
        const row = z.object({ device_id: z.string(), report: z.string().transform((t) => bundleReport.parse(JSON.parse(t))), received_ms: z.number() });
        const reports = new Map((await tx.rows(row, 'select device_id, report, received_ms from policy_reports')).map((r) => [r.device_id, r]));
        const devices = (await allDevices(tx)).filter((d) => d.revoked === undefined);
        return {
          devices: devices.map((d): PolicyDevice => {
            const r = reports.get(d.device_id);
            const device = { device_id: d.device_id, name: d.name, owner: { iss: d.owner.iss, sub: d.owner.sub, name: d.owner.name } };
            return r === undefined ? device : { ...device, report: r.report, received_ms: r.received_ms };
          }),
        };
      }),
  });
}

/** A report is a statement by the device that sends it: exactly one signature, of its key. */
async function verifiedReport(text: string, device: { deviceId: string; alg: 'Ed25519' | 'ES256'; publicKey: Uint8Array }): Promise<z.output<typeof bundleReport>> {
  try {
    const envelope = parseEnvelope(text, 'bundle');
    const [signature] = envelope.signatures;
    const key = { keyId: sha256Hex(device.publicKey), alg: device.alg, publicKey: device.publicKey };
    if (envelope.signatures.length !== 1 || signature?.keyId !== key.keyId || !(await verifyEnvelope(envelope, key, nodeCrypto))) throw new MalformedError('malformed.value', 'the report is not signed by this device');
    const report = bundleReport.parse(payloadJson(envelope));
    if (report.device_id !== device.deviceId) throw new MalformedError('malformed.value', 'the report is of another device');
    return report;
  } catch (error) {
    if (error instanceof MalformedError || error instanceof z.ZodError) throw new StoreError('unprocessable', error instanceof MalformedError ? error.message : 'the report is malformed', { cause: error });
    throw error;
  }
}
