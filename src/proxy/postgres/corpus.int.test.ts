/**
 * The corpus of attacks, guardrails and harmless statements (testdata/corpus, docs/corpus.md), against two real servers.
 * Without more it runs every twentieth case on PostgreSQL 18, as all of them take a quarter of an hour a server.
 * SALLYPORT_CORPUS=all runs all, SALLYPORT_CORPUS=id,id,prefix* only these, SALLYPORT_CORPUS_SERVER=18 only that server.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBenign, readGuardrails, readLeaks } from '../../testing/corpus-cases.ts';
import { judgeBare, judgeBenign, judgeGuardrails, judgeLeaks, type Verdicts } from '../../testing/corpus-judge.ts';
import { psqlCases } from '../../testing/corpus-psql.ts';
import { leaksOnDisk } from '../../testing/corpus-disk.ts';
import { CorpusWorld, type CorpusVersion } from '../../testing/corpus-world.ts';
import { verifyAll } from '../../testing/recordings.ts';

const wanted = process.env['SALLYPORT_CORPUS']?.split(',');
const servers = ([15, 18] as const).filter((v) => (process.env['SALLYPORT_CORPUS_SERVER'] ?? (wanted === undefined ? '18' : String(v))) === String(v));
const SHARE = 20;
/** All cases take up to forty minutes a server on a busy machine. */
const patience = wanted?.includes('all') ? 3_600_000 : 1_200_000;

function chosen<T extends { readonly id: string }>(cases: readonly T[], version: CorpusVersion): T[] {
  if (wanted === undefined) return cases.filter((_, i) => i % SHARE === (version === 15 ? 0 : SHARE / 2));
  return cases.filter((c) => wanted.some((w) => w === 'all' || c.id === w || (w.endsWith('*') && c.id.startsWith(w.slice(0, -1)))));
}

/** A column called "Token" makes the detectors take long words in it for secrets (docs/masking.md: names are hints). */
const isClaimed = ({ id }: { readonly id: string }): boolean => !id.endsWith('-df-plus-corpus-ts');

const failed = (v: Verdicts): number => new Set(v.failures.map((f) => f.split(/[ :]/)[0])).size;
describe.each(servers)('corpus on PostgreSQL %i', (version: CorpusVersion) => {
  const all = chosen(readLeaks(), version);
  const leaks = all.filter((c) => c.unclaimed === undefined);
  const guardrails = chosen(readGuardrails(), version);
  const benign = chosen(readBenign(), version);
  let started: CorpusWorld | undefined;
  const here = (): CorpusWorld => {
    if (!started) throw new Error('nothing was started');
    return started;
  };
  const counts: string[] = [];

  beforeAll(async () => {
    started = await CorpusWorld.start(version);
  });

  afterAll(async () => {
    console.log(`corpus postgres ${version}: ${counts.join('; ')}`);
    await started?.stop();
  });

  const check = (v: Verdicts, line: string): void => {
    counts.push(line);
    // Should the gateway have died, its last words say more than all that failed after it.
    if (v.failures.some((f) => f.includes('ECONNREFUSED'))) throw new Error(`the gateway is gone:\n${here().gateway.process.stderr.slice(-4000)}\n${v.failures[0] ?? ''}`);
    expect(v.failures.map((f) => `\n  ${f}`).join('')).toBe('');
  };

  it('harmless statements come back byte for byte', { timeout: patience }, async () => {
    const v = await judgeBenign(here(), [...benign, ...chosen((await psqlCases(here())).filter(isClaimed), version)]);
    check(v, `${v.cases - failed(v)} of ${v.cases} benign identical`);
  });

  it('guardrails hold', { timeout: patience }, async () => {
    const v = await judgeGuardrails(here(), guardrails);
    check(v, `${v.cases - failed(v)} of ${v.cases} guardrail cases as expected`);
  });

  it('every attack works without the gateway', { timeout: patience }, async () => {
    const v = await judgeBare(here(), leaks);
    check(v, `${v.cases} attacks work without the gateway`);
  });

  it('no attack gives anything away', { timeout: patience }, async () => {
    const v = await judgeLeaks(here(), leaks);
    const { masked, denied, held, error } = v.outcomes;
    check(v, `${v.cases} leak cases, ${new Set(v.leaks).size} leaks (runs: ${masked} masked, ${denied} denied, ${held} held, ${error} refused by the server; ${all.length - leaks.length} not claimed)`);
  });

  it('recordings, spool and store hold no value, and the recordings verify', { timeout: patience }, async () => {
    here().hangUp();
    await here().gateway.halt();
    const bad = (await verifyAll(here().gateway)).filter((r) => r.verdict !== 'PASS').map((r) => `${r.dir} ${r.verdict}`);
    const { found, files, bytes } = leaksOnDisk(here());
    counts.push(`${found.length} values in ${files} files of ${Math.round(bytes / 1_048_576)} MiB`);
    expect({ bad, found }).toEqual({ bad: [], found: [] });
  });
});
