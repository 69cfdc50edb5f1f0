/**
 * `sallyport recordings replay`: the statements of a verified recording run again on a sandbox copy, through this
 * machine's own gateway, and what comes back is held against what was recorded (docs/replay.md).
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { ConfigError, messageOf } from '../base/errors.ts';
import { isSessionId, type SessionId } from '../base/ids.ts';
import { nodeSha256 } from '../evidence/node-crypto.ts';
import { openRecording } from '../evidence/read-files.ts';
import { readRecords } from '../evidence/read.ts';
import type { RecordingSource } from '../evidence/source.ts';
import type { OpenStatement } from '../evidence/types.ts';
import { replaySteps } from '../policy/replay/steps.ts';
import { withValues, type Values } from '../policy/replay/values.ts';
import { loadDevice } from '../proxy/core/device.ts';
import { type Gateway, startGateway, stopGateway } from './gateway.ts';
import { loadGatewayConfig, type GatewayConfig } from './gateway-config.ts';
import { loadTrust } from './recordings-place.ts';
import { checkReplay, ReplayRefused, sandboxOf, verifiedOpen } from './replay-checks.ts';
import { type LocalEndpoint, ReplayClient } from './replay-client.ts';
import { runSteps } from './replay-run.ts';
import type { ReplayOptions } from './replay-command.ts';
import { plannedLine, ReplayReport } from './replay-report.ts';

export async function replay(what: string, o: ReplayOptions): Promise<void> {
  const config = loadGatewayConfig(o.config);
  const limitMs = Number(o.limitSeconds) * 1000;
  if (!(limitMs > 0) || limitMs > 86_400_000) throw new ConfigError('is not a number of seconds', { field: '--limit-seconds' });
  const values = o.params === undefined ? new Map<string, string>() : readValues(o.params);
  const gateway = await startGateway(config, { serve: [], say: () => undefined });
  try {
    const target = sandboxOf(gateway.runtime.targets, o.target);
    await withRecording(what, config, gateway, async (source, isOwn) => {
      const open = await verifiedOpen(source, isOwn, await loadTrust({ trust: o.trust ?? path.join(config.data_dir, 'trust.json') }));
      checkReplay(gateway.runtime.engine, gateway.identity.principal, target, open, loadDevice(config.data_dir).id);
      const log = source.log();
      if (log === undefined) throw new ReplayRefused('the recording has no log');
      await run(gateway, o, { open, log, values, limitMs });
    });
  } catch (error) {
    if (!(error instanceof ReplayRefused)) throw error;
    process.exitCode = 1;
    process.stdout.write(o.json === true ? `${JSON.stringify({ refused: error.message })}\n` : `refused: ${error.message}\n`);
  } finally {
    await stopGateway(gateway);
  }
}

interface Job {
  readonly open: OpenStatement;
  readonly log: AsyncIterable<Uint8Array>;
  readonly values: Values;
  readonly limitMs: number;
}

async function run(gateway: Gateway, o: ReplayOptions, job: Job): Promise<void> {
  const steps = replaySteps(readRecords(job.log, nodeSha256));
  if (o.dryRun === true) {
    for await (const step of steps) process.stdout.write(plannedLine(withValues(step, job.values), o.json === true));
    return;
  }
  const report = new ReplayReport({ session: job.open.session_id, recorded: job.open.target.connection, target: o.target });
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const endpoint: LocalEndpoint | { readonly protocol: string } = await gateway.runtime.openEndpoint(o.target);
  if (!('password' in endpoint)) throw new ReplayRefused(`${o.target} speaks ${endpoint.protocol}, which cannot be replayed`);
  const client = await ReplayClient.connect(endpoint, `sallyport replay of ${job.open.session_id}`);
  try {
    for await (const ran of runSteps(steps, client, { values: job.values, limitMs: job.limitMs, signal: stopped.signal })) {
      report.add(ran);
      if (process.stderr.isTTY) process.stderr.write(`\r${report.total} statements, ${report.counts.different} with differences`);
    }
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    await client.close();
  }
  process.stdout.write(o.json === true ? `${JSON.stringify(report.json)}\n` : report.text);
  if (!report.isSame) process.exitCode = 1;
}

/** A path, a session of this machine's spool, or a session that the store has and this person may read. */
async function withRecording(what: string, config: GatewayConfig, gateway: Gateway, use: (source: RecordingSource, isOwn: boolean) => Promise<void>): Promise<void> {
  const spool = path.join(config.data_dir, 'recordings');
  if (!isSessionId(what)) return use(openRecording(what), path.dirname(path.resolve(what)) === spool);
  if (existsSync(path.join(spool, what))) return use(openRecording(path.join(spool, what)), true);
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-replay-'));
  try {
    const file = path.join(dir, `${what}.srz`);
    writeFileSync(file, await downloaded(gateway, what), { mode: 0o600 });
    await use(openRecording(file), false);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function downloaded(gateway: Gateway, session: SessionId): Promise<Uint8Array> {
  try {
    return await gateway.client.downloadSrz(session);
  } catch (error) {
    throw new ReplayRefused(`the store does not give recording ${session}: ${messageOf(error)}`);
  }
}

const valuesFile = z.record(z.string(), z.string());

function readValues(file: string): Values {
  try {
    return new Map(Object.entries(valuesFile.parse(JSON.parse(readFileSync(file, 'utf8')))));
  } catch (error) {
    throw new ConfigError(`is not an object of texts by mask token: ${error instanceof z.ZodError ? 'a value is no text' : messageOf(error)}`, { file, field: '--params' });
  }
}
