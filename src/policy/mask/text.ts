/** Replaces what detectors find in a text. */
import { isAscii, isUtf8 } from 'node:buffer';
import type { ActiveDetectors } from './detectors.ts';
import { hiddenText, mayHide } from './detect/hidden.ts';
import { mayHoldNumber } from './detect/possible.ts';
import { ALL_SIGNALS, Seen, Signal, survey } from './detect/prefilter.ts';
import type { NameHints } from './detect/ids.ts';
import { scanText } from './detect/scan.ts';
import { signalsIn } from './signals.ts';
import { FULL_MASK, renderMask, type MaskSpec } from './render.ts';

/** `text: null` is SQL NULL: the whole text was one value and its class is masked as null. */
export interface MaskedText {
  readonly text: string | null;
  /** Classes found, in order; never empty. */
  readonly classIds: readonly string[];
}

/** @returns undefined when no detector found anything. */
export function maskFound(text: string, active: ActiveDetectors, hints: NameHints, signals: number = signalsOf(text, active, hints)): MaskedText | undefined {
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
export function cellSignals(cell: Buffer, active: ActiveDetectors, hints: NameHints): number {
  const signals = signalsIn(cell, 0, cell.length, active, hints) & ALL_SIGNALS;
  return signals === 0 && mayHide(cell) && hiddenText(cell.toString('latin1')) !== undefined ? Signal.hidden : signals;
}

/** A string in JSON that may be base64 or hex of something. */
const HIDDEN_STRING = /"[A-Za-z0-9+/_=-]{16}/;
/** A key may name a telephone, and a backslash may stand between two digits. */
const JSON_CONTEXT = /phone|mobile|tel|cell|fax|msisdn|whatsapp|sms|\\/i;

/** False when nothing can be in any string, key or number of a JSON text. */
export function mayHoldInJson(body: Buffer, active: ActiveDetectors, hints: NameHints): boolean {
  const signals = survey(body, 0, body.length, active.digitsNeeded);
  if ((signals & ALL_SIGNALS & ~Signal.digits) !== 0) return true;
  const text = body.toString('latin1');
  if (HIDDEN_STRING.test(text)) return true;
  if ((signals & Signal.digits) === 0) return false;
  return (signals & Seen.high) !== 0 || hints.phone || active.ids.has('ipv4') || JSON_CONTEXT.test(text) || mayHoldNumber(body);
}

const scratch = Buffer.alloc(1024);

function signalsOf(text: string, active: ActiveDetectors, hints: NameHints): number {
  if (text.length * 3 >= scratch.length) {
    const bytes = Buffer.from(text, 'utf8');
    return signalsIn(bytes, 0, bytes.length, active, hints) & ALL_SIGNALS;
  }
  const end = scratch.write(text, 'utf8');
  // An earlier text must not go on behind this one.
  scratch[end] = 0;
  return signalsIn(scratch, 0, end, active, hints) & ALL_SIGNALS;
}
