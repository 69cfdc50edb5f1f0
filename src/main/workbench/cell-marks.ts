/**
 * Which cells the detectors masked. The proxy tells classes and counts; the cells themselves show their mask: a token,
 * or stars. Cells of columns that are masked whole are not looked at.
 */
import type { MaskInfo } from '../../contract/ipc/common.ts';
import type { CellMark } from '../../contract/ipc/workbench.ts';
import type { DataClass } from '../../policy/types.ts';
import { maskTokenSpans, tokenSlug } from '../../policy/mask/token.ts';

const STARS = /\*{3,}/;
/** Rows that are looked at: a person reads the first screens, and the proxy shares this process. */
const MAX_ROWS = 20_000;

export interface MarkInput {
  readonly rows: readonly (readonly (string | null)[])[];
  readonly maskedColumns: ReadonlySet<number>;
  /** Cells by class id, as the proxy counted them, whole columns included. */
  readonly detected: Readonly<Record<string, number>>;
  readonly classes: readonly DataClass[];
}

export function findCellMarks(input: MarkInput): CellMark[] {
  const classes = input.classes.filter((c) => (input.detected[c.id] ?? 0) > 0);
  if (classes.length === 0) return [];
  const marks: CellMark[] = [];
  input.rows.slice(0, MAX_ROWS).forEach((cells, row) => {
    cells.forEach((text, column) => {
      if (text === null || input.maskedColumns.has(column)) return;
      const mask = maskOf(text, classes);
      if (mask !== undefined) marks.push({ row, column, mask });
    });
  });
  return marks;
}

function maskOf(text: string, classes: readonly DataClass[]): MaskInfo | undefined {
  const span = maskTokenSpans(text)[0];
  if (span !== undefined) {
    const token = text.slice(span.start, span.end);
    const found = classes.find((c) => token.startsWith(`msk_${tokenSlug(c.id)}_`));
    if (found !== undefined) return info(found);
  }
  if (!STARS.test(text)) return undefined;
  const starred = classes.filter((c) => c.mask.kind === 'partial' || c.mask.kind === 'full');
  return starred[0] === undefined ? undefined : { ...info(starred[0]), ...(starred.length === 1 ? {} : { classId: starred.map((c) => c.id).join(' or ') }) };
}

const info = (c: DataClass): MaskInfo => ({ classId: c.id, kind: c.mask.kind, rule: `detector of class ${c.id}` });
