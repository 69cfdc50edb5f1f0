/**
 * Decides the requests of one recording again: by the bundle that decided them, to show that the gate did what the policy
 * says, or by another, to show what would be otherwise. The same `decide` as everywhere; the text is analysed without
 * the database of then, so what only that could tell is said to be unclear rather than taken for a difference.
 */
import type { ReadRecord } from '../../evidence/read.ts';
import type { PolicyEngine } from '../types.ts';
import { recordedRequests, type Effect, type RecordedSession } from './history.ts';
import { askedText, Redecider } from './redecide.ts';

/** What decides, and what decides when only break-glass is left. */
export interface Deciders {
  readonly engine: PolicyEngine;
  readonly breakGlass: PolicyEngine;
}

export interface Explained {
  /** Number of its record. */
  readonly n: number;
  readonly t: number;
  /** The statement, or what was asked of a host in words. Absent for opening the session, and where the text is gone. */
  readonly sql?: string;
  readonly was: { readonly effect: Effect; readonly policyIds: readonly string[] };
  /** Absent when it cannot be decided again. */
  readonly is?: { readonly effect: Effect; readonly policyIds: readonly string[]; readonly reason: string };
  /** `unclear`: the text was removed, or only the database of then could resolve it. */
  readonly state: 'same' | 'different' | 'unclear';
  /** Why it is unclear, or what limits the answer. */
  readonly remark?: string;
}

const BREAK_GLASS = 'break-glass: ';

/** `initParser` has been awaited. */
export async function* explainSession(deciders: Deciders, session: RecordedSession, records: AsyncIterable<ReadRecord>): AsyncGenerator<Explained> {
  let redecider: Redecider | undefined;
  const watched = async function* (): AsyncGenerator<ReadRecord> {
    for await (const r of records) {
      // A session under break-glass says so before anything else.
      redecider ??= new Redecider(isBreakGlass(r) ? deciders.breakGlass : deciders.engine);
      yield r;
    }
  };
  for await (const request of recordedRequests(session, watched())) {
    const { n, past, effect, policyIds, text } = request;
    const asked = askedText(past);
    const base = { n, t: past.timeMs, ...(asked === undefined ? {} : { sql: asked }), was: { effect, policyIds } };
    if (text === 'gone' || redecider === undefined) {
      yield { ...base, state: 'unclear', remark: 'its text is not in the recording' };
      continue;
    }
    const { isRefused, ...answer } = redecider.decide(past);
    const is = { effect: answer.effect, policyIds: answer.policyIds, reason: answer.reason };
    if (answer.effect === effect) yield { ...base, is, state: 'same', ...remark(samePolicies(policyIds, answer.policyIds) || asked === undefined ? undefined : past.ssh === undefined ? 'other policies determine it without the database of then' : 'other policies determine it') };
    else if (isRefused) yield { ...base, is, state: 'unclear', remark: `only the database of then could resolve it: ${answer.reason}` };
    // No policy spoke: the proxy itself refused what it could not resolve, or what it knew of the session.
    else if (effect === 'deny' && policyIds.length === 0) yield { ...base, is, state: 'unclear', remark: past.ssh === undefined ? 'it was refused by the analysis, not by a policy, with what the database of then told' : 'it was refused by the proxy, not by a policy' };
    else yield { ...base, is, state: 'different', ...remark(text === 'tokens' ? 'literals are tokens in the recording: a policy that looks at the literal itself may decide otherwise' : undefined) };
  }
}

const remark = (text: string | undefined): { remark?: string } => (text === undefined ? {} : { remark: text });
const samePolicies = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((id) => b.includes(id));
const isBreakGlass = (r: ReadRecord): boolean => r.n === 0 && r.kind === 'session.note' && typeof r.fields['text'] === 'string' && r.fields['text'].startsWith(BREAK_GLASS);
