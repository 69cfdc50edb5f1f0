/** `ssh -L`, `-D`, `-R`, `-A` and many at once, with data, through Sallyport and a real sshd; and targets that open what nobody asked for. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, createServer as createSocketServer, type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { freePort } from '../../testing/free-port.ts';
import { startHostileTarget, type HostileTarget } from '../../testing/hostile-ssh-target.ts';
import { runProcess, startProcess, type RunningProcess } from '../../testing/process.ts';
import { recordsOf } from '../../testing/recordings.ts';
import { startSshd, type Sshd } from '../../testing/sshd.ts';
import { SshWorld } from '../../testing/ssh-gateway.ts';
import { agentFrame, AgentFramer } from '../../wire/ssh/agent.ts';

const BODY = randomBytes(8 * 1024 * 1024);
const sha256 = (b: Uint8Array): string => createHash('sha256').update(b).digest('hex');

let banner: string;
let sshd: Sshd;
let world: SshWorld;
let hostile: HostileTarget;
let web: Server;
let port: number;

beforeAll(async () => {
  banner = path.join(mkdtempSync(path.join(os.tmpdir(), 'sallyport-banner-')), 'banner');
  writeFileSync(banner, 'Authorised use only\n\u001b[2Jof this host\n');
  sshd = await startSshd([`Banner ${banner}`]);
  hostile = await startHostileTarget();
  world = await SshWorld.start(sshd, [{ name: 'web1' }, { name: 'web2', labels: { agent: 'no' } }, { name: 'web3', labels: { agent: 'ask' } }, { name: 'hostile', port: hostile.port, hostKey: hostile.hostKey, credentials: { user: 'app', password: 'any' } }]);
  // Answers with the digest of what it was sent, or with the body.
  web = createServer((request, response) => {
    if (request.method === 'GET') {
      response.end(BODY);
      return;
    }
    const hash = createHash('sha256');
    request.on('data', (chunk: Buffer) => hash.update(chunk)).on('end', () => response.end(hash.digest('hex')));
  }).listen(0, '127.0.0.1');
  await once(web, 'listening');
  port = (web.address() as AddressInfo).port;
}, 120_000);

afterAll(async () => {
  web.close();
  await world.stop();
  hostile.stop();
  await sshd.stop();
  rmSync(path.dirname(banner), { recursive: true });
});

/** `ssh -N` with forwards, once they take connections. */
async function forwarding(local: number, args: readonly string[]): Promise<RunningProcess> {
  const ssh = startProcess('ssh', ['-F', world.listener('web1').ssh_config, '-o', 'ExitOnForwardFailure=yes', '-N', ...args, 'web1']);
  await eventually(async () => {
    const socket = connect(local, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
  });
  return ssh;
}

const fetched = async (url: string, init?: RequestInit): Promise<Buffer> => Buffer.from(await (await fetch(url, init)).arrayBuffer());
const curl = (args: readonly string[]): ReturnType<SshWorld['run']> => world.run('curl', ['-s', '-S', '--noproxy', '', ...args], { timeoutMs: 60_000 });

async function closed(mark: number, connection = 'web1'): Promise<Awaited<ReturnType<typeof recordsOf>>> {
  const event = await world.gateway.waitEvent((e) => e.event === 'session.closed' && e['connection'] === connection, mark);
  return recordsOf(String(event['recording']));
}

it('-L: data both ways, several at once, each decided and counted; what is refused is closed', async () => {
  const [local, refused] = [await freePort(), await freePort()];
  const mark = world.gateway.mark;
  const ssh = await forwarding(local, ['-L', `${local}:127.0.0.1:${port}`, '-L', `${refused}:127.0.0.1:1`]);
  const bodies = await Promise.all(Array.from({ length: 6 }, () => fetched(`http://127.0.0.1:${local}/`, { headers: { connection: 'close' } })));
  expect(new Set(bodies.map(sha256))).toEqual(new Set([sha256(BODY)]));
  expect((await fetched(`http://127.0.0.1:${local}/`, { method: 'POST', body: BODY })).toString()).toBe(sha256(BODY));
  await expect(fetched(`http://127.0.0.1:${refused}/`)).rejects.toThrow();
  expect((await world.gateway.waitEvent((e) => e.event === 'request.denied', mark))['policy_ids']).toEqual(['no-port-one']);
  await ssh.stop();
  expect(ssh.stderr).toContain('this port is not for you');
  const records = await closed(mark);
  const forwards = records.filter((r) => r.kind === 'ssh.forward');
  expect(forwards.filter((r) => r.clear['dec'] === 'allow' && r.clear['port'] === port).length).toBeGreaterThanOrEqual(7);
  expect(forwards.filter((r) => r.clear['dec'] === 'deny').map((r) => r.clear['port'])).toEqual([1]);
  const received = records.filter((r) => r.kind === 'ssh.forward.end').map((r) => Number(r.clear['received']));
  expect(received.filter((n) => n > BODY.length).length).toBe(6);
});

it('-D: SOCKS with names and addresses, data both ways; what is refused says so', async () => {
  const local = await freePort();
  const mark = world.gateway.mark;
  const ssh = await forwarding(local, ['-D', String(local)]);
  for (const proxy of ['--socks5', '--socks5-hostname', '--socks4']) {
    const { stdout, stderr } = await world.run('bash', ['-c', `curl -s -S --noproxy '' ${proxy} 127.0.0.1:${local} http://${proxy === '--socks5-hostname' ? 'localhost' : '127.0.0.1'}:${port}/ | sha256sum`]);
    expect(stdout, stderr).toContain(sha256(BODY));
  }
  const refused = await curl(['--socks5', `127.0.0.1:${local}`, 'http://127.0.0.1:1/']);
  expect(refused.code).not.toBe(0);
  await ssh.stop();
  expect(ssh.stderr).toContain('this port is not for you');
  const records = await closed(mark);
  const hosts = records.filter((r) => r.kind === 'ssh.forward').map((r) => `${String(r.clear['dec'])} ${JSON.stringify(r.fields['host'])}:${String(r.clear['port'])}`);
  expect(hosts).toEqual(expect.arrayContaining([`allow "127.0.0.1":${port}`, `allow "localhost":${port}`, 'deny "127.0.0.1":1']));
});

it('200 at once, and one more is refused with the reason', async () => {
  const local = await freePort();
  const mark = world.gateway.mark;
  const ssh = await forwarding(local, ['-L', `${local}:127.0.0.1:${port}`]);
  await eventually(() => expect(world.gateway.events.filter((e) => e.event === 'session.opened').length).toBeGreaterThan(0));
  const sockets = Array.from({ length: 210 }, () => connect(local, '127.0.0.1'));
  for (const socket of sockets) socket.on('error', () => undefined);
  await eventually(() => expect(ssh.stderr).toContain('at most 200 channels are open at once'));
  const ended = sockets.filter((s) => s.readableEnded || s.destroyed).length;
  expect(ended).toBeLessThan(15);
  for (const socket of sockets) socket.destroy();
  await eventually(async () => expect(sha256(await fetched(`http://127.0.0.1:${local}/`, { headers: { connection: 'close' } }))).toBe(sha256(BODY)));
  await ssh.stop();
  const records = await closed(mark);
  expect(records.filter((r) => r.kind === 'ssh.forward.end').length).toBe(records.filter((r) => r.kind === 'ssh.forward' && r.clear['dec'] === 'allow').length);
});

const fields = (r: { readonly fields: Readonly<Record<string, unknown>> } | undefined): Readonly<Record<string, unknown>> => r?.fields ?? {};

it('-R: a port that is named, any port, one that is refused; cancelled; each decided, each connection counted', async () => {
  const named = await freePort();
  const control = path.join(world.gateway.dir, 'master');
  const { ssh_config: config } = world.listener('web1');
  const mark = world.gateway.mark;
  const to = `127.0.0.1:${port}`;
  const ssh = startProcess('ssh', ['-F', config, '-M', '-S', control, '-N', '-v', '-R', `${named}:${to}`, '-R', `0:${to}`, '-R', `2:${to}`, 'web1']);
  const any = await eventually(() => {
    const allocated = /Allocated port (\d+) for remote forward/.exec(ssh.stderr)?.[1];
    expect(allocated).toBeDefined();
    expect(ssh.stderr).toContain('remote forward failure for: listen 2');
    return Number(allocated);
  });
  for (const at of [named, any]) expect(sha256(await fetched(`http://127.0.0.1:${at}/`, { headers: { connection: 'close' } }))).toBe(sha256(BODY));
  // What was refused is said where it can be: on the next channel.
  const next = await world.ssh('web1', ['-S', control, 'web1', 'echo on']);
  expect(next.stdout).toBe('on\n');
  expect(next.stderr).toContain('no listener here');
  expect(next.stderr).toContain('Authorised use only\r\n[2Jof this host\r\n');
  expect((await world.ssh('web1', ['-S', control, '-O', 'cancel', '-R', `${named}:${to}`, 'web1'])).code).toBe(0);
  // The client does not wait for the answer: meanwhile it refuses what comes.
  await eventually(() => expect(fetched(`http://127.0.0.1:${named}/`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } }));
  expect((await fetched(`http://127.0.0.1:${any}/`, { method: 'POST', body: BODY })).toString()).toBe(sha256(BODY));
  await ssh.stop();
  await eventually(() => expect(fetched(`http://127.0.0.1:${any}/`)).rejects.toThrow());
  const records = await closed(mark);
  const listeners = records.filter((r) => r.kind === 'ssh.forward');
  expect(listeners.map((r) => ({ ...r.clear, host: fields(r)['host'] }))).toEqual([
    { dec: 'allow', pol: expect.arrayContaining(['all-remote']) as unknown, dir: 'remote', port: named, host: 'localhost' },
    { dec: 'allow', pol: expect.arrayContaining(['all-remote']) as unknown, dir: 'remote', port: 0, host: 'localhost' },
    { dec: 'deny', pol: ['no-port-two'], dir: 'remote', port: 2, host: 'localhost' },
  ]);
  expect(records.filter((r) => r.kind === 'ssh.forward.bound').map((r) => r.clear['port'])).toEqual([named, any]);
  const ends = new Map(records.flatMap((r) => (r.kind === 'ssh.forward.end' ? [[r.clear['q'], r]] : [])));
  const carried = records.filter((r) => r.kind === 'ssh.forward.open' && ends.get(r.n)?.clear['sent'] !== 0);
  expect(carried.map((r) => [r.clear['q'], fields(r)['host']])).toEqual([0, 1, 1].map((i) => [listeners[i]?.n, '127.0.0.1']));
  expect(carried.map((r) => Number(ends.get(r.n)?.clear[r === carried[2] ? 'received' : 'sent']) > BODY.length)).toEqual([true, true, true]);
  expect(listeners.map((r) => fields(ends.get(r.n))['reason'])).toEqual(['cancelled', 'the session ended', undefined]);
  expect(ends.get(listeners[1]?.n)?.clear['connections']).toBe(2);
});

it('-R: held until the session goes, and nothing listens meanwhile', async () => {
  const mark = world.gateway.mark;
  const ssh = startProcess('ssh', ['-F', world.listener('web1').ssh_config, '-R', `3:127.0.0.1:${port}`, 'web1', 'echo on; exec sleep 60']);
  await world.gateway.waitEvent((e) => e.event === 'request.held' && e['statement'] === 'remote forward of localhost:3 at the target', mark);
  await eventually(() => expect(ssh.stdout).toBe('on\n'));
  await eventually(() => expect(ssh.stderr).toContain('held for approval'));
  await ssh.stop();
  const records = await closed(mark);
  expect(records.filter((r) => r.kind === 'ssh.forward').map((r) => r.clear['dec'])).toEqual(['hold']);
  expect(records.some((r) => r.kind === 'ssh.forward.bound')).toBe(false);
});

it('-A: the keys are seen and sign a sign-on from the target, which is recorded; nothing else reaches the agent', async () => {
  const socket = path.join(world.gateway.dir, 'agent');
  const agent = startProcess('ssh-agent', ['-D', '-a', socket]);
  const env = { PATH: process.env['PATH'] ?? '', HOME: world.gateway.dir, SSH_AUTH_SOCK: socket };
  await eventually(async () => expect((await runProcess('ssh-add', ['-q', sshd.keyFile], { env })).code).toBe(0));
  const own = (await runProcess('ssh-add', ['-l'], { env })).stdout;
  const hop = `ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o IdentityFile=none -p ${sshd.port} ${sshd.user}@127.0.0.1 'echo arrived'`;
  const mark = world.gateway.mark;
  const { stdout, stderr } = await world.ssh('web1', ['-A', 'web1', `ssh-add -l; ${hop}; ssh-add -D; ssh-add -x </dev/null; ssh-add ${sshd.keyFile}; ssh-add -l`], { env });
  expect(stdout, stderr).toBe(`${own}arrived\n${own}`);
  const records = await closed(mark);
  expect(records.filter((r) => r.kind === 'ssh.agent').map((r) => r.clear['dec'])).toEqual(['allow']);
  const fingerprint = own.split(' ')[1];
  expect(records.filter((r) => r.kind === 'ssh.agent.sign').map((r) => ({ for: r.clear['for'], ...r.fields }))).toEqual([
    { for: 'sign-on', key: fingerprint, user: sshd.user, host_key: expect.stringContaining('SHA256:') as unknown },
  ]);
  const ends = records.filter((r) => r.kind === 'ssh.agent.end');
  expect(ends.length).toBe(records.filter((r) => r.kind === 'ssh.agent.open').length);
  expect(ends.map((r) => r.clear['signed']).reduce((a, b) => Number(a) + Number(b), 0)).toBe(1);
  // 19: remove all keys. 17 and 25: add one.
  expect(ends.flatMap((r) => (r.clear['refused'] ?? []) as string[]).map((r) => r.split(':')[0])).toEqual(expect.arrayContaining(['19', '17']));
  expect(readFileSync(sshd.keyFile, 'utf8').split('\n').slice(1, 4).some((line) => line !== '' && JSON.stringify(records).includes(line))).toBe(false);

  const denied = await world.ssh('web2', ['-A', 'web2', 'echo ${SSH_AUTH_SOCK:-none}'], { env });
  expect(denied).toMatchObject({ code: 0, stdout: 'none\n' });
  expect(denied.stderr).toContain('the agent stays at home');
  await agent.stop();
});

it('-A: held until a second person approves, and then the command; the client’s keep-alives are answered all the while', async () => {
  const socket = path.join(world.gateway.dir, 'held-agent');
  const agent = startProcess('ssh-agent', ['-D', '-a', socket]);
  const env = { PATH: process.env['PATH'] ?? '', HOME: world.gateway.dir, SSH_AUTH_SOCK: socket };
  await eventually(async () => expect((await runProcess('ssh-add', ['-q', sshd.keyFile], { env })).code).toBe(0));
  const own = (await runProcess('ssh-add', ['-l'], { env })).stdout;
  const { ssh_config: config } = world.listener('web3');
  const start = (): RunningProcess => startProcess('ssh', ['-F', config, '-vvv', '-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=2', '-A', 'web3', LINE], { env });
  /** Global requests that were answered: one a second, and after two without an answer the client is gone. */
  const answered = (ssh: RunningProcess): number => ssh.stderr.split(/receive packet: type 8[12]/).length - 1;
  const held = async (mark: number, statement: string): Promise<string> => String((await world.gateway.waitEvent((e) => e.event === 'request.held' && e['statement'] === statement, mark))['approval_id']);
  const AGENT = 'forward the authentication agent';
  const LINE = 'ssh-add -l; echo ${SSH_AUTH_SOCK:+given}; true || askfirst';

  const mark = world.gateway.mark;
  const ssh = start();
  const first = await held(mark, AGENT);
  expect((await world.gateway.decide('approve', first, 'my own', 'alice@example.com', 'engineering,dba')).refusal).toBeDefined();
  const before = answered(ssh);
  await eventually(() => expect(answered(ssh)).toBeGreaterThan(before + 5));
  expect(ssh.stdout).toBe('');
  expect((await world.gateway.decide('approve', first, 'the release needs it')).refusal).toBeUndefined();
  const second = await held(mark, LINE);
  const between = answered(ssh);
  await eventually(() => expect(answered(ssh)).toBeGreaterThan(between + 1));
  expect(ssh.stdout).toBe('');
  expect((await world.gateway.decide('approve', second, 'fine')).refusal).toBeUndefined();
  expect(await ssh.ended()).toMatchObject({ code: 0, stdout: `${own}given\n` });
  const records = await closed(mark, 'web3');
  expect(records.filter((r) => r.kind === 'ssh.agent').map((r) => r.clear['dec'])).toEqual(['hold']);
  expect(records.some((r) => r.kind === 'ssh.agent.open')).toBe(true);

  // Refused, the command runs without it.
  const again = world.gateway.mark;
  const other = start();
  expect((await world.gateway.decide('deny', await held(again, AGENT), 'not today')).refusal).toBeUndefined();
  expect((await world.gateway.decide('approve', await held(again, LINE), 'fine')).refusal).toBeUndefined();
  const without = await other.ended();
  expect(without).toMatchObject({ code: 0, stdout: expect.not.stringContaining('given') as string });
  expect(without.stderr).toContain('not today');
  expect((await closed(again, 'web3')).some((r) => r.kind === 'ssh.agent.open')).toBe(false);

  // Who goes away while the agent is held does not ask for the command any more.
  const gone = world.gateway.mark;
  const third = start();
  await held(gone, AGENT);
  await third.stop();
  expect((await closed(gone, 'web3')).filter((r) => r.kind === 'ssh.exec')).toEqual([]);
  await agent.stop();
});

it('a target that opens channels which nobody asked for is refused, and at last cut off', async () => {
  const mark = world.gateway.mark;
  const first = await world.ssh('hostile', ['-o', 'ForwardX11=yes', 'hostile', 'unasked']);
  expect(first.stdout).toBe('forwarded-tcpip: nobody asked for this\nauth-agent@openssh.com: nobody asked for this\nx11: nobody asked for this\n');
  const records = await closed(mark, 'hostile');
  expect(records.flatMap((r) => (r.clear['dec'] === 'deny' ? [fields(r)['request']] : []))).toEqual(expect.arrayContaining(['a channel forwarded-tcpip opened by the target for localhost:22', 'a channel auth-agent@openssh.com opened by the target', 'a channel x11 opened by the target']));
  const again = world.gateway.mark;
  const flooded = await world.ssh('hostile', ['hostile', 'flood']);
  expect(flooded.code).not.toBe(0);
  expect((await world.gateway.waitEvent((e) => e.event === 'session.closed', again))['reason']).toContain('keeps opening channels');
});

it('of an agent that was granted, a target gets nothing but keys and signatures, whatever either side sends', async () => {
  const socket = path.join(world.gateway.dir, 'false-agent');
  const heard: number[] = [];
  // Answers everything with what looks like a private key.
  const agent = createSocketServer((client) => {
    const framer = new AgentFramer();
    client.on('error', () => undefined);
    client.on('data', (chunk: Buffer) => {
      for (const body of framer.push(chunk)) {
        heard.push(body[0] ?? 0);
        client.write(agentFrame(Buffer.from('\u0006canary-private-key')));
      }
    });
  }).listen(socket);
  await once(agent, 'listening');
  const mark = world.gateway.mark;
  const { stdout } = await world.ssh('hostile', ['-A', 'hostile', 'agent'], { env: { PATH: process.env['PATH'] ?? '', HOME: world.gateway.dir, SSH_AUTH_SOCK: socket } });
  agent.close();
  expect(stdout).toBe('5 5 5 5 closed\n');
  // 27: what the client itself binds its connections to the agent with.
  expect(heard.filter((type) => type !== 27 && type !== 11)).toEqual([]);
  const records = await closed(mark, 'hostile');
  expect(records.find((r) => r.kind === 'ssh.agent.end')?.clear).toMatchObject({ listed: 0, signed: 0, refused: ['17:1', '13:1', '27:1'] });
  expect(JSON.stringify(records)).not.toContain('canary');
});
