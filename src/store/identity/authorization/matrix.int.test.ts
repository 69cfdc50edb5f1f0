/**
 * Every route by every caller, over HTTP, from the list of routes that the store itself mounted. A new route without a
 * policy stops the start; one with a policy that nobody wrote into docs/authorization.md fails here.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toBase64, utf8 } from '../../../base/encoding.ts';
import { DEVICE_HEADER, deviceRequestMessage, type StoreRole } from '../../../contract/store/index.ts';
import { createStoreClient, type DeviceSigner } from '../../../proxy/core/store-client.ts';
import { openDeviceFile } from '../../../proxy/core/store-client-device.ts';
import { startTestStore, type TestStore } from '../../../testing/store-harness.ts';
import type { MountedRoute } from '../../http/route.ts';
import { makeAuthorizer } from './authorizer.ts';
import { type Caller, callers, cellOf, matrixTable, rolesAt } from './matrix.ts';
import { STORE_POLICIES } from './policies.ts';

const TABLE = new URL('../../../../docs/authorization.md', import.meta.url);
const authorizer = makeAuthorizer('matrix', STORE_POLICIES);
let store: TestStore;
let routes: readonly MountedRoute[];

interface Someone {
  readonly token: string;
  readonly device: DeviceSigner;
}
const people = new Map<Caller | 'ended' | 'pending' | 'revoked', Someone>();

const groupOf: Record<Exclude<StoreRole, 'service'>, string> = { engineer: 'g-engineer', approver: 'g-approver', auditor: 'g-auditor', privacy_officer: 'g-privacy', security: 'g-security', admin: 'g-admin' };

async function someone(subject: string, groups: readonly string[], enrol = true): Promise<Someone> {
  const device = openDeviceFile(`${store.dataDir}/devices-of-test/${subject}`);
  const client = createStoreClient({ url: store.url(), device });
  const { token } = await client.signIn(await store.token(subject, groups));
  if (enrol) await client.enrolDevice(subject);
  return { token, device };
}

beforeAll(async () => {
  const roles = { engineer: [groupOf.engineer], approver: [groupOf.approver], auditor: [groupOf.auditor], privacy_officer: [groupOf.privacy_officer], security: [groupOf.security], admin: [groupOf.admin] };
  store = await startTestStore({ roles, devices: { enrolment: 'approval' } });
  routes = store.store().routes;
  const admin = await someone('admin@x', ['g-admin'], false);
  const approve = async (who: Someone): Promise<void> => {
    const response = await fetch(`${store.url()}/v1/devices/${who.device.deviceId}/approve`, { method: 'POST', headers: { authorization: `Bearer ${admin.token}` } });
    expect(response.status).toBe(200);
  };
  for (const caller of callers) {
    if (caller === 'none' || caller === 'service') continue;
    const group = caller === 'signed in' || caller === 'device' ? [] : [groupOf[caller]];
    const who = await someone(`${caller.replace(' ', '-')}-role@x`, group);
    await approve(who);
    people.set(caller, who);
  }
  people.set('pending', await someone('pending@x', ['g-engineer']));
  const ended = await someone('ended@x', Object.values(groupOf));
  await approve(ended);
  await fetch(`${store.url()}/v1/signout`, { method: 'POST', headers: { authorization: `Bearer ${ended.token}` } });
  people.set('ended', ended);
  const revoked = await someone('revoked@x', Object.values(groupOf));
  await approve(revoked);
  await fetch(`${store.url()}/v1/devices/${revoked.device.deviceId}/revoke`, { method: 'POST', headers: { authorization: `Bearer ${revoked.token}`, 'content-type': 'application/json' }, body: '{"reason":"lost"}' });
  const again = createStoreClient({ url: store.url() });
  people.set('revoked', { token: (await again.signIn(await store.token('revoked@x', Object.values(groupOf)))).token, device: revoked.device });
});
afterAll(() => store.stop());

/** A path of that route. The parameter that no schema knows makes every allowed call end at "bad request", with nothing done. */
const pathOf = (route: MountedRoute): string => `${route.path.replace(/:\w+|\*/g, 'x')}?matrix=1`;

async function call(route: MountedRoute, who: Someone | undefined, proof: { user: boolean; device: boolean }): Promise<{ status: number; code: string; message: string }> {
  const path = pathOf(route);
  const headers: Record<string, string> = {};
  if (who !== undefined && proof.user) headers['authorization'] = `Bearer ${who.token}`;
  if (who !== undefined && proof.device) {
    const [t, nonce] = [Date.now(), randomBytes(16).toString('base64url')];
    const message = deviceRequestMessage({ method: route.method, host: new URL(store.url()).host, path, t, nonce, body: utf8('') });
    headers[DEVICE_HEADER] = `${who.device.deviceId} ${t} ${nonce} ${toBase64(who.device.sign(message))}`;
  }
  const response = await fetch(`${store.url()}${path}`, { method: route.method, headers, redirect: 'manual' });
  const parsed = z.object({ error: z.object({ code: z.string(), message: z.string() }) }).safeParse(await response.json().catch(() => undefined));
  return { status: response.status, code: parsed.data?.error.code ?? '', message: parsed.data?.error.message ?? '' };
}

const proofFor = (route: MountedRoute, caller: Caller): { user: boolean; device: boolean } => ({
  user: caller !== 'device' && (route.auth === 'user' || route.auth === 'both' || route.auth === 'either'),
  device: route.auth === 'device' || route.auth === 'both' || caller === 'device',
});
/** An agent's session comes from its platform; what its role may do is asked of the policies alone. */
const overHttp = callers.filter((c) => c !== 'service');

describe('authorization', () => {
  it('lets every caller do what the policies say at every route, and nothing else', async () => {
    const wrong: string[] = [];
    let [allowed, refused] = [0, 0];
    for (const route of routes) {
      for (const caller of overHttp) {
        const answer = await call(route, people.get(caller), proofFor(route, caller));
        const may = cellOf(authorizer, route, caller) !== '-';
        const roles = rolesAt(route.auth, caller);
        const expected = route.auth === 'public' ? 'any' : may ? 'not refused' : roles === undefined ? 401 : 403;
        const got = answer.status;
        const right = expected === 'any' ? !answer.message.includes('your roles') : expected === 'not refused' ? got !== 401 && got !== 403 : got === expected;
        if (!right) wrong.push(`${caller}: ${route.method} ${route.path}: expected ${expected}, got ${got} ${answer.message}`);
        if (may) allowed++;
        else refused++;
      }
    }
    expect(wrong).toEqual([]);
    process.stdout.write(`authorization matrix: ${routes.length} routes x ${overHttp.length} callers over HTTP: ${allowed} allowed, ${refused} refused, as the policies say\n`);
  }, 600_000);

  it.each([
    ['a session that has ended', 'ended', 401],
    ['a revoked device', 'revoked', 403],
    ['a device that waits for approval', 'pending', 403],
  ] as const)('refuses %s everywhere it would count', async (_name, who, status) => {
    const wrong: string[] = [];
    let asked = 0;
    for (const route of routes) {
      const needsDevice = route.auth === 'device' || route.auth === 'both' || route.auth === 'either';
      if (route.auth === 'public' || (status === 403 && !needsDevice)) continue;
      const proof = status === 401 ? { user: route.auth !== 'device', device: route.auth === 'both' } : { user: route.auth === 'both', device: true };
      if (status === 401 && route.auth === 'device') continue;
      asked++;
      const answer = await call(route, people.get(who), proof);
      if (answer.status !== status) wrong.push(`${route.method} ${route.path}: ${answer.status} ${answer.message}`);
    }
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(10);
    process.stdout.write(`authorization matrix: ${who}: refused at all ${asked} routes\n`);
  }, 300_000);

  it('refuses the device of somebody else beside a sign-in', async () => {
    const [mine, theirs] = [people.get('engineer')!, people.get('auditor')!];
    for (const route of routes.filter((r) => r.auth === 'both')) {
      const answer = await call(route, { token: mine.token, device: theirs.device }, { user: true, device: true });
      expect(answer).toMatchObject({ status: 403, message: 'this device is enrolled for somebody else' });
    }
  });

  it('tells somebody without proof the same at every route', async () => {
    const answers = new Set<string>();
    for (const route of routes.filter((r) => r.auth !== 'public')) answers.add(JSON.stringify(await call(route, undefined, { user: false, device: false })));
    expect([...answers].map((a) => JSON.parse(a) as unknown)).toEqual([
      { status: 401, code: 'unauthenticated', message: 'sign in first' },
    ]);
  });

  it('has no policy for an action that no route has', () => {
    const objectOnly = ['recording.read'];
    const actions = new Set([...routes.map((r) => r.action), ...objectOnly]);
    expect([...authorizer.actions].filter((a) => !actions.has(a))).toEqual([]);
  });

  it('is the table of docs/authorization.md (UPDATE_DOCS=1 writes it)', () => {
    const text = readFileSync(TABLE, 'utf8');
    const table = matrixTable(authorizer, routes);
    const [head = '', ...rest] = text.split(/(?=^\| route )/m);
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(TABLE, `${head}${table}\n`);
    else expect(rest.join('').trim()).toBe(table);
  });
});

describe('somebody else’s object', () => {
  it('is not there: device and session', async () => {
    const [mine, theirs] = [people.get('engineer')!, people.get('approver')!];
    const headers = { authorization: `Bearer ${mine.token}`, 'content-type': 'application/json' };
    expect((await fetch(`${store.url()}/v1/devices/${theirs.device.deviceId}/revoke`, { method: 'POST', headers, body: '{"reason":"spite"}' })).status).toBe(404);
    const sessions = z.object({ sessions: z.array(z.object({ session_id: z.string(), principal: z.object({ sub: z.string() }) })) });
    const own = sessions.parse(await (await fetch(`${store.url()}/v1/sessions`, { headers })).json());
    expect(new Set(own.sessions.map((s) => s.principal.sub))).toEqual(new Set(['engineer-role@x']));
    expect((await fetch(`${store.url()}/v1/sessions?all=true`, { headers })).status).toBe(403);
    const admin = { authorization: `Bearer ${people.get('admin')!.token}` };
    const all = sessions.parse(await (await fetch(`${store.url()}/v1/sessions?all=true`, { headers: admin })).json());
    const other = all.sessions.find((s) => s.principal.sub === 'approver-role@x')!;
    expect((await fetch(`${store.url()}/v1/sessions/${other.session_id}`, { method: 'DELETE', headers: { authorization: headers.authorization } })).status).toBe(404);
    const devices = z.object({ devices: z.array(z.object({ owner: z.object({ sub: z.string() }) })) });
    expect(new Set(devices.parse(await (await fetch(`${store.url()}/v1/devices`, { headers })).json()).devices.map((d) => d.owner.sub))).toEqual(new Set(['engineer-role@x']));
    expect((await fetch(`${store.url()}/v1/sessions/${other.session_id}`, { method: 'DELETE', headers: admin })).status).toBe(200);
  });
});
