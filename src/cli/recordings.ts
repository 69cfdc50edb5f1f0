/** `sallyport recordings`: list, show, verify, export and cast, on this machine's spool, on files, and on the store. */
import { createWriteStream, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { ConfigError, MalformedError } from '../base/errors.ts';
import { isSessionId } from '../base/ids.ts';
import { castLines } from '../evidence/cast.ts';
import { type CastChannel, castChannels, mainChannel } from '../evidence/cast-ssh.ts';
import { chainText, deviceChains, type ChainLink } from '../evidence/device-chain.ts';
import { nodeCrypto, nodeSha256Hex } from '../evidence/node-crypto.ts';
import { openRecording } from '../evidence/read-files.ts';
import { readRecords } from '../evidence/read.ts';
import { fileNames, type RecordingSource } from '../evidence/source.ts';
import { writeSrz } from '../evidence/srz.ts';
import type { Trust } from '../evidence/trust.ts';
import { verifyRecording, type VerifyReport } from '../evidence/verify.ts';
import { withIdentity } from './identity-options.ts';
import type { ExplainOptions } from './recordings-explain.ts';
import { addSearch } from './recordings-search.ts';
import { redactCommand } from './recordings-redact.ts';
import { replayCommand } from './replay-command.ts';
import { recordLine } from './recordings-text.ts';
import { loadDataDir, loadTrust, remote, type Place } from './recordings-place.ts';

interface Common extends Place {
  readonly json?: boolean;
}

export function recordingsCommand(): Command {
  const root = new Command('recordings').description('find, read, verify and export recordings');
  placed(root.command('list').description('recordings on this machine, or in the store with --as or --token-file')).action(list);
  placed(root.command('show <id>').description('the records of one recording: a session id, a directory or an .srz file')).action(show);
  placed(root.command('verify <file-or-id...>').description('prove recordings with public keys only, several also against each other; exit 0 on PASS and RECOVERED, 1 on FAIL'))
    .option('--trust <file>', 'trust.json of the organisation; default: the one of --config')
    .action(verify);
  placed(root.command('export <id>').description('one .srz file that an outsider verifies'))
    .requiredOption('-o, --output <file>', 'the .srz to write')
    .action(exportSrz);
  placed(root.command('cast <id>').description('asciicast v3 for players; a view, not evidence'))
    .option('-o, --output <file>', 'default: standard output')
    .option('--trust <file>', 'trust.json of the organisation; default: the one of --config')
    .option('--channel <n>', 'of an SSH session: the channel whose screen is shown; default: the first shell, else the first command')
    .addHelpText('after', '\nAn SSH session may have several channels, and a cast has one screen. A number that is not there is answered with those that are.')
    .action(cast);
  placed(root.command('explain <file-or-id>').description('decide its requests again by the bundle that decided them, or by another; exit 0 when all come out as recorded'))
    .option('--bundle <place>', 'a bundle directory or file; default: the one that decided, from the store, by its digest')
    .option('--trust <file>', 'trust.json of the organisation; default: the one of --config')
    .action((what: string, o: ExplainOptions) => withRecording(what, o, async (source, own) => (await import('./recordings-explain.ts')).explain(source, own, o)));
  placed(root.command('trust').description('write the organisation’s public keys, for verifying elsewhere'))
    .requiredOption('-o, --output <file>', 'the trust.json to write')
    .action(async (o: Common & { output: string }) => {
      const client = await remote(o);
      writeFileSync(o.output, `${JSON.stringify(await client.trust(), null, 2)}\n`);
      process.stdout.write(`${o.output}\n`);
    });
  addSearch(root);
  root.addCommand(redactCommand());
  root.addCommand(replayCommand());
  return root;
}

const placed = (command: Command): Command => withIdentity(command, 'optional');

async function list(o: Common): Promise<void> {
  const rows = o.as !== undefined || o.tokenFile !== undefined ? await (await remote(o)).listRecordings() : localList(o);
  if (o.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
  else if (rows.length === 0) process.stdout.write('No recordings.\n');
  else for (const row of rows) process.stdout.write(`${Object.values(row).filter((v) => typeof v !== 'object').map(String).join('  ')}\n`);
}

function localList(o: Common): { session_id: string; state: string; dir: string }[] {
  const dir = recordingsDir(o);
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter(isSessionId)
    .sort()
    .map((session_id) => {
      const at = path.join(dir, session_id);
      const state = existsSync(path.join(at, 'close.dsse.json')) ? 'closed' : existsSync(path.join(at, 'recovered.dsse.json')) ? 'recovered' : 'open';
      return { session_id, state, dir: at };
    });
}

function recordingsDir(o: Common): string {
  if (o.config === undefined) throw new ConfigError('say where the recordings are', { field: '--config', fix: 'or give a directory or an .srz file in the place of the id' });
  return path.join(loadDataDir(o.config), 'recordings');
}

/**
 * A path, or a session id that is looked up here and then in the store.
 * @param use also told whether this is this machine's own copy, which has no proofs of the log: the store adds them to an export
 */
async function withRecording<T>(what: string, o: Common, use: (source: RecordingSource, own: boolean) => Promise<T>): Promise<T> {
  if (!isSessionId(what)) return use(openRecording(what), o.config !== undefined && path.dirname(path.resolve(what)) === recordingsDir(o));
  const local = o.config === undefined ? undefined : path.join(recordingsDir(o), what);
  if (local !== undefined && existsSync(local) && o.as === undefined && o.tokenFile === undefined) return use(openRecording(local), true);
  const client = await remote(o);
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-srz-'));
  try {
    const file = path.join(dir, `${what}.srz`);
    writeFileSync(file, await client.downloadSrz(what), { mode: 0o600 });
    return await use(openRecording(file), false);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function show(what: string, o: Common): Promise<void> {
  await withRecording(what, o, async (source) => {
    const log = source.log();
    if (!log) throw new ConfigError('this recording has no log', { file: what });
    for await (const record of readRecords(log)) process.stdout.write(o.json ? `${JSON.stringify(record)}\n` : recordLine(record));
  });
}

async function verify(all: readonly string[], o: Common & { trust?: string }): Promise<void> {
  const trust = await loadTrust(o);
  const links: ChainLink[] = [];
  for (const what of all) links.push(...(await verifyOne(what, trust, o)));
  if (all.length < 2) return;
  try {
    process.stdout.write(o.json ? `${JSON.stringify({ devices: deviceChains(links) })}\n` : `${chainText(links, deviceChains(links))}\n`);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    process.exitCode = 1;
    process.stdout.write(o.json ? `${JSON.stringify({ error: error.message })}\n` : `FAIL: ${error.message}\n`);
  }
}

/** @returns its place in the device's sequence, when that is proven */
async function verifyOne(what: string, trust: Trust, o: Common): Promise<ChainLink[]> {
  let openSha256 = '';
  let report: VerifyReport;
  try {
    report = await withRecording(what, o, (source, own) => {
      openSha256 = nodeSha256Hex(source.file(fileNames.open) ?? '');
      return verifyRecording(source, trust, { crypto: nodeCrypto, proofs: own ? 'if present' : 'required' });
    });
  } catch (error) {
    // A file that was damaged on the way does not even open; for whoever asks, that is the same answer.
    if (!(error instanceof MalformedError)) throw error;
    process.exitCode = 1;
    process.stdout.write(o.json ? `${JSON.stringify({ verdict: 'FAIL', error: error.message })}\n` : `FAIL\n${what}: ${error.message}\n`);
    return [];
  }
  process.stdout.write(o.json ? `${JSON.stringify(report)}\n` : reportText(report));
  if (report.verdict === 'FAIL') process.exitCode = 1;
  return report.verdict === 'FAIL' || report.open === undefined ? [] : [{ open: report.open, sha256: openSha256 }];
}

export function reportText(r: VerifyReport): string {
  const bad = r.firstBad;
  const lines = [
    r.verdict + (bad ? `: first bad record ${bad.n}${bad.line > 0 ? ` (line ${bad.line})` : ''}: ${bad.code}: ${bad.reason}` : ''),
    ...(r.open ? [`session ${r.open.session_id} of ${r.open.user.name} on ${r.open.target.connection}, policy ${r.open.policy.name} ${r.open.policy.serial}`] : []),
    `records ${r.size}, signed through ${r.signedThrough}, witnessed through ${r.witnessedThrough}${r.witnessedMs === undefined ? '' : ` at ${new Date(r.witnessedMs).toISOString()}`}, redacted ${r.redacted}`,
    ...r.steps.map((s) => `  ${s.ok ? 'ok  ' : 'FAIL'} ${s.name}: ${s.detail}`),
  ];
  return `${lines.join('\n')}\n`;
}

async function exportSrz(what: string, o: Common & { output: string }): Promise<void> {
  const { sizeBytes } = await withRecording(what, o, (source, own) => {
    if (own) process.stderr.write('sallyport: this is the device\u2019s own copy, without proofs of the store\u2019s log: a verifier whose trust names the log refuses it. With --as or --token-file the store exports it.\n');
    return writeSrz(source, o.output);
  });
  process.stdout.write(o.json ? `${JSON.stringify({ file: o.output, bytes: sizeBytes })}\n` : `${o.output}: ${sizeBytes} bytes\n`);
}

async function cast(what: string, o: Common & { output?: string; channel?: string }): Promise<void> {
  await withRecording(what, o, async (source, own) => {
    // A cast is traced to what was verified, so it is made from a verified source or not at all.
    const report = await verifyRecording(source, await loadTrust(o), { crypto: nodeCrypto, proofs: own ? 'if present' : 'required' });
    const log = source.log();
    if (report.verdict === 'FAIL' || !report.open || !log) throw new ConfigError(`the recording does not verify: ${report.firstBad?.reason ?? 'no log'}`, { file: what });
    const channel = report.open.target.protocol === 'ssh' ? await channelOf(source, o.channel) : undefined;
    const lines = castLines(readRecords(log), { open: report.open, size: report.size, root: report.root }, channel);
    if (o.output === undefined) for await (const line of lines) process.stdout.write(line);
    else await pipeline(Readable.from(lines), createWriteStream(o.output, { mode: 0o600 }));
  });
}

/** @throws ConfigError for a number that is no channel with something to show */
async function channelOf(source: RecordingSource, asked: string | undefined): Promise<CastChannel | undefined> {
  const log = source.log();
  const channels = log === undefined ? [] : await castChannels(readRecords(log));
  if (asked === undefined) return mainChannel(channels);
  const found = channels.find((c) => String(c.channel) === asked);
  if (found === undefined) throw new ConfigError(`${asked} is not a channel that showed something`, { field: '--channel', fix: channels.length === 0 ? 'this session showed nothing' : channels.map((c) => `${c.channel} is ${c.title}`).join('; ') });
  return found;
}
