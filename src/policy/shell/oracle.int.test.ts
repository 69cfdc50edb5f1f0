/**
 * Real shells as judges: lines made at random of the shell's own pieces are run by bash and dash with harmless programs of ours on the PATH.
 * Whatever a shell ran, the analysis must have found, or said that it cannot tell.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyseCommand } from './analyse.ts';

/** SALLYPORT_SHELL_LINES=20000 hunts for longer. */
const LINES = Number(process.env['SALLYPORT_SHELL_LINES'] ?? 250);
const SEED = Number(process.env['SALLYPORT_SHELL_SEED'] ?? 1);
const NAMES = ['zap', 'ls', 'echo'];
const PIECES = [
  'zap', 'zap', 'zap ', "z'a'p", 'z\\ap', '"zap"', "$'\\x7aap'", 'z""ap', '{zap,-r}', 'z{a,}p', '{,zap}', 'za\\\np', 'ls ', 'ls -l', 'echo ', 'a', '-r ', '/',
  ' ', ' ', ' ', ';', '; ', '&&', '||', '|', '|&', '&', '\n', '\t', '\\', '\\\n', '#', ' #', '!', '! ',
  '$(', '$(zap)', ')', '`', '`zap`', '"', '"', "'", "'", "$'", '$"', '\\"', "\\'", '\\`', '\\$', '$', '$x', '${x', '${x:-', '${x#', '${x/a/', '}', '}', '$((', '))', '((', '(', '(', '{ ', ' }', '; }',
  '<<E\n', "<<'E'\n", '<<-E\n', '\nE\n', '<<<', '<(', '>(', '>f ', '<f ', '2>&1', '>&', '&>f ', '>|f ', '<>f ',
  'if ', 'then ', '; then ', 'else ', 'fi', '; fi', 'case a in ', 'a) ', ';;', ';& ', ' esac', 'for x in zap; do ', '; done', '[[ ', ' ]]', '[ ', ' ]', 'time ', 'x=', 'x=zap', 'x=zap;', ' in ',
  'eval ', 'command ', 'exec ', 'builtin ', 'x=(', 'a[', ']', '*', '?', '~', '=', ',', '..', '@', '%', '^', ':', '-', '--',
];

/** A small generator that gives the same lines for the same seed. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Forms that hold a command at `@` and a word at `%`. */
const FORMS = ['@; @', '@ && @', '@ || @', '@ | @', '@ & @', '@\n@', '(@)', '{ @; }', '! @', 'if @; then @; fi', 'case % in a) @;; *) @;; esac', 'for x in % %; do @; done', 'time @', 'x=% @', 'x=%; @', '@ >f', '@ <<E\n%\nE\n', "@ <<'E'\n%\nE\n@", '@ <<< %', 'eval %', 'command @', 'exec @', 'echo %', '% %', 'zap %', 'ls % %', '[[ % ]]', '[ % ]', '@ # %', '@ \\\n %', 'f() { @; }', 'x=(% %)', 'trap % 0', 'bash -c %', '@ 2>&1 >%'];
const WORDS = ['zap', 'a', '"$(@)"', '$(@)', '`@`', '"`@`"', '"%"', "'%'", '${x:-%}', '"${x:-%}"', '$((1 + $(@)))', '<(@)', '\\%', '%%', '{%,%}', '$x', "$'%'", '"zap"', "'zap'", 'z\\ap', '~', '*', '\\$(@)', "'$(@)'", '"\\$(@)"', '"\\`@\\`"', '`echo \\`@\\``', '%=%', '#%', '-%', '$#', '${#x}', '${x#%}', '${x%%%}', '${x/%/%}'];

/** A line of nested forms, now and then with a piece where none belongs. */
function shaped(random: (below: number) => number): string {
  let line = FORMS[random(FORMS.length)] ?? '';
  for (let depth = 0; depth < 4; depth++) {
    line = line.replaceAll('@', () => (random(3) === 0 ? (FORMS[random(FORMS.length)] ?? '') : 'zap'));
    line = line.replaceAll('%', () => (depth < 3 ? (WORDS[random(WORDS.length)] ?? '') : 'a'));
    if (line.length > 200) break;
  }
  line = line.replaceAll('@', 'zap').replaceAll('%', 'a');
  if (random(3) > 0) return line;
  const at = random(line.length);
  return line.slice(0, at) + (PIECES[random(PIECES.length)] ?? '') + line.slice(at + random(2));
}

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sallyport-shell-'));
  for (const name of NAMES) {
    writeFileSync(join(dir, name), `#!/bin/sh\necho ${name} >> "$RAN"\n`);
    chmodSync(join(dir, name), 0o755);
  }
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Names of our programs that the shell ran. */
let calls = 0;
function ranBy(shell: string, line: string): string[] {
  // Each call has a file of its own: what an earlier line left in the background may still write.
  const log = join(dir, `ran-${calls++}`);
  spawnSync(shell, ['-c', line], { cwd: dir, env: { PATH: dir, HOME: dir, RAN: log }, stdio: 'ignore', timeout: 5_000 });
  return existsSync(log) ? [...new Set(readFileSync(log, 'utf8').split('\n').filter((n) => n !== ''))] : [];
}

describe('bash and dash', () => {
  it('run nothing that the analysis does not see', () => {
    const random = generator(SEED);
    const missed: string[] = [];
    let ran = 0;
    let clear = 0;
    for (let i = 0; i < LINES; i++) {
      const line = i % 2 === 0 ? Array.from({ length: 2 + random(9) }, () => PIECES[random(PIECES.length)] ?? '').join('') : shaped(random);
      const found = analyseCommand(line);
      // What is not understood is held or denied: there is nothing to compare.
      if (found.opaque.length > 0 || found.refusal !== undefined) continue;
      clear++;
      for (const shell of ['/bin/bash', '/bin/dash']) {
        if (!existsSync(shell)) continue;
        const names = ranBy(shell, line);
        if (names.length > 0) ran++;
        if (names.some((n) => !found.programs.includes(n))) missed.push(`${shell}: ${JSON.stringify(line)} ran ${names.join(' ')}, found ${found.programs.join(' ')}`);
      }
    }
    console.log(`${LINES} lines: ${clear} understood, ${ran} of them ran something, ${missed.length} missed`);
    expect(missed).toEqual([]);
    expect(ran).toBeGreaterThan(LINES / 25);
  });
});
