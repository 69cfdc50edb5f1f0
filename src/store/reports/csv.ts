/** CSV by RFC 4180: CRLF, every text quoted. Cells that a spreadsheet would run as a formula are made text. */
import type { Report } from '../../contract/store/index.ts';

/** OWASP's list of first characters, after any white space that a spreadsheet skips. */
const FORMULA = /^[\s\p{Cc}]*[=+\-@\uff1d\uff0b\uff0d\uff20|]|^[\t\r]/u;
/** Spreadsheets cut or refuse longer cells. */
const CELL_CHARS = 32_000;

type Cell = string | number | null;

export function csvOf(report: Report): string {
  const lines = [report.columns.map((c) => quoted(c.title))];
  for (const row of report.rows) lines.push(row.map((cell, i) => cellText(cell, report.columns[i]?.type ?? 'text')));
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('');
}

function cellText(cell: Cell, type: 'text' | 'number' | 'time'): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return type === 'time' ? quoted(isoTime(cell)) : String(cell);
  return quoted(safeText(cell));
}

/** An apostrophe before it: what follows is shown, not run. */
export const safeText = (text: string): string => (FORMULA.test(text) ? `'${text}` : text).slice(0, CELL_CHARS);

const quoted = (text: string): string => `"${text.replaceAll('"', '""').replaceAll('\u0000', '')}"`;

export const isoTime = (ms: number): string => new Date(ms).toISOString();
