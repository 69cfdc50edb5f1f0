/** Operators are functions too: those of the server compute from their arguments, others may not. */
import { effectivePath } from '../facts/resolve.ts';
import type { AnalysisEnv } from '../types.ts';

/**
 * False when the name may mean an operator whose function is neither the server's own nor compiled code. Arguments
 * are looked at only to know two numbers (`numbers`), so one such operator in the path makes every use of its symbol opaque.
 */
export function isBuiltinOperator(name: readonly string[], env: AnalysisEnv, numbers = false): boolean {
  const opaque = env.catalog?.opaqueOperators;
  if (opaque === undefined || opaque.size === 0) return true;
  // The server has every operator on two numbers itself, and takes its own first.
  if (numbers && name.length === 1 && effectivePath(env)[0] === 'pg_catalog') return true;
  const symbol = name[name.length - 1] ?? '';
  const schemas = name.length > 1 ? [name[name.length - 2] ?? ''] : effectivePath(env);
  return !schemas.some((s) => opaque.has(`${s}.${symbol}`));
}
