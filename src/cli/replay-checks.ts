/** What has to hold before a recording is replayed: where, whether it is proven, and by whom. */
import { ConfigError } from '../base/errors.ts';
import type { DeviceId } from '../base/ids.ts';
import { nodeCrypto } from '../evidence/node-crypto.ts';
import type { RecordingSource } from '../evidence/source.ts';
import type { Trust } from '../evidence/trust.ts';
import type { OpenStatement } from '../evidence/types.ts';
import { verifyRecording } from '../evidence/verify.ts';
import type { PolicyEngine, Principal } from '../policy/types.ts';
import type { Target } from '../proxy/core/ports.ts';

/** Only connections with this label are run against. */
const SANDBOX = 'sandbox';

/** What must not be replayed, or not there. */
export class ReplayRefused extends Error {}

/** @throws ReplayRefused unless the connection is labelled as a sandbox: statements change data */
export function sandboxOf(targets: readonly Target[], name: string): Target {
  const target = targets.find((t) => t.info.name === name);
  if (target === undefined) throw new ConfigError(`there is no connection "${name}" for you`, { field: '--target' });
  const { labels, protocol } = target.info;
  if (labels['env'] !== SANDBOX) throw new ReplayRefused(`${name} is ${labels['env'] === undefined ? 'not labelled with env' : `labelled env=${labels['env']}`}: statements are run again only where it says env=${SANDBOX}`);
  if (protocol !== 'postgres') throw new ReplayRefused(`${name} speaks ${protocol}, which cannot be replayed`);
  return target;
}

/** What is not proven is not run. */
export async function verifiedOpen(source: RecordingSource, isOwn: boolean, trust: Trust): Promise<OpenStatement> {
  const report = await verifyRecording(source, trust, { crypto: nodeCrypto, proofs: isOwn ? 'if present' : 'required' });
  const { verdict, open, firstBad } = report;
  if (verdict === 'FAIL' || open === undefined) throw new ReplayRefused(`the recording does not verify: ${firstBad === undefined ? 'no reason is known' : `${firstBad.code}: ${firstBad.reason}`}`);
  if (open.target.protocol !== 'postgres') throw new ReplayRefused(`the recording is of ${open.target.protocol}, which cannot be replayed`);
  return open;
}

/** @throws ReplayRefused on the database that was recorded, and unless policy says that this person may replay there */
export function checkReplay(engine: PolicyEngine, principal: Principal, target: Target, open: OpenStatement, deviceId: DeviceId): void {
  const { host, port, database, labels } = open.target;
  if (labels['env'] !== SANDBOX && host === target.host && port === target.port && database === target.info.database) {
    throw new ReplayRefused(`${target.info.name} is the database that was recorded, ${host}:${port}/${database}, not a copy of it`);
  }
  const outcome = engine.decide({
    principal, action: 'replay', connection: target.info, client: principal.kind === 'Agent' ? 'agent' : 'native', deviceId, timeMs: Date.now(), approved: false,
  });
  if (outcome.effect !== 'allow') throw new ReplayRefused(`policy does not let you replay on ${target.info.name}: ${outcome.reason}`);
}
