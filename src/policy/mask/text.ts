/** Replaces what detectors find in a text. */
import { isAscii, isUtf8 } from 'node:buffer';
import type { ActiveDetectors } from './detectors.ts';
import { hiddenText, mayHide } from './detect/hidden.ts';
import { ALL_SIGNALS, prefilter, Signal } from './detect/prefilter.ts';
import type { NameHints } from './detect/ids.ts';
import { scanText } from './detect/scan.ts';
import { FULL_MASK, renderMask, type MaskSpec } from './render.ts';

/** `text: null` is SQL NULL: the whole text was one value and its class is masked as null. */
export interface MaskedText {
  readonly text: string | null;
  /** Classes found, in order; never empty. */
  readonly classIds: readonly string[];
}

/** @returns undefined when no detector found anything. */
export function maskFound(text: string, active: ActiveDetectors, hints: NameHints, signals: number = signalsOf(text, active)): MaskedText | undefined {
  const hits = signals === 0 && !hints.password && !hints.secret ? [] : scanText(text, active.ids, hints, signals);
  if (hits.length === 0) return text.length < 12 ? undefined : hiddenHit(text, active, hints);
  let out = '';
  let from = 0;
  const classIds: string[] = [];
  for (const hit of hits) {
    const spec = active.specs.get(hit.detector);
    if (spec === undefined) continue;
    if (!classIds.includes(spec.classId)) classIds.push(spec.classId);
    const mask = renderMask(spec, text.slice(hit.start, hit.end));
    if (mask === null && hit.start === 0 && hit.end === text.length) return { text: null, classIds };
    out += text.slice(from, hit.start) + (mask ?? FULL_MASK);
    from = hit.end;
  }
  return classIds.length === 0 ? undefined : { text: out + text.slice(from), classIds };
}

/** A value that is base64 or hex of a text with findings is masked whole: no place inside it can be named. */
function hiddenHit(text: string, active: ActiveDetectors, hints: NameHints): MaskedText | undefined {
  const decoded = hiddenText(text);
  if (decoded === undefined) return undefined;
  const spec = firstSpec(decoded, active, hints);
  return spec === undefined ? undefined : { text: renderMask(spec, text), classIds: [spec.classId] };
}

/** The mask of the first finding, for cells that can only be masked whole. */
export function firstSpec(text: string, active: ActiveDetectors, hints: NameHints): MaskSpec | undefined {
  const hit = scanText(text, active.ids, hints, ALL_SIGNALS)[0];
  return hit === undefined ? undefined : active.specs.get(hit.detector);
}

/** The text of a cell. Bytes that are not UTF-8 are read one by one, so that positions and bytes agree. */
export function decodeCell(cell: Buffer): { readonly text: string; readonly encoding: 'latin1' | 'utf8' } {
  const encoding = isAscii(cell) || !isUtf8(cell) ? 'latin1' : 'utf8';
  return { text: cell.toString(encoding), encoding };
}

/** What the scanners may find in these bytes; 0 for nothing, also not in what they may be the base64 of. */
export function cellSignals(cell: Buffer, active: ActiveDetectors): number {
  const signals = prefilter(cell, active.digitsNeeded);
  return signals === 0 && mayHide(cell) && hiddenText(cell.toString('latin1')) !== undefined ? Signal.hidden : signals;
}

const scratch = Buffer.alloc(1024);

function signalsOf(text: string, active: ActiveDetectors): number {
  if (text.length * 3 > scratch.length) return prefilter(Buffer.from(text, 'utf8'), active.digitsNeeded);
  return prefilter(scratch.subarray(0, scratch.write(text, 'utf8')), active.digitsNeeded);
}
