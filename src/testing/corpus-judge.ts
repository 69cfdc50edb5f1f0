/** Runs all cases of a kind against one world and gives the list of what is not as it should be. */
import { appendFileSync } from 'node:fs';
import type { BenignCase, GuardrailCase, LeakCase, Step } from './corpus-cases.ts';
import type { Variant } from './corpus-data.ts';
import { barePlace, gatewayPlace, LeakFinder, runCase, seen, sessionsOf, shown, typedText, type Run } from './corpus-run.ts';
import { readsOnly } from './corpus-steps.ts';
import type { CorpusWorld } from './corpus-world.ts';
import type { GatewayEvent } from './gateway.ts';

/** Where to append each failure as it comes: for long runs while cases are written. */
const trace = process.env['SALLYPORT_CORPUS_TRACE'];

export class Verdicts {
  /** Cases that were run, each in all its modes. */
  cases = 0;
  /** Cases whose outcome is not what the case says, with what was seen. */
  readonly failures: string[] = [];
  /** Cases in which a value came through: among the failures too. */
  readonly leaks: string[] = [];
  /** Runs by what the gateway did. */
  readonly outcomes: Record<Run['outcome'], number> = { masked: 0, denied: 0, held: 0, error: 0 };

  fail(text: string): void {
    this.failures.push(text);
    if (trace !== undefined) appendFileSync(trace, `# ${text}\n`);
  }
}

const applies = (version: number, c: { readonly since: number; readonly until: number }): boolean => version >= c.since && version <= c.until;

const told = (run: Run): string =>
  run.answers.map((a, i) => `      ${i + 1}: ${a.closed ? 'closed ' : ''}${a.held ? 'held ' : ''}${a.errors.map((e) => `${e.code} ${e.message} ${e.detail}`).join(' ')} ${a.tags.join(' ')} ${a.rows.slice(0, 3).map((r) => r.map((c) => c?.toString('latin1').slice(0, 80) ?? '∅').join('|')).join(' // ')} ${a.notices.join(' ')}`).join('\n');

const failure = (c: LeakCase | GuardrailCase | BenignCase, world: CorpusWorld, what: string, run?: Run): string => `${c.id}${run ? ` (${run.mode})` : ''}: ${what}\n    ${shown(c, world.data.a.values)}${run ? `\n${told(run)}` : ''}`;

/** Undoing costs a query: not after a case that only reads. */
const mayChange = (c: { readonly run: readonly Step[] }): boolean => c.run.some((s) => typeof s !== 'string' || !readsOnly(s));

/** No value reaches the client, and what a case expects of the gateway is what it does. */
export async function judgeLeaks(world: CorpusWorld, cases: readonly LeakCase[]): Promise<Verdicts> {
  const v = new Verdicts();
  const finders: Record<Variant, LeakFinder> = { a: new LeakFinder(world.data.a.canaries), b: new LeakFinder(world.data.b.canaries) };
  for (const c of cases.filter((x) => applies(world.version, x))) {
    v.cases++;
    for (const one of sessionsOf(c)) await judgeLeak(world, one, finders, v);
  }
  return v;
}

async function judgeLeak(world: CorpusWorld, c: LeakCase, finders: Readonly<Record<Variant, LeakFinder>>, v: Verdicts): Promise<void> {
  const both: Run[][] = [];
  for (const variant of c.oracle ? (['a', 'b'] as const) : (['a'] as const)) {
    const runs = await attempt(() => runCase(world, c, gatewayPlace(world, c.on, variant)), (what) => v.fail(failure(c, world, what)));
    if (mayChange(c)) await world.restore(`corpus_${variant}`);
    if (!runs) return;
    both.push(runs);
    for (const run of runs) {
      const leaks = finders[variant].leaks(run, typedText(c, world.data[variant].values));
      if (leaks.length === 0) continue;
      v.leaks.push(c.id);
      v.fail(failure(c, world, `LEAK of ${leaks.slice(0, 4).join(', ')}`, run));
      return;
    }
  }
  const [as = [], bs] = both;
  for (const [i, a] of as.entries()) {
    v.outcomes[a.outcome]++;
    const b = bs?.[i];
    if (b && seen(a.answers) !== seen(b.answers)) {
      v.leaks.push(c.id);
      v.fail(failure(c, world, `ORACLE: two variants of the data are told apart\n${told(a)}\n    ---`, b));
    } else if (c.expect !== 'either' && a.outcome !== c.expect) v.fail(failure(c, world, `expected ${c.expect}, was ${a.outcome}`, a));
  }
}

async function attempt<T>(work: () => Promise<T>, fail: (what: string) => void): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    fail(`broke: ${String(error)}`);
    return undefined;
  }
}

/** An attack that gives nothing on a direct connection proves nothing: every case must work there, or say why not. */
export async function judgeBare(world: CorpusWorld, cases: readonly LeakCase[]): Promise<Verdicts> {
  const v = new Verdicts();
  const finder = new LeakFinder(world.data.a.canaries);
  for (const c of cases.filter((x) => applies(world.version, x) && x.bare === undefined)) {
    v.cases++;
    const runs = async (variant: Variant): Promise<Run | undefined> => {
      const once = { ...c, modes: c.modes.slice(0, 1) };
      const run = await attempt(() => runCase(world, once, barePlace(world, variant)), (what) => v.fail(failure(c, world, what)));
      if (mayChange(c)) await world.restore(`bare_${variant}`);
      return run?.[0];
    };
    const a = await runs('a');
    if (!a) continue;
    if (!c.oracle) {
      if (finder.leaks(a).length === 0) v.fail(failure(c, world, 'gives nothing away without the gateway either', a));
      continue;
    }
    const b = await runs('b');
    if (b && seen(a.answers) === seen(b.answers)) v.fail(failure(c, world, 'does not tell the variants apart without the gateway either', a));
  }
  return v;
}

/** Denied, held or allowed as the case says, with its code and policy; what was not allowed has changed nothing. */
export async function judgeGuardrails(world: CorpusWorld, cases: readonly GuardrailCase[]): Promise<Verdicts> {
  const v = new Verdicts();
  for (const c of cases.filter((x) => applies(world.version, x))) {
    v.cases++;
    for (const one of sessionsOf(c)) await judgeGuardrail(world, one, v);
  }
  return v;
}

async function judgeGuardrail(world: CorpusWorld, c: GuardrailCase, v: Verdicts): Promise<void> {
  const mark = world.gateway.mark;
  const runs = await attempt(() => runCase(world, c, gatewayPlace(world, c.on, 'a')), (what) => v.fail(failure(c, world, what)));
  const changed = await world.restore('corpus_a');
  if (changed && c.expect !== 'allowed') v.fail(failure(c, world, 'it was not allowed, and yet it changed something', runs?.[0]));
  for (const run of runs ?? []) {
    v.outcomes[run.outcome]++;
    const wrong = wrongGuardrail(world, c, run, mark);
    if (wrong !== undefined) v.fail(failure(c, world, wrong, run));
  }
}

function wrongGuardrail(world: CorpusWorld, c: GuardrailCase, run: Run, mark: number): string | undefined {
  const want = c.expect === 'allowed' ? 'masked' : c.expect;
  const last = run.answers.at(-1);
  if (run.outcome !== want) return `expected ${c.expect}, was ${run.outcome === 'masked' ? 'allowed' : run.outcome}`;
  if (c.expect === 'allowed') return undefined;
  const code = c.code ?? (c.expect === 'held' ? '57014' : '42501');
  if (!last?.errors.some((e) => e.code === code)) return `the last answer is no ${code}`;
  if (c.policy === undefined) return undefined;
  const named = c.expect === 'held' ? policiesOfHold(world, mark, run) : (last.errors[0]?.detail ?? '');
  return named.split(/[^a-z0-9-]+/).includes(c.policy) ? undefined : `policy ${c.policy} is not named: ${named}`;
}

/** The policies of the session's last hold, from the gateway's events. */
function policiesOfHold(world: CorpusWorld, mark: number, run: Run): string {
  const session = /sallyport\.session\0([^\0]+)\0/.exec(run.signOn.toString('latin1'))?.[1];
  const held = world.gateway.process.stdout
    .slice(mark)
    .split('\n')
    .filter((line) => line.startsWith('{"event":"request.held"'))
    .map((line) => JSON.parse(line) as GatewayEvent)
    .filter((e) => e['session_id'] === session);
  return JSON.stringify(held.at(-1)?.['policy_ids'] ?? []);
}

/** What comes through the gateway is byte for byte what comes directly. */
export async function judgeBenign(world: CorpusWorld, cases: readonly BenignCase[]): Promise<Verdicts> {
  const v = new Verdicts();
  for (const c of cases.filter((x) => applies(world.version, x))) {
    v.cases++;
    for (const one of sessionsOf(c)) await judgeBenignCase(world, one, v);
  }
  return v;
}

async function judgeBenignCase(world: CorpusWorld, c: BenignCase, v: Verdicts): Promise<void> {
  const place = gatewayPlace(world, c.on, 'a');
  const run = (where: typeof place): Promise<Run[] | undefined> => attempt(() => runCase(world, c, where), (what) => v.fail(failure(c, world, what)));
  const direct = await run({ ...place, login: world.direct('corpus_a') });
  const through = await run(place);
  for (const [i, d] of (direct ?? []).entries()) {
    const t = through?.[i];
    if (d.outcome !== 'masked') v.fail(failure(c, world, 'fails on a direct connection', d));
    else if (t && !sameBytes(d.bytes, t.bytes, world.newestOid)) v.fail(failure(c, world, `differs, directly:\n${told(d)}\n    but through the gateway:`, t));
  }
  if (mayChange(c) && (await world.restore('corpus_a'))) v.fail(failure(c, world, 'leaves something behind'));
}

/**
 * Equal, but for the process id in a notification, the oids of what the session itself made, and where a binary COPY is
 * cut into CopyData: the server joins the header and the first row, and no reader may rely on that.
 */
function sameBytes(a: Buffer, b: Buffer, newest: number): boolean {
  return comparable(a, newest).equals(comparable(b, newest));
}

function comparable(bytes: Buffer, newest: number): Buffer {
  const out = Buffer.from(bytes);
  const parts: Buffer[] = [];
  for (let i = 0; i + 5 <= out.length; ) {
    const end = i + 1 + out.readUInt32BE(i + 1);
    if (out[i] === 0x41) out.fill(0, i + 5, i + 9);
    if (out[i] === 0x54) forgetTables(out, i + 7, newest);
    parts.push(out.subarray(out[i] === 0x64 ? i + 5 : i, end));
    i = end;
  }
  return Buffer.concat(parts);
}

/** Fields of a RowDescription from here on: name, oid of the table, and fourteen bytes more. */
function forgetTables(out: Buffer, from: number, newest: number): void {
  for (let at = from, left = out.readUInt16BE(from - 2); left > 0; left--) {
    at = out.indexOf(0, at) + 1;
    if (out.readUInt32BE(at) > newest) out.fill(0, at, at + 4);
    at += 18;
  }
}
