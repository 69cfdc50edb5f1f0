/** Full-screen programs through Sallyport and over plain ssh: the screens are the same, cell by cell. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { leaksUnder } from '../../testing/leaks.ts';
import { RemoteScreen, type Look, type RemoteScreenOptions } from '../../testing/remote-screen.ts';
import { startSshd, type Sshd } from '../../testing/sshd.ts';
import { maskingBundle, SshWorld } from '../../testing/ssh-gateway.ts';

const EMAIL = 'canary.person@leak-test.example';
const CARD = '4111 1111 1111 1111';
const SECRETS = [EMAIL, CARD];

let sshd: Sshd;
let world: SshWorld;
let dir: string;
const screens: RemoteScreen[] = [];

beforeAll(async () => {
  sshd = await startSshd();
  dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-screen-'));
  world = await SshWorld.start(sshd, [{ name: 'web1' }], { bundle: maskingBundle() });
  writeFileSync(path.join(dir, 'code.c'), `${Array.from({ length: 120 }, (_, i) => `int f${i}(void) { return ${i}; } /* größe 日本語 e\u0301 😀 */`).join('\n')}\n`);
  writeFileSync(path.join(dir, 'people.txt'), `${Array.from({ length: 60 }, (_, i) => `${String(i).padStart(3)}  ${EMAIL}  paid with ${CARD}  ok`).join('\n')}\n`);
  writeFileSync(path.join(dir, 'colours'), colours());
  // tmux and terminals do not agree on how wide joined emoji are; how it repairs that depends on when it paints.
  writeFileSync(path.join(dir, 'pane'), `${colours().split('\r\n')[0] ?? ''}\nstyles\n${Array.from({ length: 30 }, (_, i) => `${i} größe 日本語`).join('\n')}\nf29\n`);
  writeFileSync(path.join(dir, 'bashrc'), `PS1='ready> '; cd ${dir}; unset HISTFILE\n`);
}, 120_000);

afterEach(async () => {
  await Promise.all(screens.splice(0).map((s) => s.stop()));
});

afterAll(async () => {
  await world.stop();
  await sshd.stop();
  rmSync(dir, { recursive: true, force: true });
});

function colours(): string {
  let out = '';
  for (let i = 0; i < 512; i++) out += `\u001b[38;2;${i % 256};${(i * 7) % 256};${(i * 13) % 256};48;2;${(i * 3) % 256};${i % 256};9m${i % 10}\u001b[0m`;
  return `${out}\r\n\u001b[1;3;4;9mstyles\u001b[0m \u001b[38:2::1:2:3mcolons\u001b[0m 日本 e\u0301 a\u0308 👩‍👩‍👧 🇩🇪 😀 \u001b]8;;https://example.com/\u0007link\u001b]8;;\u0007\r\n`;
}

const directly = (): string[] => ['ssh', '-F', 'none', '-p', String(sshd.port), '-i', sshd.keyFile, '-o', 'IdentitiesOnly=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR', `${sshd.user}@127.0.0.1`];
const through = (): string[] => ['ssh', '-F', world.listener('web1').ssh_config, '-o', 'LogLevel=ERROR', 'web1'];

function open(command: readonly string[], o?: RemoteScreenOptions): RemoteScreen {
  const screen = new RemoteScreen(command, o);
  screens.push(screen);
  return screen;
}

/** The same program over both ways; `%` in the command is `a` or `b`, for names that must differ. */
const both = (command: string, o?: RemoteScreenOptions): readonly [RemoteScreen, RemoteScreen] => {
  const line = (name: string): string => `export LC_ALL=C.UTF-8; ${command.replaceAll('%', name)}`;
  return [open([...directly(), '-tt', line('a')], o), open([...through(), '-tt', line('b')], o)];
};

/** Every cell with its width, colours and style, in lines that a person can compare. */
const inWords = (look: Look, from = 0, to = look.rows.length): string => {
  const rows = look.rows.slice(from, to).map((row) => {
    const runs = row.map((c) => `${c.fg}/${c.bg}/${c.style}/${c.width}`);
    const counted = runs.reduce<[string, number][]>((all, run) => {
      const last = all.at(-1);
      if (last?.[0] === run) last[1]++;
      else all.push([run, 1]);
      return all;
    }, []);
    return `${row.map((c) => c.text).join('')}\n  ${counted.map(([run, n]) => `${n} ${run}`).join(', ')}`;
  });
  return [...rows, look.cursor.join(';'), look.alternate ? 'alternate' : ''].join('\n');
};

const SOON_MS = 30_000;

/** Both show this, and then the same. @param rows of the screen; all of them by default */
async function same([plain, proxied]: readonly [RemoteScreen, RemoteScreen], shown: string | RegExp, rows: (look: Look) => string = (look) => inWords(look)): Promise<void> {
  await Promise.all([plain.shows(shown), proxied.shows(shown)]);
  await eventually(() => expect(rows(proxied.look())).toBe(rows(plain.look())), SOON_MS);
}

async function step(pair: readonly [RemoteScreen, RemoteScreen], keys: string, shown: string | RegExp, rows?: (look: Look) => string): Promise<void> {
  for (const screen of pair) screen.type(keys);
  await same(pair, shown, rows);
}

function resize(pair: readonly [RemoteScreen, RemoteScreen], cols: number, rows: number): void {
  for (const screen of pair) screen.resize(cols, rows);
}

describe('programs without a value on their screen', () => {
  it('vim: syntax colours, editing, a split, the window made larger and smaller, and the screen before it afterwards', async () => {
    const pair = both(`cd ${dir}; echo before; vim -N -u NONE -i NONE -n --cmd 'set termguicolors nomodeline' -c 'syntax on | set number ruler' code.c; echo after`);
    await same(pair, /120L|f0\(void\)/);
    await step(pair, 'gg0ihello 日本 \u001b', 'hello 日本');
    await step(pair, ':vsplit\r', /f0\(void\)[^\n]*│?.*f0\(void\)/);
    resize(pair, 132, 40);
    await same(pair, /f30\(void\)/);
    resize(pair, 40, 10);
    await same(pair, /./);
    resize(pair, 80, 24);
    for (const screen of pair) screen.type(':only\r');
    // vim has the rows now. Where it has scrolled to meanwhile depends on how many of the sizes it saw.
    await Promise.all(pair.map((screen) => screen.shows(/(?:f\d+\(void\)[^]*){20}/)));
    await step(pair, ':80\rzz', 'f80(void)');
    expect(pair[1].look().alternate).toBe(true);
    await step(pair, ':q!\r', 'after');
    expect(pair[1].text).toContain('before');
    expect(await pair[1].ended).toBe(0);
  });

  it('less: pages, a search with its highlight, the end, and back', async () => {
    const pair = both(`less -R ${dir}/code.c`);
    await same(pair, 'f10(void)');
    await step(pair, ' ', 'f40(void)');
    await step(pair, '/f77\r', 'f77(void)');
    await step(pair, 'G', /f119\(void\)/);
    await step(pair, 'g', 'f0(void)');
    resize(pair, 100, 30);
    await same(pair, 'f27(void)');
    await step(pair, 'q', /^/);
    expect(await pair[1].ended).toBe(0);
  });

  it('top: its columns and colours, and a resize', async () => {
    const pair = both('sleep 600 & p=$!; trap "kill $p" EXIT; top -d 600 -p $p');
    // The rows above are about the machine and change by themselves; a process's numbers differ.
    const columns = (look: Look): string => inWords({ ...look, cursor: [0, 0], rows: look.rows.map((row) => row.map((c) => ({ ...c, text: c.text.replace(/^[0-9 ]$/, '0') }))) }, 6, 8);
    await same(pair, /PID USER[\s\S]*sleep/, columns);
    resize(pair, 110, 30);
    await same(pair, /PID USER[\s\S]*sleep/, columns);
    const before = columns(pair[0].look());
    for (const screen of pair) screen.type('x');
    // Keys that top reads at once are one key to it, which it does not know: `q` has to wait until `x` has been read.
    for (const screen of pair) await eventually(() => expect(columns(screen.look())).not.toBe(before), SOON_MS);
    await same(pair, /sleep/, columns);
    await step(pair, 'q', /^/, () => '');
    expect(await pair[1].ended).toBe(await pair[0].ended);
  });

  it('tmux: panes, wide characters, a resize, copy mode', async () => {
    const pair = both(`cd ${dir}; tmux -L sallyport-%-${process.pid} -f /dev/null new-session 'bash --rcfile ${dir}/bashrc' \\; set status off`);
    await same(pair, 'ready>');
    await step(pair, 'tmux split-window -h "bash --rcfile bashrc"\r', /│ready> /);
    await step(pair, 'cat pane\r', 'f29');
    resize(pair, 120, 40);
    await same(pair, /./);
    await step(pair, '\u0002[', /\[0\/\d+\]/);
    await step(pair, 'q', 'ready>');
    await step(pair, 'tmux kill-server\r', /^/, () => '');
    expect(await pair[1].ended).toBe(await pair[0].ended);
  });

  it('24-bit colours, styles, links and characters of every width pass byte for byte', async () => {
    const [plain, proxied] = both(`stty -opost; cat ${dir}/colours`);
    expect(await proxied.ended).toBe(await plain.ended);
    expect(proxied.received.toString()).toBe(plain.received.toString());
    expect(proxied.received.toString()).toContain(colours());
    expect(proxied.look()).toEqual(plain.look());
  });
});

describe('programs with values on their screen', () => {
  /** Cells that differ, as text of the one and of the other. */
  function difference(plain: Look, proxied: Look): { plain: string; proxied: string; looks: boolean } {
    let [a, b, looks] = ['', '', true];
    for (const [y, row] of plain.rows.entries())
      for (const [x, cell] of row.entries()) {
        const other = proxied.rows[y]?.[x];
        if (other === undefined || other.fg !== cell.fg || other.bg !== cell.bg || other.style !== cell.style) looks = false;
        if (other?.text === cell.text) continue;
        a += cell.text;
        b += other?.text ?? '';
      }
    return { plain: a, proxied: b, looks };
  }

  it.each([
    ['cat', (): string => `stty -opost; head -20 ${dir}/people.txt | sed 's/$/\\r/'; sleep 60`],
    ['less', (): string => `less ${dir}/people.txt`],
    ['vim', (): string => `vim -N -u NONE -i NONE -n ${dir}/people.txt`],
    ['vim with colours and numbers', (): string => `vim -N -u NONE -i NONE -n -c 'set number cursorline hlsearch' -c 'match Search /person\\|1111/' ${dir}/people.txt`],
    ['tmux', (): string => `tmux -L sallyport-v%-${process.pid} -f /dev/null new-session 'cat ${dir}/people.txt; sleep 60' \\; set status off`],
  ])('%s: only the values differ, the layout is the same', async (_, command) => {
    const [plain, proxied] = both(command());
    await plain.shows(EMAIL);
    await proxied.shows('paid with');
    await eventually(() => {
      const { plain: hidden, proxied: mask } = difference(plain.look(), proxied.look());
      expect(hidden.length, `${plain.text}\n---\n${proxied.text}`).toBeGreaterThan(400);
      expect(mask).toMatch(/^(?:msk_email_[bcdfghjkmnpqrtvw]+|\*)+$/);
      // A value that was drawn in pieces is painted over when the screen is quiet.
      for (const value of SECRETS) expect(proxied.text).not.toContain(value);
    }, SOON_MS);
    expect(difference(plain.look(), proxied.look()).looks).toBe(true);
    expect(proxied.look().cursor).toEqual(plain.look().cursor);
    for (const value of SECRETS) expect(proxied.received.includes(value)).toBe(false);
  });
});

it('no value is in a recording, an object of the store or the gateway\'s output', async () => {
  await eventually(() => expect(world.events('session.closed').length).toBe(world.events('session.opened').length));
  await world.gateway.uploaded(world.events('session.opened').map((e) => String(e['session_id'])));
  expect(leaksUnder(world.gateway.dataDir, SECRETS)).toEqual([]);
  for (const value of SECRETS) expect(world.gateway.stdout).not.toContain(value);
});
