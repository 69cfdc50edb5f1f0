import type { EvidenceSpeed } from './evidence.ts';
import type { Throughput } from './pgbench.ts';
import type { RowSpeed } from './rows.ts';
import type { BulkSpeed } from './ssh-bulk.ts';
import type { EchoSpeed } from './ssh-echo.ts';

/** One performance target: what was measured, what is asked for, and whether it is met. */
export interface Verdict {
  readonly name: string;
  readonly value: number;
  readonly target: number;
  readonly unit: string;
  readonly met: boolean;
}

const atLeast = (name: string, value: number, target: number): Verdict => ({ name, value, target, unit: 'ratio, at least', met: value >= target });
const atMost = (name: string, value: number, target: number, unit: string): Verdict => ({ name, value, target, unit: `${unit}, at most`, met: value <= target });

/** The product's targets for PostgreSQL (docs/performance.md): ratios of one run on one machine. */
export function verdicts(tps: readonly Throughput[], rows: readonly RowSpeed[], evidence: EvidenceSpeed): Verdict[] {
  const at = (route: string, clients: number, mode: string): Throughput | undefined => tps.find((t) => t.route === route && t.clients === clients && t.mode === mode);
  const speed = (route: string, query: string): RowSpeed | undefined => rows.find((r) => r.route === route && r.query === query);
  const found: Verdict[] = [];
  for (const [mode, target] of [['prepared', 0.6], ['simple', 0.5]] as const) {
    const ours = at('sallyport', 8, mode);
    const reference = at('pgbouncer', 8, mode);
    if (ours && reference) found.push(atLeast(`tps of pgbench -S, ${mode}, 8 clients, over pgbouncer`, ours.tps / reference.tps, target));
  }
  const ours = at('sallyport', 1, 'prepared');
  const direct = at('direct', 1, 'prepared');
  if (ours && direct) {
    found.push(atMost('latency added at p50, prepared, 1 client', ours.p50Ms - direct.p50Ms, 0.15, 'ms'));
    found.push(atMost('latency added at p99, prepared, 1 client', ours.p99Ms - direct.p99Ms, 1, 'ms'));
  }
  for (const [query, target] of [['0 masked columns', 0.5], ['2 masked columns', 0.35]] as const) {
    const mine = speed('sallyport', query);
    const reference = speed('direct', query);
    if (mine && reference) found.push(atLeast(`rows per second, ${query}, over direct`, mine.rowsPerSecond / reference.rowsPerSecond, target));
    if (mine?.growthMiB !== undefined) found.push(atMost(`memory growth, ${query}`, mine.growthMiB, 64, 'MiB'));
  }
  found.push({ name: 'recorder', value: evidence.recordsPerSecond, target: 30_000, unit: 'records/s, at least', met: evidence.recordsPerSecond >= 30_000 });
  found.push(atMost('verifier, 100,000 records', (evidence.verifySeconds * 100_000) / evidence.records, 2, 's'));
  return found;
}

/** The targets for SSH: bytes that no mask alters against the same cipher without Sallyport, and the echo of keys. */
export function sshVerdicts(bulk: readonly BulkSpeed[], echo: readonly EchoSpeed[]): Verdict[] {
  const found: Verdict[] = [];
  for (const mine of bulk.filter((b) => b.route === 'sallyport' && !b.text)) {
    const reference = bulk.find((b) => b.route === 'direct' && b.job === mine.job);
    if (reference) found.push(atLeast(`ssh, ${mine.job}, over direct`, mine.megabytesPerSecond / reference.megabytesPerSecond, 0.4));
  }
  const direct = echo.find((e) => e.route === 'direct');
  for (const mine of echo) if (direct && mine !== direct) found.push(atMost(`ssh, echo of a key at p50, ${mine.route}, added`, mine.p50Ms - direct.p50Ms, 1, 'ms'));
  return found;
}

/** Columns padded to a plain-text table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string => cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ').trimEnd();
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
