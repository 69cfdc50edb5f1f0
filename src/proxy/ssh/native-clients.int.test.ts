/** Stock ssh, scp, sftp, rsync and git through `sallyport gateway` against a real OpenSSH server. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReadRecord } from '../../evidence/read.ts';
import { leaksUnder } from '../../testing/leaks.ts';
import { recordingDirs, recordsOf, verifyAll } from '../../testing/recordings.ts';
import { canaryOf, otherHostKey, startSshd, type Sshd } from '../../testing/sshd.ts';
import { SshWorld } from '../../testing/ssh-gateway.ts';

const MIB = Number(process.env['SALLYPORT_SSH_PIPE_MIB'] ?? 16);
const FILES = Number(process.env['SALLYPORT_SSH_FILES'] ?? 500);

let sshd: Sshd;
let world: SshWorld;
let dir: string;
let big: string;
let bigSha256: string;

beforeAll(async () => {
  sshd = await startSshd();
  dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-ssh-'));
  big = path.join(dir, 'big');
  writeFileSync(big, randomBytes(MIB * 1024 * 1024));
  bigSha256 = await sha256(big);
  world = await SshWorld.start(sshd, [{ name: 'web1' }, { name: 'wrong', hostKey: otherHostKey(dir) }, { name: 'gated', labels: { shell: 'gate' } }, { name: 'down', port: 1 }, { name: 'secret', credentials: { user: 'nobody-here', password: 'canary-password-8731' } }]);
}, 120_000);

afterAll(async () => {
  await world.stop();
  await sshd.stop();
  rmSync(dir, { recursive: true });
});

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

const sh = (script: string): Promise<{ code: number | null; stdout: string; stderr: string }> => world.run('bash', ['-c', script], { timeoutMs: 300_000 });
const web1 = (): string => world.command('web1');

/** Runs, and waits until the recording of the session that opened meanwhile is closed. */
async function recorded<T>(run: () => Promise<T>): Promise<{ result: T; records: ReadRecord[] }> {
  const mark = world.gateway.mark;
  const result = await run();
  const opened = await world.gateway.waitEvent((e) => e.event === 'session.opened', mark);
  const closed = await world.gateway.waitEvent((e) => e.event === 'session.closed' && e['session_id'] === opened['session_id'], mark);
  return { result, records: await recordsOf(String(closed['recording'])) };
}

describe('commands', () => {
  it('carries output, errors, exit status and signals', async () => {
    const { result, records } = await recorded(() => world.ssh('web1', ['web1', 'echo out; echo err >&2; exit 7']));
    expect(result).toMatchObject({ code: 7, stdout: 'out\n', stderr: 'err\n' });
    const exec = records.find((r) => r.kind === 'ssh.exec');
    expect(exec).toMatchObject({ clear: { dec: 'allow' }, fields: { command: 'echo out; echo err >&2; exit 7' } });
    expect(records.find((r) => r.kind === 'ssh.exit')).toMatchObject({ clear: { q: exec?.n, status: 7, out: 4, err: 4 } });
    expect(records.filter((r) => r.kind === 'ssh.output').map((r) => r.fields['data'])).toEqual(expect.arrayContaining(['out\n', 'err\n']));
    const killed = await recorded(() => world.ssh('web1', ['web1', 'kill -TERM $$']));
    expect(killed.result.code).toBe(255);
    expect(killed.records.find((r) => r.kind === 'ssh.exit')).toMatchObject({ clear: { signal: 'SIGTERM' } });
  });

  it(`moves ${MIB} MiB through stdin and stdout unaltered`, async () => {
    const up = await recorded(() => sh(`${web1()} web1 sha256sum < ${big}`));
    expect(up.result.stdout).toContain(bigSha256);
    expect(up.records.find((r) => r.kind === 'ssh.exit')).toMatchObject({ clear: { in: MIB * 1024 * 1024, in_sha256: bigSha256 } });
    const down = await recorded(() => sh(`${web1()} web1 cat ${big} | sha256sum`));
    expect(down.result.stdout).toContain(bigSha256);
    expect(down.records.find((r) => r.kind === 'ssh.exit')).toMatchObject({ clear: { out: MIB * 1024 * 1024, out_sha256: bigSha256 } });
  }, 300_000);

  it('keeps stdout and stderr whole when both are slow, and across rekeying and compression', async () => {
    const file = path.join(dir, 'some');
    writeFileSync(file, randomBytes(6 * 1024 * 1024));
    const both = await sh(`${web1()} -C -o RekeyLimit=1M web1 'cat ${file} & cat ${file} >&2; wait' 2> >(sleep 0.5; sha256sum > ${dir}/err.sum) | (sleep 1; sha256sum > ${dir}/out.sum); sleep 0.2`);
    expect(both.code).toBe(0);
    const expected = await sha256(file);
    expect(readFileSync(`${dir}/out.sum`, 'utf8')).toContain(expected);
    expect(readFileSync(`${dir}/err.sum`, 'utf8')).toContain(expected);
  }, 60_000);

  it('passes only the variables that policy names', async () => {
    const result = await sh(`LC_TEST=yes SECRET=no ${web1()} -o SendEnv=LC_TEST -o SendEnv=SECRET web1 'echo [$LC_TEST] [$SECRET]'`);
    expect(result.stdout).toBe('[yes] []\n');
  });

  it('serves several at once over one connection', async () => {
    const socket = path.join(dir, 'mux');
    const each = Array.from({ length: 8 }, (_, i) => `${web1()} -S ${socket} web1 'sleep 0.1; echo ${i}' &`).join(' ');
    const { result } = await recorded(() => sh(`${web1()} -M -S ${socket} -fN web1; ${each} wait $(jobs -p); ${web1()} -S ${socket} -O exit web1`));
    expect(result.stdout.trim().split('\n').sort()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  }, 60_000);
});

describe('terminals', () => {
  it('has the size of the window, follows it, and keeps what is typed without echo out of the recording', async () => {
    const { result, records } = await recorded(() => world.run('python3', ['-c', TERMINAL, world.listener('web1').ssh_config], { timeoutMs: 60_000 }));
    expect(result.stdout).toContain('24 80');
    expect(result.stdout).toContain('40 132');
    expect(result.stdout).toContain('grüße');
    expect(result.stdout).toContain('status 5');
    expect(records.find((r) => r.kind === 'ssh.shell')).toMatchObject({ clear: { dec: 'allow', pty: true, cols: 80, rows: 24 } });
    expect(records.find((r) => r.kind === 'ssh.pty.resize')).toMatchObject({ clear: { cols: 132, rows: 40 } });
    const typed = records.filter((r) => r.kind === 'ssh.pty.in');
    expect(JSON.stringify(typed)).toContain('stty size');
    expect(JSON.stringify(records)).not.toContain('canary-typed');
    expect(typed.reduce((n, r) => n + Number(r.clear['hidden'] ?? 0), 0)).toBeGreaterThanOrEqual('canary-typed'.length);
    expect(records.find((r) => r.kind === 'ssh.exit')).toMatchObject({ clear: { status: 5 } });
    expect(leaksUnder(world.gateway.recordings, ['canary-typed'])).toEqual([]);
  }, 60_000);
});

describe('a shell in mode gate', () => {
  it('runs what is allowed; a refused line is not run, and the shell goes on', async () => {
    const { result, records } = await recorded(() => world.run('python3', ['-c', GATED, world.listener('gated').ssh_config, `${dir}/gate-ran`], { timeoutMs: 60_000 }));
    expect(result.stdout).toContain('status 4');
    expect(result.stdout).toContain('denied by policy: this program is not run here');
    expect(existsSync(`${dir}/gate-ran`)).toBe(false);
    const lines = records.filter((r) => r.kind === 'ssh.exec').map((r) => [r.clear['dec'], r.fields['command'], r.clear['typed']]);
    expect(lines).toContainEqual(['allow', 'echo one$((1+1))', true]);
    expect(lines).toContainEqual(['deny', `touch ${dir}/gate-ran; forbidden`, true]);
    const without = await world.ssh('gated', ['gated'], { input: 'echo never\n' });
    expect(without).toMatchObject({ code: 126, stdout: '' });
  }, 60_000);
});

describe('files', () => {
  it('scp, both protocols', async () => {
    const { ssh_config: config } = world.listener('web1');
    for (const [flag, name] of [['-O', 'legacy'], ['-s', 'sftp']] as const) {
      const up = await world.run('scp', [flag, '-q', '-F', config, big, `web1:${dir}/${name}.up`], { timeoutMs: 120_000 });
      const down = await world.run('scp', [flag, '-q', '-F', config, `web1:${dir}/${name}.up`, `${dir}/${name}.down`], { timeoutMs: 120_000 });
      expect([up.code, down.code, up.stderr, down.stderr]).toEqual([0, 0, '', '']);
      expect(await sha256(`${dir}/${name}.down`)).toBe(bigSha256);
    }
  }, 300_000);

  it('an sftp batch: decided by where paths really lead, counted, with digests', async () => {
    const at = path.join(dir, 'files');
    mkdirSync(at);
    symlinkSync('/etc', path.join(at, 'elsewhere'));
    writeFileSync(path.join(at, 'forbidden.txt'), 'x');
    writeFileSync(path.join(at, 'some'), 'content of a file');
    symlinkSync('forbidden.txt', path.join(at, 'harmless'));
    const lines = [`cd ${at}/../files`, 'mkdir sub', `put ${big} sub/up`, `get sub/up ${dir}/down`, 'rename sub/up sub/up2', 'ln -s up2 sub/link', 'chmod 600 sub/up2', 'ls -l sub', '-get elsewhere/hostname', `-get harmless ${dir}/not`, '-rm forbidden.txt', '-get none/none', 'rm sub/link', 'df .', `get some ${dir}/some.down`];
    writeFileSync(path.join(dir, 'batch'), lines.join('\n'));
    const { result, records } = await recorded(() => world.run('sftp', ['-b', path.join(dir, 'batch'), '-F', world.listener('web1').ssh_config, 'web1'], { cwd: dir, timeoutMs: 120_000 }));
    expect(result.code, result.stderr).toBe(0);
    expect(await sha256(`${dir}/down`)).toBe(bigSha256);
    expect(existsSync(`${dir}/not`)).toBe(false);
    expect(existsSync(path.join(at, 'forbidden.txt'))).toBe(true);
    expect(result.stderr).toContain('denied by policy: this file is not for you');
    const paths = records.filter((r) => r.kind === 'ssh.sftp').map((r) => `${String(r.clear['dec'])} ${String(r.clear['op'])} ${JSON.stringify(r.fields['path'])}`);
    expect(paths).toContain(`allow open_write "${at}/sub/up"`);
    expect(paths.join('\n')).toMatch(/allow (open_read|stat) "\/etc\/hostname"/);
    expect(paths.filter((p) => p.startsWith('deny')).join('\n')).toContain(`${at}/forbidden.txt`);
    const ends = records.filter((r) => r.kind === 'ssh.sftp.end');
    expect(ends.find((r) => r.clear['written'] === MIB * 1024 * 1024)).toMatchObject({ clear: { written_sha256: bigSha256, status: 0 } });
    expect(ends.find((r) => r.clear['read'] === MIB * 1024 * 1024)).toMatchObject({ clear: { read_sha256: bigSha256, status: 0 } });
  }, 120_000);

  it(`rsync of ${FILES} files, there and back`, async () => {
    const from = path.join(dir, 'many');
    mkdirSync(from);
    for (let i = 0; i < FILES; i++) writeFileSync(path.join(from, `f${i}`), `file ${i}\n`);
    const there = await world.run('rsync', ['-a', '-e', web1(), `${from}/`, `web1:${dir}/many2/`], { timeoutMs: 300_000 });
    const back = await world.run('rsync', ['-a', '-e', web1(), `web1:${dir}/many2/`, `${dir}/many3/`], { timeoutMs: 300_000 });
    expect([there.code, back.code]).toEqual([0, 0]);
    expect((await world.run('diff', ['-r', from, `${dir}/many3`])).code).toBe(0);
  }, 300_000);

  it('git clone and push', async () => {
    const git = `export GIT_SSH_COMMAND='${web1()}' GIT_CONFIG_GLOBAL=/dev/null; cd ${dir}; git init -q --bare repo.git; git clone -q web1:${dir}/repo.git clone 2>/dev/null; cd clone; cp ${dir}/some.down .; git add .; git -c user.name=a -c user.email=a@example.com commit -qm first; git push -q origin HEAD; git -C ${dir}/repo.git log --format=%s --all`;
    expect((await sh(git)).stdout).toBe('first\n');
  }, 60_000);
});

describe('forwards', () => {
  it('-W and ProxyJump, each decided; what is refused says why', async () => {
    const config = path.join(dir, 'jump');
    writeFileSync(config, `${readFileSync(world.listener('web1').ssh_config, 'utf8')}\nHost inner\n  HostName 127.0.0.1\n  Port ${sshd.port}\n  User ${sshd.user}\n  ProxyJump web1\n  IdentityFile ${sshd.keyFile}\n  IdentitiesOnly yes\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n`);
    const { result, records } = await recorded(() => world.run('ssh', ['-q', '-F', config, 'inner', 'echo jumped']));
    expect(result.stdout).toBe('jumped\n');
    expect(records.find((r) => r.kind === 'ssh.forward')).toMatchObject({ clear: { dec: 'allow', port: sshd.port }, fields: { host: '127.0.0.1' } });
    const end = records.find((r) => r.kind === 'ssh.forward.end');
    expect(Number(end?.clear['sent'])).toBeGreaterThan(500);
    expect(Number(end?.clear['received'])).toBeGreaterThan(500);
    const refused = await world.ssh('web1', ['-W', '127.0.0.1:1', 'web1']);
    expect(refused.stderr).toContain('administratively prohibited');
    expect(refused.stderr).toContain('this port is not for you');
  }, 60_000);

  it('other subsystems are refused, and recorded with the reason', async () => {
    const subsystem = await recorded(() => world.ssh('web1', ['-s', 'web1', 'netconf']));
    expect(subsystem.result.code).not.toBe(0);
    expect(JSON.stringify(subsystem.records)).toContain('only the subsystem sftp is served');
  });
});

describe('what is refused or held', () => {
  it('a denied command: a message, status 126, nothing at the target', async () => {
    const { result, records } = await recorded(() => world.ssh('web1', ['web1', `touch ${dir}/ran; forbidden`]));
    expect(result.code).toBe(126);
    expect(result.stderr).toMatch(/sallyport: denied by policy: this program is not run here\. Policies: no-forbidden-program\. Reference [0-9a-f-]+\/\d+/);
    expect(existsSync(`${dir}/ran`)).toBe(false);
    expect(records.find((r) => r.kind === 'ssh.exec')).toMatchObject({ clear: { dec: 'deny', pol: ['no-forbidden-program'] } });
    expect(world.events('request.denied').at(-1)).toMatchObject({ policy_ids: ['no-forbidden-program'] });
  });

  it('a held command runs after a signed approval, with the stdin that waited', async () => {
    const mark = world.gateway.mark;
    const running = sh(`echo input | ${web1()} web1 'cat; askfirst 2>/dev/null; echo done'`);
    const held = await world.gateway.waitEvent((e) => e.event === 'request.held', mark);
    expect((await world.gateway.decide('approve', String(held['approval_id']), 'looks fine')).refusal).toBeUndefined();
    const result = await running;
    expect(result.stdout).toBe('input\ndone\n');
    expect(result.stderr).toContain(`Approval ${String(held['approval_id'])}`);
  }, 60_000);

  it('a held command that is denied, and one whose client goes away', async () => {
    const mark = world.gateway.mark;
    const running = world.ssh('web1', ['web1', 'askfirst']);
    const held = await world.gateway.waitEvent((e) => e.event === 'request.held', mark);
    await world.gateway.decide('deny', String(held['approval_id']), 'not today');
    const result = await running;
    expect(result.code).toBe(126);
    expect(result.stderr).toMatch(/\nsallyport: refused by carol@example\.com: not today; it did not run\. Policies: ask-first\. Reference \S+\/\d+\n$/);
    const later = world.gateway.mark;
    const gone = sh(`timeout --signal=INT 5 ${web1()} web1 askfirst & sleep 1; kill -INT $!; wait`);
    await world.gateway.waitEvent((e) => e.event === 'request.held', later);
    await world.gateway.waitEvent((e) => e.event === 'request.released' && e['outcome'] === 'cancelled', later);
    await gone;
  }, 60_000);

  it('another key than the registered one is never connected to', async () => {
    const { result } = await recorded(() => world.ssh('wrong', ['wrong', 'echo never']));
    expect(result).toMatchObject({ code: 255, stdout: '' });
    expect(result.stderr).toMatch(/presented the host key SHA256:\S+, but SHA256:\S+ is registered/);
  });

  it('a target that is down, and one that refuses the credential', async () => {
    expect((await world.ssh('down', ['down', 'true'])).stderr).toMatch(/down \(127\.0\.0\.1:1\) cannot be reached: .*ECONNREFUSED/);
    const refused = await world.ssh('secret', ['secret', 'true']);
    expect(refused.code).toBe(255);
    expect(refused.stderr).toContain('refused the registered credential of nobody-here');
    expect(refused.stderr).not.toContain('canary-password');
  });

  it('a client without the key of this session', async () => {
    const { port } = world.listener('web1');
    const mark = world.gateway.mark;
    const result = await world.run('ssh', ['-F', 'none', '-p', String(port), '-i', sshd.keyFile, '-o', 'IdentitiesOnly=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'BatchMode=yes', 'alice@127.0.0.1', 'true']);
    expect(result.code).toBe(255);
    expect(await world.gateway.waitEvent((e) => e.event === 'auth.refused', mark)).toMatchObject({ connection: 'web1', reason: expect.stringContaining("is not this endpoint's") as string });
  });
});

describe('afterwards', () => {
  it('every recording verifies, and no credential is anywhere', async () => {
    const sessions = world.events('session.opened').map((e) => String(e['session_id']));
    await world.gateway.uploaded(sessions);
    const reports = await verifyAll(world.gateway);
    expect(reports.length).toBe(recordingDirs(world.gateway).length);
    expect(reports.filter((r) => r.verdict !== 'PASS').map((r) => [r.dir, r.verdict])).toEqual([]);
    expect(leaksUnder(world.gateway.dataDir, [canaryOf(sshd.keyFile), 'canary-password-8731'])).toEqual([]);
    expect(world.gateway.stdout).not.toContain('canary-password-8731');
  }, 120_000);

  it('a gateway that is killed: the recording is recovered and verifies, the identity is gone', async () => {
    const before = readFileSync(world.listener('web1').identity_file, 'utf8');
    const mark = world.gateway.mark;
    const running = world.ssh('web1', ['web1', 'echo begun; sleep 60']).catch((error: unknown) => error);
    const opened = await world.gateway.waitEvent((e) => e.event === 'session.opened', mark);
    await untilRecorded(String(opened['recording']), 'begun');
    await world.gateway.crash();
    expect(await running).toMatchObject({ code: 255 });
    await world.gateway.run();
    await world.gateway.uploaded([String(opened['session_id'])]);
    const report = (await verifyAll(world.gateway)).find((r) => r.dir === opened['recording']);
    expect(report?.verdict).toBe('RECOVERED');
    expect((await recordsOf(String(opened['recording']))).find((r) => r.kind === 'ssh.exec')).toMatchObject({ fields: { command: 'echo begun; sleep 60' } });
    expect(readFileSync(world.listener('web1').identity_file, 'utf8')).not.toBe(before);
    expect((await world.ssh('web1', ['web1', 'echo again'])).stdout).toBe('again\n');
  }, 60_000);

  it('an orderly end removes the identity', async () => {
    const { identity_file: file } = world.listener('web1');
    await world.gateway.halt();
    expect(existsSync(file)).toBe(false);
  });
});

async function untilRecorded(recording: string, text: string): Promise<void> {
  while (!readFileSync(path.join(recording, 'log.ndjson'), 'utf8').includes(text)) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A terminal of 24 lines and 80 columns, and a way to wait for what it shows. */
const DRIVER = `
import pty, os, sys, time, select, fcntl, termios, struct
pid, fd = pty.fork()
if pid == 0:
    os.execvp('ssh', ['ssh', '-F', sys.argv[1], sys.argv[1].split('/')[-2]])
def size(rows, cols):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))
size(24, 80)
out = b''
def until(text):
    global out
    start = len(out)
    end = time.time() + 20
    while time.time() < end:
        r, _, _ = select.select([fd], [], [], 0.1)
        if r:
            try:
                data = os.read(fd, 65536)
            except OSError:
                return
            if not data:
                return
            out += data
            if text in out[start:]:
                return
    raise Exception('no ' + repr(text) + ' in ' + repr(out))
`;

/** Commands are typed, the window is made larger, a password prompt is answered. */
const TERMINAL = `${DRIVER}
until(b'$ ' if os.getuid() else b'# ')
os.write(fd, b'PS1="ready> "; stty size\\r')
until(b'24 80')
size(40, 132)
time.sleep(0.3)
os.write(fd, b'stty size\\r')
until(b'40 132')
os.write(fd, 'printf "gr\\\\303\\\\274\\\\303\\\\237e\\\\n"\\r'.encode())
until('grüße'.encode())
os.write(fd, b'read -sp "pass: " X; echo "got \${#X}"\\r')
until(b'pass: ')
# bash switches the echo off after it has shown the prompt.
time.sleep(0.3)
for c in 'canary-typed':
    os.write(fd, c.encode()); time.sleep(0.01)
os.write(fd, b'\\r')
until(b'got 12')
os.write(fd, b'exit 5\\r')
until(b'never comes')
_, status = os.waitpid(pid, 0)
sys.stdout.write(out.decode() + 'status %d' % os.waitstatus_to_exitcode(status))
`;

/** Lines as a person types them: Enter when the line is on the screen. */
const GATED = `${DRIVER}
until(b'$ ' if os.getuid() else b'# ')
time.sleep(0.5)
def line(text, expected):
    os.write(fd, text.encode())
    until(text.encode()[-8:])
    time.sleep(0.3)
    os.write(fd, b'\\r')
    until(expected)
    time.sleep(0.5)
line('echo one$((1+1))', b'one2')
line('touch ' + sys.argv[2] + '; forbidden', b'not run here')
line('echo two$((2+2))', b'two4')
os.write(fd, b'exit 4')
time.sleep(0.5)
os.write(fd, b'\\r')
until(b'never comes')
_, status = os.waitpid(pid, 0)
sys.stdout.write(out.decode() + 'status %d' % os.waitstatus_to_exitcode(status))
`;
