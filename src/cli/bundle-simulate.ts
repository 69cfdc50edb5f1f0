/** `sallyport bundle simulate`: recorded requests decided again by a candidate, printed as a difference. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Command } from 'commander';
import { ConfigError, messageOf } from '../base/errors.ts';
import { parseEnvelope, payloadJson } from '../evidence/dsse.ts';
import { nodeSha256 } from '../evidence/node-crypto.ts';
import { openRecording } from '../evidence/read-files.ts';
import { readRecords } from '../evidence/read.ts';
import { fileNames } from '../evidence/source.ts';
import { parseOpen } from '../evidence/statements.ts';
import { unpackBundle } from '../policy/bundle/archive.ts';
import { compileBundle, readBundleDir } from '../policy/bundle/load.ts';
import { initParser } from '../policy/parse.ts';
import { differences, Simulation, type Difference, type SimulationReport } from '../policy/simulate/compare.ts';
import { recordedRequests, type RecordedRequest } from '../policy/simulate/history.ts';
import type { PolicyEngine } from '../policy/types.ts';
import type { StoreClient } from '../proxy/core/store-client.ts';
import { connectApprover, type ApproverOptions } from './approvals-connect.ts';
import { storedSessions } from './bundle-simulate-store.ts';
import { withIdentity } from './identity-options.ts';

const DAY_MS = 24 * 3_600_000;
const MAX_CHUNK_BYTES = 128 * 1024 * 1024;
const gunzipped = promisify(gunzip);

interface Options extends Partial<ApproverOptions> {
  readonly since: string;
  readonly from?: readonly string[];
  readonly base?: string;
  readonly failOn: string;
  readonly top: string;
  readonly json?: boolean;
}

export function simulateCommand(): Command {
  return withIdentity(new Command('simulate').description('decide recorded requests again by a candidate bundle and print what would be different').argument('<candidate>', 'bundle directory, or a file from `sallyport bundle build`'), 'optional')
    .option('--since <time>', 'how far back: 30d, 12h, or a date', '30d')
    .option('--from <paths...>', 'recordings on this machine: .srz files, recordings, or directories of them, in place of the store')
    .option('--base <bundle>', 'the bundle to compare with; default: what was decided then')
    .option('--fail-on <kinds>', `exit 1 when there is one of these: ${differences.join(', ')}, or none`, differences.join(','))
    .option('--top <n>', 'groups that are printed', '50')
    .addHelpText('after', '\nExit code: 0 nothing would be different (or nothing that --fail-on names), 1 something would, 2 wrong usage or a candidate that is refused.')
    .action(async (candidate: string, o: Options) => {
      const failOn = parseFailOn(o.failOn);
      const sinceMs = parseSince(o.since, Date.now());
      await initParser();
      const simulation = new Simulation(await engineOf(candidate), o.base === undefined ? undefined : await engineOf(o.base));
      const left: string[] = [];
      const sessions = o.from === undefined ? fromStore(await storeOf(o), sinceMs, left) : fromFiles(o.from, sinceMs, left);
      let count = 0;
      for await (const requests of sessions) {
        count++;
        for (const r of requests) simulation.add(r);
      }
      const { report } = simulation;
      process.stdout.write(o.json === true ? `${JSON.stringify({ sessions: count, skipped: left, ...report })}\n` : `${text(report, count, left, Number(o.top))}\n`);
      if (failOn.some((d) => report.changed[d] > 0)) process.exitCode = 1;
    });
}

function parseFailOn(given: string): Difference[] {
  if (given === 'none') return [];
  return given.split(',').map((name) => {
    const found = differences.find((d) => d === name.trim());
    if (found === undefined) throw new ConfigError(`is not one of ${differences.join(', ')}, none`, { field: '--fail-on' });
    return found;
  });
}

export function parseSince(given: string, nowMs: number): number {
  const [, n, unit] = /^(\d{1,5})([dh])$/.exec(given) ?? [];
  const ms = n === undefined ? Date.parse(given) : nowMs - Number(n) * (unit === 'd' ? DAY_MS : DAY_MS / 24);
  if (Number.isNaN(ms)) throw new ConfigError('is neither like 30d or 12h nor a date', { field: '--since' });
  return ms;
}

/** A candidate's own tests are `bundle test`'s business: what does not validate is refused here too. */
async function engineOf(place: string): Promise<PolicyEngine> {
  const isFile = existsSync(place) && statSync(place).isFile();
  return compileBundle(isFile ? unpackBundle(readFileSync(place)) : await readBundleDir(place)).engine;
}

function storeOf(o: Options): Promise<StoreClient> {
  if (o.config === undefined) throw new ConfigError('say where the recordings are', { field: '--from', fix: 'paths with --from, or a store with --config' });
  return connectApprover({ ...o, config: o.config, groups: o.groups ?? '' }).then((s) => s.client);
}

/** A session's requests at a time. What cannot be read is named in `left` and skipped: history is not all or nothing. */
async function* fromStore(client: StoreClient, sinceMs: number, left: string[]): AsyncGenerator<RecordedRequest[]> {
  for await (const { recording, files, problem } of storedSessions(client, sinceMs)) {
    try {
      if (files === undefined) throw new Error(problem ?? 'it cannot be read');
      yield await collected(recording.session_id, files.open, unpacked(files.chunks));
    } catch (error) {
      left.push(`${recording.session_id}: ${messageOf(error)}`);
    }
  }
}

async function* unpacked(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await gunzipped(chunk, { maxOutputLength: MAX_CHUNK_BYTES });
}

async function* fromFiles(places: readonly string[], sinceMs: number, left: string[]): AsyncGenerator<RecordedRequest[]> {
  for (const place of places.flatMap(recordingsUnder)) {
    try {
      const source = openRecording(place);
      const open = source.file(fileNames.open);
      const log = source.log();
      if (open === undefined || log === undefined) throw new ConfigError('is no whole recording');
      if (parseOpen(payloadJson(parseEnvelope(Buffer.from(open).toString('utf8'), 'open'))).t < sinceMs) continue;
      yield await collected(place, open, log);
    } catch (error) {
      left.push(`${place}: ${messageOf(error)}`);
    }
  }
}

/** The recordings at a path: itself, or those in it. @throws ConfigError when there is nothing there */
function recordingsUnder(place: string): string[] {
  if (!existsSync(place)) throw new ConfigError('there is nothing', { file: place, field: '--from' });
  if (statSync(place).isFile() || existsSync(path.join(place, fileNames.open))) return [place];
  return readdirSync(place, { withFileTypes: true })
    .filter((e) => (e.isDirectory() && existsSync(path.join(place, e.name, fileNames.open))) || e.name.endsWith('.srz'))
    .map((e) => path.join(place, e.name))
    .sort();
}

async function collected(name: string, openBytes: Uint8Array, log: AsyncIterable<Uint8Array>): Promise<RecordedRequest[]> {
  const open = parseOpen(payloadJson(parseEnvelope(Buffer.from(openBytes).toString('utf8'), 'open')));
  const requests: RecordedRequest[] = [];
  try {
    for await (const r of recordedRequests(open, readRecords(log, nodeSha256))) requests.push(r);
  } catch (error) {
    throw new Error(`${name} cannot be read to its end: ${messageOf(error)}`, { cause: error });
  }
  return requests;
}

const words: Readonly<Record<Difference, string>> = { denied: 'newly denied', held: 'newly held', allowed: 'newly allowed', masked: 'newly masked', unmasked: 'no longer masked' };

function text(r: SimulationReport, sessions: number, left: readonly string[], top: number): string {
  const decided = r.requests - r.undecided.gone - r.undecided.unresolved;
  const lines = [
    `${r.requests} requests of ${sessions} sessions, ${decided} decided again: ${r.same} as before${differences.map((d) => `, ${r.changed[d]} ${words[d]}`).join('')}`,
    ...(r.undecided.gone > 0 ? [`not decided again: ${r.undecided.gone} whose text is not in the recording`] : []),
    ...(r.undecided.unresolved > 0 ? [`not decided again: ${r.undecided.unresolved} that cannot be resolved without their database`] : []),
    ...(r.withTokens > 0 ? [`${r.withTokens} were decided with tokens in place of literals: a policy that looks at the literal itself may decide otherwise`] : []),
    ...left.map((l) => `not read: ${l}`),
  ];
  const shown = r.groups.slice(0, top);
  for (const g of shown) {
    lines.push('', `${words[g.difference]}: ${g.count} × ${g.person} on ${g.connection}${g.withTokens > 0 ? ` (${g.withTokens} with tokens)` : ''}`, `  ${g.statement}`);
    if (g.columns.length > 0) lines.push(`  ${g.columns.join(', ')}`);
    if (g.reason !== '') lines.push(`  ${g.reason}${g.policyIds.length > 0 ? ` (${g.policyIds.join(', ')})` : ''}`);
  }
  if (r.groups.length > shown.length) lines.push('', `and ${r.groups.length - shown.length} more groups: --top, or --json for all`);
  return lines.join('\n');
}
