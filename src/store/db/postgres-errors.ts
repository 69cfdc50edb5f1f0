/** What a PostgreSQL server's errors mean to the store. SQLSTATEs: PostgreSQL documentation, appendix A. */
import pg from 'pg';
import { EnvironmentError, type EnvironmentCode } from '../../base/errors.ts';

/** Serialization failure, deadlock, unique violation: another transaction was faster, and a second run sees what it wrote. */
const RETRYABLE = new Set(['40001', '40P01', '23505']);

/** The server is there but cannot serve: shutting down, starting, out of connections, a standby after a failover. */
const AWAY = new Set(['57P01', '57P02', '57P03', '57P05', '53300', '25006', '25P03', '25P04']);

export const isRetryable = (error: unknown): boolean => error instanceof pg.DatabaseError && RETRYABLE.has(error.code ?? '');

/** An EnvironmentError for what is not the statement's fault; anything else as it is. */
export function explained(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof EnvironmentError) return error;
  const of = (code: EnvironmentCode, what: string): EnvironmentError => new EnvironmentError(code, `database: ${what}: ${error.message}`, { cause: error });
  if (!(error instanceof pg.DatabaseError)) return of('env.unreachable', 'it cannot be reached');
  const state = error.code ?? '';
  if (AWAY.has(state) || state.startsWith('08')) return of('env.unreachable', 'it does not serve now');
  if (state.startsWith('28') || state === '3D000') return of('env.unreachable', 'it refuses the sign-in');
  if (state === '53100') return of('env.disk_full', 'its disk is full');
  if (state === '57014' || state === '55P03') return of('env.timeout', 'it took too long');
  return error;
}
