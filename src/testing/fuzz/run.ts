/** One run of the fuzzer: cases by number from a seed, against a real gateway between fuzzed clients and a tapped server. */
import { client as c } from '../pg-messages.ts';
import type { TestGateway } from '../gateway.ts';
import type { MemorySample } from '../memory-probe.ts';
import type { Login } from '../raw-conversation.ts';
import { FuzzClient, type Leaving } from './client.ts';
import { conversations } from './conversations.ts';
import { mutate, pieces } from './mutate.ts';
import { caseSeed, SeededRandom } from './random.ts';
import type { Spoil } from './tap.ts';

/** How long a connection may take to end once its client has left. Long: the machine may be busy. */
const BOUND_MS = 30_000;
/** Silence after which a fuzzed client gives up waiting for an answer that a spoiled message may never get. */
const QUIET_MS = 100;
/** The same for signing on, which takes longer. */
const SIGN_ON_MS = 3_000;
const SERVER_CASE = 'fuzz-server-';

export type Kind = 'startup' | 'session' | 'server';

export class FuzzRun {
  readonly seed: number;
  readonly #gateway: TestGateway;
  readonly #login: Login;
  readonly failures: string[] = [];
  readonly cases: Record<Kind, number> = { startup: 0, session: 0, server: 0 };
  spoiled = 0;
  answered = 0;
  #seen = 0;
  #opened = 0;
  #closed = 0;

  constructor(seed: number, gateway: TestGateway) {
    this.seed = seed;
    this.#gateway = gateway;
    const { host, port, user, password, database } = gateway.listener();
    this.#login = { host, port, user, password, database };
  }

  get total(): number {
    return this.cases.startup + this.cases.session + this.cases.server;
  }

  async one(number: number): Promise<void> {
    const r = new SeededRandom(caseSeed(this.seed, number));
    const kind: Kind = r.pick(['startup', 'startup', 'session', 'session', 'server']);
    this.cases[kind]++;
    const client = await FuzzClient.open(this.#login);
    const what = await this.#play(kind, client, r, number);
    const how: Leaving = r.pick(['end', 'end', 'reset', 'terminate']);
    if (!(await client.leave(how, BOUND_MS))) this.#fail(number, kind, what, `the connection did not end within ${BOUND_MS} ms of its client leaving (${how})`);
    if (client.violation !== undefined) this.#fail(number, kind, what, client.violation);
    if (client.received > 0) this.answered++;
  }

  #fail(number: number, kind: Kind, what: readonly string[], reason: string): void {
    this.failures.push(`case ${number} (${kind}; ${what.join(', ') || 'valid'}): ${reason}`);
  }

  async #play(kind: Kind, client: FuzzClient, r: SeededRandom, number: number): Promise<readonly string[]> {
    if (kind === 'startup') {
      client.listenRaw();
      const { messages, what } = mutate(r.pick(this.#startups(r)), r);
      if (what.length > 0) this.spoiled++;
      await client.deliver(pieces(messages, r));
      return what;
    }
    if (!(await client.signOn(this.#login, kind === 'server' ? `${SERVER_CASE}${number}` : `fuzz-client-${number}`, SIGN_ON_MS))) return ['not signed on'];
    const valid = Array.from({ length: 1 + r.below(3) }, () => r.pick(conversations)).flat();
    const { messages, what } = kind === 'server' ? { messages: valid, what: ['server'] } : mutate(valid, r);
    if (what.length > 0) this.spoiled++;
    await client.deliver(pieces(messages, r));
    await client.settle(valid.filter((m) => m[0] === 0x51 || m[0] === 0x53).length, QUIET_MS);
    return what;
  }

  /** What clients send before they are signed on. */
  #startups(r: SeededRandom): readonly (readonly Buffer[])[] {
    const { user, database } = this.#login;
    const startup = (parameters: Readonly<Record<string, string>> = {}, version?: number): Buffer => c.startup({ user, database, ...parameters }, version);
    const first = `n,,n=,r=${r.bytes(12).toString('base64')}`;
    return [
      [c.sslRequest(), startup()],
      [c.gssEncRequest()],
      [c.cancel(r.u32() | 0, r.bytes(r.pick([4, 32, 256])))],
      [startup(), c.saslInitial('SCRAM-SHA-256', first), c.saslResponse(`c=biws,r=x,p=${r.bytes(32).toString('base64')}`)],
      [startup({ '_pq_.x': '1', options: '-c search_path=public', client_encoding: 'LATIN1' }, 0x0003_0002), c.saslInitial('SCRAM-SHA-256-PLUS', 'p=tls-server-end-point,,')],
      [startup({ replication: 'database' }), c.password('secret')],
      [startup({ user: 'nobody' }), c.saslInitial('SCRAM-SHA-256', first)],
      [startup(), c.query('SELECT 1'), c.terminate()],
      [r.bytes(1 + r.below(200))],
    ];
  }

  /** Resolves when every session that was opened has been closed and its recording with it. @throws Error after the bound */
  async quiet(): Promise<void> {
    for (;;) {
      const mark = this.#gateway.mark;
      this.#count();
      if (this.#opened === this.#closed) return;
      await this.#gateway.waitEvent((e) => e.event === 'session.closed', mark, BOUND_MS);
    }
  }

  #count(): void {
    const text = this.#gateway.process.stdout;
    const end = text.lastIndexOf('\n') + 1;
    for (const line of text.slice(this.#seen, end).split('\n')) {
      if (line.startsWith('{"event":"session.opened"')) this.#opened++;
      if (line.startsWith('{"event":"session.closed"')) this.#closed++;
    }
    this.#seen = end;
  }

  get sessions(): number {
    return this.#opened;
  }

  /** What the gateway holds after collecting its garbage. */
  async memory(): Promise<MemorySample> {
    const mark = this.#gateway.mark;
    this.#gateway.process.kill('SIGUSR2');
    const { rss, heapUsed, external, arrayBuffers } = await this.#gateway.waitEvent((e) => e.event === 'test.memory', mark, 60_000);
    return { rss: Number(rss), heapUsed: Number(heapUsed), external: Number(external), arrayBuffers: Number(arrayBuffers) };
  }
}

/** Spoils what the server says in sessions that ask for it by their name, in the same way each time for the same seed and number. */
export function spoilByName(seed: number): (parameters: ReadonlyMap<string, string>) => Spoil | undefined {
  return (parameters) => {
    const name = parameters.get('application_name') ?? '';
    if (!name.startsWith(SERVER_CASE)) return undefined;
    const r = new SeededRandom(caseSeed(seed ^ 0x5eed, Number(name.slice(SERVER_CASE.length))));
    const early = r.chance(0.25);
    const rate = r.pick([0.02, 0.1, 0.4]);
    return (message, isSignedOn) => ((isSignedOn || early) && r.chance(rate) ? mutate([message], r, 2).messages : [message]);
  };
}
