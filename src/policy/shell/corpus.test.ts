/** The corpus of command lines: what the starter bundle makes of each on a production host, and the facts behind it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { RANK, shellCorpus as corpus, starterDecides } from '../../testing/shell-corpus.ts';
import type { Outcome, SshRequest } from '../types.ts';
import { EXEC, INTERACTIVE, analyseCommand } from './analyse.ts';
import type { CommandAnalysis } from './types.ts';

let decided: (ssh: SshRequest) => Outcome;
beforeAll(async () => {
  decided = await starterDecides();
});

/** Facts of the corpus that the analysis lacks. */
function lacking(wanted: string, a: CommandAnalysis): string[] {
  const has = (w: string): boolean => {
    if (w.startsWith('+')) return a.touches.some((t) => `+${t}` === w);
    if (w.startsWith('!')) return a.opaque.some((o) => `!${o.reason}` === w);
    const file = /^([rwd]):(.*)$/.exec(w);
    if (file === null) return a.programs.includes(w);
    return a.files.some((f) => f.access.startsWith(file[1] ?? '') && f.path === file[2]);
  };
  return wanted.split(' ').filter((w) => w !== '' && !has(w));
}

describe('the corpus of command lines', () => {
  it('is decided in exec mode as it says, with no bypass', () => {
    const wrong: string[] = [];
    let bypasses = 0;
    for (const [effect, line, facts = ''] of corpus) {
      const command = analyseCommand(line, EXEC);
      const got = decided({ kind: 'exec', command });
      if (got.effect !== effect) wrong.push(`${effect} -> ${got.effect}: ${JSON.stringify(line)} ${got.effect === 'allow' ? '' : `${got.policyIds.join(',')} (${got.reason})`}`);
      if (RANK[got.effect] < RANK[effect]) bypasses++;
      const missing = lacking(facts, command);
      if (missing.length > 0) wrong.push(`lacks ${missing.join(' ')}: ${JSON.stringify(line)} programs ${command.programs.join(' ')} touches ${command.touches.join(' ')} opaque ${command.opaque.map((o) => o.reason).join(' ')} files ${command.files.map((f) => `${f.access}:${f.path}`).join(' ')}`);
    }
    const count = (e: string): number => corpus.filter(([effect]) => effect === e).length;
    console.log(`command lines: ${corpus.length} (${count('deny')} denied, ${count('hold')} held, ${count('allow')} allowed), ${bypasses} bypasses, ${wrong.length} differences`);
    expect(wrong).toEqual([]);
  });

  it('is decided no weaker when it is typed into a shell', () => {
    const weaker = corpus.filter(([effect, line]) => RANK[decided({ kind: 'shell', command: analyseCommand(line, INTERACTIVE) }).effect] < RANK[effect === 'deny' ? 'hold' : effect]);
    expect(weaker).toEqual([]);
  });
});
