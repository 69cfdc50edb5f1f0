/** What of the policy a person must know whatever they are doing. */
import type { PolicyProblem } from '../../contract/ipc/app.ts';
import type { UpdaterStatus } from '../../proxy/core/bundle-updater.ts';

/** Signers renew days before the end; less than this is said. */
const ENDING_MS = 3 * 24 * 3_600_000;

/** @param breakGlass why only break-glass is left, where it is */
export function policyProblem(status: UpdaterStatus, breakGlass: string | undefined, nowMs: number): PolicyProblem | undefined {
  const { mode, endsMs, error, refused } = status;
  if (mode === 'stopped' || mode === 'expired') return { kind: mode, why: breakGlass ?? '', endsMs };
  if (refused) return { kind: 'refused', why: error ?? '', endsMs };
  if (mode === 'normal' && endsMs - nowMs < ENDING_MS) return { kind: 'ending', why: error ?? 'its signers have not renewed it', endsMs };
  return undefined;
}
