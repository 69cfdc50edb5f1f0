/** Must show 5, the app's part: SIGKILL in the middle of a session of the app's terminal. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { TestGateway } from '../../testing/gateway.ts';
import type { PostgresServer } from '../../testing/postgres-server.ts';
import { startProcess, type RunningProcess } from '../../testing/process.ts';
import { recordsOf, verifyAll } from '../../testing/recordings.ts';
import { sshBundle } from '../../testing/ssh-gateway.ts';
import { startSshd, type Sshd } from '../../testing/sshd.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let sshd: Sshd;
let gateway: TestGateway;
let dir: string;
let host: string;

beforeAll(async () => {
  sshd = await startSshd();
  dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-terminal-crash-'));
  const connections = [{ name: 'web1', protocol: 'ssh', target: { host: '127.0.0.1', port: sshd.port, host_key: sshd.hostKey }, credentials: { user: sshd.user, private_key_file: sshd.keyFile }, listen: { port: 0 } }];
  gateway = TestGateway.prepare({ server: { host: '127.0.0.1', port: 1 } as PostgresServer, bundle: sshBundle(), config: { connections } });
  const outdir = path.join(root, '.cache', `test-terminal-${process.pid}`);
  host = path.join(outdir, 'terminal-host.mjs');
  await build({ entryPoints: [path.join(root, 'src/testing/terminal-host.ts')], bundle: true, splitting: true, outdir, outExtension: { '.js': '.mjs' }, platform: 'node', target: 'node20', format: 'esm', packages: 'external', logLevel: 'silent', absWorkingDir: root });
}, 120_000);

afterAll(async () => {
  await gateway.stop();
  await sshd.stop();
  for (const folder of [dir, path.dirname(host)]) rmSync(folder, { recursive: true, force: true });
});

const runs = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

/** The next line of this type that the host prints. */
function says(child: RunningProcess, type: string, has = ''): Promise<Record<string, unknown>> {
  return child.waitForLine((line) => {
    if (!line.startsWith('{')) return undefined;
    const event = JSON.parse(line) as Record<string, unknown>;
    return event['type'] === type && line.includes(has) ? event : undefined;
  }, 60_000);
}

it('leaves no process at the target; the recording recovers at the next start, and verifies', async () => {
  const pidFile = path.join(dir, 'pid');
  const child = startProcess(process.execPath, ['--liftoff-only', host, gateway.configFile, 'web1', `echo $$ > ${pidFile}; echo "on the sc""reen"; exec sleep 600`], { cwd: gateway.dir });
  const opened = await says(child, 'opened');
  expect(opened['shell']).toMatchObject({ effect: 'allow', mode: 'observe' });
  await says(child, 'output', 'on the screen');
  const pid = Number(readFileSync(pidFile, 'utf8'));
  expect(runs(pid)).toBe(true);
  const recording = path.join(gateway.recordings, String(opened['sessionId']));
  await eventually(() => expect(readFileSync(path.join(recording, 'log.ndjson'), 'utf8')).toContain('on the screen'));
  child.kill('SIGKILL');
  await child.ended();
  await eventually(() => expect(runs(pid)).toBe(false));

  await gateway.run();
  await gateway.uploaded([String(opened['sessionId'])]);
  expect((await verifyAll(gateway)).map((r) => [r.dir, r.verdict])).toEqual([[recording, 'RECOVERED']]);
  const records = await recordsOf(recording);
  expect(records.some((r) => r.kind === 'ssh.pty.out' && JSON.stringify(r.fields).includes('on the screen'))).toBe(true);
}, 120_000);
