export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  failures: string[];
}
export function crashed(stage: string, why: string): Counts;
export function vitestCounts(path: string, exitCode: number): Counts;
export function playwrightCounts(path: string, exitCode: number): Counts;
