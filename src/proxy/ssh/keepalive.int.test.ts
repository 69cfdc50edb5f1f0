/** Connections on which nothing happens: keep-alives of every side are answered, and none is needed. SALLYPORT_SSH_IDLE_S makes it long. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RemoteScreen } from '../../testing/remote-screen.ts';
import { startSshd, type Sshd } from '../../testing/sshd.ts';
import { SshWorld } from '../../testing/ssh-gateway.ts';

const IDLE_S = Number(process.env['SALLYPORT_SSH_IDLE_S'] ?? 0);

let asking: Sshd;
let quiet: Sshd;
let world: SshWorld;

beforeAll(async () => {
  // Without an answer this one ends the connection after two seconds.
  [asking, quiet] = await Promise.all([startSshd(['ClientAliveInterval 1', 'ClientAliveCountMax 2']), startSshd(['ClientAliveInterval 0', 'TCPKeepAlive no'])]);
  world = await SshWorld.start(asking, [{ name: 'asking' }, { name: 'quiet', port: quiet.port, hostKey: quiet.hostKey, credentials: { user: quiet.user, private_key_file: quiet.keyFile } }]);
}, 120_000);

afterAll(async () => {
  await world.stop();
  await Promise.all([asking.stop(), quiet.stop()]);
});

it(`terminals are served on after ${IDLE_S || 'some'} idle seconds, with keep-alives of the client, of the target, and with none`, async () => {
  const open = (name: string, options: readonly string[]): RemoteScreen => new RemoteScreen(['ssh', ...options, '-F', world.listener(name).ssh_config, '-tt', name, "PS1='ready> ' bash --norc --noprofile"], { rows: 60, cols: 200 });
  const none = ['-o', 'TCPKeepAlive=no', '-o', 'ServerAliveInterval=0'];
  const screens = [open('asking', none), open('quiet', none), open('quiet', ['-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=1'])];
  // What the protocol says of itself is shown on the same screen.
  const watched = open('quiet', ['-vvv', '-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=1']);
  for (const screen of [...screens, watched]) await screen.shows('ready>');
  for (const screen of screens) screen.type('echo before$((1+1))\r');
  for (const screen of screens) await screen.shows('before2');
  // A global request (80) and its answer (82), three times: three seconds in which nothing else happens.
  const answered = (): number => watched.received.toString('latin1').split(/receive packet: type 8[12]/).length - 1;
  await watched.until(() => answered() >= 3);
  if (IDLE_S > 0) await new Promise((resolve) => setTimeout(resolve, IDLE_S * 1000));
  for (const screen of screens) screen.type('echo after$((2+2))\r');
  for (const screen of screens) await screen.shows('after4');
  for (const screen of screens) screen.type('exit 3\r');
  for (const screen of screens) expect(await screen.ended).toBe(3);
  for (const screen of [...screens, watched]) await screen.stop();
}, (IDLE_S + 120) * 1000);
