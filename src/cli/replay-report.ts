/** What a replay found, for people and for programs. */
import type { ReplayStep } from '../policy/replay/types.ts';
import { shown } from '../policy/replay/findings.ts';
import type { RanStep } from './replay-run.ts';

interface What {
  readonly session: string;
  /** Connection of the recording. */
  readonly recorded: string;
  /** Connection of the replay. */
  readonly target: string;
}

const MAX_SQL = 160;
const states = ['same', 'different', 'not comparable', 'skipped', 'not run'] as const;

/** Text from a recording, on one line and without anything that steers a terminal. */
const oneLine = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll(/\p{Cc}/gu, '\ufffd').trim();
  return line.length > MAX_SQL ? `${line.slice(0, MAX_SQL)}…` : line;
};

/** A statement as the dry run prints it. */
export function plannedLine(step: ReplayStep, json: boolean): string {
  const { n, kind, sql, skip } = step;
  if (json) return `${JSON.stringify({ n, kind, sql, ...(skip === undefined ? { would: 'run' } : { would: 'skip', why: skip.detail }) })}\n`;
  return `#${n} ${skip === undefined ? 'would run' : `would skip (${oneLine(skip.detail)})`}: ${described(step)}\n`;
}

const described = (step: ReplayStep): string => (step.kind === 'fetch' ? `more rows of #${step.portal ?? 0}` : `${oneLine(step.sql)}${step.params.length > 0 ? `  ${parameters(step)}` : ''}`);
const parameters = (step: ReplayStep): string => shown(step.params.map((p) => (p.kind === 'text' ? p.text : p.kind === 'null' ? null : '(binary)')));

export class ReplayReport {
  readonly #what: What;
  readonly #told: RanStep[] = [];
  readonly counts: Record<(typeof states)[number], number> = { same: 0, different: 0, 'not comparable': 0, skipped: 0, 'not run': 0 };
  total = 0;
  #ranThen = 0;

  constructor(what: What) {
    this.#what = what;
  }

  add(ran: RanStep): void {
    this.total++;
    this.counts[ran.state]++;
    if (ran.state === 'skipped' && ran.step.skip?.why !== 'refused') this.#ranThen++;
    if (ran.state !== 'same' || ran.found.notComparable.length > 0 || ran.found.remarks.length > 0) this.#told.push(ran);
  }

  /** Everything that was run came out as recorded, and something was. */
  get isSame(): boolean {
    return this.counts.different === 0 && this.counts['not run'] === 0 && this.counts.same > 0;
  }

  get json(): object {
    return {
      ...this.#what,
      same: this.isSame,
      counts: this.counts,
      statements: this.#told.map(({ step, state, found, why }) => ({
        n: step.n,
        sql: step.sql,
        state,
        ...(why === undefined ? {} : { why }),
        ...(found.differences.length > 0 ? { differences: found.differences } : {}),
        ...(found.notComparable.length > 0 ? { not_comparable: found.notComparable } : {}),
        ...(found.remarks.length > 0 ? { remarks: found.remarks } : {}),
      })),
    };
  }

  get text(): string {
    const { session, recorded, target } = this.#what;
    const counts = states.filter((s) => this.counts[s] > 0).map((s) => `${this.counts[s]} ${s}`);
    const lines = [`${this.isSame ? 'SAME' : 'DIFFERENT'}: session ${session} of ${recorded}, replayed on ${target}: ${this.total} statements${counts.length > 0 ? `: ${counts.join(', ')}` : ''}`];
    if (this.counts.same === 0) lines.push('nothing could be held against the recording');
    if (this.#ranThen > 0) lines.push(`${this.#ranThen} statements that ran then were not run: what depends on them may be otherwise`);
    for (const { step, state, found, why } of this.#told) {
      lines.push('', `#${step.n} ${state}: ${described(step)}`);
      if (why !== undefined) lines.push(`  ${oneLine(why)}`);
      for (const d of found.differences) lines.push(`  ${d.what}: ${oneLine(d.detail)}`);
      for (const text of found.notComparable) lines.push(`  not comparable: ${oneLine(text)}`);
      for (const text of found.remarks) lines.push(`  ${oneLine(text)}`);
    }
    return `${lines.join('\n')}\n`;
  }
}
