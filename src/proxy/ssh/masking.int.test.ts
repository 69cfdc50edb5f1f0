/** Values of people and secrets at a real target: none reaches a client or a recording in clear; what is no text is not touched. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { leaksUnder } from '../../testing/leaks.ts';
import { recordingDirs, recordsOf } from '../../testing/recordings.ts';
import { RemoteScreen } from '../../testing/remote-screen.ts';
import { startSshd, type Sshd } from '../../testing/sshd.ts';
import { maskingBundle, SshWorld } from '../../testing/ssh-gateway.ts';
import { streamValues, visible } from '../../testing/stream-values.ts';

const KEY = ['-----BEGIN OPENSSH PRIVATE KEY-----', ...Array.from({ length: 6 }, (_, i) => createHash('sha512').update(`canary ${i}`).digest('base64').slice(0, 70)), '-----END OPENSSH PRIVATE KEY-----'];
const PASSWORD = 'canary-Hunter2-Xy';
const VALUES = [...Object.values(streamValues).filter((v) => v.length > 10), PASSWORD, ...KEY.slice(1, -1)];
/** None of them in these characters, wherever rows end. */
const clear = (text: string): string[] => VALUES.filter((v) => visible(text).includes(v) || visible(text).replaceAll(' ', '').includes(v.replaceAll(' ', '')) || text.includes(v));

let sshd: Sshd;
let world: SshWorld;
let dir: string;

beforeAll(async () => {
  sshd = await startSshd();
  dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-masking-'));
  world = await SshWorld.start(sshd, [{ name: 'web1' }], { bundle: maskingBundle() });
  const lines = [...Object.values(streamValues).map((v) => `id=7 ${v} end`), `db_password = "${PASSWORD}"`, ...KEY, 'after'];
  writeFileSync(path.join(dir, 'values'), `${lines.join('\n')}\n`);
  writeFileSync(path.join(dir, 'writer.py'), WRITER);
}, 120_000);

afterAll(async () => {
  await world.stop();
  await sshd.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe.each([['without a terminal', []], ['at a terminal', ['-tt']]] as const)('%s', (_, flags) => {
  const run = async (command: string): Promise<string> => {
    const { stdout, stderr, code } = await world.ssh('web1', [...flags, 'web1', command], { timeoutMs: 60_000 });
    expect(code, stderr).toBe(0);
    return stdout + stderr;
  };

  it('files, whole, in part, in columns, numbered, on stderr', async () => {
    const shown = await run(`cd ${dir}; cat values; head -c 500 values; tail -c +40 values; cat -n values; cat -A values; grep -n --color=always . values; pr -2 -t -w 200 values; cat values >&2; tr '\\n' '\\0' < values; touch '${String(streamValues.email)}'; ls -l; cat 'no ${String(streamValues['short email'])}' 2>&1; sed -n l values; true`);
    expect(clear(shown)).toEqual([]);
    expect(shown).toContain('after');
    expect(shown).toContain('id=7 ');
  });

  it('written byte by byte, at every split, in colours, as progress, in titles, with cursor moves, wrapped', async () => {
    for (const mode of ['bytes', 'splits', 'forms', 'wrapped']) {
      const shown = await run(`COLUMNS=80 python3 ${dir}/writer.py ${mode} ${dir}/values`);
      expect(clear(shown), mode).toEqual([]);
      expect(shown, mode).toContain(`done ${mode}`);
    }
  });
});

describe('what a person types', () => {
  it('comes back and is recorded without its end', async () => {
    const screen = new RemoteScreen(['ssh', '-F', world.listener('web1').ssh_config, '-tt', 'web1', 'bash --norc --noprofile']);
    await screen.shows(/[$#] $/m);
    for (const value of ['canary.typed@leak-test.example', '4111111111111111']) {
      for (const key of `echo ${value}`) screen.type(key);
      await screen.shows(/\*\*/);
      screen.type('\rclear\r');
      await screen.until((text) => !text.includes('**') && !text.includes('echo'));
    }
    screen.type('exit\r');
    await screen.ended;
    const received = visible(screen.received.toString());
    expect(received).not.toContain('canary.typed@leak-test.example');
    expect(received).not.toContain('4111111111111111');
    await screen.stop();
  });
});

describe('what is no text comes out as it is', () => {
  const hash = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
  it('scp, sftp, rsync, git, tar and cat, with values inside', async () => {
    const from = path.join(dir, 'binary');
    mkdirSync(from);
    const text = readFileSync(path.join(dir, 'values'));
    writeFileSync(path.join(from, 'notes.txt'), Buffer.concat([text, Buffer.alloc(100_000, 'a line of text\n'), text]));
    writeFileSync(path.join(from, 'image'), Buffer.concat([randomBytes(200_000), text, randomBytes(100_000)]));
    const { ssh_config: config } = world.listener('web1');
    const script = [
      `set -e; cd ${dir}`,
      `tar cf plain.tar binary; tar czf packed.tgz binary`,
      `for f in plain.tar packed.tgz binary/image "$(command -v python3)" /usr/bin/ssh /usr/bin/git; do ssh -F ${config} web1 "cat $f" 2>/dev/null > got || ssh -F ${config} web1 "cat ${dir}/$f" > got; test -s got; cmp got "$f" || { echo "$f differs"; exit 1; }; done`,
      `ssh -F ${config} web1 "tar cf - -C ${dir} binary" > streamed.tar; mkdir untar; tar xf streamed.tar -C untar; diff -r binary untar/binary`,
      `scp -q -O -F ${config} web1:${dir}/binary/notes.txt legacy; cmp legacy binary/notes.txt`,
      `scp -q -s -F ${config} web1:${dir}/binary/notes.txt modern; cmp modern binary/notes.txt`,
      `rsync -a -e 'ssh -F ${config}' web1:${dir}/binary/ synced/; diff -r binary synced`,
      `export GIT_CONFIG_GLOBAL=/dev/null; git init -q repo; cd repo; cp ../binary/* .; git add .; git -c user.name=a -c user.email=a@example.com commit -qm first; cd ..; GIT_SSH_COMMAND='ssh -F ${config}' git clone -q web1:${dir}/repo cloned; diff -r -x .git repo cloned`,
      'echo all the same',
    ];
    const { stdout, stderr } = await world.run('bash', ['-c', script.join('\n')], { timeoutMs: 120_000 });
    expect(stdout, stderr).toContain('all the same');
    expect(hash(path.join(dir, 'modern'))).toBe(hash(path.join(from, 'notes.txt')));
  });

  it('the errors of such programs are text', async () => {
    const { stderr, code } = await world.run('scp', ['-O', '-F', world.listener('web1').ssh_config, `web1:${dir}/no-${String(streamValues.email)}`, dir]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/No such file/);
  });

  it('a program that only has such a name, or such a word among its arguments, is masked', async () => {
    const script = path.join(dir, 'git-upload-pack');
    writeFileSync(script, `#!/bin/sh\ncat ${dir}/values\n`, { mode: 0o755 });
    for (const command of [script, `git -C ${dir}/cloned log -p upload-pack -- notes.txt`, `git -C ${dir}/cloned show HEAD:notes.txt upload-pack`, `cd ${dir}; ./git-upload-pack`]) {
      const { stdout } = await world.ssh('web1', ['web1', command]);
      expect(clear(stdout), command).toEqual([]);
    }
  });
});

describe('classified files', () => {
  it('are denied by every way to read them', async () => {
    writeFileSync(path.join(dir, 'forbidden.csv'), 'secret content\n');
    const { ssh_config: config } = world.listener('web1');
    for (const args of [['-O'], ['-s']]) {
      const { code, stderr } = await world.run('scp', [...args, '-F', config, `web1:${dir}/forbidden.csv`, `${dir}/got.csv`]);
      expect(code).not.toBe(0);
      expect(stderr).toContain('this file is not for you');
    }
    for (const command of [`cat ${dir}/forbidden.csv`, `tar c ${dir}/forbidden.csv`, `cd ${dir} && head forbidden.csv`, `cat < ${dir}/forbidden.csv`, `cat ${dir}/./x/../forbidden.csv`]) {
      const { code, stdout, stderr } = await world.ssh('web1', ['web1', command]);
      expect({ command, code, stdout }).toEqual({ command, code: 126, stdout: '' });
      expect(stderr).toContain('denied by policy');
    }
  });

  it('are held where policy says so, and come after the approval', async () => {
    writeFileSync(path.join(dir, 'askfirst.csv'), 'content after an approval\n');
    const mark = world.gateway.mark;
    const running = world.run('scp', ['-O', '-q', '-F', world.listener('web1').ssh_config, `web1:${dir}/askfirst.csv`, `${dir}/approved.csv`]);
    const held = await world.gateway.waitEvent((e) => e.event === 'request.held', mark);
    expect((await world.gateway.decide('approve', String(held['approval_id']), 'fine')).refusal).toBeUndefined();
    expect((await running).code).toBe(0);
    expect(readFileSync(`${dir}/approved.csv`, 'utf8')).toBe('content after an approval\n');
  });
});

it('no value is in any recording, object of the store or output of the gateway', async () => {
  await eventually(() => expect(world.events('session.closed').length).toBe(world.events('session.opened').length));
  await world.gateway.uploaded(world.events('session.opened').map((e) => String(e['session_id'])));
  expect(leaksUnder(world.gateway.dataDir, VALUES)).toEqual([]);
  expect(VALUES.filter((v) => world.gateway.stdout.includes(v))).toEqual([]);
  for (const at of recordingDirs(world.gateway)) {
    const records = await recordsOf(at);
    const shown = records.filter((r) => r.kind === 'ssh.pty.out' || r.kind === 'ssh.output').map((r) => (typeof r.fields['data'] === 'string' ? r.fields['data'] : JSON.stringify(r.fields['data'])));
    expect(clear(shown.join(''))).toEqual([]);
  }
});

/** Writes values as programs do that nobody made for masks. */
const WRITER = `
import os, sys, time
mode, file = sys.argv[1:]
raw = open(file, 'rb').read()
lines = [l for l in raw.split(b'\\n') if l.startswith(b'id=7')]
def put(b, fd=1):
    while b:
        b = b[os.write(fd, b):]
def values():
    for l in lines:
        yield l[5:-4]
E = b'\\x1b'
if mode == 'bytes':
    for fd in (1, 2):
        for i in range(len(raw)):
            put(raw[i:i+1], fd)
            if i % 4 == 0: time.sleep(0.0005)
elif mode == 'splits':
    for l in lines:
        l += b'\\n'
        for i in range(1, len(l), 1 if len(l) < 40 else 3):
            put(l[:i]); time.sleep(0.001); put(l[i:])
elif mode == 'forms':
    for v in values():
        chars = v.decode()
        put(b'\\x1b[31m' + v + b'\\x1b[0m\\n')
        put(b': ' + ''.join('\\x1b[38;2;%d;2;3m%s' % (i, c) for i, c in enumerate(chars)).encode() + b'\\x1b[0m .\\n')
        for p in range(0, 100, 10):
            put(b'\\r%3d%% ' % p + v + b' ')
        put(b'\\n')
        put(b'%-60s|%-60s|\\n' % (v, v))
        put(E + b']0;user ' + v + b'\\x07' + E + b']2;' + v + E + b'\\\\\\n')
        put(E + b'[5;10H' + v + E + b'[K' + E + b'[6;1H\\n')
        half = len(chars) // 2
        put(': ' .encode() + chars[:half].encode() + E + b'[?25l' + E + b'[0m' + E + b'[K' + chars[half:].encode() + b' \\n')
        put(E + b'[7;1H' + chars[:half].encode() + (E + b'[7;%dH' % (half + 1)) + chars[half:].encode() + b' \\n')
        put(E + b'7' + E + b'[s' + b': ' + v + b' ' + E + b'8\\n')
        put(b'\\x08'.join([b'']) + ''.join(c + '\\b' + c for c in chars if ord(c) < 128).encode() + b'\\n' if chars.isascii() else b'')
elif mode == 'wrapped':
    for v in values():
        for lead in range(60, 80, 3):
            put(b'x' * lead + b' ' + v + b' tail\\n')
put(b'\\ndone ' + mode.encode() + b'\\n')
`;
