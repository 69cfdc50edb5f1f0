/** From an ID token to a running proxy. Loaded after the window is drawn: policy engine and parser are heavy. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { BugError, ConfigError, DeniedError } from '../../base/errors.ts';
import { version, versionNumber } from '../../cli/version.ts';
import { compileBundle, engineFromFiles } from '../../policy/bundle/load.ts';
import { readBundleDir } from '../../policy/bundle/files.ts';
import { initParser } from '../../policy/parse.ts';
import { type Pin, pinOfDigest, pinOfFile } from '../../proxy/core/bundle-cache.ts';
import { followPolicy } from '../../proxy/core/bundle-follow.ts';
import { BundleUpdater } from '../../proxy/core/bundle-updater.ts';
import { receiptKeys } from '../../proxy/core/receipt-keys.ts';
import { ProxyRuntime } from '../../proxy/core/runtime.ts';
import { SessionUpload } from '../../proxy/core/session-upload.ts';
import { createStoreClient, type SignInResult, type StoreClient, type StoreInfo } from '../../proxy/core/store-client.ts';
import type { AppConfig } from '../app/config.ts';
import { describeError, type Log } from '../app/log.ts';
import { forgetMemoryKey, openDevice } from '../sign-in/device.ts';
import { fillDevForm } from '../sign-in/dev-form.ts';
import type { Attempt } from '../sign-in/attempt.ts';
import { isLoopback, signInWithBrowser, type ShowPage } from '../sign-in/oidc.ts';
import { ownWindow, systemBrowser } from '../sign-in/pages.ts';
import { enrolledDevice } from '../sign-in/wait-device.ts';
import { awaitedPolicy } from '../sign-in/wait-policy.ts';
import type { ActiveBundle, Work } from './work.ts';

export interface StartOptions {
  readonly config: AppConfig;
  readonly dataDir: string;
  readonly log: Log;
}

/** The end of a session waits this long for the last upload; the rest is sent at the next start. */
const STOP_MS = 10_000;

async function loadDirectory(dir: string): Promise<ActiveBundle> {
  const files = await readBundleDir(dir);
  await initParser();
  const engine = engineFromFiles(files);
  return { engine, files, compiled: compileBundle(files), activatedMs: Date.now(), distribution: undefined };
}

/** @throws BugError before the first policy is in force */
function fromUpdater(updater: BundleUpdater): ActiveBundle {
  const { active, inForce, status } = updater;
  if (active === undefined || inForce === undefined) throw new BugError('there is no policy');
  const { files, compiled } = active.admitted;
  return { engine: inForce.engine, files, compiled, activatedMs: active.record.activated_ms, distribution: status };
}

function pinOf(config: AppConfig): Pin | undefined {
  const { policy } = config;
  if (policy?.rootFile !== undefined) return pinOfFile(policy.rootFile);
  return policy?.rootSha256 === undefined ? undefined : pinOfDigest(policy.rootSha256);
}

/** @throws ConfigError, EnvironmentError with what a person can do about it */
export async function startWork(o: StartOptions, attempt: Attempt): Promise<Work> {
  const { config } = o;
  // First, and not beside the sign-in: compiling keeps this process busy for seconds on a slow machine, long enough for
  // servers to close idle connections under a running sign-in. And a bad bundle is told before anybody types a password.
  const directory = config.bundle === undefined ? undefined : await loadDirectory(config.bundle);
  const pin = pinOf(config);
  const anonymous = createStoreClient({ url: config.storeUrl });
  const info = await anonymous.info();
  const identity = await signIn(o, attempt, anonymous, info);
  const personDir = path.join(o.dataDir, 'people', folderOf(identity.principal.issuer, identity.principal.subject));
  const { device, protection, dir } = openDevice(personDir);
  const client = createStoreClient({ url: config.storeUrl, device: { ...device.signer, deviceId: device.id }, userToken: () => identity.token });
  try {
    const { principal: person } = identity;
    await enrolledDevice({ attempt, client, person, deviceName: os.hostname().slice(0, 100) || 'laptop', keyProtection: protection, nowMs: Date.now });
    if (protection === 'memory') forgetUploaded(path.join(personDir, 'memory'), device.id, o.log);
    const updater = pin === undefined ? undefined : await BundleUpdater.open({ dataDir: dir, device, clock: systemClock, pin, ring: config.policy?.ring ?? 'stable', agent: versionNumber, read: client.readPolicy, report: (e) => client.reportPolicy(e) });
    const policy = updater === undefined ? directory : await awaitedPolicy({ attempt, client, updater, person, nowMs: Date.now });
    if (policy === undefined) throw new BugError('the configuration names no policy');
    const runtime = await ProxyRuntime.start({
      ...{ dataDir: dir, control: client, device, identity, policy, storeName: info.origin, build: version, client: 'native' },
      receiptKeys: receiptKeys(client),
    });
    return work(o, { client, identity, device, keyProtection: protection, runtime, personDir, directory, updater });
  } catch (error) {
    if (error instanceof DeniedError) forgetMemoryKey(personDir);
    // Whoever gives up, or is refused, leaves no session of theirs at the store.
    await bounded(client.signOut(), o.log);
    throw error;
  }
}

async function signIn({ config, log }: StartOptions, attempt: Attempt, anonymous: StoreClient, info: StoreInfo): Promise<SignInResult> {
  const issuer = info.issuers[0];
  if (issuer === undefined) throw new ConfigError('the store names no identity provider', { fix: 'tell the operator of the store' });
  if (config.autoSignIn !== undefined && !issuer.dev) throw new ConfigError('demo.autoSignIn works only with a development identity provider');
  const show: ShowPage = config.autoSignIn !== undefined ? fillDevForm(config.autoSignIn) : issuer.dev ? ownWindow(log) : systemBrowser;
  attempt.where(issuer.dev ? 'window' : 'browser');
  const { idToken, nonce } = await signInWithBrowser({ ...issuer, local: isLoopback(new URL(config.storeUrl)) }, show, attempt.signal);
  return anonymous.signIn(idToken, nonce);
}

interface Started extends Pick<Work, 'client' | 'identity' | 'device' | 'keyProtection' | 'runtime' | 'personDir'> {
  readonly directory: ActiveBundle | undefined;
  readonly updater: BundleUpdater | undefined;
}

function work({ log }: StartOptions, { directory, updater, ...started }: Started): Work {
  const { client, runtime, identity } = started;
  const abort = new AbortController();
  if (updater !== undefined) followPolicy({ updater, runtime, client, signal: abort.signal });
  log.write('info', 'signed_in', identity.principal.subject);
  return {
    ...started,
    signal: abort.signal,
    get bundle() {
      return directory ?? fromUpdater(needed(updater));
    },
    checkPolicy: async () => updater?.check(),
    stop: async () => {
      abort.abort();
      await bounded(runtime.stop(), log);
      await bounded(client.signOut(), log);
    },
  };
}

function needed(updater: BundleUpdater | undefined): BundleUpdater {
  if (updater === undefined) throw new BugError('there is neither a directory nor an updater');
  return updater;
}

async function bounded(work: Promise<void>, log: Log): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, STOP_MS);
  });
  await Promise.race([work.catch((error: unknown) => log.write('warning', 'stop.failed', describeError(error))), late]);
  clearTimeout(timer);
}

/** One folder per person, named so that any subject makes exactly one safe name. */
export function folderOf(issuer: string, subject: string): string {
  const readable = subject.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').slice(0, 40);
  return `${readable}-${createHash('sha256').update(JSON.stringify([issuer, subject])).digest('hex').slice(0, 16)}`;
}

/** Recordings of earlier keys that the store has receipted to their end; anything else stays for a person to look at. */
function forgetUploaded(dir: string, current: string, log: Log): void {
  if (!existsSync(dir)) return;
  for (const device of readdirSync(dir).filter((d) => d !== current)) {
    const recordings = path.join(dir, device, 'recordings');
    try {
      const sessions = existsSync(recordings) ? readdirSync(recordings, { withFileTypes: true }).filter((e) => e.isDirectory()) : [];
      if (sessions.every((s) => SessionUpload.isReceipted(path.join(recordings, s.name)))) rmSync(path.join(dir, device), { recursive: true });
    } catch (error) {
      log.write('warning', 'old_recordings.kept', describeError(error));
    }
  }
}
