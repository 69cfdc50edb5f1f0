/**
 * Every meaning that a prepared text may have for the server. It resolves names when a text is prepared and again, at
 * moments of its own choosing, when it finds its plan outdated; an object that newly stands before another in
 * search_path does not outdate a plan. So all readings at moments when it may have looked count together.
 */
import { mergeAnalyses, meaningOf } from '../../policy/merge.ts';
import type { StatementAnalysis } from '../../policy/types.ts';

/** More would mean that the session changes what names mean all the time. */
const MOST = 8;

export class Meanings {
  readonly #readings = new Map<string, StatementAnalysis>();
  #union: StatementAnalysis | undefined;

  /** Takes in how the text reads now; answers what holds for all its readings so far. */
  add(now: StatementAnalysis): StatementAnalysis {
    const meaning = meaningOf(now);
    if (this.#union === undefined || !this.#readings.has(meaning)) {
      this.#readings.set(meaning, now);
      const [first, ...rest] = this.#readings.values();
      this.#union = first === undefined || this.#readings.size > MOST ? tooMany(now) : mergeAnalyses([first, ...rest]);
    }
    return this.#union;
  }

  /** Already one of the readings. */
  has(reading: StatementAnalysis): boolean {
    return this.#readings.has(meaningOf(reading));
  }
}

/** Of a text that was just prepared or declared; an empty one has none. */
export function meaningsOf(reading: StatementAnalysis | undefined): Meanings {
  const meanings = new Meanings();
  if (reading) meanings.add(reading);
  return meanings;
}

const tooMany = (now: StatementAnalysis): StatementAnalysis => ({ ...now, refusal: { code: 'unresolved', message: 'what its names mean has changed too often since it was prepared; prepare it again' } });
