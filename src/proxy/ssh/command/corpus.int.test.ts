/**
 * Lines of the corpus typed at the prompt of mode `command` under the starter bundle, with a real OpenSSH server behind it
 * that writes down what it was asked to run and runs none of it. SALLYPORT_SHELL_CORPUS=all types all of them.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleDir } from '../../../testing/gateway.ts';
import { RANK, shellCorpus, type Effect } from '../../../testing/shell-corpus.ts';
import { SshWorld } from '../../../testing/ssh-gateway.ts';
import { SshTerminal } from '../../../testing/ssh-terminal.ts';
import { startSshd, type Sshd } from '../../../testing/sshd.ts';
import { needsMore } from './complete.ts';
import { ownLine } from './own.ts';

const EACH = process.env['SALLYPORT_SHELL_CORPUS'] === 'all' ? 1 : 26;

let sshd: Sshd;
let world: SshWorld;
let dir: string;
let terminal: SshTerminal;

beforeAll(async () => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-corpus-'));
  const recorder = path.join(dir, 'recorder');
  writeFileSync(recorder, `#!/bin/sh\nprintf '%s\\0' "$SSH_ORIGINAL_COMMAND" >> ${dir}/asked\necho it-was-asked-to-run\n`);
  chmodSync(recorder, 0o755);
  writeFileSync(path.join(dir, 'asked'), '');
  sshd = await startSshd([`ForceCommand ${recorder}`]);
  world = await SshWorld.start(sshd, [{ name: 'web1', labels: { env: 'prod' } }], { bundle: bundleDir('starter') });
  terminal = new SshTerminal(['-F', world.listener('web1').ssh_config, 'web1'], { cols: 120 });
  await terminal.shows(/\$ $/);
}, 120_000);

afterAll(async () => {
  terminal.kill();
  await world.stop();
  await sshd.stop();
  rmSync(dir, { recursive: true });
});

async function effectOf(line: string): Promise<Effect> {
  terminal.type(`${line}\r`);
  const shown = await terminal.shows(/\n(?:sallyport: held for approval[^]*Reference [^]*\/\d+\n|[^]*\[sallyport\][^\n]*\$ $)/);
  if (!shown.includes('held for approval')) return shown.includes('it-was-asked-to-run') ? 'allow' : 'deny';
  terminal.type('\u0003');
  await terminal.shows(/\[sallyport\][^\n]*\$ $/);
  return 'hold';
}

it('a sample is decided no weaker than as an exec, and what is allowed is sent as it was decided', async () => {
  const weaker: string[] = [];
  const sent: string[] = [];
  // Several lines are several commands here; what the shell does by itself is not sent, and what has no end waits.
  const sample = shellCorpus.filter(([, line], i) => i % EACH === 0 && !/[\r\n]/.test(line) && line.trim() !== '' && ownLine(line) === undefined && !needsMore(line));
  for (const [effect, line] of sample) {
    const got = await effectOf(line);
    if (RANK[got] < RANK[effect]) weaker.push(`${effect} -> ${got}: ${line}`);
    if (got === 'allow') sent.push(line);
  }
  console.log(`command mode, real sshd: ${sample.length} lines, ${weaker.length} weaker, ${sent.length} sent`);
  expect(weaker).toEqual([]);
  expect(readFileSync(path.join(dir, 'asked'), 'utf8').split('\0').slice(0, -1)).toEqual(sent);
}, 600_000);
