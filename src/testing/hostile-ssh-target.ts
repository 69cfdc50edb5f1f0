/** An SSH server that does not keep to the protocol: channels that nobody asked for, more than it was let send, nothing in order. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import ssh2, { type Connection, type ServerChannel } from 'ssh2';
import { concatBytes, utf8 } from '../base/encoding.ts';
import { newEd25519 } from '../proxy/ssh/host-keys.ts';
import { openAgent } from '../proxy/ssh/library-channels.ts';
import { agentFrame, AgentFramer } from '../wire/ssh/agent.ts';

export interface HostileTarget {
  readonly port: number;
  /** Type and base64. */
  readonly hostKey: string;
  stop(): void;
}

type Open = (done: (error: Error | undefined, channel: ServerChannel) => void) => void;

/** Whoever signs on as this user is told that packets of nothing are taken. */
export const NOTHING_TAKEN = 'nothing';

/**
 * The command `late` sends more after its end; `early` says how it ended before it sends anything; `overrun` sends more
 * than it was let; `dies` sends what `deathBytes` says, and its connection goes. `unasked` prints how each kind of channel was refused; `flood` does not stop opening them; `agent` prints
 * the types of the answers to what no agent should be asked, and to a list of the keys.
 */
export async function startHostileTarget(): Promise<HostileTarget> {
  const key = newEd25519('hostile');
  const ssh = new ssh2.Server({ hostKeys: [key.text] }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (attempt) => {
      if (attempt.username === NOTHING_TAKEN) takeNothing(connection);
      attempt.accept();
    });
    connection.on('session', (accept) => {
      const session = accept();
      session.on('auth-agent', (granted: (() => unknown) | undefined) => void granted?.());
      session.on('exec', (run, _reject, { command }) => void serve(connection, run(), command));
    });
  });
  const tcp = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    ssh.injectSocket(socket);
  }).listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  return { port: (tcp.address() as AddressInfo).port, hostKey: `ssh-ed25519 ${key.key.getPublicSSH().toString('base64')}`, stop: () => tcp.close() };
}

interface Protocol {
  channelData(id: number, data: Buffer): void;
  channelExtData(id: number, data: Buffer, type: number): void;
  channelEOF(id: number): void;
  channelClose(id: number): void;
  exitStatus(id: number, status: number): void;
  channelOpenConfirm(recipient: number, sender: number, window: number, packetBytes: number): void;
}

const protocolOf = (connection: Connection): Protocol => (connection as unknown as { readonly _protocol: Protocol })._protocol;
const STDERR = 1;

/** More than windows and sockets hold together. */
export const deathBytes = (): Buffer => Buffer.alloc(6 * 1024 * 1024, 'all of it\n');

const RAW: Readonly<Record<string, (protocol: Protocol, id: number) => void>> = {
  late: (protocol, id) => {
    protocol.channelData(id, Buffer.from('in time\n'));
    protocol.channelEOF(id);
    protocol.channelExtData(id, Buffer.from('late\n'), STDERR);
    protocol.channelData(id, Buffer.from('late\n'));
    protocol.exitStatus(id, 7);
    protocol.channelClose(id);
  },
  early: (protocol, id) => {
    protocol.exitStatus(id, 5);
    protocol.channelData(id, Buffer.from('in time\n'));
    protocol.channelEOF(id);
    protocol.channelClose(id);
  },
  overrun: (protocol, id) => {
    for (let n = 0; n < 512; n++) protocol.channelData(id, Buffer.alloc(16 * 1024, 'too much '));
  },
};

function takeNothing(connection: Connection): void {
  const protocol = protocolOf(connection);
  const confirm = protocol.channelOpenConfirm.bind(protocol);
  protocol.channelOpenConfirm = (recipient, sender, window) => confirm(recipient, sender, window, 0);
}

async function serve(connection: Connection, channel: ServerChannel, command: string): Promise<void> {
  const kinds: Readonly<Record<string, Open>> = {
    'forwarded-tcpip': (done) => connection.forwardOut('localhost', 22, '127.0.0.1', 1, done),
    'auth-agent@openssh.com': (done) => openAgent(connection, done),
    x11: (done) => connection.x11('127.0.0.1', 1, done),
  };
  const raw = RAW[command];
  if (raw !== undefined) {
    raw(protocolOf(connection), (channel as unknown as { readonly outgoing: { readonly id: number } }).outgoing.id);
    return;
  }
  if (command === 'dies') {
    channel.write(deathBytes(), () => connection.end());
    return;
  }
  if (command === 'agent') {
    channel.write(await abused(connection));
  } else if (command === 'flood') {
    const over = new AbortController();
    connection.once('close', () => over.abort());
    for (let n = 0; n < 10_000 && !over.signal.aborted; n++) await refusal(kinds['forwarded-tcpip']);
  } else {
    for (const [name, open] of Object.entries(kinds)) channel.write(`${name}: ${await refusal(open)}\n`);
  }
  channel.exit(0);
  channel.end();
}

/** Add a key; sign, cut short; an extension; list the keys. At last a message without an end. */
const ABUSE = [agentFrame(concatBytes([Uint8Array.of(17), utf8('canary-key')])), agentFrame(Uint8Array.of(13, 0, 0)), agentFrame(concatBytes([Uint8Array.of(27), utf8('canary-bind')])), agentFrame(Uint8Array.of(11))];

function abused(connection: Connection): Promise<string> {
  return new Promise((resolve) => {
    openAgent(connection, (error, agent) => {
      if (error) {
        resolve(error.message);
        return;
      }
      const framer = new AgentFramer();
      const answers: number[] = [];
      agent.on('data', (chunk: Buffer) => {
        answers.push(...framer.push(chunk).map((body) => body[0] ?? 0));
        if (answers.length === ABUSE.length) agent.write(Uint8Array.of(255, 255, 255, 255, 13));
      });
      agent.once('close', () => resolve(`${answers.join(' ')} closed\n`));
      for (const message of ABUSE) agent.write(message);
    });
  });
}

function refusal(open: Open | undefined): Promise<string> {
  return new Promise((resolve) => {
    try {
      open?.((error) => resolve(error ? error.message.replace('(SSH) Channel open failure: ', '') : 'opened'));
    } catch {
      resolve('gone');
    }
  });
}
