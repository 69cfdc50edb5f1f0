/** Where the active cell goes for a key. Pure. */

export interface CellAt {
  readonly row: number;
  readonly column: number;
}

const clamp = (value: number, max: number): number => Math.max(0, Math.min(max, value));

/** The new cell, or undefined for a key that does not move. `mod` is Ctrl or Cmd. */
export function moveCell(at: CellAt, key: string, mod: boolean, size: { readonly rows: number; readonly columns: number }, pageRows = 20): CellAt | undefined {
  if (size.rows === 0 || size.columns === 0) return undefined;
  const last = { row: size.rows - 1, column: size.columns - 1 };
  const to = (row: number, column: number): CellAt => ({ row: clamp(row, last.row), column: clamp(column, last.column) });
  switch (key) {
    case 'ArrowUp':
      return to(mod ? 0 : at.row - 1, at.column);
    case 'ArrowDown':
      return to(mod ? last.row : at.row + 1, at.column);
    case 'ArrowLeft':
      return to(at.row, mod ? 0 : at.column - 1);
    case 'ArrowRight':
      return to(at.row, mod ? last.column : at.column + 1);
    case 'Home':
      return to(mod ? 0 : at.row, 0);
    case 'End':
      return to(mod ? last.row : at.row, last.column);
    case 'PageUp':
      return to(at.row - pageRows, at.column);
    case 'PageDown':
      return to(at.row + pageRows, at.column);
    default:
      return undefined;
  }
}
