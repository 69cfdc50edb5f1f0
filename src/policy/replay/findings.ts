/** What a comparison finds, and how values are shown in it. */

export interface Difference {
  readonly what: 'error' | 'results' | 'tag' | 'rows' | 'columns' | 'cell' | 'copy';
  readonly detail: string;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** What could not be held against each other, and why. */
  readonly notComparable: readonly string[];
  /** What is otherwise and yet no difference. */
  readonly remarks: readonly string[];
}

export class Findings implements Comparison {
  readonly differences: Difference[] = [];
  readonly notComparable: string[] = [];
  readonly remarks: string[] = [];

  differ(what: Difference['what'], detail: string): void {
    this.differences.push({ what, detail });
  }
}

const MAX_SHOWN = 80;
/** For people: quoted, so that nothing in it steers a terminal. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value).replaceAll(/[\u007f-\u009f\u2028\u2029]/g, '\ufffd');
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
