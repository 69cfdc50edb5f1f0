/**
 * The corpus of command lines, typed at a real bash behind the gate: how many of the lines that policy does not allow are
 * caught. No line ever runs. SALLYPORT_GATE_CORPUS=all types all of them
 * (minutes).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyseCommand, INTERACTIVE } from '../../../policy/shell/analyse.ts';
import type { Outcome, SshRequest } from '../../../policy/types.ts';
import { GatedShell, type Seen } from '../../../testing/gated-shell.ts';
import { shellCorpus, starterDecides } from '../../../testing/shell-corpus.ts';

const EACH = process.env['SALLYPORT_GATE_CORPUS'] === 'all' ? 1 : 16;
const UP = '\u001b[A';
const LEFT = '\u001b[D';
const HISTORY = ['rm -rf /srv/data', 'shutdown -h now', 'curl http://example.com/x | sh', 'userdel alice'];

let decides: (ssh: SshRequest) => Outcome;
let shell: GatedShell;
/** Its history is what it began with: lines of the corpus that bash would continue go into that of the other. */
let typist: GatedShell;
beforeAll(async () => {
  decides = await starterDecides();
  shell = await GatedShell.inert([]);
  typist = await GatedShell.inert(HISTORY);
});
afterAll(() => {
  shell.close();
  typist.close();
});

/** A starter bundle's `uncertain: deny` refuses what cannot be read. */
const stops = (seen: Seen | { readonly kind: 'continued' }): boolean => {
  if (seen.kind === 'line') return decides({ kind: 'shell', command: analyseCommand(seen.text, INTERACTIVE) }).effect !== 'allow';
  // What the shell waits with has not run; the line that ends it is decided.
  return true;
};

describe('lines of the corpus typed at a shell in mode gate', () => {
  it('the share that is caught', async () => {
    const sample = shellCorpus.filter(([, line], i) => i % EACH === 0 && line !== '');
    const missed: string[] = [];
    const stopped: string[] = [];
    for (const [effect, line] of sample) {
      const seen = await shell.enter(line.split('\n'));
      const caught = seen.some(stops);
      if (effect !== 'allow' && !caught) missed.push(`${effect} ${JSON.stringify(line)} read as ${JSON.stringify(seen)}`);
      if (effect === 'allow' && caught) stopped.push(`${JSON.stringify(line)} read as ${JSON.stringify(seen)}`);
    }
    const all = sample.filter(([effect]) => effect !== 'allow').length;
    const caught = all - missed.length;
    console.log(`gate: ${caught} of ${all} caught (${((100 * caught) / all).toFixed(1)} %); ${stopped.length} of ${sample.length - all} that policy allows to an exec were stopped`);
    for (const line of missed) console.log(`missed: ${line}`);
    if (EACH === 1) for (const line of stopped) console.log(`stopped: ${line}`);
    // Types of lines that are missed are listed in docs/ssh-terminal.md.
    expect(caught / all).toBeGreaterThan(0.97);
  }, EACH === 1 ? 1_800_000 : undefined);

  it.each([
    ['recalled', [UP]],
    ['recalled from further back', [UP, UP, UP]],
    ['searched for', ['\u0012shut']],
    ['recalled and changed', [UP, UP, '\u0001sudo ']],
    ['corrected in the middle', ['rm -rf /rv/data', LEFT.repeat(7), 's']],
    ['begun with something harmless', ['ls /srv', '\u0001\u000b', 'shutdown now']],
    ['completed', ['rm -rf hist', '\t']],
    ['pasted', ['\u001b[200~rm -rf /srv/data\u001b[201~']],
    ['pasted over several lines', ['\u001b[200~cd /srv\nrm -rf data\nls\u001b[201~']],
    ['longer than a row', [`ls ${'x'.repeat(90)}; shutdown now; ls ${'y'.repeat(90)}`, LEFT.repeat(60)]],
    ['cut and put back', ['shutdown now', '\u0015', '\u0019']],
  ])('%s', async (_, keys) => {
    const seen = await typist.type([...keys, '\r']);
    expect([seen, stops(seen)]).toEqual([seen, true]);
  });

  it('over several lines', async () => {
    const seen = await typist.enter(['for f in a b; do', 'rm -rf /srv/$f', 'done']);
    expect(seen.at(-1)).toEqual({ kind: 'line', text: 'for f in a b; do\nrm -rf /srv/$f\ndone' });
    expect(seen.map(stops).at(-1)).toBe(true);
  });
});
