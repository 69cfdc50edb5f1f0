/** Keeps snapshot and timestamp fresh. Each store process runs it; the repository's lock lets one do the work. */
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Sealer } from '../crypto/seal.ts';
import type { Database } from '../db/database.ts';
import { writeAudit } from '../http/context.ts';
import type { Hub } from '../http/hub.ts';
import { resign } from './publish.ts';

const EVERY_MS = 60_000;

export interface ResignParts {
  readonly db: Database;
  readonly hub: Hub;
  readonly seal: Sealer;
  readonly clock: Clock;
  readonly onProblem: (message: string) => void;
}

/** Once now, then each minute until the returned function is called. */
export function startResigning(o: ResignParts): () => Promise<void> {
  let running = resignOnce(o);
  const timer = setInterval(() => {
    running = resignOnce(o);
  }, EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}

/** Never throws: an operator reads of a failure, and devices go on until what they have expires. */
export async function resignOnce(o: ResignParts): Promise<void> {
  try {
    await o.db.transaction(async (tx) => {
      const versions = await resign(tx, { seal: o.seal, nowMs: o.clock.nowMs() });
      if (versions === undefined) return;
      await writeAudit(tx, o.clock.nowMs(), { user: undefined, device: undefined, address: 'local' }, { action: 'policy.resign', object: 'policy', outcome: 'ok', detail: `timestamp ${versions['timestamp'] ?? 0}, snapshot ${versions['snapshot'] ?? 0}` });
      await o.hub.publish(tx, { type: 'policy', timestamp: versions['timestamp'] ?? 0 });
    });
  } catch (error) {
    o.onProblem(`store: policy metadata could not be signed anew: ${messageOf(error)}`);
  }
}
