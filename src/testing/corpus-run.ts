/** Judges cases: what came back, what it gives away, and whether two variants of the data can be told apart. */
import { fill, type Step } from './corpus-cases.ts';
import { CorpusClient, noAnswer, SignOnRefused, type Answer } from './corpus-client.ts';
import type { Canary, Variant } from './corpus-data.ts';
import { CanaryScan } from './corpus-scan.ts';
import { readsOnly, runStep, type Mode, type StepContext } from './corpus-steps.ts';
import type { CorpusWorld, WayIn } from './corpus-world.ts';
import type { Login } from './raw-conversation.ts';

export interface Run {
  readonly mode: Mode;
  readonly answers: readonly Answer[];
  /** Bytes of the case's sessions after sign-on, and those of sign-on. */
  readonly bytes: Buffer;
  readonly signOn: Buffer;
  readonly outcome: 'masked' | 'denied' | 'held' | 'error';
}

/** Codes of the gateway's own refusals. */
const refusals = new Set(['42501', '42601', '0A000', '57P01', '08P01']);

export function outcomeOf(answers: readonly Answer[]): Run['outcome'] {
  if (answers.some((a) => a.held)) return 'held';
  if (answers.some((a) => a.closed || a.errors.some((e) => refusals.has(e.code) || e.message.includes('denied by policy')))) return 'denied';
  return answers.some((a) => a.errors.length > 0) ? 'error' : 'masked';
}

interface Place {
  readonly login: Login;
  readonly database: string;
  readonly values: ReadonlyMap<string, string>;
}

export interface Runnable {
  readonly run: readonly Step[];
  readonly modes: readonly Mode[];
  readonly startup: Readonly<Record<string, string>>;
}

/** A case of one statement has one session for all its modes, so that it costs half; one of several has a session for each. */
export const sessionsOf = <T extends Runnable>(c: T): T[] => (c.run.length > 1 ? c.modes.map((mode) => ({ ...c, modes: [mode] })) : [c]);

/** Runs what `sessionsOf` gave. A session that is ended has answered for one mode only: the others get another. */
export async function runCase(world: CorpusWorld, c: Runnable, place: Place): Promise<Run[]> {
  const runs = await session(world, c, place);
  const missing = c.modes.slice(runs.length);
  return missing.length === 0 ? runs : [...runs, ...(await session(world, { ...c, modes: missing }, place))];
}

async function session(world: CorpusWorld, c: Runnable, place: Place): Promise<Run[]> {
  const shared = isShared(c);
  const key = `${place.login.port}/${place.login.database}`;
  const idle = shared ? world.idle.get(key) : undefined;
  const client = idle?.isIdle ? idle : await open(place.login, Object.entries(c.startup));
  if (shared) world.idle.delete(key);
  if (client instanceof SignOnRefused) return c.modes.map((mode) => refused(mode, client));
  const opened: { other?: CorpusClient } = {};
  const runs: Run[] = [];
  try {
    for (const mode of c.modes) {
      const answers = await steps(world, c, mode, place, client, opened);
      const bytes = Buffer.concat([client.take(), opened.other?.take() ?? Buffer.alloc(0)]);
      runs.push({ mode, answers, bytes, signOn: client.signOn, outcome: outcomeOf(answers) });
      if (answers.some((a) => a.closed)) break;
    }
  } finally {
    opened.other?.close();
    if (shared && client.isIdle && ++client.cases < CASES_OF_A_SESSION) world.idle.set(key, client);
    else client.close();
  }
  return runs;
}

/** Opening a session costs more than a case: those of one statement that only reads follow one another in one session. */
const CASES_OF_A_SESSION = 20;
const isShared = (c: Runnable): boolean => c.run.length === 1 && Object.keys(c.startup).length === 0 && c.run.every((s) => typeof s === 'string' && readsOnly(s));

const open = (login: Login, startup: readonly (readonly [string, string])[]): Promise<CorpusClient | SignOnRefused> =>
  CorpusClient.open(login, startup).catch((error: unknown) => {
    if (error instanceof SignOnRefused) return error;
    throw error;
  });

function refused(mode: Mode, error: SignOnRefused): Run {
  const answers = [{ ...noAnswer(), errors: [{ code: error.code, message: error.message, detail: '' }], closed: true }];
  const bytes = Buffer.from(error.message);
  return { mode, answers, bytes, signOn: bytes, outcome: outcomeOf(answers) };
}

const toldToRepeat = (answer: Answer): boolean => answer.errors.some((e) => e.message.endsWith('run it again'));

async function steps(world: CorpusWorld, c: Runnable, mode: Mode, place: Place, client: CorpusClient, opened: { other?: CorpusClient }): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const step of c.run) {
    const context: StepContext = {
      client,
      mode,
      values: place.values,
      owner: async (sql) => {
        await (await world.owner(place.database)).query(sql);
      },
      other: async () => (opened.other ??= await CorpusClient.open(place.login)),
      functionOid: (signature) => world.functionOid(place.database, signature),
    };
    let answer = await runStep(step, context);
    // What was undone after the case before may look to the gateway like a change of this one's objects.
    for (let again = 0; again < 3 && toldToRepeat(answer) && client.status === 'I'; again++) answer = await runStep(step, context);
    answers.push(answer);
    if (answer.closed) break;
  }
  return answers;
}

export const gatewayPlace = (world: CorpusWorld, way: WayIn, variant: Variant): Place => ({ login: world.login(way, variant), database: `corpus_${variant}`, values: world.data[variant].values });
export const barePlace = (world: CorpusWorld, variant: Variant): Place => ({ login: world.direct(`bare_${variant}`), database: `bare_${variant}`, values: world.data[variant].values });

export class LeakFinder {
  readonly #scan: CanaryScan;
  readonly #kinds: ReadonlyMap<string, string>;

  constructor(canaries: readonly Canary[]) {
    this.#scan = new CanaryScan(canaries, { piece: 6 });
    this.#kinds = new Map(canaries.map((c) => [c.label, c.value]));
  }

  /** Labels of canaries in all that a run received, split over cells included; not those that the client typed itself. */
  leaks(run: Run, typed = ''): string[] {
    const found = new Set([...this.#scan.find(run.bytes, true), ...this.#scan.find(run.signOn)]);
    for (const { rows } of run.answers) {
      const cells = rows.flatMap((r) => r.filter((c) => c !== null));
      for (const cell of cells) {
        const label = this.#scan.findCell(cell);
        if (label !== undefined) found.add(label);
      }
      // A value that is spelled out one piece per row, by each column and by all.
      const width = Math.max(0, ...rows.map((r) => r.length));
      const columns = Array.from({ length: Math.min(width, 8) }, (_, i) => rows.flatMap((r) => r[i] ?? []));
      for (const list of [cells, ...columns]) if (list.length > 1 && list.length < 5000) for (const label of this.#scan.find(Buffer.concat(list), true)) found.add(label);
    }
    return [...found].filter((label) => !typed.includes(this.#kinds.get(label) ?? label)).map((label) => `${label} (${this.#kinds.get(label) ?? ''})`);
  }
}

const tokens = /msk_[a-z0-9_-]*?_[bcdfghjkmnpqrstvwxz]{12}/g;
const uuidMasks = /6d736b5f-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** What a client can see of an answer, masks put aside: two variants of the data must give the same. */
export function seen(answers: readonly Answer[]): string {
  const text = (b: Buffer | null): string => (b === null ? 'null' : b.toString('latin1').replace(tokens, 'MASK').replace(uuidMasks, 'MASK'));
  return JSON.stringify(answers.map((a) => ({ rows: a.rows.map((r) => r.map(text)), errors: a.errors, notices: a.notices, tags: a.tags, held: a.held })), null, 1).replace(/apr_[0-9a-f-]+|ses_[0-9a-f-]+/g, 'REF');
}

/** The text of a case with the data's values, for messages. */
export const shown = (c: Runnable, values: ReadonlyMap<string, string>): string => c.run.map((s) => fill(typeof s === 'string' ? s : JSON.stringify(s), values)).join('\n    ');

/** What the client sends in the session itself: no secret to it. */
export const typedText = (c: Runnable, values: ReadonlyMap<string, string>): string =>
  c.run.map((s) => fill(typeof s === 'string' ? s : 'owner' in s || 'other' in s ? '' : JSON.stringify(s), values)).join('\n');
