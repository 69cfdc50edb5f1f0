/**
 * asciicast v3 export: a view of a session for players. Derived, never signed: its comment names the verified source.
 * Values in recordings are masked already. Control characters of a database are made visible here, so that a row cannot
 * steer the auditor's terminal; what an SSH terminal showed is given as it was, since that is what is looked at.
 */
import type { Json } from '../base/jcs.ts';
import { type CastChannel, channelEvents, sessionEvents } from './cast-ssh.ts';
import { type CastEvent, clearText, dim, fieldText as text, line, note, reasonText as reason, visible } from './cast-text.ts';
import type { ReadRecord } from './read.ts';
import type { OpenStatement } from './types.ts';

export interface CastSource {
  readonly open: OpenStatement;
  /** Records and root (hex) that the verifier computed. */
  readonly size: number;
  readonly root: string;
}

const maxCellChars = 60;
const maxRowsShown = 200;

/** Where nothing says how large a screen is. */
const usualTerm = { cols: 120, rows: 40 };

/**
 * Lines of the cast, each with its line feed.
 * @param channel of an SSH session: the one that is shown; absent, the session is told in lines
 */
export async function* castLines(records: AsyncIterable<ReadRecord>, source: CastSource, channel?: CastChannel): AsyncGenerator<string> {
  const { open } = source;
  const header = { version: 3, term: channel?.size ?? usualTerm, timestamp: Math.floor(open.t / 1000), title: visible(`${open.user.name} on ${open.target.connection}`) };
  yield `${JSON.stringify(header)}\n`;
  yield `# srb: origin=${open.origin} size=${source.size} root=${source.root}\n`;
  let last = 0;
  for await (const record of records) {
    const at = Math.max(last, Math.floor(record.m / 1_000_000));
    let gap = at - last;
    last = at;
    for (const [code, data] of channel === undefined ? (sessionEvents(record) ?? eventsOf(record, open.target.database)) : channelEvents(record, channel)) {
      yield `${JSON.stringify([gap / 1000, code, data])}\n`;
      gap = 0;
    }
  }
}

function eventsOf(r: ReadRecord, database: string): CastEvent[] {
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

function statement(r: ReadRecord, database: string): CastEvent[] {
  const sql = text(r, 'sql');
  const events: CastEvent[] = [
    ['m', `sql: ${sql.slice(0, 80)}`],
    ['o', `${visible(database)}=> `],
    ['i', `${sql}\n`],
    ['o', line(sql)],
  ];
  const dec = r.clear['dec'];
  if (typeof dec === 'string' && dec !== 'allow') events.push(...note(`decision: ${visible(dec)}${reason(r)}`));
  return events;
}

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
