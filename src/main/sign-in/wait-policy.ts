/** The first policy of this run. Without one that verifies nothing is decided, so nothing opens: the window says why, and waits. */
import type { UserApi } from '../../proxy/core/store-client.ts';
import type { BundleUpdater } from '../../proxy/core/bundle-updater.ts';
import type { PolicyInForce } from '../../proxy/core/runtime.ts';
import type { Attempt } from './attempt.ts';
import { whileHinted } from './hints.ts';

export interface PolicyWait {
  readonly attempt: Attempt;
  readonly client: Pick<UserApi, 'subscribe'>;
  readonly updater: Pick<BundleUpdater, 'check' | 'inForce' | 'status'>;
  readonly person: { readonly name: string; readonly subject: string };
  readonly nowMs: () => number;
}

const LOOK_EVERY_MS = 30_000;

/** @throws EnvironmentError env.cancelled */
export async function awaitedPolicy(o: PolicyWait): Promise<PolicyInForce> {
  await o.updater.check();
  return o.updater.inForce ?? whileHinted(o.client, o.attempt, 'policy', () => untilInForce(o));
}

async function untilInForce({ attempt, updater, person, nowMs }: PolicyWait): Promise<PolicyInForce> {
  const sinceMs = nowMs();
  const show = (checking: boolean): void => {
    const { ring, rootSha256, refused, error, lastCheckMs } = updater.status;
    attempt.waiting({ phase: 'policy_waiting', name: person.name, subject: person.subject, ring, rootSha256, sinceMs, refused, why: error ?? 'the store has none', look: { checking, ...(lastCheckMs === undefined ? {} : { lastMs: lastCheckMs }) } });
  };
  for (;;) {
    show(false);
    await attempt.next(LOOK_EVERY_MS);
    show(true);
    await updater.check();
    const policy = updater.inForce;
    if (policy !== undefined) return policy;
  }
}
