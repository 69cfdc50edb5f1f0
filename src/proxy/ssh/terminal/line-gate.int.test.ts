import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatedShell, type Seen } from '../../../testing/gated-shell.ts';

const UP = '\u001b[A';
const LEFT = '\u001b[D';

describe('a line typed into bash', () => {
  let shell: GatedShell;
  beforeAll(async () => {
    shell = await GatedShell.open(60);
  });
  afterAll(() => shell.close());
  const line = (text: string): { kind: string; text: string } => ({ kind: 'line', text });
  const LONG = `find /var/log -name '*.gz' -mtime +30 -exec rm -f {} + && echo "${'x'.repeat(70)}" > /tmp/done`;

  it('is read as it was typed, at once or key by key', async () => {
    expect(await shell.type(['rm -rf /srv/data', '\r'])).toEqual(line('rm -rf /srv/data'));
    expect(await shell.type([...Array.from('systemctl stop nginx'), '\r'])).toEqual(line('systemctl stop nginx'));
    expect(await shell.type(['rm -rf /srv/data\r'])).toEqual(line('rm -rf /srv/data'));
    expect(await shell.type(['echo größe 日本語 | tee x', '\n'])).toEqual(line('echo größe 日本語 | tee x'));
    expect(await shell.type(['id', '\u000f'])).toEqual(line('id'));
  });

  it('over several rows', async () => {
    expect(await shell.type([LONG, '\r'])).toEqual(line(LONG));
    expect(await shell.type([LONG, LEFT.repeat(90), '\r'])).toEqual(line(LONG));
  });

  it('as it was corrected', async () => {
    expect(await shell.type(['rm -rg', '\u007f', 'f /srv', '\r'])).toEqual(line('rm -rf /srv'));
    expect(await shell.type(['-rf /srv', '\u0001', 'rm ', '\r'])).toEqual(line('rm -rf /srv'));
    expect(await shell.type(['ls /srv', '\u001bb', '\u001bb', '\u001b[3~\u001b[3~', 'rm -rf', '\r'])).toEqual(line('rm -rf /srv'));
    expect(await shell.type(['cat /etc/shadow', '\u0015', 'ls', '\r'])).toEqual(line('ls'));
    expect(await shell.type(['echo one two', '\u0017', 'three', '\u0019', '\r'])).toEqual(line('echo one threetwo'));
  });

  it('recalled, searched for, completed', async () => {
    await shell.remember('shutdown -h now');
    expect(await shell.type([UP, '\r'])).toEqual(line('shutdown -h now'));
    expect(await shell.type(['\u0012', 'shut', '\r'])).toEqual(line('shutdown -h now'));
    expect(await shell.type([UP, '\u0001', 'sudo ', '\r'])).toEqual(line('sudo shutdown -h now'));
    expect(await shell.type(['cat hist', '\t', '\r'])).toEqual(line('cat history'));
  });

  it('after a clear screen, and after a list of completions', async () => {
    expect(await shell.type(['reboot', '\u000c', '\r'])).toEqual(line('reboot'));
    await shell.run('shopt -s checkhash checkjobs');
    expect(await shell.type(['shopt -s check', '\t', '\t', '\r'])).toEqual(line('shopt -s check'));
  });

  it('pasted, also over several lines', async () => {
    expect(await shell.type(['\u001b[200~rm -rf /srv/data\u001b[201~', '\r'])).toEqual(line('rm -rf /srv/data'));
    expect(await shell.type(['\u001b[200~cd /srv\nrm -rf data\u001b[201~', '\r'])).toEqual(line('cd /srv\nrm -rf data'));
  });

  it('of 10 MB, typed or pasted, is refused at once, and its rest goes nowhere', async () => {
    const pieces = (text: string): string[] => Array.from({ length: Math.ceil(text.length / 32_768) }, (_, i) => text.slice(i * 32_768, (i + 1) * 32_768));
    // The prompt comes while the rest of the line does.
    const refused = async (typed: readonly string[]): Promise<Seen> => {
      const seen = await shell.read(typed);
      await shell.shows(/\$ $/);
      return seen;
    };
    const text = `echo ${'x'.repeat(10 * 1024 * 1024)}`;
    for (const long of [`${text}\r`, `\u001b[200~${text}\rls\r\u001b[201~`]) {
      expect(await refused(pieces(long))).toEqual({ kind: 'uncertain', reason: 'long' });
      expect(await shell.type(['ls', '\r'])).toEqual(line('ls'));
    }
    expect(await refused([...pieces('y'.repeat(20_000)), '\u007f', ' z\r'])).toEqual({ kind: 'uncertain', reason: 'long' });
    expect(await shell.type(['id', '\r'])).toEqual(line('id'));
  });

  it('that is not valid UTF-8 is uncertain; a character that comes in pieces is one', async () => {
    const uncertain = { kind: 'uncertain', reason: 'encoding' };
    expect(await shell.type([Buffer.from('cat ho\xffsts', 'latin1'), '\r'])).toEqual(uncertain);
    expect(await shell.type([Buffer.from('l\x80s', 'latin1'), '\r'])).toEqual(uncertain);
    expect(await shell.type([Buffer.from('\x1b[200~l\xfes\x1b[201~', 'latin1'), '\r'])).toEqual(uncertain);
    expect(await shell.type(['echo gr', Buffer.of(0xc3), Buffer.of(0xb6), 'ße', '\r'])).toEqual(line('echo größe'));
    // What stands there from before is not of the line.
    await shell.run("printf '\\377\\200\\303'");
    expect(await shell.type(['rm -rf /srv', '\r'])).toEqual(line('rm -rf /srv'));
    await shell.run("PS1=$'\\377\\$ '");
    expect(await shell.type(['rm -rf /srv', LEFT, '\r'])).toEqual(line('rm -rf /srv'));
    await shell.run("PS1='alice@web1:\\w\\$ '");
  });

  it('in a window of 0 by 0, also when it becomes one in the middle', async () => {
    shell.resize(0, 0);
    expect(await shell.type([LONG, '\r'])).toEqual(line(LONG));
    expect(await shell.type([LONG, LEFT.repeat(90), '\r'])).toEqual(line(LONG));
    shell.resize(60, 24);
    await shell.keys(LONG.slice(0, 90), /xxx$/);
    shell.resize(0, 0);
    // The shell draws anew what it has: read as it is, or not at all.
    expect([line(LONG), { kind: 'uncertain', reason: 'rewritten' }]).toContainEqual(await shell.type([LONG.slice(90), '\r']));
    shell.resize(0, 30);
    expect(await shell.type(['rm -rf /srv', '\r'])).toEqual(line('rm -rf /srv'));
    shell.resize(60, 24);
    expect(await shell.type(['ls', '\r'])).toEqual(line('ls'));
  });

  it('continued over several lines is decided whole', async () => {
    await shell.keys('for f in a b; do', /do$/);
    await shell.keys('\r', /> $/);
    expect(await shell.type(['rm $f; done', '\r'])).toEqual(line('for f in a b; do\nrm $f; done'));
    await shell.keys('echo "one', /one$/);
    await shell.keys('\r', /> $/);
    expect(await shell.type(['two"', '\r'])).toEqual(line('echo "one\ntwo"'));
  });

  it('is uncertain where it cannot be known', async () => {
    expect(await shell.type(['cat <<EOF', '\r'])).toEqual({ kind: 'uncertain', reason: 'heredoc' });
    expect(await shell.type(['ls\nrm -rf /srv\n'])).toEqual({ kind: 'uncertain', reason: 'several' });
    expect(await shell.type(['ls', '\u001b[24~'])).toEqual({ kind: 'uncertain', reason: 'key' });
  });
});

describe('where no shell reads', () => {
  /** Programs turn the echo off before they ask; bash's own `read -s` asks first. */
  const unseen = (prompt: string): string => `/bin/stty -echo; read -r -p "${prompt}" x; /bin/stty echo`;

  it('a password is neither decided nor taken for a line, its prompt is', async () => {
    const shell = await GatedShell.open(80);
    try {
      await shell.run(unseen('[sudo] password for alice: '), /alice: $/);
      await shell.keys('hunter2', /$/);
      await shell.keys('\r', /\$ $/);
      expect(await shell.type(['echo done', '\r'])).toEqual({ kind: 'line', text: 'echo done' });
    } finally {
      shell.close();
    }
  });

  it.each([
    ['what is typed unseen', unseen('name? '), /\? $/, 'rm', 'echo'],
    ['what is typed at another prompt', 'read -r -p "name? " x', /\? $/, 'rm', 'prompt'],
    ['what is typed in a full-screen program', "printf '\\e[?1049h'", /\$ $/, ':!rm', 'alternate'],
  ])('%s is uncertain', async (_, line, shows, typed, reason) => {
    const shell = await GatedShell.open(80);
    try {
      await shell.run(line, shows);
      expect(await shell.type([typed, '\r'])).toEqual({ kind: 'uncertain', reason });
    } finally {
      shell.close();
    }
  });
});

describe('somebody who wants a line to run undecided', () => {
  const line = (text: string): object => ({ kind: 'line', text });
  const uncertain = (reason: string): object => ({ kind: 'uncertain', reason });
  const ESC = '\u001b';

  it.each<[string, string, RegExp, (readonly string[])[], object[]]>([
    ['an interrupt that the shell ignores', "trap '' INT", /\$ $/, [['ls #', '\r'], ['\r']], [line('ls #'), uncertain('rewritten')]],
    ['keys that are not shown, and one that edits', '/bin/stty -echo', /\$ $/, [[`${ESC}[D`, 'ls', '\r']], [uncertain('echo')]],
    ['a prompt that asks for a password', "PS1='Password: '; /bin/stty -echo", /: $/, [['ls', '\r']], [uncertain('echo')]],
    ['a line in grey, behind the cursor', "PS1='$ \\[\\e[2m\\]'", /2m$/, [['ls /srv', '\u0001', '\r']], [line('ls /srv')]],
    ['a prompt that looks like a search', "PS1='(reverse-i-search)`x'\\'': echo '", /echo $/, [[`${ESC}[D`, 'ls', '\r']], [uncertain('prompt')]],
    ['a comment whose sign Meta-# takes away', ':', /\$ $/, [['#ls', `${ESC}1`, `${ESC}#`]], [uncertain('key')]],
    ['the same in eight bits', ':', /\$ $/, [['#ls', '\u6c63']], [uncertain('key')]],
    ['the editor of vi mode', 'set -o vi', /\$ $/, [['ls', ESC, 'v']], [uncertain('key')]],
    ['the editor of vi mode, after a movement', 'set -o vi', /\$ $/, [['ls', `${ESC}0`, 'v']], [uncertain('key')]],
    ['a line that the shell has put there', "set -H; shopt -s histverify; history -s 'ls #'", /\$ $/, [['\r']], [line('ls #')]],
    ['a prompt full of sequences', "PS1='\\e]0;x$ \\a\\r\\e[K\\e[1;31m$ \\e[0m$ '", /\$ $/, [['ls', `${ESC}[D`, '\r']], [line('ls')]],
  ])('%s', async (what, setup, shows, typed, seen) => {
    const shell = await GatedShell.open(80, 'set -o history');
    try {
      await shell.run(setup, shows);
      if (what.startsWith('a line that the shell')) await shell.run('!ls', /#$/);
      for (const [i, pieces] of typed.entries()) expect(await shell.read(pieces)).toEqual(seen[i]);
    } finally {
      shell.close();
    }
  });

  it.each(['\u001c', '\u001a'])('a key that seems to give the line up: %j', async (key) => {
    const shell = await GatedShell.open(80);
    try {
      await shell.keys('ls #', /#$/);
      expect(await shell.type([key, '\r'])).toEqual(line('ls #'));
    } finally {
      shell.close();
    }
  });

  it('the rest of a string, at a prompt that looks like the first', async () => {
    const shell = await GatedShell.open(80);
    try {
      await shell.run("PS2='$ '");
      await shell.keys('echo "', /"$/);
      await shell.keys('\r', /\$ $/);
      expect(await shell.type(['"; ls; echo "', '\r'])).toEqual(uncertain('continuation'));
    } finally {
      shell.close();
    }
  });
});
