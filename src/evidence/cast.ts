/**
 * asciicast v3 export: a view of a session for players. Derived, never signed: its comment names the verified source.
 * Values in recordings are masked already. Control characters of a database are made visible here, so that a row cannot
 * steer the auditor's terminal; what an SSH terminal showed is given as it was, since that is what is looked at.
 */
import { fromBase64 } from '../base/encoding.ts';
import type { Json } from '../base/jcs.ts';
import type { ReadRecord } from './read.ts';
import type { OpenStatement } from './types.ts';

export interface CastSource {
  readonly open: OpenStatement;
  /** Records and root (hex) that the verifier computed. */
  readonly size: number;
  readonly root: string;
}

const cols = 120;
const rows = 40;
const maxCellChars = 60;
const maxRowsShown = 200;

type Event = readonly [code: 'i' | 'o' | 'm' | 'r' | 'x', data: string];

/** Lines of the cast, each with its line feed. */
export async function* castLines(records: AsyncIterable<ReadRecord>, source: CastSource): AsyncGenerator<string> {
  const { open } = source;
  const header = { version: 3, term: { cols, rows }, timestamp: Math.floor(open.t / 1000), title: visible(`${open.user.name} on ${open.target.connection}`) };
  yield `${JSON.stringify(header)}\n`;
  yield `# srb: origin=${open.origin} size=${source.size} root=${source.root}\n`;
  let last = 0;
  for await (const record of records) {
    const at = Math.max(last, Math.floor(record.m / 1_000_000));
    let gap = at - last;
    last = at;
    for (const [code, data] of eventsOf(record, open.target.database)) {
      yield `${JSON.stringify([gap / 1000, code, data])}\n`;
      gap = 0;
    }
  }
}

function eventsOf(r: ReadRecord, database: string): Event[] {
  switch (r.kind) {
    case 'sql.query':
    case 'sql.parse':
      return statement(r, database);
    case 'sql.bind':
      return r.fields['params'] === undefined ? [] : [['o', dim(`-- parameters: ${visible(JSON.stringify(r.fields['params']))}`)]];
    case 'sql.result':
      return [['o', result(r)]];
    case 'sql.copy':
      return [['o', line(`COPY ${clearText(r, 'dir')}: ${clearText(r, 'bytes')} bytes`)]];
    case 'sql.error':
      return [['o', line(`ERROR ${clearText(r, 'code')}: ${text(r, 'message')}`, 31)]];
    case 'sql.notice':
      return [['o', line(`NOTICE: ${text(r, 'text')}`)]];
    case 'ssh.shell':
    case 'ssh.exec':
    case 'ssh.sftp':
    case 'ssh.forward':
      return sshRequest(r);
    case 'ssh.pty.out':
      return terminal('o', r);
    case 'ssh.pty.in':
      return terminal('i', r);
    case 'ssh.pty.resize':
      return [['r', `${clearText(r, 'cols')}x${clearText(r, 'rows')}`]];
    case 'ssh.output':
      return [['o', line(text(r, 'data').replace(/\n$/, ''))]];
    case 'ssh.exit':
      return [...note(`channel ${r.channel} ended: ${r.clear['signal'] === undefined ? `status ${clearText(r, 'status')}` : clearText(r, 'signal')}`), ...(typeof r.clear['status'] === 'number' ? [['x', String(r.clear['status'])] as const] : [])];
    case 'ssh.sftp.end':
      return [['o', dim(`-- status ${clearText(r, 'status')}, read ${clearText(r, 'read')}, written ${clearText(r, 'written')}`)]];
    case 'ssh.forward.end':
      return [['o', dim(`-- sent ${clearText(r, 'sent')}, received ${clearText(r, 'received')}`)]];
    case 'policy.decision':
      return note(`decision: ${clearText(r, 'dec')}${reason(r)}`);
    case 'approval.request':
      return note(`approval asked: ${clearText(r, 'id')}`);
    case 'approval.decision':
      return note(`approval ${r.clear['counted'] === false ? 'not counted' : 'decided'}: ${clearText(r, 'id')}${reason(r)}`);
    case 'gap':
      return note(`gap in the recording: ${clearText(r, 'reason')}`);
    case 'session.note':
      return note(text(r, 'text'));
    default:
      return [];
  }
}

function statement(r: ReadRecord, database: string): Event[] {
  const sql = text(r, 'sql');
  const events: Event[] = [
    ['m', `sql: ${sql.slice(0, 80)}`],
    ['o', `${visible(database)}=> `],
    ['i', `${sql}\n`],
    ['o', line(sql)],
  ];
  const dec = r.clear['dec'];
  if (typeof dec === 'string' && dec !== 'allow') events.push(...note(`decision: ${visible(dec)}${reason(r)}`));
  return events;
}

/** What was asked of an SSH target, and whether it was allowed. */
function sshRequest(r: ReadRecord): Event[] {
  const what = r.kind === 'ssh.exec' ? text(r, 'command') : r.kind === 'ssh.shell' ? 'an interactive shell' : r.kind === 'ssh.sftp' ? `sftp ${clearText(r, 'op')} ${text(r, 'path')} ${text(r, 'new_path')}` : `forward to ${text(r, 'host')}:${clearText(r, 'port')}`;
  const size: Event[] = typeof r.clear['cols'] === 'number' && r.clear['cols'] > 0 ? [['r', `${clearText(r, 'cols')}x${clearText(r, 'rows')}`]] : [];
  const dec = clearText(r, 'dec');
  return [...size, ['m', `ssh: ${what.slice(0, 80)}`], ['o', line(`$ ${what.trim()}`, 2)], ...(dec === 'allow' ? [] : note(`decision: ${dec}${reason(r)}`))];
}

const raw = new TextDecoder('utf-8');

/** Bytes of a terminal as they were; what is not UTF-8 becomes U+FFFD here and stays whole in the recording. */
function terminal(code: 'i' | 'o', r: ReadRecord): Event[] {
  const data = r.fields['data'];
  if (r.removed.includes('data')) return [['o', line('[removed]', 33)]];
  if (typeof data === 'string') return [[code, data]];
  const b64 = typeof data === 'object' && data !== null && 'b64' in data ? data.b64 : undefined;
  return typeof b64 === 'string' ? [[code, raw.decode(fromBase64(b64))]] : [];
}

const reason = (r: ReadRecord): string => (r.fields['reason'] === undefined ? '' : `: ${text(r, 'reason')}`);

/** A marker on the timeline and a yellow line on the screen. */
const note = (message: string): Event[] => [
  ['m', message],
  ['o', line(message, 33)],
];

function result(r: ReadRecord): string {
  const names = Array.isArray(r.fields['columns']) ? r.fields['columns'].map(cell) : [];
  const all = Array.isArray(r.fields['rows']) ? r.fields['rows'] : [];
  const shown = all.slice(0, maxRowsShown).map((row: Json) => (Array.isArray(row) ? row.map(cell) : [cell(row)]));
  let out = '';
  if (names.length > 0) {
    const widths = names.map((name, i) => Math.max(name.length, ...shown.map((row) => row[i]?.length ?? 0)));
    const draw = (values: readonly string[]): string => ` ${widths.map((w, i) => (values[i] ?? '').padEnd(w)).join(' | ')}\r\n`;
    out += draw(names) + `${widths.map((w) => '-'.repeat(w + 2)).join('+')}\r\n` + shown.map(draw).join('');
  }
  const total = r.clear['rows'];
  const hidden = typeof total === 'number' && total > shown.length ? ` (${total} rows, ${shown.length} shown)` : '';
  const removed = r.removed.length > 0 ? ` [removed: ${r.removed.join(', ')}]` : '';
  return out + line(`${clearText(r, 'tag')}${hidden}${removed}`);
}

function cell(value: Json): string {
  const shown = value === null ? '' : visible(typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('\n', ' ');
  return shown.length > maxCellChars ? `${shown.slice(0, maxCellChars - 1)}\u2026` : shown;
}

function text(r: ReadRecord, field: string): string {
  if (r.removed.includes(field)) return '[removed]';
  const value = r.fields[field];
  return value === undefined ? '' : visible(typeof value === 'string' ? value : JSON.stringify(value));
}

const clearText = (r: ReadRecord, name: string): string => {
  const value = r.clear[name];
  return value === undefined || value === null ? '' : visible(String(value));
};

/** Line feeds stay, tabs become spaces; all other control characters become pictures (U+2400 block). */
const visible = (s: string): string =>
  s.replace(/\p{Cc}/gu, (c) => {
    const code = c.codePointAt(0) ?? 0;
    if (c === '\n') return c;
    if (c === '\t') return ' ';
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : '\u2421';
  });

const line = (s: string, colour?: number): string => {
  const body = s.replaceAll('\n', '\r\n');
  return colour === undefined ? `${body}\r\n` : `\u001b[${colour}m${body}\u001b[0m\r\n`;
};

const dim = (s: string): string => line(s, 2);
