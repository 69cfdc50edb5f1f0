/** Mode `command`: stock ssh at a terminal, the proxy's own prompt, and a real OpenSSH server that runs the lines. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { simulateCommand } from '../../../cli/bundle-simulate.ts';
import { recordingsCommand } from '../../../cli/recordings.ts';
import { channelEvents } from '../../../evidence/cast-ssh.ts';
import type { ReadRecord } from '../../../evidence/read.ts';
import { eventually } from '../../../testing/eventually.ts';
import { recordsOf } from '../../../testing/recordings.ts';
import { sshBundle, SshWorld } from '../../../testing/ssh-gateway.ts';
import { SshTerminal, type TerminalOptions } from '../../../testing/ssh-terminal.ts';
import { startSshd, type Sshd } from '../../../testing/sshd.ts';

const PROMPT = /\[sallyport\][^\n]*\$ $/;
/** SALLYPORT_PASTE_LINES=10000 takes longer. */
const LINES = Number(process.env['SALLYPORT_PASTE_LINES'] ?? 1_000);
const UP = '\u001b[A';
const LEFT = '\u001b[D';

let sshd: Sshd;
let world: SshWorld;
let dir: string;
const open: SshTerminal[] = [];

beforeAll(async () => {
  sshd = await startSshd();
  dir = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'sallyport-command-')));
  world = await SshWorld.start(sshd, [{ name: 'web1', labels: { shell: 'command' } }, { name: 'watched' }, { name: 'gated', labels: { shell: 'gate' } }]);
}, 120_000);

afterAll(async () => {
  for (const terminal of open) terminal.kill();
  await world.stop();
  await sshd.stop();
  rmSync(dir, { recursive: true });
});

function terminal(options: TerminalOptions = {}, args: readonly string[] = []): SshTerminal {
  const t = new SshTerminal(['-F', world.listener('web1').ssh_config, ...args, 'web1'], options);
  open.push(t);
  return t;
}

/** Runs, and waits until the recording of the session that opened meanwhile is closed. */
async function recorded(run: () => Promise<void>): Promise<ReadRecord[]> {
  const mark = world.gateway.mark;
  await run();
  const opened = await world.gateway.waitEvent((e) => e.event === 'session.opened', mark);
  const closed = await world.gateway.waitEvent((e) => e.event === 'session.closed' && e['session_id'] === opened['session_id'], mark);
  return recordsOf(String(closed['recording']));
}

const commands = (records: readonly ReadRecord[]): unknown[] => records.filter((r) => r.kind === 'ssh.exec').map((r) => [r.clear['dec'], r.fields['command']]);

describe('a shell in mode command', () => {
  it('prompts, runs each line at a terminal of the same size, and shows how it ended', async () => {
    const records = await recorded(async () => {
      const t = terminal({ cols: 100, rows: 30 });
      expect(await t.shows(PROMPT)).toContain(`[sallyport] ${sshd.user}@web1:~$ `);
      expect(await t.line('tty; stty size')).toMatch(/\/dev\/pts\/\d+\n30 100\n\[sallyport\] \S+:~\$ $/);
      expect(await t.line('exit_with() { return $1; }; exit_with 7')).toContain('[sallyport] 7 ');
      t.resize(120, 40);
      expect(await t.line('stty size')).toContain('40 120');
      expect(await t.line('printf no-end')).toMatch(/no-end\n\[sallyport\]/);
      t.type('exit 5\r');
      expect(await t.ended).toBe(5);
    });
    expect(commands(records)).toEqual([
      ['allow', 'tty; stty size'],
      ['allow', 'exit_with() { return $1; }; exit_with 7'],
      ['allow', 'stty size'],
      ['allow', 'printf no-end'],
    ]);
    expect(records.find((r) => r.kind === 'ssh.shell')).toMatchObject({ clear: { dec: 'allow', cols: 100, rows: 30 } });
    expect(records.filter((r) => r.kind === 'ssh.exit').map((r) => r.clear['status'])).toEqual([0, 7, 0, 0, 5]);
    expect(records.find((r) => r.kind === 'ssh.pty.resize')).toMatchObject({ clear: { cols: 120, rows: 40 } });
    expect(records.filter((r) => r.kind === 'ssh.pty.in').map((r) => r.fields['data'])).toContain('tty; stty size\r');
    expect(JSON.stringify(records.filter((r) => r.kind === 'ssh.pty.out'))).toContain('no-end');
  });

  it('edits: history, search, the middle of a line, wide characters, a line over two rows', async () => {
    const t = terminal({ cols: 60 });
    await t.shows(PROMPT);
    await t.line('echo first-of-all');
    await t.line('echo second');
    expect(await t.line(`${UP}${UP}`)).toContain('\nfirst-of-all\n');
    expect(await t.line('\u0012second')).toContain('\nsecond\n');
    expect(await t.line(`echo ab${LEFT}X\u0005c`)).toContain('\naXbc\n');
    expect(await t.line('cho one two\u0001e\u0005\u0017\u001bbZ\u0019')).toContain('\nZtwoone\n');
    expect(await t.line(`echo größe 日本語${LEFT}${LEFT}\u007f\u0005!`)).toContain('\ngröße 本語!\n');
    const long = `echo ${'wide日本'.repeat(12)}`;
    t.type(`${long}${LEFT.repeat(20)}`);
    t.type('Q');
    await t.until('the line over two rows', () => t.rows().join('').includes('Q'));
    expect(await t.line('')).toContain(`${'wide日本'.repeat(12).slice(0, -20)}Q`);
    expect(await t.line('echo gone\u0003echo stays')).toMatch(/\^C\n.*\nstays\n/s);
    t.type('echo top\u000c');
    await t.until('an empty screen', () => t.rows()[0]?.endsWith('$ echo top') === true);
    t.type('\u0015\u0004');
    expect(await t.ended).toBe(0);
  });

  it('keeps the directory and variables: they are sent, decided and recorded with each line', async () => {
    mkdirSync(path.join(dir, 'real/it\'s'), { recursive: true });
    symlinkSync(path.join(dir, 'real'), path.join(dir, 'link'));
    writeFileSync(path.join(dir, 'real/forbidden.txt'), 'x');
    const records = await recorded(async () => {
      const t = terminal({ cols: 200 });
      await t.shows(PROMPT);
      expect(await t.line(`cd ${dir}/link # a comment`)).toContain(`@web1:${dir}/real$ `);
      expect(await t.line('pwd; cat forbidden.txt')).toContain('this file is not for you');
      expect(await t.line('cd "it\'s"; pwd')).toContain(`${dir}/real/it's\n`);
      expect(await t.line("cd it\\'s")).toContain(`@web1:${dir}/real/it's$ `);
      await t.line('export A="b c"; B=x');
      expect(await t.line('echo "[$A]"')).toContain('[]');
      await t.line('export A="b c"');
      await t.line('B=$A-d');
      expect(await t.line('echo "[$A] [$B] $PWD"')).toContain(`[b c] [b c-d] ${dir}/real/it's`);
      expect(await t.line('cd /no/such/directory')).toMatch(/No such file or directory\n\[sallyport\] 1 /);
      expect(await t.line('cd -')).toContain(`@web1:${dir}/real$ `);
      expect(await t.line('C=$(date)')).toContain('only plain values');
      expect(await t.line('umask 077')).toContain('umask does not last');
      expect(await t.line('cd')).toContain('@web1:~$ ');
      t.type('exit\r');
      await t.ended;
    });
    const real = `cd -- '${dir}/real' || exit\n`;
    expect(commands(records)).toEqual([
      ['allow', `cd ${dir}/link && pwd -P && cd && pwd -P`],
      ['deny', `${real}pwd; cat forbidden.txt`],
      ['allow', `${real}cd "it's"; pwd`],
      ['allow', `${real}cd it\\'s && pwd -P && cd && pwd -P`],
      ['allow', `${real.replace("real'", "real/it'\\''s'")}export A="b c"; B=x`],
      ['allow', `${real.replace("real'", "real/it'\\''s'")}echo "[$A]"`],
      ['allow', `export A="b c"\nB=$A-d\ncd -- '${dir}/real/it'\\''s' || exit\necho "[$A] [$B] $PWD"`],
      ['allow', `export A="b c"\nB=$A-d\ncd -- '${dir}/real/it'\\''s' || exit\ncd /no/such/directory && pwd -P && cd && pwd -P`],
      ['allow', `export A="b c"\nB=$A-d\ncd -- '${dir}/real/it'\\''s' || exit\ncd -- '${dir}/real' && pwd -P && cd && pwd -P`],
    ]);
  });

  it('refuses, holds, and lets a person withdraw', async () => {
    const t = terminal({ cols: 200 });
    await t.shows(PROMPT);
    expect(await t.line(`touch ${dir}/ran; forbidden`)).toMatch(/sallyport: denied by policy: this program is not run here\. Policies: no-forbidden-program\. Reference \S+\n\[sallyport\] 126 /);
    expect(existsSync(`${dir}/ran`)).toBe(false);
    const mark = world.gateway.mark;
    const done = t.line(`touch ${dir}/approved; askfirst`);
    const held = await world.gateway.waitEvent((e) => e.event === 'request.held', mark);
    await t.until('what it waits for', () => t.rows().join(' ').includes(`Approval ${String(held['approval_id'])}`));
    expect(existsSync(`${dir}/approved`)).toBe(false);
    await world.gateway.decide('approve', String(held['approval_id']), 'fine');
    expect(await done).toMatch(/sallyport: approved by \S+/);
    expect(existsSync(`${dir}/approved`)).toBe(true);
    const later = world.gateway.mark;
    const withdrawn = t.line('askfirst');
    await world.gateway.waitEvent((e) => e.event === 'request.held', later);
    t.type('\u0003');
    expect(await withdrawn).toMatch(/\nsallyport: withdrawn before a decision; it did not run\. Policies: ask-first\. Reference \S+\n\[sallyport\] 126 /);
    expect(await t.line('echo goes on')).toContain('\ngoes on\n');
    t.type('\u0004');
    await t.ended;
  });

  it('full-screen programs have the terminal, Ctrl-C is theirs, and the prompt comes back clean', async () => {
    const t = terminal({ cols: 70, rows: 20 });
    await t.shows(PROMPT);
    writeFileSync(path.join(dir, 'text'), Array.from({ length: 200 }, (_, i) => `line ${i + 1}`).join('\n'));
    t.type(`less ${dir}/text\r`);
    await t.until('less', () => t.alternate && t.rows()[18] === 'line 19');
    t.resize(70, 30);
    await t.until('less, larger', () => t.rows()[28] === 'line 29');
    t.type('/line 150\r');
    await t.until('what was searched for', () => t.rows()[0] === 'line 150');
    t.type('q');
    await t.until('the prompt', () => !t.alternate && /\$$/.test(t.row));
    // A terminal that nobody has opened yet loses a Ctrl-C, with any server.
    t.type('echo begun; sleep 100\r');
    await t.until('the command', () => t.rows().includes('begun') && t.row === '');
    expect(await t.line('\u0003')).toMatch(/\[sallyport\] 130 /);
    t.type("printf '\\033[?1049h\\033[?1000h\\033[31m'\r");
    await t.until('a prompt on the normal screen', () => t.output.includes('\u001b[?1000l') && !t.alternate && /\$$/.test(t.row));
    t.kill();
  });

  it('a paste of several lines: each is decided, and what is refused takes the rest with it', async () => {
    const t = terminal({ cols: 150 });
    await t.shows(PROMPT);
    t.type(`\u001b[200~echo one\necho $((1+1))\nfor i in a b; do\n  echo "$i!"\ndone\ncat <<E\nin here\nE\n\u001b[201~`);
    expect(await t.shows(/in here\n\[sallyport\].*\$ $/s)).toMatch(/\none\n.*\n2\n.*\na!\nb!\n/s);
    t.type(`\u001b[200~echo before\nforbidden\ntouch ${dir}/after\n\u001b[201~`);
    expect(await t.shows(/not run either\n.*\$ $/s)).toContain('\nbefore\n');
    expect(await t.line('echo still here')).toContain('\nstill here\n');
    expect(existsSync(`${dir}/after`)).toBe(false);
    t.kill();
  });
});

describe('a shell that is only observed', () => {
  it('runs everything; what policy would have refused is reported, once', async () => {
    const records = await recorded(async () => {
      const t = new SshTerminal(['-F', world.listener('watched').ssh_config, 'watched']);
      open.push(t);
      await t.shows(/[$#] $/);
      t.type('PS1="ready$ "\r');
      await t.shows(/\nready\$ $/);
      for (const line of ['forbidden || echo ran$((1+1))', 'echo fine$((1+1))']) {
        t.type(line);
        await t.until('the line', () => t.row.endsWith(line));
        t.type('\r');
        await t.shows(/\n(ran|fine)2\nready\$ $/);
      }
      t.type('exit\r');
      await t.ended;
    });
    expect(records.filter((r) => r.clear['advisory'] !== undefined)).toMatchObject([{ kind: 'policy.decision', clear: { dec: 'allow', advisory: 'deny', pol: ['no-forbidden-program'] }, fields: { request: 'forbidden || echo ran$((1+1))' } }]);
    expect(world.events('request.advisory')).toMatchObject([{ connection: 'watched', effect: 'deny', reason: 'this program is not run here' }]);
  });
});

describe('a shell in mode gate', () => {
  it('the answer of one line stands in the recording before the decision on the next, however fast it is typed', async () => {
    const records = await recorded(async () => {
      const t = new SshTerminal(['-F', world.listener('gated').ssh_config, 'gated']);
      open.push(t);
      await t.shows(/[$#] $/);
      t.type('PS1="ready$ "\r');
      await t.shows(/\nready\$ $/);
      for (let i = 0; i < 4; i++) {
        t.type(`echo ${i}-$((1+1)); forbidden`.slice(0, i === 3 ? undefined : -'; forbidden'.length));
        t.type('\r');
        await t.shows(/\nready\$ $/);
      }
      t.type('exit\r');
      await t.ended;
    });
    const at = (found: (r: ReadRecord) => boolean): number => records.findIndex(found);
    for (let i = 0; i < 3; i++) {
      const answer = at((r) => r.kind === 'ssh.pty.out' && JSON.stringify(r.fields['data']).includes(`${i}-2`));
      expect(answer).toBeGreaterThan(at((r) => r.kind === 'ssh.exec' && JSON.stringify(r.fields['command']).startsWith(`"echo ${i}-`)));
      expect(answer).toBeLessThan(at((r) => r.kind === 'ssh.exec' && JSON.stringify(r.fields['command']).startsWith(`"echo ${i + 1}-`)));
    }
    // A player that stands at the last decision shows what was answered before it.
    const { channel = 0 } = records.find((r) => r.kind === 'ssh.shell') ?? {};
    const events = records.flatMap((r) => channelEvents(r, { channel, title: 'shell', isShell: true, size: undefined }));
    const refused = events.findIndex(([code, text]) => code === 'm' && text.startsWith('line: echo 3-'));
    expect(events.slice(0, refused).map(([code, text]) => (code === 'o' ? text : '')).join('')).toMatch(/2-2\r\n[^]*ready\$ echo 3-\$\(\(1\+1\)\); forbidden$/);
  });
});

describe('a held line of a shell in mode gate', () => {
  it('whoever goes away while a line waits has withdrawn it: an approval after that runs nothing', async () => {
    const mark = world.gateway.mark;
    const t = new SshTerminal(['-F', world.listener('gated').ssh_config, 'gated']);
    open.push(t);
    await t.shows(/[$#] $/);
    t.type(`touch ${dir}/gate-late; askfirst\r`);
    const held = await world.gateway.waitEvent((e) => e.event === 'request.held', mark);
    t.resize(40, 10);
    t.kill();
    await world.gateway.waitEvent((e) => e.event === 'request.released' && e['outcome'] === 'cancelled', mark);
    expect((await world.gateway.decide('approve', String(held['approval_id']), 'too late')).refusal).toBeDefined();
    await world.gateway.waitEvent((e) => e.event === 'session.closed', mark);
    expect(existsSync(`${dir}/gate-late`)).toBe(false);
  });
});

describe('without a terminal', () => {
  it('the whole input is decided before any of it runs, and then runs as one', async () => {
    const records = await recorded(async () => {
      const result = await world.ssh('web1', ['web1'], { input: `x=$(echo made)\ncd ${dir}\nf() { echo "$x in $PWD"; }\nf\nexit 3\n` });
      expect(result).toMatchObject({ code: 3, stdout: `made in ${dir}\n` });
    });
    expect(commands(records)).toEqual([['allow', `x=$(echo made)\ncd ${dir}\nf() { echo "$x in $PWD"; }\nf\nexit 3\n`]]);
    const refused = await world.ssh('web1', ['web1'], { input: `touch ${dir}/script\nforbidden\n` });
    expect(refused).toMatchObject({ code: 126, stdout: '' });
    expect(refused.stderr).toContain('this program is not run here');
    expect(existsSync(`${dir}/script`)).toBe(false);
    const long = await world.ssh('web1', ['web1'], { input: `echo ${'x'.repeat(10 * 1024 * 1024)}\n` });
    expect(long).toMatchObject({ code: 126, stdout: '' });
    expect(long.stderr).toContain('more than 65536 characters');
  });
});

describe('what was recorded of real sessions', () => {
  /** What a command prints. */
  async function printed(command: Command, ...args: string[]): Promise<unknown> {
    let out = '';
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += String(text);
      return true;
    });
    try {
      await command.exitOverride().parseAsync([...args, '--config', world.gateway.configFile, '--as', 'erin@example.com', '--groups', 'audit', '--json'], { from: 'user' });
    } finally {
      write.mockRestore();
      process.exitCode = undefined;
    }
    return JSON.parse(out);
  }

  const PAGED = 'cd / && git log || true';
  const CANDIDATE = `
@id("no-echo")
@reason("nothing is echoed")
forbid(principal, action == Action::"ssh:exec", resource) when { context.programs.contains("echo") };
@id("no-pagers")
@reason("a pager takes keys")
forbid(principal, action == Action::"ssh:exec", resource) when { context.touches.contains("interactive") };
`;

  it('is decided again as it was, at a terminal and without; and by a candidate otherwise', async () => {
    const places: string[] = [];
    for (const args of [['watched', 'echo one'], ['watched', 'forbidden "two words"'], ['watched', PAGED], ['-tt', 'watched', PAGED]]) {
      const mark = world.gateway.mark;
      await world.ssh('watched', args);
      places.push(String((await world.gateway.waitEvent((e) => e.event === 'session.closed' && e['connection'] === 'watched', mark))['recording']));
    }
    const simulated = z.object({ sessions: z.number(), skipped: z.array(z.string()), requests: z.number(), groups: z.array(z.object({ statement: z.string(), was: z.string(), becomes: z.string(), policyIds: z.array(z.string()), count: z.number() })) }).parse(await printed(simulateCommand(), sshBundle({ 'policies/candidate.cedar': CANDIDATE }), '--from', ...places));
    expect(simulated).toMatchObject({ sessions: 4, skipped: [] });
    // Of the two that may open a pager only the one at a terminal does.
    expect(simulated.groups).toEqual([
      { statement: PAGED, was: 'allow', becomes: 'deny', policyIds: ['no-pagers'], count: 1 },
      { statement: 'echo one', was: 'allow', becomes: 'deny', policyIds: ['no-echo'], count: 1 },
    ]);
    const own = sshBundle();
    for (const [i, place] of places.entries()) {
      const explained = await printed(recordingsCommand(), 'explain', place, '--bundle', own);
      expect(explained).toMatchObject({ bundle: { decided: true }, counts: { different: 0, unclear: 0 } });
      if (i !== 1) continue;
      const decision = { effect: 'deny', policyIds: ['no-forbidden-program'] };
      expect(explained).toMatchObject({ requests: expect.arrayContaining([expect.objectContaining({ sql: 'forbidden "two words"', was: decision, is: { ...decision, reason: expect.stringContaining('this program is not run here') as string }, state: 'same' })]) as unknown });
    }
  });
});

describe('hostile input', () => {
  /** Keys from a pipe, at a terminal whose size the client does not know: 0 by 0. */
  const typed = (bytes: Buffer | string): Promise<{ code: number | null; stdout: string }> => {
    writeFileSync(path.join(dir, 'keys'), bytes);
    return world.run('bash', ['-c', `${world.command('web1')} -tt web1 < ${dir}/keys`], { timeoutMs: 60_000 });
  };

  it('a line of 10 MB is not read, says so, and runs nothing', async () => {
    const result = await typed(`echo ${'x'.repeat(10 * 1024 * 1024)}; touch ${dir}/long\n`);
    expect(result.code).toBe(126);
    expect(result.stdout).toContain('a command of more than 65536 characters is not read');
    expect(result.stdout.length).toBeLessThan(2 * 1024 * 1024);
    expect(existsSync(`${dir}/long`)).toBe(false);
  });

  it('bytes that are not UTF-8, and keys without meaning', async () => {
    const result = await typed(Buffer.concat([Buffer.from('echo '), Buffer.of(0xff, 0xfe, 0x0a)]));
    expect(result).toMatchObject({ code: 126, stdout: expect.stringContaining('the command is not valid UTF-8') as string });
    // Whatever ends a line, or the input, is left out.
    const noise = Buffer.from(Array.from({ length: 40_000 }, (_, i) => (i * 7919 + (i >> 3) * 31) & 0xff).filter((b) => ![0x0a, 0x0d, 0x0f, 0x04].includes(b)));
    const ended = await typed(Buffer.concat([noise, Buffer.from('\u0003\u0003echo after$((1+1))\nexit 4\n')]));
    expect(ended).toMatchObject({ code: 4, stdout: expect.stringContaining('after2') as string });
  });

  it(`a paste of ${LINES} lines goes line by line`, async () => {
    expect((await typed(`\u001b[200~${'A=1\n'.repeat(LINES)}exit 7\n\u001b[201~`)).code).toBe(7);
  });

  it('a client that goes away takes what runs with it', async () => {
    const t = terminal();
    await t.shows(PROMPT);
    t.type(`echo $$ > ${dir}/pid; exec sleep 300\r`);
    const pid = await eventually(() => z.string().regex(/^\d+\n$/).parse(readFileSync(`${dir}/pid`, 'utf8')).trim());
    const mark = world.gateway.mark;
    t.kill();
    await world.gateway.waitEvent((e) => e.event === 'session.closed', mark);
    await eventually(() => expect(existsSync(`/proc/${pid}`)).toBe(false));
  });
});
