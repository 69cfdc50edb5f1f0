/** CSV as RFC 4180 says, for results as they are shown: masked cells stay masked. */
import type { Cell, Row } from '../contract/ipc/common.ts';

/**
 * Text that a spreadsheet would run as a formula gets a leading apostrophe. Plain numbers are left alone, so that
 * `-5` stays a number.
 */
export function neutralizeFormula(text: string): string {
  if (!/^[=+\-@\t\r]/.test(text)) return text;
  return /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? text : `'${text}`;
}

/** NULL is an empty field; an empty string is a quoted empty field, so the two stay apart. */
export function csvField(cell: Cell): string {
  if (cell === null) return '';
  const text = neutralizeFormula(cell);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const csvLine = (cells: Row): string => `${cells.map(csvField).join(',')}\r\n`;

/** Lines of a whole result, header first; lazily, so that a large result is not built as one string. */
export function* csvLines(columns: readonly { readonly name: string }[], rows: Iterable<Row>): Generator<string> {
  yield csvLine(columns.map((c) => c.name));
  for (const row of rows) yield csvLine(row);
}

/** A file name that every system takes: letters, digits, dash, dot. */
export function csvFileName(connection: string, tMs: number): string {
  const safe = connection.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '') || 'result';
  return `${safe}-${new Date(tMs).toISOString().slice(0, 19).replaceAll(':', '').replace('T', '-')}.csv`;
}
