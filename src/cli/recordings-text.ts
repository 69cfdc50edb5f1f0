/** A record as one or a few lines for people. Control characters are made visible: a row must not steer a terminal. */
import type { Json } from '../base/jcs.ts';
import type { ReadRecord } from '../evidence/read.ts';

const MAX_ROWS = 20;

export function recordLine(r: ReadRecord): string {
  const time = new Date(r.t).toISOString();
  const clear = Object.entries(r.clear)
    .map(([k, v]) => `${k}=${Array.isArray(v) ? v.join(',') : String(v)}`)
    .join(' ');
  const lines = [`${String(r.n).padStart(5)}  ${time}  ${r.kind}  ${clear}`];
  for (const [name, value] of Object.entries(r.fields)) lines.push(...fieldLines(name, value));
  for (const name of r.removed) lines.push(`       ${name}: (redacted)`);
  return `${lines.map(visible).join('\n')}\n`;
}

function fieldLines(name: string, value: Json): string[] {
  if (name === 'rows' && Array.isArray(value)) {
    const rows = value.slice(0, MAX_ROWS).map((row: Json) => `       | ${Array.isArray(row) ? row.map(cell).join(' | ') : cell(row)}`);
    return value.length > MAX_ROWS ? [...rows, `       | ... ${value.length - MAX_ROWS} more`] : rows;
  }
  if (typeof value !== 'string') return [`       ${name}: ${JSON.stringify(value)}`];
  const [first = '', ...rest] = value.split(/\r?\n/);
  return [`       ${name}: ${first}`, ...rest.map((line) => `         ${line}`)];
}

const cell = (value: Json): string => (value === null ? '∅' : typeof value === 'string' ? value : JSON.stringify(value));

function visible(text: string): string {
  return Array.from(text, (c) => ((c.codePointAt(0) ?? 0) < 0x20 || c === '\u007f' ? `\\x${(c.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}` : c)).join('');
}
