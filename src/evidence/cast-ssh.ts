/**
 * SSH sessions as casts. A cast has one screen, so it shows one channel: with a terminal exactly what that showed, and
 * decisions as markers beside it; without one the output under the command. A session that showed nothing, file
 * transfers say, is told in lines.
 */
import { fromBase64 } from '../base/encoding.ts';
import { type CastEvent, clearText, dim, fieldText, line, note, reasonText, visible } from './cast-text.ts';
import type { ReadRecord } from './read.ts';

/** A channel that showed something. */
export interface CastChannel {
  readonly channel: number;
  /** What it was opened for: `shell`, or the command. */
  readonly title: string;
  readonly isShell: boolean;
  /** Its terminal's first size; undefined without a terminal. */
  readonly size: { readonly cols: number; readonly rows: number } | undefined;
}

const TITLE_CHARS = 80;
/** Players make room for what they are told. */
const MAX_COLS = 500;
const MAX_ROWS = 200;
const USUAL = { cols: 80, rows: 24 };

/** Channels of a session, in the order in which they were opened. */
export async function castChannels(records: AsyncIterable<ReadRecord>): Promise<CastChannel[]> {
  const asked = new Map<number, CastChannel>();
  const shown = new Set<number>();
  for await (const r of records) {
    if (r.kind === 'ssh.pty.out' || r.kind === 'ssh.output') shown.add(r.channel);
    if ((r.kind !== 'ssh.shell' && r.kind !== 'ssh.exec') || asked.has(r.channel)) continue;
    const isShell = r.kind === 'ssh.shell';
    const title = isShell ? 'shell' : fieldText(r, 'command').replaceAll('\n', ' ').slice(0, TITLE_CHARS);
    asked.set(r.channel, { channel: r.channel, title, isShell, size: r.clear['pty'] === true ? sizeOf(r) : undefined });
  }
  return [...asked.values()].filter((c) => shown.has(c.channel));
}

/** The channel that a cast shows when nobody says which: the first shell, else the first with a terminal, else the first. */
export const mainChannel = (channels: readonly CastChannel[]): CastChannel | undefined => channels.find((c) => c.isShell) ?? channels.find((c) => c.size !== undefined) ?? channels[0];

function sizeOf(r: ReadRecord): { cols: number; rows: number } {
  const { cols, rows } = r.clear;
  if (typeof cols !== 'number' || typeof rows !== 'number' || cols < 1 || rows < 1) return USUAL;
  return { cols: Math.min(cols, MAX_COLS), rows: Math.min(rows, MAX_ROWS) };
}

/** Events of one channel. */
export function channelEvents(r: ReadRecord, c: CastChannel): CastEvent[] {
  if (r.channel !== c.channel) return [];
  switch (r.kind) {
    case 'ssh.pty.out':
      return data('o', r);
    case 'ssh.pty.in':
      // What was typed and not shown is not in the recording.
      return data('i', r);
    case 'ssh.pty.resize': {
      const { cols, rows } = sizeOf(r);
      return [['r', `${cols}x${rows}`]];
    }
    case 'ssh.output':
      return data('o', r).map(([code, text]) => [code, text.replaceAll(/\r?\n/g, '\r\n')] as const);
    case 'ssh.exit':
      return exitOf(r);
    case 'ssh.exec':
      // Lines of a shell stand on its screen already.
      return [['m', marker(`${r.clear['typed'] === true ? 'line' : 'command'}: ${fieldText(r, 'command')}${decided(r)}`)], ...(c.size === undefined ? [['o', line(`$ ${fieldText(r, 'command')}`, 2)] as const] : [])];
    case 'ssh.shell':
      return [['m', marker(`shell${decided(r)}`)]];
    case 'policy.decision':
      return [['m', marker(`decision: ${clearText(r, 'dec')}${reasonText(r)}`)]];
    case 'approval.request':
      return [['m', marker(`approval asked: ${clearText(r, 'id')}`)]];
    case 'approval.decision':
      return [['m', marker(`approval ${r.clear['counted'] === false ? 'not counted' : 'decided'}: ${clearText(r, 'id')}${reasonText(r)}`)]];
    default:
      return [];
  }
}

const marker = (text: string): string => text.replaceAll('\n', ' ').slice(0, 200);
const decided = (r: ReadRecord): string => (r.clear['dec'] === 'allow' ? '' : ` (${clearText(r, 'dec')}${reasonText(r)})`);

function exitOf(r: ReadRecord): CastEvent[] {
  const { status, signal } = r.clear;
  if (typeof status === 'number') return [['x', String(status)]];
  return [['m', typeof signal === 'string' ? `ended by signal ${visible(signal)}` : 'ended without an exit status']];
}

/** A session in lines: what was asked, and how it ended. Undefined for what other protocols have too. */
export function sessionEvents(r: ReadRecord): CastEvent[] | undefined {
  switch (r.kind) {
    case 'ssh.shell':
      return asked('an interactive shell', r);
    case 'ssh.exec':
      return asked(fieldText(r, 'command'), r);
    case 'ssh.sftp':
      return asked(`sftp ${clearText(r, 'op')} ${fieldText(r, 'path')} ${fieldText(r, 'new_path')}`, r);
    case 'ssh.forward':
      return asked(`${r.clear['dir'] === 'remote' ? 'remote forward of' : 'forward to'} ${fieldText(r, 'host')}:${clearText(r, 'port')}`, r);
    case 'ssh.forward.bound':
      return [['o', dim(`-- the target listens on port ${clearText(r, 'port')}`)]];
    case 'ssh.forward.open':
      return [['o', dim(`-- a connection from ${fieldText(r, 'host')}:${clearText(r, 'port')} came to the listener of record ${clearText(r, 'q')}`)]];
    case 'ssh.agent':
      return asked('agent forwarding', r);
    case 'ssh.agent.sign':
      return note(`the agent is asked for a signature: ${clearText(r, 'for')} ${fieldText(r, 'user')} with ${fieldText(r, 'key')}`);
    case 'ssh.agent.open':
    case 'ssh.agent.end':
      return [];
    case 'ssh.exit':
      return note(`channel ${r.channel} ended: ${r.clear['signal'] === undefined ? `status ${clearText(r, 'status')}` : clearText(r, 'signal')}`);
    case 'ssh.sftp.end':
      return [['o', dim(`-- status ${clearText(r, 'status')}, read ${clearText(r, 'read')}, written ${clearText(r, 'written')}`)]];
    case 'ssh.forward.end':
      return [['o', dim(`-- sent ${clearText(r, 'sent')}, received ${clearText(r, 'received')}`)]];
    default:
      return undefined;
  }
}

function asked(what: string, r: ReadRecord): CastEvent[] {
  const dec = clearText(r, 'dec');
  return [['m', marker(`ssh: ${what}`)], ['o', line(`$ ${what.trim()}`, 2)], ...(dec === 'allow' ? [] : note(`decision: ${dec}${reasonText(r)}`))];
}

const loose = new TextDecoder('utf-8');

/** Bytes of a channel as they were; what is not UTF-8 becomes U+FFFD here and stays whole in the recording. */
function data(code: 'i' | 'o', r: ReadRecord): CastEvent[] {
  const value = r.fields['data'];
  if (r.removed.includes('data')) return [['o', line('[removed]', 33)]];
  if (typeof value === 'string') return [[code, value]];
  const b64 = typeof value === 'object' && value !== null && 'b64' in value ? value.b64 : undefined;
  return typeof b64 === 'string' ? [[code, loose.decode(fromBase64(b64))]] : [];
}
