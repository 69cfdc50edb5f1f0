/** Replaces what detectors find in a text. */
import { isAscii, isUtf8 } from 'node:buffer';
import type { ActiveDetectors } from './detectors.ts';
import { hiddenText, mayHide } from './detect/hidden.ts';
import { prefilter } from './detect/prefilter.ts';
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
export function maskFound(text: string, active: ActiveDetectors, hints: NameHints, key: Uint8Array): MaskedText | undefined {
  const hits = scanText(text, active.ids, hints);
  if (hits.length === 0) return hiddenHit(text, active, hints, key);
  let out = '';
  let from = 0;
  const classIds: string[] = [];
  for (const hit of hits) {
    const spec = active.specs.get(hit.detector);
    if (spec === undefined) continue;
    if (!classIds.includes(spec.classId)) classIds.push(spec.classId);
    const mask = renderMask(spec, text.slice(hit.start, hit.end), key);
    if (mask === null && hit.start === 0 && hit.end === text.length) return { text: null, classIds };
    out += text.slice(from, hit.start) + (mask ?? FULL_MASK);
    from = hit.end;
  }
  return classIds.length === 0 ? undefined : { text: out + text.slice(from), classIds };
}

/** A value that is base64 or hex of a text with findings is masked whole: no place inside it can be named. */
function hiddenHit(text: string, active: ActiveDetectors, hints: NameHints, key: Uint8Array): MaskedText | undefined {
  const decoded = hiddenText(text);
  if (decoded === undefined) return undefined;
  const spec = firstSpec(decoded, active, hints);
  return spec === undefined ? undefined : { text: renderMask(spec, text, key), classIds: [spec.classId] };
}

/** The mask of the first finding, for cells that can only be masked whole. */
export function firstSpec(text: string, active: ActiveDetectors, hints: NameHints): MaskSpec | undefined {
  const hit = scanText(text, active.ids, hints)[0];
  return hit === undefined ? undefined : active.specs.get(hit.detector);
}

/** The text of a cell. Bytes that are not UTF-8 are read one by one, so that positions and bytes agree. */
export function decodeCell(cell: Buffer): { readonly text: string; readonly encoding: 'latin1' | 'utf8' } {
  const encoding = isAscii(cell) || !isUtf8(cell) ? 'latin1' : 'utf8';
  return { text: cell.toString(encoding), encoding };
}

/** False when no scanner can find anything in these bytes. */
export function worthScanning(cell: Buffer, active: ActiveDetectors): boolean {
  return prefilter(cell, active.digitsNeeded) !== 0 || (mayHide(cell) && hiddenText(cell.toString('latin1')) !== undefined);
}
