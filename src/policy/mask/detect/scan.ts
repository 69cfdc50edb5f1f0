/** All detectors over one text: raw, then over the normalised copy, in windows, merged into hits that do not overlap. */
import { limits } from '../../../base/limits.ts';
import { findNumbers } from './digits.ts';
import { findEmails } from './email.ts';
import { findIdentifiers } from './identifiers.ts';
import { noHints, type DetectorId, type Hit, type NameHints } from './ids.ts';
import { normalise } from './normalise.ts';
import { ALL_SIGNALS, Signal } from './prefilter.ts';
import { findAuthorization, findSecrets } from './secrets.ts';
import { maskTokenSpans } from '../token.ts';

/**
 * Values that active detectors find in `text`, by start, without overlaps. Time is linear in the text.
 * `hints` is what the name of the column or key says.
 */
export function scanText(text: string, active: ReadonlySet<DetectorId>, hints: NameHints = noHints, signals: number = ALL_SIGNALS): readonly Hit[] {
  if (active.size === 0 || text.length === 0) return [];
  const window = limits.detectorWindowBytes;
  if (text.length <= window) return merge(text, scanWindow(text, active, hints, signals));
  const hits: Hit[] = [];
  for (let from = 0; from < text.length; ) {
    const to = Math.min(text.length, from + window);
    let next = to - limits.detectorOverlapBytes;
    for (const hit of scanWindow(text.slice(from, to), active, hints, signals)) {
      hits.push({ ...hit, start: hit.start + from, end: hit.end + from });
      // A value that the window's end may have cut is looked at again from its start.
      if (hit.end + from === to && hit.start > 0) next = Math.min(next, hit.start + from);
    }
    if (to === text.length) break;
    from = Math.max(next, from + 1, to - window / 2);
  }
  return merge(text, hits);
}

function scanWindow(text: string, active: ReadonlySet<DetectorId>, hints: NameHints, signals: number): readonly Hit[] {
  const hits: Hit[] = [];
  scanPlain(text, active, hints, signals, hits);
  if ((signals & (Signal.nonAscii | Signal.escape)) === 0) return hits;
  const plain = normalise(text);
  if (plain === undefined) return hits;
  const found: Hit[] = [];
  scanPlain(plain.text, active, hints, ALL_SIGNALS, found);
  for (const hit of found) {
    hits.push({ start: plain.at[hit.start] ?? 0, end: plain.at[hit.end] ?? text.length, detector: hit.detector });
  }
  return hits;
}

function scanPlain(text: string, active: ReadonlySet<DetectorId>, hints: NameHints, signals: number, hits: Hit[]): void {
  const wants = (id: DetectorId): boolean => active.has(id);
  if ((signals & (Signal.secret | Signal.issued | Signal.at)) !== 0) findSecrets(text, wants, signals, hits);
  if ((signals & (Signal.secret | Signal.at)) === 0 && (signals & Signal.scheme) !== 0 && wants('secret')) findAuthorization(text, hits);
  if ((signals & Signal.at) !== 0 && wants('email')) findEmails(text, hits);
  if ((signals & Signal.digits) !== 0) {
    findIdentifiers(text, wants, hits);
    findNumbers(text, wants, hints, hits);
  }
  if ((hints.password && wants('password')) || (hints.secret && wants('secret'))) {
    if (text.trim().length >= (hints.password ? 1 : 8)) hits.push({ start: 0, end: text.length, detector: hints.password && wants('password') ? 'password' : 'secret' });
  }
}

/** Overlapping hits become one; a hit that only covers a mask token is dropped, so that masking twice changes nothing. */
function merge(text: string, hits: readonly Hit[]): readonly Hit[] {
  if (hits.length === 0) return hits;
  const tokens = maskTokenSpans(text);
  const fresh = hits.filter((h) => !tokens.some((t) => h.start >= t.start && h.end <= t.end));
  const sorted = fresh.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const out: Hit[] = [];
  for (const hit of sorted) {
    const last = out.at(-1);
    if (last === undefined || hit.start >= last.end) out.push(hit);
    else if (hit.end > last.end) out[out.length - 1] = { ...last, end: hit.end };
  }
  return out;
}
