/** One result set as the grid reads it. Rows are appended in place; `version` tells React that something changed. */
import type { Cell, MaskInfo, ResultColumn, Row } from '../contract/ipc/common.ts';

export interface Mark {
  readonly row: number;
  readonly column: number;
  readonly mask: MaskInfo;
}

export type CellView =
  | { readonly kind: 'null' }
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'masked'; readonly text: string; readonly mask: MaskInfo };

/** Key of a cell mark; results stay far below 2^20 columns (PostgreSQL's limit is 1664). */
const markKey = (row: number, column: number): number => row * 4_096 + column;

export class ResultBuffer {
  columns: readonly ResultColumn[];
  readonly rows: Row[] = [];
  version = 0;
  readonly #marks = new Map<number, MaskInfo>();

  constructor(columns: readonly ResultColumn[]) {
    this.columns = columns;
  }

  append(rows: readonly Row[], marks: readonly Mark[] = []): void {
    for (const row of rows) this.rows.push(row);
    this.mark(marks);
  }

  mark(marks: readonly Mark[], columns: readonly { readonly column: number; readonly mask: MaskInfo }[] = []): void {
    for (const m of marks) this.#marks.set(markKey(m.row, m.column), m.mask);
    if (columns.length > 0) {
      const byColumn = new Map(columns.map((c) => [c.column, c.mask]));
      this.columns = this.columns.map((c, i) => ({ ...c, mask: byColumn.get(i) ?? c.mask }));
    }
    this.version++;
  }

  maskAt(row: number, column: number): MaskInfo | undefined {
    return this.#marks.get(markKey(row, column)) ?? this.columns[column]?.mask;
  }

  /** What to draw. A NULL in a masked column is a real NULL unless the mask itself makes NULLs. */
  cell(row: number, column: number): CellView {
    const value: Cell = this.rows[row]?.[column] ?? null;
    const mask = this.maskAt(row, column);
    if (mask !== undefined && (value !== null || mask.kind === 'null')) return { kind: 'masked', text: value ?? 'hidden', mask };
    return value === null ? { kind: 'null' } : { kind: 'value', text: value };
  }

  get markedCells(): number {
    return this.#marks.size;
  }

  get maskedColumns(): readonly ResultColumn[] {
    return this.columns.filter((c) => c.mask !== undefined);
  }
}

const NUMERIC = /^(smallint|integer|bigint|real|double precision|numeric|money|oid)/;

export const isNumericType = (type: string): boolean => NUMERIC.test(type) && !type.endsWith('[]');

/** A first width from header and the first rows, in pixels; the person may drag it after that. */
export function initialWidth(buffer: ResultBuffer, column: number, sampleRows = 60): number {
  const header = buffer.columns[column];
  if (header === undefined) return 120;
  let chars = Math.max(header.name.length + 2, header.type.length * 0.85 + 2);
  for (let r = 0; r < Math.min(sampleRows, buffer.rows.length); r++) {
    const cell = buffer.cell(r, column);
    const text = cell.kind === 'null' ? 'NULL' : cell.text;
    chars = Math.max(chars, Math.min(text.length, 48) + (cell.kind === 'masked' ? 4 : 0));
  }
  return Math.round(Math.min(420, Math.max(72, chars * 7.6 + 26)));
}
