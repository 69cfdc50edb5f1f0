import { describe, expect, it } from 'vitest';
import { EXEC, INTERACTIVE, analyseCommand } from './analyse.ts';
import { isPlainSed } from './programs/sed-script.ts';

const seen = (line: string, env = EXEC) => analyseCommand(line, env);

describe('analyseCommand', () => {
  it('finds programs with the way that they are run, their arguments and their place', () => {
    expect(seen('ls -l; sudo nice rm "a b" $x').commands).toEqual([
      { program: 'ls', name: 'ls', args: ['-l'], via: [], at: { start: 0, end: 5 } },
      { program: 'sudo', name: 'sudo', args: ['nice', 'rm', 'a b', null], via: [], at: { start: 7, end: 28 } },
      { program: 'nice', name: 'nice', args: ['rm', 'a b', null], via: ['sudo'] },
      { program: 'rm', name: 'rm', args: ['a b', null], via: ['sudo', 'nice'] },
    ]);
  });

  it('normalises options and subcommands', () => {
    expect(seen('rm -fR --recursive x').forms).toEqual(['rm', 'rm --recursive', 'rm -R', 'rm -f', 'rm -r'].sort());
    expect(seen('git -C /srv push --force origin main').forms).toEqual(expect.arrayContaining(['git', 'git push', 'git push --force']));
  });

  it.each([
    ['cat x', ['~/x']],
    ['cat ~/x', ['~/x']],
    ['cat "~/x"', ['~/~/x']],
    ['cat $HOME/x', ['~/x']],
    ['cat /a/../b/./c//d', ['/b/c/d']],
    ['cat ..', ['?']],
    ['cd /srv && cat x', ['~/x', '/srv/x']],
    ['cd /srv; cd app; cat x', ['~/x', '/srv/x', '~/app/x', '/srv/app/x']],
    ['(cd /srv); cat x', ['~/x']],
    ['cd "$d"; cat x', ['~/x', '?/x']],
    ['cat *.log', ['~/*.log']],
    ['cat /proc/self/cwd/x', ['?/x']],
  ])('resolves the paths of %s', (line, paths) => {
    expect(seen(line).files.map((f) => f.path)).toEqual(paths);
  });

  it('writes paths below a known home directory in one way', () => {
    const home = { ...EXEC, home: '/home/alice' };
    expect(seen('cat x /home/alice/y ../bob/z /etc/../home/alice/w', home).files.map((f) => f.path)).toEqual(['~/x', '~/y', '/home/bob/z', '~/w']);
  });

  it('does not know where a line of an interactive shell starts', () => {
    expect(seen('cat x', INTERACTIVE).files.map((f) => f.path)).toEqual(['?/x']);
  });

  it('takes history expansion and comments of an interactive shell for what cannot be known', () => {
    expect(seen('!!').opaque).toEqual([]);
    expect(seen('sudo !!', INTERACTIVE).opaque.map((o) => o.reason)).toEqual(['eval']);
    expect(seen('ls # x', INTERACTIVE).opaque.map((o) => o.reason)).toEqual(['parse']);
  });

  it('knows that some programs open a pager where there is a terminal', () => {
    const pty = { ...EXEC, pty: true };
    for (const line of ['git log', 'journalctl -u x', 'git --no-pager commit -m x', 'sudo systemctl status x']) {
      expect(seen(line, pty).touches, line).toContain('interactive');
      expect(seen(line).touches, line).not.toContain('interactive');
    }
    expect(seen('systemctl --no-pager status x; git --no-pager log', pty).touches).toEqual([]);
  });

  it('follows a variable that is set once, for sure and before', () => {
    expect(seen('d=/var/log; cat $d/x').files.map((f) => f.path)).toEqual(['/var/log/x']);
    for (const line of ['cat $d; d=/x', 'false && d=/x; cat $d', 'd=/x; d=/y; cat $d', 'd=/x; read d; cat $d', 'if a; then d=/x; fi; cat $d', 'd=/x | cat $d']) {
      expect(seen(line).opaque.map((o) => o.reason), line).toContain('dynamic-argument');
    }
  });

  it('analyses a here-document that a shell reads as the line that it is', () => {
    expect(seen('sh <<E\nrm x\nE').programs).toEqual(['rm', 'sh']);
    expect(seen('cat <<E\nrm x\nE').programs).toEqual(['cat']);
  });

  it('is quick: a common line takes well under a millisecond, so that keys do not wait', () => {
    // Counted in lines, not in time: a thousand analyses of a pipeline end within the test's own limit many times over.
    for (let i = 0; i < 1_000; i++) seen(`grep -n error${i} /var/log/app.log | sort | uniq -c | sort -rn | head -20`);
    expect(seen('ls').opaque).toEqual([]);
  });
});

describe('at a terminal', () => {
  const isInteractive = (text: string): boolean => analyseCommand(text, { ...EXEC, pty: true }).touches.includes('interactive');
  it.each(['git log', 'git log -P x', 'systemctl status x', 'dpkg -l', 'git log >&2', 'git log > /dev/tty', 'ls > >(git log)', 'git log | cat; git log', 'git log 2> x', 'git commit -m x | cat', 'less x | cat', '{ f() { git log; }; } > x; f', '{ trap "git log" EXIT; } > x', 'unbuffer -p git log | cat', 'ssh -t x git log | cat'])('%s may open a pager or an editor', (text) => {
    expect(isInteractive(text)).toBe(true);
  });
  it.each(['git log | cat', 'git log > x', 'git -P log', 'git -C x --no-pager log', 'x=$(git log)', 'diff <(git log) x', 'journalctl -u x | tail -n 3', '{ git log; git diff; } | cat', 'git log &> x', 'systemctl status x --no-pager'])('%s opens none', (text) => {
    expect(isInteractive(text)).toBe(false);
  });
});

describe('isPlainSed', () => {
  it.each(['p', '1,5p', '$d', '/a/d', '/a/,/b/p', 's/a/b/', 's/a/b/g;s|c|d|2p', '5q', '/x/!d', '{p;d}', 's/[0-9]*/n/', 'y/abc/xyz/', '1~2d', ':a;N;$!ba;s/\\n/,/g', '2i text', '/a/,/b/{/b/!p}', '/x/a\\text', ''])('knows %s', (script) => {
    expect(isPlainSed(script)).toBe(true);
  });
  it.each(['e', '1e reboot', 's/a/b/e', 's/a/b/w x', 'w x', '/a/w x', 'r /etc/shadow', 'R x', 'W x', 's/a/b', 's/[/]/x/;e id', 'p;e', 'a text\n1e x', 'a text\\\n1e x', ':a;e', 'ta;w x', 's/a\nb/c/', '/a/;e', '#n', 'b;e x', 's;a;b;e', '1,5{e}', '/a/{/b/w x', 'p}e'])('does not know %s', (script) => {
    expect(isPlainSed(script)).toBe(false);
  });
});
