/** Masks the rows of one result. */
import { BugError } from '../../base/errors.ts';
import type { MaskPlan } from '../types.ts';
import { holdsNoCard, maskByDetectors, maskByRule } from './cell.ts';
import { activeDetectors, ruleSpec, type ActiveDetectors, type MaskContext } from './detectors.ts';
import { hintsOf, type NameHints } from './detect/ids.ts';
import { plainlyClean } from './detect/prefilter.ts';
import { maskForm, scanForm, type MaskForm, type ScanForm } from './pg-types.ts';
import type { MaskSpec } from './render.ts';

/** A result column as RowDescription names it; `typeOid` 0 or absent means unknown. Format: 0 text, 1 binary. */
export interface ColumnDesc {
  readonly name: string;
  readonly typeOid?: number;
  readonly format: 0 | 1;
}

type Column =
  | { readonly by: 'rule'; readonly spec: MaskSpec; readonly form: MaskForm; readonly typeOid: number | undefined }
  | { readonly by: 'detectors'; readonly form: ScanForm; readonly hints: NameHints };

/** How each column of one described result is masked. Holds no state: made once, used for every result of that form. */
export class ResultMask {
  /** No column needs a look: rows may be forwarded untouched. */
  readonly passthrough: boolean;
  /** Positions of the columns that must be looked at. */
  readonly watched: readonly number[];
  readonly columns: readonly Column[];
  readonly active: ActiveDetectors;

  /** @throws BugError when the plan was made for another number of columns: nobody can say which column is which. */
  constructor(plan: MaskPlan, columns: readonly ColumnDesc[], context: MaskContext) {
    if (plan.columns !== 'detect_all' && plan.columns.length !== columns.length) {
      throw new BugError(`the mask plan has ${plan.columns.length} columns and the result has ${columns.length}`);
    }
    const active = activeDetectors(plan, context);
    const wants = { card: active.ids.has('card'), ipv4: active.ids.has('ipv4') };
    this.active = active;
    this.columns = columns.map((column, i): Column => {
      const rule = plan.columns === 'detect_all' ? 'detect' : (plan.columns[i] ?? 'detect');
      const typeOid = column.typeOid === 0 ? undefined : column.typeOid;
      if (rule !== 'detect') return { by: 'rule', spec: ruleSpec(rule, context), form: maskForm(typeOid, column.format), typeOid };
      return { by: 'detectors', form: active.ids.size === 0 ? 'skip' : scanForm(typeOid, column.format, wants), hints: hintsOf(column.name) };
    });
    this.watched = this.columns.flatMap((c, i) => (c.by === 'detectors' && c.form === 'skip' ? [] : [i]));
    this.passthrough = this.watched.length === 0;
  }
}

function isPlainlyClean(source: Buffer, start: number, end: number, how: Column & { readonly by: 'detectors' }, active: ActiveDetectors): boolean {
  if (how.form === 'number_text') return holdsNoCard(source, start, end);
  return how.form === 'text' && !how.hints.password && !how.hints.secret && plainlyClean(source, start, end, active.digitsNeeded);
}

/** Masks the cells of one result and counts what it has masked. */
export class RowMasker {
  /** Masked cells by data class. */
  readonly counts = new Map<string, number>();
  /** Class of the last masked cell. */
  lastHit: string | undefined;
  readonly #mask: ResultMask;

  constructor(mask: ResultMask) {
    this.#mask = mask;
  }

  /**
   * The masked form of a non-null cell of a watched column, `source[start, end)`, in the column's own wire format.
   * @returns undefined to leave the cell as it is, null for SQL NULL
   * @throws BugError for a column that the result does not have
   */
  maskCell(column: number, source: Buffer, start = 0, end = source.length): Buffer | null | undefined {
    const how = this.#mask.columns[column];
    if (how === undefined) throw new BugError(`column ${column} of ${this.#mask.columns.length} does not exist`);
    if (how.by === 'rule') {
      const masked = maskByRule(how.spec, source, start, end, how.typeOid, how.form);
      if (masked !== undefined) this.#count(how.spec.classId);
      return masked;
    }
    // Most cells hold nothing: told before an object is made for them.
    if (isPlainlyClean(source, start, end, how, this.#mask.active)) return undefined;
    const found = maskByDetectors(source.subarray(start, end), how.form, this.#mask.active, how.hints);
    if (found === undefined) return undefined;
    for (const id of found.classIds) this.#count(id);
    return found.cell;
  }

  #count(classId: string): void {
    this.counts.set(classId, (this.counts.get(classId) ?? 0) + 1);
    this.lastHit = classId;
  }
}
