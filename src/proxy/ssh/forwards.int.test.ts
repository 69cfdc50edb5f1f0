/** `ssh -L`, `-D` and many at once, with data, through Sallyport and a real sshd. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { freePort } from '../../testing/free-port.ts';
import { startProcess, type RunningProcess } from '../../testing/process.ts';
import { recordsOf } from '../../testing/recordings.ts';
import { startSshd, type Sshd } from '../../testing/sshd.ts';
import { SshWorld } from '../../testing/ssh-gateway.ts';

const BODY = randomBytes(8 * 1024 * 1024);
const sha256 = (b: Uint8Array): string => createHash('sha256').update(b).digest('hex');

let sshd: Sshd;
let world: SshWorld;
let web: Server;
let port: number;

beforeAll(async () => {
  sshd = await startSshd();
  world = await SshWorld.start(sshd, [{ name: 'web1' }]);
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
  await sshd.stop();
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

async function closed(mark: number): Promise<Awaited<ReturnType<typeof recordsOf>>> {
  const event = await world.gateway.waitEvent((e) => e.event === 'session.closed', mark);
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
