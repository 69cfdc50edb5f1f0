import { fetchAll, residentBytes } from './rows.ts';
import type { Route } from './servers.ts';

export interface LargeResult {
  readonly rows: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Resident memory of the gateway before, and at each sixteenth of the result. */
  readonly residentMiB: readonly number[];
}

/** One column masked, one of about a kilobyte that detectors read whole. */
const SQL = "SELECT id, email, repeat('Copper kettle ', 70) AS note FROM bench_people, generate_series(1, $times) AS t(i)";
const ROW_BYTES = 1_040;
const SAMPLES = 16;

/** Reads a result of about `bytes` through the gateway, and watches the gateway's memory on the way. */
export async function measureLarge(route: Route, tableRows: number, bytes: number): Promise<LargeResult> {
  const { pid } = route;
  if (pid === undefined) throw new Error(`${route.name} has no process to watch`);
  const sql = SQL.replace('$times', String(Math.max(1, Math.round(bytes / ROW_BYTES / tableRows))));
  await fetchAll(route.endpoint, `${SQL.replace('$times', '1')} WHERE id <= 1000`);
  const residentMiB = [residentBytes(pid) / 1_048_576];
  let seen = 0;
  const { rows, seconds } = await fetchAll(route.endpoint, sql, (length) => {
    seen += length;
    if (seen >= (residentMiB.length * bytes) / SAMPLES) residentMiB.push(residentBytes(pid) / 1_048_576);
  });
  return { rows, bytes: seen, seconds, residentMiB };
}
