/** How a refusal looks to a PostgreSQL client: an ordinary error with reason, policies and a reference (promise 10). */
import { deniedByPolicy, notApproved } from '../../contract/refusal.ts';
import type { StatementAnalysis } from '../../policy/types.ts';
import type { SqlStateCode } from '../../wire/postgres/sqlstate.ts';
import { sqlState } from '../../wire/postgres/sqlstate.ts';
import { encodeErrorResponse } from '../../wire/postgres/index.ts';
import type { HoldResult } from '../core/hold.ts';

export interface Denial {
  readonly code: SqlStateCode;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly reason: string;
  readonly policyIds: readonly string[];
  readonly reference: string;
}

export function policyDenial(reason: string, policyIds: readonly string[], reference: string): Denial {
  return {
    code: sqlState.insufficientPrivilege,
    message: deniedByPolicy(reason),
    ...(policyIds.length > 0 ? { detail: `Policies: ${policyIds.join(', ')}.` } : {}),
    hint: `Reference ${reference}.`,
    reason,
    policyIds,
    reference,
  };
}

/** What no parser takes is answered as the server answers it; it is recorded as denied all the same. */
export function statementDenial(verdict: { readonly reason: string; readonly policyIds: readonly string[] }, statements: readonly StatementAnalysis[], reference: string): Denial {
  const denial = policyDenial(verdict.reason, verdict.policyIds, reference);
  const refusal = statements.find((s) => s.refusal !== undefined)?.refusal;
  if (refusal?.code !== 'parse' || refusal.message !== verdict.reason) return denial;
  return { ...denial, code: sqlState.syntaxError, message: verdict.reason.replace(/^cannot be parsed: /, '') };
}

/** A held statement that nobody approved. */
export function holdDenial(result: Exclude<HoldResult, { outcome: 'approved' }>, policyIds: readonly string[], reference: string): Denial {
  const message = notApproved(result);
  const denial = { ...policyDenial(message, policyIds, reference), message };
  // Clients know this code as the answer to their own cancel.
  return result.outcome === 'cancelled' ? { ...denial, code: sqlState.queryCanceled } : denial;
}

export function denialBytes(denial: Denial): Buffer {
  return encodeErrorResponse({
    severity: 'ERROR',
    code: denial.code,
    message: denial.message,
    ...(denial.detail === undefined ? {} : { detail: denial.detail }),
    ...(denial.hint === undefined ? {} : { hint: denial.hint }),
  });
}
