/** Which scanners a text is worth: the prefilter, and a second look at its digits. */
import type { ActiveDetectors } from './detectors.ts';
import { noHints, type NameHints } from './detect/ids.ts';
import { mayHoldNumber } from './detect/possible.ts';
import { Seen, Signal, survey } from './detect/prefilter.ts';

/**
 * @param hints what the name of the column or key says, where there is one
 * @returns a union of `Seen` bits and of `Signal` bits for `scanText` of `bytes[start, end)`; none of these where nothing can be found
 */
export function signalsIn(bytes: Uint8Array, start: number, end: number, active: ActiveDetectors, hints: NameHints = noHints): number {
  const seen = survey(bytes, start, end, active.digitsNeeded);
  // Any four numbers may be an address, and a name makes a number of what would be none.
  if ((seen & Signal.digits) === 0 || (seen & Seen.high) !== 0 || hints.phone || active.ids.has('ipv4') || mayHoldNumber(bytes, start, end)) return seen;
  return seen & ~Signal.digits;
}
