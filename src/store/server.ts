/** The composition root of the store: opens what it keeps, mounts the features, listens. */
import { rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { approvalRoutes } from './approvals/routes.ts';
import { expireDue } from './approvals/repository.ts';
import { type ResolvedConfig, resolveStoreConfig, type StoreConfig, targetCa, targetCredentials } from './config.ts';
import { sealer, type Sealer } from './crypto/seal.ts';
import type { Database } from './db/database.ts';
import { forgetWindows, rateStore } from './db/rate-store.ts';
import { deviceRoutes } from './devices/routes.ts';
import { auditRoutes } from './http/audit-routes.ts';
import { writeAudit } from './http/context.ts';
import { answerErrors } from './http/error-answers.ts';
import { securityHeaders } from './http/headers.ts';
import { Limiter } from './http/limiter.ts';
import { publicUrlOf } from './http/public-url.ts';
import { Hub } from './http/hub.ts';
import { makeRouter, type MountedRoute } from './http/route.ts';
import { admitter, authenticator, forgetOld } from './identity/authenticate.ts';
import { makeAuthorizer } from './identity/authorization/authorizer.ts';
import { STORE_POLICIES } from './identity/authorization/policies.ts';
import { type DevIdp, startDevIdp } from './identity/dev-idp.ts';
import { mountIdentity } from './identity/mount.ts';
import { healthRoutes, isProbe } from './health/routes.ts';
import { guardProxied, listen, listenOptions, ownUrl } from './listen.ts';
import { openParts, type StoreParts } from './parts.ts';
import { replacePrivateFile } from './storage/secret-file.ts';
import { startResigning } from './policy/resign-job.ts';
import { policyRoutes } from './policy/routes.ts';
import { sshCaRoutes } from './ssh-ca/routes.ts';
import { syncConfigTargets } from './targets/registry.ts';
import { targetRoutes } from './targets/routes.ts';
import { mountLog } from './log/mount.ts';
import { recordingRoutes } from './recordings/routes.ts';
import { reportRoutes } from './reports/routes.ts';
import { startIndexer } from './search/indexer.ts';
import { searchRoutes } from './search/routes.ts';
import { mountNotify } from './notify/mount.ts';
import { mountSiem } from './siem/mount.ts';
import { startRetention } from './retention/job.ts';
import { retentionRoutes } from './retention/routes.ts';
import { trustRoutes } from './trust/routes.ts';
import { loadStoreKeys } from './trust/store-keys.ts';
import { webRoutes } from './web/routes.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;
const SWEEP_MS = 5_000;
/** How often requests that take too long to arrive are looked for. */
const SLOW_CHECK_MS = 2_000;

export interface RunningStore {
  readonly url: string;
  readonly port: number;
  /** The development identity provider, when configured. */
  readonly devIdp?: Pick<DevIdp, 'issuer' | 'clientId' | 'devToken'>;
  /** Every route, with what it asks for. */
  readonly routes: readonly MountedRoute[];
  /** Answers what is under way, closes the database, frees the directory. */
  stop(): Promise<void>;
}

export interface StoreOptions {
  readonly clock?: Clock;
  /** Problems that nobody's request caused. Default: one line on stderr. */
  readonly onProblem?: (message: string) => void;
  /** Take key files that are not those of the last start: the operator has replaced them. */
  readonly acceptNewKeys?: boolean;
}

/**
 * Starts a process of the store: the whole of an embedded one, or one of several on the same database.
 * @throws ConfigError for a bad configuration or a busy port, EnvironmentError when its data cannot be opened
 */
export async function startStore(input: StoreConfig, options: StoreOptions = {}): Promise<RunningStore> {
  const config = resolveStoreConfig(input);
  const clock = options.clock ?? systemClock;
  const onProblem = options.onProblem ?? ((message: string) => void process.stderr.write(`${message}\n`));
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const parts = await openParts(config, { clock, onProblem, acceptNewKeys: options.acceptNewKeys ?? false, undo: (step) => undo.push(step) });
    const { db, dir } = parts;
    const hub = await Hub.start(db);
    undo.push(() => hub.stop());
    const seal = sealer(await parts.keys.load('seal'));
    await syncTargets(db, seal, config, clock);
    const devIdp = config.dev_idp === undefined ? undefined : await startDevIdp({ dir, people: config.dev_idp.people, port: config.dev_idp.port, clock, publicUrl: config.public_url });
    if (devIdp !== undefined) undo.push(() => devIdp.stop());
    const adminSecret = randomBytes(32).toString('base64url');
    const routes: MountedRoute[] = [];
    const app = await buildApp({ routes, config, clock, parts, hub, seal, onProblem, undo: (step) => undo.push(step), dev: devIdp === undefined ? undefined : { idp: devIdp, adminSecret } });
    undo.push(() => app.close());
    undo.push(sweeper(db, hub, clock, onProblem));
    undo.push(startResigning({ db, hub, seal, clock, onProblem }));
    undo.push(startIndexer({ db, objects: parts.objects, clock, onProblem, gentle: config.database === undefined }));
    const port = await listen(app, config.listen);
    const url = ownUrl(config.listen, port);
    if (devIdp !== undefined) undo.push(await announceDevAdmin(dir, url, adminSecret));
    return { url, port, routes, ...(devIdp === undefined ? {} : { devIdp }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface AppParts {
  readonly routes: MountedRoute[];
  readonly config: ResolvedConfig;
  readonly clock: Clock;
  readonly parts: StoreParts;
  readonly hub: Hub;
  readonly seal: Sealer;
  readonly undo: (step: () => Promise<void>) => void;
  readonly onProblem: (message: string) => void;
  readonly dev: { readonly idp: DevIdp; readonly adminSecret: string } | undefined;
}

async function buildApp(o: AppParts): Promise<FastifyInstance> {
  const { config, clock, hub } = o;
  const { db, objects } = o.parts;
  const slowMs = config.limits.request_seconds * 1000;
  const app = Fastify({ ...listenOptions(config.listen), http: { connectionsCheckingInterval: SLOW_CHECK_MS, requestTimeout: slowMs, headersTimeout: slowMs }, logger: false, bodyLimit: BODY_LIMIT_BYTES, requestTimeout: slowMs, forceCloseConnections: true, routerOptions: { maxParamLength: 200 } });
  // Bodies stay bytes: a device signs them as they are, and a route parses them only after that.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  guardProxied(app, config.listen, isProbe);
  await app.register(rateLimit, { global: false, store: rateStore(db, clock) });
  const publicUrl = publicUrlOf(app, config.public_url, config.listen.tls === undefined ? 'http' : 'https');
  securityHeaders(app, () => publicUrl().protocol === 'https:');
  answerErrors(app, o.onProblem);
  const keys = await loadStoreKeys(o.parts.keys, config.origin);
  const limits = { perCaller: new Limiter(clock, config.limits.requests_per_minute), failures: new Limiter(clock, config.limits.failures_per_minute), noted: new Limiter(clock, 1) };
  const authorizer = makeAuthorizer('store', STORE_POLICIES);
  const route = makeRouter(app, { db, clock, hub, authorizer, mounted: o.routes, limits, admit: admitter(db), authenticate: authenticator({ db, clock, roles: config.roles, authorizer, publicUrl }) });
  await mountIdentity(route, { config, clock, publicUrl, dev: o.dev });
  healthRoutes(route, { db, objects });
  deviceRoutes(route, { enrolment: config.devices.enrolment ?? (config.dev_idp === undefined ? 'approval' : 'auto'), preauthorised: config.devices.preauthorised });
  targetRoutes(route, o.seal);
  sshCaRoutes(route, o.seal, config.origin);
  approvalRoutes(route);
  const log = mountLog(route, { config: config.log, db, objects, keys, clock, onProblem: o.onProblem });
  recordingRoutes(route, { objects, keys, origin: config.origin, log });
  searchRoutes(route);
  reportRoutes(route, config.organisation);
  policyRoutes(route, o.seal);
  const retention = { db, objects, clock, config: config.retention, onProblem: o.onProblem };
  retentionRoutes(route, retention);
  trustRoutes(route, { organisation: config.organisation, keys, log: config.log, roles: config.roles });
  auditRoutes(route);
  webRoutes(route);
  o.undo(log.start());
  o.undo(startRetention(retention));
  o.undo(mountSiem(route, { config: config.siem, origin: config.origin, db, objects, clock, onProblem: o.onProblem }).start());
  o.undo(mountNotify(route, { config: config.notify, origin: config.origin, publicUrl, db, hub, clock, onProblem: o.onProblem }).start());
  return app;
}

async function syncTargets(db: Database, seal: Sealer, config: ResolvedConfig, clock: Clock): Promise<void> {
  const targets = config.targets.map((t) => {
    const { name, protocol, host, port, database, tls, labels, groups, host_keys } = t;
    const ca = targetCa(t);
    return { name, protocol, host, port, database, tls, labels, groups, ...(host_keys === undefined ? {} : { host_keys }), ...(ca === undefined ? {} : { tls_ca: ca }), credentials: targetCredentials(t) };
  });
  await db.transaction(async (tx) => {
    await syncConfigTargets(tx, seal, targets, clock.nowMs());
    const names = targets.map((t) => t.name).join(',');
    await writeAudit(tx, clock.nowMs(), { user: undefined, device: undefined, address: 'local' }, { action: 'store.start', object: 'configuration', outcome: 'ok', detail: `targets ${names}` });
  });
}

async function announceDevAdmin(dir: string, url: string, secret: string): Promise<() => Promise<void>> {
  const path = join(dir, 'dev-admin.json');
  await replacePrivateFile(path, Buffer.from(`${JSON.stringify({ v: 1, url, secret })}\n`));
  return () => rm(path, { force: true });
}

/** Expires approvals and forgets nonces, challenges and sessions that no longer matter. */
function sweeper(db: Database, hub: Hub, clock: Clock, onProblem: (message: string) => void): () => Promise<void> {
  let running = Promise.resolve();
  const timer = setInterval(() => {
    running = db
      .transaction((tx) => expireDue(tx, hub, clock.nowMs()))
      .then(() => forgetOld(db, clock.nowMs()))
      .then(() => forgetWindows(db, clock.nowMs()))
      .catch((error: unknown) => onProblem(`store: sweeping failed: ${messageOf(error)}`));
  }, SWEEP_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
