/** Ends that nobody planned, and input that nobody sends: clear messages, no hang, nothing left running, all of it recorded. */
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReadRecord } from '../../evidence/read.ts';
import { eventually } from '../../testing/eventually.ts';
import { deathBytes, NOTHING_TAKEN, startHostileTarget, type HostileTarget } from '../../testing/hostile-ssh-target.ts';
import { recordsOf, verifyAll } from '../../testing/recordings.ts';
import { RemoteScreen } from '../../testing/remote-screen.ts';
import { startSshd, type Sshd } from '../../testing/sshd.ts';
import { SshWorld } from '../../testing/ssh-gateway.ts';

/** The library sends no other names. */
const { SIGNALS: signals } = createRequire(import.meta.url)('ssh2/lib/protocol/constants.js') as { readonly SIGNALS: Record<string, number> };
const isRoot = process.getuid?.() === 0;
const ordinary = isRoot ? 'postgres' : os.userInfo().username;

let sshd: Sshd;
let world: SshWorld;
let hostile: HostileTarget;
let dir: string;
/** Takes connections and says nothing. */
let silent: Server;
const silentSockets = new Set<Socket>();
/** Not SSH. */
let web: Server;

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  // With PAM accounts without a password are let in by their key.
  sshd = await startSshd(['RekeyLimit 1M', ...(isRoot ? ['UsePAM yes'] : [])]);
  hostile = await startHostileTarget();
  dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-ends-'));
  silent = createServer((socket) => silentSockets.add(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
  web = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
  await Promise.all([once(silent, 'listening'), once(web, 'listening')]);
  // sshd passes signals on for accounts other than root only; the tests may run as root.
  if (isRoot) {
    chmodSync(sshd.dir, 0o711);
    chmodSync(dir, 0o777);
  }
  world = await SshWorld.start(sshd, [{ name: 'web1' }, { name: 'plain', credentials: { user: ordinary, private_key_file: sshd.keyFile } }, { name: 'silent', port: portOf(silent) }, { name: 'garbage', port: portOf(web) }, ...['hostile', NOTHING_TAKEN].map((name) => ({ name, port: hostile.port, hostKey: hostile.hostKey, credentials: { user: name, password: 'any' } }))]);
}, 120_000);

afterAll(async () => {
  for (const socket of silentSockets) socket.destroy();
  silent.close();
  web.close();
  await world.stop();
  hostile.stop();
  await sshd.stop();
  rmSync(dir, { recursive: true, force: true });
});

const runs = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

/** The process id that a remote command wrote. */
const pidIn = (file: string): Promise<number> =>
  eventually(() => {
    const pid = Number(readFileSync(file, 'utf8'));
    expect(pid).toBeGreaterThan(1);
    return pid;
  });

const gone = (pid: number): Promise<void> => eventually(() => expect(runs(pid)).toBe(false));

/** The records of the session that opens after `mark`, once it is closed. */
async function closedRecords(mark: number): Promise<ReadRecord[]> {
  const opened = await world.gateway.waitEvent((e) => e.event === 'session.opened', mark);
  const closed = await world.gateway.waitEvent((e) => e.event === 'session.closed' && e['session_id'] === opened['session_id'], mark);
  return recordsOf(String(closed['recording']));
}

function signedOn(name = 'web1'): Promise<ssh2.Client> {
  const { port, user, identity_file: file } = world.listener(name);
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.once('ready', () => resolve(client)).on('error', reject).connect({ host: '127.0.0.1', port, username: user, privateKey: readFileSync(file) });
  });
}

/** An ssh with an open stdin, as in somebody's own terminal; `flags` say whether it asks for one at the target. */
const begun = (flags: readonly string[], command: string, name = 'web1'): RemoteScreen => new RemoteScreen(['ssh', '-F', world.listener(name).ssh_config, ...flags, name, command]);

describe('a client that is killed', () => {
  it.each([['a command', ['-T']], ['a terminal', ['-tt']], ['a compressed one', ['-T', '-C']]])('ends %s', async (name, flags) => {
    const mark = world.gateway.mark;
    const file = path.join(dir, `${name}.pid`);
    const client = begun(flags, `echo $$ > "${file}"; echo shown; exec sleep 600`, 'plain');
    await client.shows('shown');
    const pid = await pidIn(file);
    client.kill();
    await gone(pid);
    await client.stop();
    const records = await closedRecords(mark);
    expect(records.some((r) => r.kind === 'ssh.exit')).toBe(true);
    expect(JSON.stringify(records)).toContain('shown');
  });

  it('leaves what was meant to stay, and what others do over the same connection', async () => {
    const mark = world.gateway.mark;
    const file = path.join(dir, 'nohup.pid');
    const client = begun(['-T'], `nohup sleep 600 > /dev/null 2>&1 & echo $! > ${file}; echo shown; exec cat`);
    await client.shows('shown');
    const pid = await pidIn(file);
    client.kill();
    await closedRecords(mark);
    expect(runs(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
    await client.stop();
  });
});

describe('input that nobody sends', () => {
  it('a line of 10 MB, up and down, with a terminal and without', async () => {
    const line = path.join(dir, 'line');
    writeFileSync(line, 'abcdefgh 12 '.repeat(875_000));
    const hash = createHash('sha256').update(readFileSync(line)).digest('hex');
    const { ssh_config: config } = world.listener('web1');
    const run = (script: string): Promise<{ stdout: string }> => world.run('bash', ['-c', script], { timeoutMs: 120_000 });
    expect((await run(`ssh -F ${config} web1 cat ${line} | sha256sum`)).stdout).toContain(hash);
    expect((await run(`ssh -F ${config} web1 sha256sum < ${line}`)).stdout).toContain(hash);
    expect((await run(`ssh -F ${config} -tt web1 'stty -opost; cat ${line}' < /dev/null | sha256sum`)).stdout).toContain(hash);
    const status = readFileSync(`/proc/${world.gateway.pid}/status`, 'utf8');
    expect(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024).toBeLessThan(1200);
  });

  it('bytes that are not UTF-8, on a terminal and without', async () => {
    const file = path.join(dir, 'latin');
    const bytes = Buffer.concat([Buffer.from('caf\u00e9 \u00ff\u00fe \u0080\u00c3\u0028 ', 'latin1'), randomBytes(64).map((b) => b | 0x80), Buffer.from(' end\r\n')]);
    writeFileSync(file, bytes);
    const { ssh_config: config } = world.listener('web1');
    for (const command of [`ssh -F ${config} web1 cat ${file}`, `ssh -F ${config} -tt web1 'stty -opost; cat ${file}' < /dev/null`]) {
      const { stdout } = await world.run('bash', ['-c', `${command} | base64 -w 0`]);
      expect(Buffer.from(stdout, 'base64').equals(bytes)).toBe(true);
    }
  });

  it('windows of 0x0, of one cell, and of more than any screen', async () => {
    const mark = world.gateway.mark;
    const client = await signedOn();
    const shown = await new Promise<string>((resolve, reject) => {
      let text = '';
      client.exec('stty size; read -r x; stty size; read -r x; stty size; printf "\\033[31m%0300d\\033[0m\\n" 7', { pty: { cols: 0, rows: 0, term: 'xterm' } }, (error, channel) => {
        if (error) {
          reject(error);
          return;
        }
        const sizes = [[0xffff_ffff, 0xffff_ffff], [1, 1]] as const;
        let step = 0;
        channel.on('data', (chunk: Buffer) => {
          text += chunk.toString();
          // The size has reached the target before the line that follows it.
          if (text.split('\n').length - 1 <= step) return;
          const size = sizes[step++];
          if (size === undefined) return;
          channel.setWindow(size[0], size[1], 0, 0);
          channel.write('\n');
        });
        channel.on('close', () => resolve(text));
      });
    });
    client.end();
    expect(shown).toContain('0 0');
    expect(shown).toContain('1 1');
    expect(shown).toContain('0'.repeat(299));
    const records = await closedRecords(mark);
    expect(records.filter((r) => r.kind === 'ssh.pty.resize').map((r) => [r.clear['cols'], r.clear['rows']])).toContainEqual([1, 1]);
  });

  it('channels that are opened and left, and closed at once', async () => {
    const mark = world.gateway.mark;
    const client = await signedOn();
    const open = (): Promise<ssh2.ClientChannel> => new Promise((resolve, reject) => client.exec('cat', (error, channel) => (error ? reject(error) : resolve(channel))));
    for (let i = 0; i < 30; i++) (await open()).close();
    const left = await Promise.all(Array.from({ length: 20 }, () => open()));
    for (const channel of left.slice(0, 10)) channel.end();
    // The connection goes without a word.
    (client as unknown as { readonly _sock: Socket })._sock.destroy();
    const records = await closedRecords(mark);
    expect(records.filter((r) => r.kind === 'ssh.exec').length).toBeGreaterThanOrEqual(20);
    expect(records.filter((r) => r.kind === 'ssh.exit').length).toBeGreaterThanOrEqual(20);
    expect((await world.ssh('web1', ['web1', 'echo still here'])).stdout).toBe('still here\n');
  });

  it('a client that reads nothing holds up its own command, and nothing else', async () => {
    const client = await signedOn();
    const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) => client.exec('yes', (error, c) => (error ? reject(error) : resolve(c))));
    channel.pause();
    const rss = (): number => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${world.gateway.pid}/status`, 'utf8'))?.[1]) / 1024;
    const before = rss();
    // Others are served meanwhile, over the same connection too.
    for (let i = 0; i < 3; i++) expect((await world.ssh('web1', ['web1', 'head -c 3000000 /dev/zero | wc -c'])).stdout).toBe('3000000\n');
    const second = await new Promise<string>((resolve, reject) => client.exec('echo second', (error, c) => (error ? reject(error) : c.once('data', (chunk: Buffer) => resolve(chunk.toString())))));
    expect(second).toBe('second\n');
    expect(rss() - before).toBeLessThan(300);
    client.destroy();
  });
});

describe('targets that do not answer', () => {
  it('one that says nothing, one that speaks something else: a message, and the end is recorded', async () => {
    const mark = world.gateway.mark;
    const [slow, other] = await Promise.all([world.ssh('silent', ['silent', 'true'], { timeoutMs: 60_000 }), world.ssh('garbage', ['garbage', 'true'])]);
    expect(slow.stderr).toMatch(/silent \(127\.0\.0\.1:\d+\) did not let us in within 15 seconds/);
    expect(other.stderr).toMatch(/garbage \(127\.0\.0\.1:\d+\) cannot be reached/);
    expect([slow.code, other.code]).toEqual([255, 255]);
    await world.gateway.waitEvent((e) => e.event === 'session.closed' && e['connection'] === 'silent', mark);
  });

  it('one that goes away in the middle', async () => {
    const second = await startSshd();
    const own = await SshWorld.start(second, [{ name: 'web2' }]).catch(async (error: unknown) => {
      await second.stop();
      throw error;
    });
    try {
      const mark = own.gateway.mark;
      const file = path.join(dir, 'server.pid');
      // The process that serves this connection is killed: the parent of the command.
      const result = await own.ssh('web2', ['web2', `echo begun; echo $PPID > ${file}; sleep 1; kill -9 $PPID; sleep 600`], { timeoutMs: 60_000 });
      expect(result.stdout).toBe('begun\n');
      expect(result.code).toBe(255);
      const closed = await own.gateway.waitEvent((e) => e.event === 'session.closed', mark);
      expect(result.stderr).toContain('the connection to the target has ended');
      expect(closed['reason']).toMatch(/the target (?:closed the connection|connection failed)/);
    } finally {
      await own.stop();
      await second.stop();
    }
  });
});

const exec = (client: ssh2.Client, command: string): Promise<ssh2.ClientChannel> => new Promise((resolve, reject) => client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel))));

/** What ssh2 keeps to itself. */
const inside = (client: ssh2.Client) =>
  (client as unknown as { readonly _protocol: { session(id: number, window: number, packetBytes: number): void; exec(id: number, command: string, wantReply: boolean): void }; readonly _chanMgr: { readonly _channels: Readonly<Record<string, unknown>>; add(opened: unknown): number } });

describe('a target that does not keep to the protocol', () => {
  it('sends more behind the end, and says early how it ended: what came in time is shown', async () => {
    expect(await world.ssh('hostile', ['hostile', 'late'])).toMatchObject({ code: 7, stdout: 'in time\n', stderr: '' });
    expect(await world.ssh('hostile', ['hostile', 'early'])).toMatchObject({ code: 5, stdout: 'in time\n', stderr: '' });
  });

  it('sends more than it was let: it is cut off', async () => {
    const mark = world.gateway.mark;
    const client = await signedOn('hostile');
    client.on('error', () => undefined);
    (await exec(client, 'overrun')).pause();
    const opened = await world.gateway.waitEvent((e) => e.event === 'session.opened', mark);
    expect((await world.gateway.waitEvent((e) => e.event === 'session.closed' && e['session_id'] === opened['session_id'], mark))['reason']).toContain('sends more than it was let');
    client.destroy();
  });

  it('takes packets of nothing: no channel is opened', async () => {
    const { code, stderr } = await world.ssh(NOTHING_TAKEN, [NOTHING_TAKEN, 'cat'], { input: 'anything' });
    expect([code, stderr]).toEqual([255, expect.stringContaining('packets of 0 bytes are too small')]);
  });

  it.each([['plain', ''], ['compressed', '-C']])('goes away: what it had sent is delivered, however slowly it is read (%s)', async (_name, flag) => {
    const whole = createHash('sha256').update(deathBytes()).digest('hex');
    const { stdout, stderr } = await world.run('bash', ['-c', `${world.command('hostile')} ${flag} hostile dies | (sleep 1.5; sha256sum)`]);
    expect(stdout).toContain(whole);
    expect(world.gateway.process.stderr).not.toContain('internal error');
    expect(stderr).toContain('the connection to the target has ended');
  });
});

describe('a client that does not keep to the protocol', () => {
  it('a second command on one channel, a signal of its own making: refused, and the first goes on', async () => {
    const client = await signedOn();
    const channel = await exec(client, 'cat');
    const answered = async (text: string): Promise<void> => {
      channel.write(text);
      expect(String((await once(channel, 'data'))[0])).toBe(text);
    };
    await answered('it runs');
    const { outgoing, _callbacks: answers } = channel as unknown as { readonly outgoing: { readonly id: number }; readonly _callbacks: ((failed: boolean) => void)[] };
    expect(await new Promise((resolve) => {
      answers.push(resolve);
      inside(client)._protocol.exec(outgoing.id, 'echo second', true);
    })).toBe(true);
    signals['NOSUCH'] = 1;
    channel.signal('NOSUCH');
    await answered('still here');
    client.end();
  });

  it('takes packets of nothing: no channel is opened; one that is closed unused is closed on both sides', async () => {
    const client = await signedOn();
    const { _protocol: protocol, _chanMgr: channels } = inside(client);
    const session = protocol.session.bind(protocol);
    protocol.session = (id, window) => session(id, window, 0);
    await expect(exec(client, 'cat')).rejects.toThrow('packets of 0 bytes are too small');
    protocol.session = session;
    const unused = await new Promise<ssh2.ClientChannel>((resolve) => {
      session(channels.add(Object.assign((_error: unknown, channel: ssh2.ClientChannel) => resolve(channel), { type: 'session' })), 2 * 1024 * 1024, 32 * 1024);
    });
    unused.resume().close();
    await once(unused, 'close');
    expect(Object.keys(channels._channels)).toEqual([]);
    client.end();
    expect(world.gateway.process.stderr).not.toContain('internal error');
  });
});

describe('a gateway that is killed', () => {
  it('leaves no command and no terminal behind at the target; the recordings recover and verify', async () => {
    const mark = world.gateway.mark;
    const [exec, pty] = [path.join(dir, 'killed-exec.pid'), path.join(dir, 'killed-pty.pid')];
    // A command without a terminal ends when it reads or writes: its pipes are closed.
    const clients = [begun(['-T'], `echo $$ > ${exec}; echo a command; exec cat`), begun(['-tt'], `echo $$ > ${pty}; echo a terminal; exec sleep 600`)];
    await Promise.all([clients[0]?.shows('a command'), clients[1]?.shows('a terminal')]);
    const pids = [await pidIn(exec), await pidIn(pty)];
    const sessions = world.gateway.process.stdout.slice(mark).split('\n').flatMap((l) => (l.includes('"session.opened"') ? [JSON.parse(l) as { session_id: string; recording: string }] : []));
    expect(sessions).toHaveLength(2);
    await eventually(() => {
      const kept = sessions.map((s) => readFileSync(path.join(s.recording, 'log.ndjson'), 'utf8')).join('');
      for (const text of ['a command\\n', 'a terminal\\r']) expect(kept).toContain(text);
    });
    await world.gateway.crash();
    for (const pid of pids) await gone(pid);
    for (const client of clients) {
      expect(await client.ended).toBe(255);
      await client.stop();
    }
    await world.gateway.run();
    await world.gateway.uploaded(sessions.map((s) => s.session_id));
    const reports = await verifyAll(world.gateway);
    expect(reports.filter((r) => r.verdict !== 'PASS' && r.verdict !== 'RECOVERED').map((r) => [r.dir, r.verdict])).toEqual([]);
    expect(reports.filter((r) => r.verdict === 'RECOVERED').length).toBeGreaterThanOrEqual(2);
  });
});
