/** Versions of programs, `1.2.3`. */

/** True when `a` is older than `b`; what is no version is older than anything. */
export function isOlder(a: string, b: string): boolean {
  const parts = (text: string): number[] => (/^(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
  const [x, y] = [parts(a), parts(b)];
  if (x.length === 0) return true;
  for (const i of [0, 1, 2]) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
