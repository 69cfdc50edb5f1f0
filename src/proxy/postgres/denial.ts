/** How a refusal looks to a PostgreSQL client: an ordinary error with reason, policies and a reference (promise 10). */
import type { StatementAnalysis } from '../../policy/types.ts';
import type { SqlStateCode } from '../../wire/postgres/sqlstate.ts';
import { sqlState } from '../../wire/postgres/sqlstate.ts';
import { encodeErrorResponse } from '../../wire/postgres/index.ts';

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
    message: `denied by policy: ${reason}`,
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

export function cancelDenial(message: string, reference: string): Denial {
  return { code: sqlState.queryCanceled, message, reason: message, policyIds: [], reference, hint: `Reference ${reference}.` };
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
