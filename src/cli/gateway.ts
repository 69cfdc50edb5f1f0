/** `sallyport gateway`: the proxy without a window, for agents, CI jobs and tests (design.md section 13). */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { Command } from 'commander';
import { ConfigError, EnvironmentError, messageOf } from '../base/errors.ts';
import { loadBundle } from '../policy/bundle/load.ts';
import { systemClock } from '../base/clock.ts';
import { type Pin, pinOfDigest, pinOfFile } from '../proxy/core/bundle-cache.ts';
import { firstPolicy, followPolicy } from '../proxy/core/bundle-follow.ts';
import { BundleUpdater } from '../proxy/core/bundle-updater.ts';
import { loadDevice } from '../proxy/core/device.ts';
import type { ProxyEvent } from '../proxy/core/events.ts';
import { isServed, type Endpoint } from '../proxy/core/endpoint.ts';
import { ProxyRuntime } from '../proxy/core/runtime.ts';
import { receiptKeys } from '../proxy/core/receipt-keys.ts';
import { refreshTrustFile } from '../proxy/core/trust-file.ts';
import { createStoreClient, type SignInResult, type StoreClient } from '../proxy/core/store-client.ts';
import { requireApproved } from '../proxy/core/store-client-device.ts';
import type { EmbeddedStore } from './store-worker.ts';
import { loadGatewayConfig, targetOf, type GatewayConfig } from './gateway-config.ts';
import { version, versionNumber } from './version.ts';

export function gatewayCommand(): Command {
  return new Command('gateway')
    .description('serve local endpoints without a window; one JSON line per event on stdout')
    .requiredOption('--config <file>', 'gateway.yaml')
    .addHelpText('after', '\nPrints {"event":"ready","listeners":[...]} when every endpoint is open. SIGTERM and SIGINT close sessions and recordings.')
    .action(async (options: { config: string }) => runGateway(options.config));
}

export interface Gateway {
  /** Ends what goes on beside the sessions. */
  readonly abort: AbortController;
  readonly runtime: ProxyRuntime;
  readonly client: StoreClient;
  readonly identity: SignInResult;
  readonly store: EmbeddedStore | undefined;
  readonly endpoints: readonly Endpoint[];
}

async function runGateway(file: string): Promise<void> {
  const config = loadGatewayConfig(file);
  const gateway = await startGateway(config, { say: print });
  print({ event: 'ready', listeners: gateway.endpoints.map((e) => ({ ...e })) });
  await new Promise<void>((resolve) => {
    let stopping = false;
    const stop = (): void => {
      if (stopping) return;
      stopping = true;
      void stopGateway(gateway).then(() => resolve());
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    process.stdout.on('error', stop);
  });
}

export async function stopGateway(gateway: Gateway): Promise<void> {
  gateway.abort.abort();
  await gateway.runtime.stop();
  await gateway.store?.stop();
}

/** @param o.serve the endpoints to open; by default all that the configuration names. @throws ConfigError, EnvironmentError */
export async function startGateway(config: GatewayConfig, o: { readonly serve?: readonly string[]; say(line: object): void }): Promise<Gateway> {
  // What can be wrong in files is found before anything is started or written.
  const engine = config.bundle === undefined ? undefined : await loadBundle(config.bundle);
  const device = loadDevice(config.data_dir);
  const pin = pinOf(config);
  const store = config.store === 'embedded' ? await embeddedStore(config) : undefined;
  try {
    const url = store?.url ?? config.store;
    const client = createStoreClient({ url, device: { ...device.signer, deviceId: device.id } });
    const identity = await signIn(config.identity, client, store);
    const code = config.device_code_file === undefined ? undefined : readToken(config.device_code_file, 'device_code_file');
    requireApproved(await client.enrolDevice(os.hostname(), code));
    const updater = pin === undefined ? undefined : await BundleUpdater.open({ dataDir: config.data_dir, device, clock: systemClock, pin, ring: config.policy?.ring ?? 'stable', agent: versionNumber, read: client.readPolicy, report: (e) => client.reportPolicy(e) });
    const runtime = await ProxyRuntime.start({
      dataDir: config.data_dir,
      control: client,
      device,
      identity,
      policy: engine === undefined ? await firstPolicy(needed(updater)) : { engine },
      storeName: (await client.info()).origin,
      build: version,
      client: identity.principal.kind === 'Agent' ? 'agent' : 'native',
      receiptKeys: receiptKeys(client),
      ...(config.spool_mib === undefined ? {} : { spoolBytes: config.spool_mib * 1024 * 1024 }),
    });
    await refreshTrustFile(client, config.data_dir);
    runtime.events.on(uploadNotices());
    runtime.events.on((event) => {
      // Approvers may have enrolled since: without their keys the recording would not verify here.
      if (event.event === 'session.closed') refreshTrustFile(client, config.data_dir).catch(() => undefined);
      const line = publicLine(event);
      if (line) o.say(line);
    });
    const abort = new AbortController();
    if (updater !== undefined) followPolicy({ updater, runtime, client, signal: abort.signal });
    return { abort, runtime, client, identity, store, endpoints: await openAll(runtime, config, o.serve) };
  } catch (error) {
    await store?.stop();
    throw error;
  }
}

async function signIn(identity: GatewayConfig['identity'], client: StoreClient, store: EmbeddedStore | undefined): Promise<SignInResult> {
  const { dev, token_file, service_token_file } = identity;
  if (dev !== undefined) return client.signIn(await devToken(store, dev));
  if (service_token_file !== undefined) return client.exchangeToken(readToken(service_token_file, 'identity.service_token_file'));
  return client.signIn(readToken(token_file ?? '', 'identity.token_file'));
}

function readToken(file: string, field: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new ConfigError(`cannot be read: ${messageOf(error)}`, { file, field });
  }
}

/** One line on stderr when the store stops taking recordings, and one when it takes them again. */
function uploadNotices(): (event: ProxyEvent) => void {
  let said: string | undefined;
  return (event) => {
    if (event.event !== 'upload.state' || event.state === 'uploading' || event.error === said) return;
    process.stderr.write(event.error === undefined ? 'recordings reach the store again\n' : `recordings wait on this machine: ${event.error}\n`);
    said = event.error;
  };
}

/** A port that the configuration names and somebody else has is the configuration's fault. */
async function openOne(runtime: ProxyRuntime, connection: string, port: number): Promise<Endpoint> {
  try {
    return await runtime.openEndpoint(connection, port);
  } catch (error) {
    if (port === 0 || !(error instanceof EnvironmentError && error.code === 'env.io')) throw error;
    throw new ConfigError(error.message, { field: `connections.${connection}.listen.port`, fix: 'choose another, or 0 for any' });
  }
}

async function openAll(runtime: ProxyRuntime, config: GatewayConfig, serve: readonly string[] | undefined): Promise<Endpoint[]> {
  const all = config.store === 'embedded' ? config.connections.map((c) => c.name) : (config.serve ?? runtime.targets.filter((t) => isServed(t.info.protocol)).map((t) => t.info.name));
  const endpoints: Endpoint[] = [];
  try {
    for (const name of serve ?? all) endpoints.push(await openOne(runtime, name, config.connections.find((c) => c.name === name)?.listen.port ?? 0));
  } catch (error) {
    await runtime.stop();
    throw error;
  }
  return endpoints;
}

async function embeddedStore(config: GatewayConfig): Promise<EmbeddedStore> {
  // A file of its own in the build: the store's thread begins with it.
  const { startEmbeddedStore } = await import('./store-worker.ts');
  return startEmbeddedStore({
    data_dir: config.data_dir,
    dev_idp: { people: [] },
    targets: config.connections.map(targetOf),
  });
}

async function devToken(store: EmbeddedStore | undefined, dev: { subject: string; groups: readonly string[] }): Promise<string> {
  if (!store) throw new ConfigError('dev identities work only with the embedded store', { field: 'identity.dev' });
  return store.devToken(dev);
}

function pinOf(config: GatewayConfig): Pin | undefined {
  const { policy } = config;
  if (policy?.root_file !== undefined) return pinOfFile(policy.root_file);
  return policy?.root_sha256 === undefined ? undefined : pinOfDigest(policy.root_sha256);
}

function needed(updater: BundleUpdater | undefined): BundleUpdater {
  if (updater === undefined) throw new ConfigError('name a bundle directory or a policy root', { field: 'policy' });
  return updater;
}

/** Events of design.md section 13; the rest is for windows. */
function publicLine(event: ProxyEvent): ProxyEvent | undefined {
  return ['session.opened', 'session.closed', 'request.denied', 'request.advisory', 'request.held', 'request.released', 'auth.refused', 'session.uploaded', 'session.break_glass', 'policy.activated', 'policy.refused', 'policy.degraded', 'policy.restored'].includes(event.event) ? event : undefined;
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

