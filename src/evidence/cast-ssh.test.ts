/** SSH sessions as casts: one channel on one screen. */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { open, record } from '../testing/ocsf-samples.ts';
import { castChannels, mainChannel } from './cast-ssh.ts';
import { castLines } from './cast.ts';
import type { ReadRecord } from './read.ts';

const E = '\u001b';
const on = (channel: number, r: ReadRecord): ReadRecord => ({ ...r, channel });
const stream = (all: readonly ReadRecord[]): AsyncIterable<ReadRecord> => Readable.from(all) as AsyncIterable<ReadRecord>;

const session: readonly ReadRecord[] = [
  on(0, record(0, 'conn.open', {})),
  on(1, record(1, 'ssh.exec', { dec: 'allow', pol: [], pty: false }, { command: 'df -h' })),
  on(1, record(2, 'ssh.output', { q: 1, fd: 1, bytes: 9 }, { data: 'used\n90%\n' })),
  on(1, record(3, 'ssh.exit', { q: 1, status: 0 })),
  on(2, record(4, 'ssh.shell', { dec: 'allow', pol: [], pty: true, cols: 101, rows: 31 }, { term: 'xterm' })),
  on(2, record(5, 'ssh.pty.out', { bytes: 4 }, { data: `${E}[1m$ ` })),
  on(3, record(6, 'ssh.sftp', { dec: 'allow', pol: [], op: 'open_read' }, { path: '/etc/hosts' })),
  on(2, record(7, 'ssh.pty.in', { bytes: 3, hidden: 4 }, { data: 'ls\r' })),
  on(2, record(8, 'ssh.exec', { dec: 'deny', pol: ['no'], typed: true }, { command: 'ls', reason: 'not here' })),
  on(2, record(9, 'ssh.pty.resize', { cols: 120, rows: 40 })),
  on(2, record(10, 'ssh.pty.out', { bytes: 2 }, { data: { b64: 'Yf8=' } })),
  on(2, { ...record(11, 'ssh.pty.out', { bytes: 9 }), removed: ['data'] }),
  on(2, record(12, 'ssh.exit', { q: 4, status: 130 })),
  on(4, record(13, 'ssh.exec', { dec: 'allow', pol: [], pty: false }, { command: 'true' })),
];

async function cast(channel?: number): Promise<unknown[][]> {
  const channels = await castChannels(stream(session));
  const chosen = channel === undefined ? mainChannel(channels) : channels.find((c) => c.channel === channel);
  const lines: string[] = [];
  for await (const line of castLines(stream(session), { open, size: 14, root: 'ab' }, chosen)) lines.push(line);
  return lines.filter((l) => !l.startsWith('#')).map((l) => JSON.parse(l) as unknown[]);
}

describe('a shell', () => {
  it('is what its terminal showed, at its size, with what it was asked as markers and its status at the end', async () => {
    const [header, ...events] = await cast();
    expect(header).toMatchObject({ version: 3, term: { cols: 101, rows: 31 } });
    expect(events.map(([, code, data]) => [code, data])).toEqual([
      ['m', 'shell'],
      ['o', `${E}[1m$ `],
      ['i', 'ls\r'],
      ['m', 'line: ls (deny: not here)'],
      ['r', '120x40'],
      ['o', 'a\ufffd'],
      ['o', `${E}[33m[removed]${E}[0m\r\n`],
      ['x', '130'],
    ]);
    const total = events.reduce((sum, [gap]) => sum + Number(gap), 0);
    expect(total).toBeCloseTo(0.012);
  });
});

describe('other channels', () => {
  it('are chosen by their number; those that showed nothing are none', async () => {
    expect((await castChannels(stream(session))).map((c) => [c.channel, c.title])).toEqual([[1, 'df -h'], [2, 'shell']]);
    const [header, ...events] = await cast(1);
    expect(header).toMatchObject({ term: { cols: 120, rows: 40 } });
    expect(events.map(([, code, data]) => [code, data])).toEqual([['m', 'command: df -h'], ['o', `${E}[2m$ df -h${E}[0m\r\n`], ['o', 'used\r\n90%\r\n'], ['x', '0']]);
  });

  it('of a session that showed nothing are told in lines', async () => {
    const lines: string[] = [];
    for await (const line of castLines(stream(session.slice(6, 7)), { open, size: 1, root: 'ab' }, mainChannel([]))) lines.push(line);
    expect(lines.join('')).toContain('sftp open_read /etc/hosts');
  });
});
