/** A message that waits for approval, and what becomes of it. */
import type { MaskPlan } from '../../policy/types.ts';
import type { Analysed } from './analyser.ts';
import { reference, type SessionContext } from './context.ts';
import { holdDenial, policyDenial, type Denial } from './denial.ts';
import type { Verdict } from './gatekeeper.ts';
import type { Holds } from './holds.ts';
import type { BoundParameter } from './journal.ts';
import { mustWaitForOthers, OTHERS_CHANGE } from './object-changes.ts';

/** One request and the two ways it can go. */
export interface Action {
  /** Its record and that record's leaf hash. */
  readonly n: number;
  readonly leaf: Uint8Array;
  readonly analysed: Analysed;
  readonly statementBytes: () => Buffer;
  /** The same request with what its names mean now. */
  readonly reread: () => Analysed;
  readonly params: readonly BoundParameter[];
  readonly go: (plans: readonly MaskPlan[], analysed: Analysed) => void;
  readonly refuse: (denial: Denial) => void;
}

/**
 * Asks for approval; once it is given, decides again and lets the message go.
 * @param refresh brings catalog and settings up to date
 */
export async function askAndAct(context: SessionContext, holds: Holds, verdict: Verdict & { effect: 'hold' }, a: Action, refresh: () => Promise<void>): Promise<void> {
  const result = await holds.ask({ verdict, record: a.n, leaf: a.leaf, analysed: a.analysed, statementBytes: a.statementBytes(), params: a.params });
  const ref = reference(context, a.n);
  if (result.outcome !== 'approved') {
    a.refuse(holdDenial(result, verdict.policyIds, ref));
    return;
  }
  // Objects may have changed while it waited: what names mean now is what counts.
  await refresh();
  const analysed = a.reread();
  const again = context.gatekeeper.judge(analysed.statements, true, context.state.unsettled);
  if (again.effect !== 'allow') a.refuse(policyDenial(again.reason, again.policyIds, ref));
  else if (mustWaitForOthers(context, analysed.statements)) a.refuse(policyDenial(OTHERS_CHANGE, [], ref));
  else a.go(again.plans, analysed);
}
