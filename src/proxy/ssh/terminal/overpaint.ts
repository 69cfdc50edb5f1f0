/**
 * The net under the stream masker: a full-screen program may paint a value in pieces and out of order, so that it never
 * passes as one. What stands on the screen in clear is found at a quiet moment and painted over.
 */
import { noHints } from '../../../policy/mask/detect/ids.ts';
import type { ActiveDetectors } from '../../../policy/mask/detectors.ts';
import { ALL_SIGNALS } from '../../../policy/mask/detect/prefilter.ts';
import { scanText } from '../../../policy/mask/detect/scan.ts';
import type { Screen, ScreenText } from './screen.ts';

export interface Painted {
  /** Data classes of what was found, one entry for each value. */
  readonly classIds: readonly string[];
  /** What hides it; empty where a position cannot be addressed (origin mode, a scrolling region beside older rows). */
  readonly bytes: Buffer;
}

/** @returns undefined when nothing stands in clear. The caller sends the bytes to the client, and to `screen`. */
export function overpaint(screen: Screen, active: ActiveDetectors): Painted | undefined {
  const { top, rows, modes } = screen;
  const classIds: string[] = [];
  const pen = new Pen(screen);
  let paint = '';
  for (let y = top; y < top + rows; ) {
    const last = Math.min(joined(screen, y), top + rows - 1);
    const shown = screen.text(y, last);
    for (const hit of scanText(shown.text, active.ids, noHints, ALL_SIGNALS)) {
      const spec = active.specs.get(hit.detector);
      if (spec === undefined) continue;
      classIds.push(spec.classId);
      paint += marks(shown, hit.start, hit.end, pen);
    }
    y = last + 1;
  }
  if (classIds.length === 0) return undefined;
  if (modes.originMode || (screen.hasMargins && !screen.alternate)) return { classIds, bytes: Buffer.alloc(0) };
  const [before, after] = modes.insertMode ? ['\u001b[4l', '\u001b[4h'] : ['', ''];
  return { classIds, bytes: Buffer.from(before + paint + after + back(screen, pen), 'utf8') };
}

/** Rows that wrap, and full rows, continue in the next. */
function joined(screen: Screen, from: number): number {
  let y = from;
  while (y + 1 < screen.end && y - from < 8 && (screen.lastRow(y) > y || !screen.text(y, y).text.endsWith(' '))) y++;
  return y;
}

/**
 * Moves the cursor. A program that has the whole screen has placed everything by absolute rows, and so is it found again.
 * Otherwise only distances hold: the client's terminal was not empty when the session began, and how far down its
 * cursor stood is not known here.
 */
class Pen {
  readonly #absolute: boolean;
  readonly #top: number;
  #row: number;

  constructor(screen: Screen) {
    this.#absolute = screen.alternate;
    this.#top = screen.top;
    this.#row = screen.cursor.y;
  }

  to(x: number, y: number): string {
    const down = y - this.#row;
    this.#row = y;
    if (this.#absolute) return `\u001b[${y - this.#top + 1};${x + 1}H`;
    const rows = down === 0 ? '' : `\u001b[${Math.abs(down)}${down < 0 ? 'A' : 'B'}`;
    return `${rows}\u001b[${x + 1}G`;
  }
}

function marks(shown: ScreenText, from: number, to: number, pen: Pen): string {
  let out = '';
  let at = { x: -1, y: -1 };
  for (const cell of shown.cells.slice(from, to)) {
    if (cell.x === at.x - cell.width && cell.y === at.y) continue;
    if (cell.x !== at.x || cell.y !== at.y) out += pen.to(cell.x, cell.y);
    out += '*'.repeat(cell.width);
    at = { x: cell.x + cell.width, y: cell.y };
  }
  return out;
}

/** To where the program left the cursor. After the last column it is brought there by writing that column again. */
function back(screen: Screen, pen: Pen): string {
  const { x, y } = screen.cursor;
  if (x < screen.cols) return pen.to(x, y);
  const last = screen.text(y, y);
  const cell = last.cells.at(-1);
  return pen.to(cell?.x ?? screen.cols - 1, y) + last.text.slice(last.cells.findIndex((c) => c.x === cell?.x));
}
