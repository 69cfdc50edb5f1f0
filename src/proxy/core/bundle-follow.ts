/** Ties the updater to a running proxy: swaps, news as events, break-glass reports, and the store's hints. */
import { EnvironmentError } from '../../base/errors.ts';
import type { BundleUpdater } from './bundle-updater.ts';
import type { PolicyInForce, ProxyRuntime } from './runtime.ts';
import { StoreRefusal } from './store-client-http.ts';
import type { StoreClient } from './store-client.ts';

/** The policy to start with: the newest that the store has, or the last verified one. @throws EnvironmentError when there is neither */
export async function firstPolicy(updater: BundleUpdater): Promise<PolicyInForce> {
  await updater.check();
  const policy = updater.inForce;
  if (policy === undefined) throw new EnvironmentError('env.store', `there is no policy to decide by: ${updater.status.error ?? 'the store has none'}`);
  return policy;
}

/** Until `signal` aborts. */
export function followPolicy(o: { updater: BundleUpdater; runtime: ProxyRuntime; client: Pick<StoreClient, 'subscribe'>; signal: AbortSignal }): void {
  const { updater, runtime, client, signal } = o;
  updater.onChange((policy, endRunning) => runtime.usePolicy(policy, endRunning));
  updater.onNews((news) => runtime.events.emit(news));
  runtime.events.on((e) => {
    if (e.event === 'session.break_glass') updater.reportBreakGlass(e.session_id, e.reason);
  });
  const stream = new AbortController();
  signal.addEventListener('abort', () => {
    stream.abort();
    void updater.stop();
  });
  // `hello` comes at each connection: something may have been missed.
  const onEvent = (event: { type: string }): void => {
    if (event.type === 'policy' || event.type === 'hello') updater.hint();
  };
  // When the sign-in has ended the stream has, too; the device's own key still reads the repository each minute.
  const onProblem = (error: unknown): void => {
    if (error instanceof StoreRefusal && error.refusal === 'unauthenticated') stream.abort();
  };
  client.subscribe(onEvent, stream.signal, onProblem).catch(() => undefined);
  updater.start();
}
