/** Hostile command lines: the analysis never throws or hangs, and what does not parse is opaque. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { EXEC, INTERACTIVE, analyseCommand } from './analyse.ts';
import { shellLimits } from './limits.ts';

const corpus = z.array(z.array(z.string())).parse(parse(readFileSync(new URL('commands.corpus.yaml', import.meta.url), 'utf8')));
const lines = corpus.map(([, line]) => line ?? '');
/** SALLYPORT_SHELL_LINES=50000 tries more. */
const RUNS = Math.min(Number(process.env['SALLYPORT_SHELL_LINES'] ?? 600), 100_000);

describe('a command line that is refused or opaque', () => {
  it.each([
    ['a megabyte', 'a'.repeat(1024 * 1024)],
    ['a character too long', `echo ${'a'.repeat(shellLimits.textChars - 4)}`],
    ['NUL', 'ls\0; reboot'],
  ])('refuses %s', (_what, line) => {
    expect(analyseCommand(line).refusal).toBeDefined();
  });

  it.each([
    ['parentheses', '('.repeat(20_000)],
    ['substitutions', '$('.repeat(20_000)],
    ['substitutions that end', `${'$('.repeat(300)}ls${')'.repeat(300)}`],
    ['backquotes', '`'.repeat(20_001)],
    ['quotes without end in one word', "'".repeat(60_000)],
    ['expansions without end in one word', `echo ${'$x'.repeat(20_000)}`],
    ['expansions without end in one quoted word', `echo "${'$x'.repeat(20_000)}"`],
    ['braces', '{a,'.repeat(10_000)],
    ['brace products', `echo ${'{a,b}'.repeat(40)}`],
    ['here-documents', '<<E '.repeat(5_000)],
    ['quotes', `"$(${'"$('.repeat(5_000)}`],
    ['arithmetic', `echo $((${'('.repeat(5_000)}`],
    ['conditions', 'if '.repeat(10_000)],
    ['cases', 'case x in '.repeat(5_000)],
    ['functions', 'f()'.repeat(20_000)],
    ['shells in shells', Array.from({ length: 40 }).reduce<string>((line) => `sh -c '${line.replaceAll("'", "'\\''")}'`.slice(0, 60_000), 'ls')],
    ['wrappers', `${'nohup '.repeat(5_000)}ls`],
    ['more programs than are followed', 'ls;'.repeat(3_000)],
    ['more files than are decided', `cat ${Array.from({ length: 3_000 }, (_, i) => `f${i}`).join(' ')}`],
    ['a parenthesis that closes nothing', 'ls )'],
    ['an open quote', 'ls "'],
    ['a here-document that does not end', 'cat <<E\nls'],
    ['an empty substitution of a name', '$() ls'],
    ['invalid Unicode', '\ud800\udfff\ud800 ls'],
  ])('takes %s for what cannot be known', (_what, line) => {
    const found = analyseCommand(line);
    expect(found.opaque.length > 0 || found.refusal !== undefined || found.touches.includes('unknown-program')).toBe(true);
  });
});

describe('the analysis', () => {
  const isSound = (line: string): boolean => [EXEC, INTERACTIVE].every((env) => analyseCommand(line, env).text === line);

  it('never throws, whatever the bytes', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), isSound), { numRuns: RUNS });
  });

  it('never throws, whatever shell characters come in a row', () => {
    const piece = fc.constantFrom('$(', '`', '"', "'", '\\', '<<E\n', '{', '}', ',', '(', ')', ';', '|', '&', '>', '<', '\n', ' ', 'rm', '$', '${', '#', '!', '*', '?', '[', ']', '~', '=', 'if ', 'fi', 'case ', 'esac', '$((', '))', "$'", 'E\n');
    fc.assert(fc.property(fc.array(piece, { maxLength: 60 }), (parts) => isSound(parts.join(''))), { numRuns: RUNS });
  });

  it('never throws on a line of the corpus with something changed, cut or doubled in it', () => {
    const change = fc.record({ line: fc.constantFrom(...lines), at: fc.nat(200), drop: fc.nat(3), put: fc.string({ maxLength: 3 }), times: fc.integer({ min: 1, max: 4 }) });
    fc.assert(fc.property(change, ({ line, at, drop, put, times }) => isSound((line.slice(0, at) + put + line.slice(at + drop)).repeat(times))), { numRuns: RUNS });
  });

  it('finds a program behind any quoting of its name', () => {
    const quote = fc.constantFrom((c: string) => c, (c: string) => `'${c}'`, (c: string) => `"${c}"`, (c: string) => `\\${c}`, (c: string) => `$'\\x${c.charCodeAt(0).toString(16)}'`, (c: string) => `${c}''`, (c: string) => `${c}""`, (c: string) => `${c}\\\n`);
    const disguised = fc.array(quote, { minLength: 6, maxLength: 6 }).map((q) => Array.from('reboot', (c, i) => (q[i] ?? ((x: string) => x))(c)).join(''));
    fc.assert(fc.property(disguised, (line) => analyseCommand(line).programs.includes('reboot')), { numRuns: RUNS });
  });
});
