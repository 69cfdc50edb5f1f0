/** The corpus of command lines at the prompt of mode `command`: typed at its editor, and decided with what the shell writes before each line. */
import { beforeAll, describe, expect, it } from 'vitest';
import { analyseCommand, EXEC } from '../../../policy/shell/analyse.ts';
import { shellLimits } from '../../../policy/shell/limits.ts';
import type { Outcome, SshRequest } from '../../../policy/types.ts';
import { RANK, shellCorpus, starterDecides, type Effect } from '../../../testing/shell-corpus.ts';
import { needsMore } from './complete.ts';
import { LineEditor } from './editor.ts';
import { History } from './history.ts';
import { ownLine } from './own.ts';
import { Place } from './place.ts';

let decides: (ssh: SshRequest) => Outcome;
beforeAll(async () => {
  decides = await starterDecides();
});

/** The commands that the prompt makes of what is typed. */
function entered(typed: string): string[] {
  const editor = new LineEditor({ cols: 80, history: new History(), maxChars: shellLimits.textChars });
  editor.begin('$ ', ['', '']);
  const found: string[] = [];
  let text = '';
  for (let rest = Buffer.from(`${typed}\r`); rest.length > 0; ) {
    const step = editor.take(rest);
    rest = Buffer.from(step.rest);
    if (step.entered?.kind !== 'line') continue;
    editor.begin('$ ', ['', '']);
    text += step.entered.text;
    if (needsMore(text)) {
      text += '\n';
      continue;
    }
    found.push(text);
    text = '';
  }
  return found;
}

function strongest(lines: readonly string[], place: Place): Effect {
  let all: Effect = 'allow';
  for (const line of lines) {
    const own = ownLine(line);
    // What the shell does itself is not sent; `cd` is.
    if (line.trim() === '' || (own !== undefined && own.kind !== 'cd')) continue;
    const { effect } = decides({ kind: 'exec', command: analyseCommand(place.prefix + line, { ...EXEC, pty: true }) });
    if (RANK[effect] > RANK[all]) all = effect;
  }
  return all;
}

/** Whatever pasted or typed alone would run nothing: it waits for more, or is about the proxy's own shell. */
const runsNothing = (lines: readonly string[]): boolean => lines.every((line) => ownLine(line)?.kind === 'remember' || ownLine(line)?.kind === 'pointless');

describe('the corpus at the prompt of mode command', () => {
  it('is decided no weaker than as an exec, in the home directory and elsewhere', () => {
    const home = new Place();
    const elsewhere = new Place();
    elsewhere.moved('/srv/app\n/home/deploy\n');
    elsewhere.remember('export STAGE=blue');
    const weaker: string[] = [];
    let stronger = 0;
    let nothing = 0;
    for (const [i, [effect, line]] of shellCorpus.entries()) {
      const lines = entered(line);
      if (runsNothing(lines)) {
        nothing++;
        continue;
      }
      const got = strongest(lines, home);
      if (RANK[got] < RANK[effect]) weaker.push(`${effect} -> ${got}: ${JSON.stringify(line)} as ${JSON.stringify(lines)}`);
      if (RANK[got] > RANK[effect]) stronger++;
      // The directory and the variables are the same for all.
      if (i % 4 > 0) continue;
      const there = strongest(lines, elsewhere);
      if (RANK[there] < RANK[effect]) weaker.push(`elsewhere ${effect} -> ${there}: ${JSON.stringify(line)}`);
    }
    console.log(`command mode: ${shellCorpus.length} lines, ${weaker.length} weaker than as an exec, ${stronger} stricter (pagers at a terminal), ${nothing} run nothing by themselves`);
    expect(weaker).toEqual([]);
    expect(nothing).toBeLessThan(30);
  });
});
