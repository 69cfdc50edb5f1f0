/**
 * `sallyport recordings explain`: the requests of one verified recording, decided again by the very bundle that decided
 * them, fetched by its digest, or by another (docs/replay.md).
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { ConfigError } from '../base/errors.ts';
import { nodeCrypto, nodeSha256 } from '../evidence/node-crypto.ts';
import { readRecords } from '../evidence/read.ts';
import type { RecordingSource } from '../evidence/source.ts';
import type { OpenStatement } from '../evidence/types.ts';
import { verifyRecording } from '../evidence/verify.ts';
import { unpackBundle } from '../policy/bundle/archive.ts';
import { digestOf, type BundleFiles } from '../policy/bundle/files.ts';
import { compileBundle, readBundleDir } from '../policy/bundle/load.ts';
import { initParser } from '../policy/parse.ts';
import { explainSession, type Explained } from '../policy/simulate/explain.ts';
import { loadTrust, remote, type Place } from './recordings-place.ts';

export interface ExplainOptions extends Place {
  readonly bundle?: string;
  readonly json?: boolean;
}

const MAX_SQL = 160;

/** @param isOwn this machine's own copy, which has no proofs of the store's log */
export async function explain(source: RecordingSource, isOwn: boolean, o: ExplainOptions): Promise<void> {
  const report = await verifyRecording(source, await loadTrust(o), { crypto: nodeCrypto, proofs: isOwn ? 'if present' : 'required' });
  const { open, firstBad } = report;
  const log = source.log();
  if (report.verdict === 'FAIL' || open === undefined || log === undefined) throw new Error(`the recording does not verify: ${firstBad?.reason ?? 'no log'}`);
  if (open.target.protocol !== 'postgres' && open.target.protocol !== 'ssh') throw new ConfigError(`the recording is of ${open.target.protocol}: requests of postgres and ssh are decided again`);
  await initParser();
  const files = o.bundle === undefined ? await thatDecided(open, o) : await filesAt(o.bundle);
  const compiled = compileBundle(files);
  const isThatDecided = digestOf(files) === digestIn(open);
  const requests: Explained[] = [];
  for await (const e of explainSession(compiled, open, readRecords(log, nodeSha256))) requests.push(e);
  const counts = { same: 0, different: 0, unclear: 0 };
  for (const e of requests) counts[e.state]++;
  const { name, serial, digest } = compiled.engine;
  const bundle = { name, serial, digest, decided: isThatDecided };
  if (o.json === true) process.stdout.write(`${JSON.stringify({ session: open.session_id, bundle, counts, requests })}\n`);
  else process.stdout.write(text(open, bundle, counts, requests));
  if (counts.different > 0) process.exitCode = 1;
}

const digestIn = (open: OpenStatement): string => `sha256:${open.policy.bundle_sha256.replace('sha256:', '')}`;

/** The archive of the digest that the device signed. The store is not believed: another bundle has another digest. */
async function thatDecided(open: OpenStatement, o: ExplainOptions): Promise<BundleFiles> {
  const digest = digestIn(open);
  if (o.config === undefined || (o.as === undefined && o.tokenFile === undefined)) {
    throw new ConfigError(`say where bundle ${open.policy.name} ${open.policy.serial} (${digest}) is`, { field: '--bundle', fix: 'name it, or a store with --config and --as or --token-file' });
  }
  const archive = await (await remote(o)).bundleArchive(digest.replace('sha256:', ''));
  if (archive === undefined) throw new ConfigError(`the store never published bundle ${open.policy.name} ${open.policy.serial} (${digest})`, { field: '--bundle', fix: 'name its directory or its file' });
  const files = unpackBundle(archive);
  if (digestOf(files) !== digest) throw new Error(`the store gave another bundle than the one that decided: ${digestOf(files)} in place of ${digest}`);
  return files;
}

async function filesAt(place: string): Promise<BundleFiles> {
  const isFile = existsSync(place) && statSync(place).isFile();
  return isFile ? unpackBundle(readFileSync(place)) : readBundleDir(place);
}

interface Bundle {
  readonly name: string;
  readonly serial: number;
  readonly digest: string;
  /** It is the one that decided then. */
  readonly decided: boolean;
}

function text(open: OpenStatement, b: Bundle, counts: Readonly<Record<Explained['state'], number>>, requests: readonly Explained[]): string {
  const total = requests.length;
  const lines = [
    `session ${open.session_id} of ${open.user.name} on ${open.target.connection}`,
    b.decided ? `bundle ${b.name} ${b.serial} (${b.digest}), the one that decided` : `bundle ${b.name} ${b.serial} (${b.digest}); it was decided by ${open.policy.name} ${open.policy.serial} (${digestIn(open)})`,
    `${total} requests: ${counts.same} decided as recorded${counts.different > 0 ? `, ${counts.different} otherwise` : ''}${counts.unclear > 0 ? `, ${counts.unclear} that cannot be decided without their text or their database` : ''}`,
  ];
  for (const e of requests) {
    if (e.state === 'same') continue;
    lines.push('', `#${e.n} ${e.state}: ${e.sql === undefined ? '(no text)' : oneLine(e.sql)}`, `  then: ${e.was.effect}${named(e.was.policyIds)}`);
    if (e.is !== undefined && e.state === 'different') lines.push(`  ${b.decided ? 'again' : 'by this'}: ${e.is.effect}${named(e.is.policyIds)}${e.is.reason === '' ? '' : `: ${oneLine(e.is.reason)}`}`);
    if (e.remark !== undefined) lines.push(`  ${oneLine(e.remark)}`);
  }
  return `${lines.join('\n')}\n`;
}

const named = (ids: readonly string[]): string => (ids.length === 0 ? '' : ` (${oneLine(ids.join(', '))})`);

/** Without anything that steers a terminal. */
function oneLine(given: string): string {
  const line = given.replaceAll(/\s+/g, ' ').replaceAll(/\p{Cc}/gu, '\ufffd').trim();
  return line.length > MAX_SQL ? `${line.slice(0, MAX_SQL)}…` : line;
}
