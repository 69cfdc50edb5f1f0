/**
 * One statement's result on its way through: rows masked by the plan, counted, and kept (masked) for the recording
 * up to the level's bound, with count and digest of the rest (design.md section 9).
 */
import { createHash, type Hash } from 'node:crypto';
import { MalformedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Json } from '../../base/jcs.ts';
import { ResultMask, RowMasker, type ColumnDesc, type MaskContext } from '../../policy/mask/index.ts';
import type { MaskPlan, RecordLevel } from '../../policy/types.ts';
import { checkDataRowIn, forEachCell, HEADER_BYTES, RowRewriter } from '../../wire/postgres/index.ts';
import type { MaskedColumn } from '../core/events.ts';
import type { Output } from './output.ts';

/** Bytes of masked rows that a level keeps per statement. */
function keepBytes(level: RecordLevel): number {
  switch (level) {
    case 'statement':
      return 0;
    case 'masked':
      return limits.recordedResponseBytes;
    case 'full':
    case 'sealed':
      return limits.recordLineBytes / 4;
  }
}

/** Everything about a result that its description and its plan say: made once, shared by every execution. */
export class ResultShape {
  readonly columns: readonly ColumnDesc[];
  readonly mask: ResultMask;
  readonly isWatched: Uint8Array;
  readonly masked: readonly MaskedColumn[];
  /** Data classes that are shown in clear. */
  readonly shown: readonly string[];
  readonly keep: number;
  /** Names as the recording may hold them; set by the journal, which masks them. */
  recordedNames: readonly string[] | undefined;

  constructor(columns: readonly ColumnDesc[], plan: MaskPlan, context: MaskContext, level: RecordLevel) {
    this.columns = columns;
    this.mask = new ResultMask(plan, columns, context);
    this.isWatched = new Uint8Array(columns.length);
    for (const i of this.mask.watched) this.isWatched[i] = 1;
    this.masked = plan.columns === 'detect_all' ? [] : plan.columns.flatMap((c, column) => (c === 'detect' ? [] : [{ column, classId: c.classId, rule: c.rule }]));
    this.shown = plan.shown ?? [];
    this.keep = keepBytes(level);
  }
}

const NO_COUNTS: Readonly<Record<string, number>> = {};

export class StatementResult {
  readonly shape: ResultShape;
  readonly #masker: RowMasker;
  readonly #rewriter: RowRewriter;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #hash: Hash | undefined;
  #run: Buffer | undefined;
  #runStart = 0;
  #runEnd = 0;
  rows = 0;
  bytes = 0;

  constructor(shape: ResultShape) {
    this.shape = shape;
    const masker = new RowMasker(shape.mask);
    this.#masker = masker;
    this.#rewriter = new RowRewriter(shape.isWatched, (index, source, start, end) => masker.maskCell(index, source, start, end));
  }

  /** Passes one DataRow, `source[start, end)` with its header, to `out`. @throws MalformedError for a row that does not decode. */
  row(source: Buffer, start: number, end: number, out: Output): void {
    this.rows++;
    const rewriter = this.#rewriter;
    if (this.#isRewritten(source, start, end)) {
      out.view(rewriter.bytes, rewriter.start, rewriter.end);
      this.#capture(rewriter.bytes, rewriter.start, rewriter.end);
    } else {
      out.view(source, start, end);
      this.#capture(source, start, end);
    }
  }

  #isRewritten(source: Buffer, start: number, end: number): boolean {
    if (!this.shape.mask.passthrough) return this.#rewriter.rewrite(source, start, end);
    const cells = checkDataRowIn(source, start + HEADER_BYTES, end);
    if (cells !== this.shape.columns.length) throw new MalformedError('malformed.value', `a row of ${cells} cells in a result of ${this.shape.columns.length} columns`);
    return false;
  }

  #capture(source: Buffer, start: number, end: number): void {
    this.bytes += end - start;
    if (this.#keptBytes + (end - start) <= this.shape.keep && !this.#hash) {
      this.#kept.push(source.subarray(start, end));
      this.#keptBytes += end - start;
      return;
    }
    this.#hash ??= createHash('sha256');
    if (this.#run === source && this.#runEnd === start) {
      this.#runEnd = end;
      return;
    }
    this.#hashRun();
    this.#run = source;
    this.#runStart = start;
    this.#runEnd = end;
  }

  /** Must be called before the received chunk is let go. */
  #hashRun(): void {
    if (this.#run && this.#hash) this.#hash.update(this.#run.subarray(this.#runStart, this.#runEnd));
    this.#run = undefined;
  }

  /** Cells masked so far, by data class. */
  get counts(): Readonly<Record<string, number>> {
    return this.#masker.counts.size === 0 ? NO_COUNTS : Object.fromEntries(this.#masker.counts);
  }

  /** What the recording keeps of the rows. Call once, at the end. */
  content(): { rows: Json; keptRows: number; restSha256: string | undefined } {
    this.#hashRun();
    const rows = this.#kept.map((row) => decodeRow(row, this.shape.columns));
    const restSha256 = this.#hash?.digest('hex');
    const keptRows = this.#kept.length;
    this.#kept = [];
    return { rows, keptRows, restSha256 };
  }
}

/** Text cells as text, binary ones as {b64}. The cells are masked already. */
function decodeRow(row: Buffer, columns: readonly ColumnDesc[]): Json {
  const body = row.subarray(HEADER_BYTES);
  const cells: Json[] = [];
  forEachCell(body, (index, at, length) => {
    if (length < 0) cells.push(null);
    else if (columns[index]?.format === 1) cells.push({ b64: body.toString('base64', at, at + length) });
    else cells.push(body.toString('utf8', at, at + length));
  });
  return cells;
}
