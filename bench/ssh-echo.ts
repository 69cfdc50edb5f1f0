/** How long a key takes to come back from a shell: the same client on every route, key by key in turn. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import ssh2, { type Client, type ClientChannel } from 'ssh2';
import { coalesced } from '../src/proxy/ssh/coalesce.ts';
import { quantile } from './pgbench.ts';
import type { SshRoute, SshWorld } from './ssh-world.ts';

export interface EchoSpeed {
  readonly route: string;
  readonly keys: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What is typed, over and over; the line is taken back before it wraps. */
const TEXT = 'tail -n 200 /var/log/nginx/access.log | grep checkout | sort ';
const TAKE_BACK = '\u0015';
const QUIET_MS = 300;
/** Between two keys: faster than a person types, slow enough for every key to stand by itself. */
const PACE_MS = 8;

class Typist {
  readonly route: string;
  readonly times: number[] = [];
  readonly #client: Client;
  readonly #channel: ClientChannel;
  #heard: ((text: string) => void) | undefined;
  #last = performance.now();

  private constructor(route: string, client: Client, channel: ClientChannel) {
    this.route = route;
    this.#client = client;
    this.#channel = channel;
    channel.on('data', (bytes: Buffer) => {
      this.#last = performance.now();
      this.#heard?.(bytes.toString('latin1'));
    });
  }

  static async open(route: SshRoute): Promise<Typist> {
    const client = new ssh2.Client();
    // The library writes a packet in three pieces: with Nagle's algorithm, the client itself would cost 40 ms.
    const sock = coalesced(connect({ host: '127.0.0.1', port: route.port, noDelay: true }));
    await new Promise<void>((resolve, reject) => {
      client.once('ready', resolve).once('error', reject);
      client.connect({ sock, username: route.user, privateKey: readFileSync(route.keyFile), algorithms: { cipher: ['aes128-gcm@openssh.com'] } });
    });
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      client.shell({ term: 'xterm-256color', cols: 132, rows: 40 }, (error, opened) => (error ? reject(error) : resolve(opened)));
    });
    const typist = new Typist(route.name, client, channel);
    await new Promise<void>((resolve) => (typist.#heard = () => resolve()));
    await typist.quiet();
    return typist;
  }

  async quiet(): Promise<void> {
    this.#heard = undefined;
    this.#last = performance.now();
    while (performance.now() - this.#last < QUIET_MS) await delay(20);
  }

  async key(key: string): Promise<void> {
    const start = performance.now();
    await new Promise<void>((resolve) => {
      this.#heard = (text) => {
        if (text.includes(key)) resolve();
      };
      this.#channel.write(key);
    });
    this.times.push(performance.now() - start);
  }

  takeBack(): void {
    this.#channel.write(TAKE_BACK);
  }

  end(): void {
    this.#client.end();
  }
}

/** `keys` keys on each route. */
export async function measureEcho(world: SshWorld, keys: number): Promise<EchoSpeed[]> {
  const typists: Typist[] = [];
  try {
    for (const route of [world.direct, world.observe, world.gate]) typists.push(await Typist.open(route));
    // The first line is not counted: code is compiled, pages are touched.
    for (let i = -TEXT.length; i < keys; i++) {
      const at = (i + TEXT.length) % TEXT.length;
      if (i === 0) for (const typist of typists) typist.times.length = 0;
      if (at === 0) {
        for (const typist of typists) typist.takeBack();
        for (const typist of typists) await typist.quiet();
      }
      for (const typist of typists) {
        await typist.key(TEXT.charAt(at));
        await delay(PACE_MS);
      }
    }
    return typists.map(({ route, times }) => {
      const sorted = [...times].sort((a, b) => a - b);
      return { route, keys: sorted.length, p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
    });
  } finally {
    for (const typist of typists) typist.end();
  }
}
