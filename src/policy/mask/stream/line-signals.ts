/** Which detectors a line of a stream is worth. */
import type { ActiveDetectors } from '../detectors.ts';
import { mayHoldNumber } from '../detect/possible.ts';
import { prefilter, Signal } from '../detect/prefilter.ts';

/** @param ascii the line is @returns a union of `Signal` bits for `scanText`; 0 where nothing can be found */
export function lineSignals(line: Uint8Array, ascii: boolean, active: ActiveDetectors): number {
  const signals = prefilter(line, active.digitsNeeded);
  // Any four numbers may be an address.
  if ((signals & Signal.digits) === 0 || !ascii || active.ids.has('ipv4') || mayHoldNumber(line)) return signals;
  return signals & ~Signal.digits;
}
