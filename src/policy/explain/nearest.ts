/** The known names that a mistyped one was probably meant to be. */

/** How many letters to insert, drop, replace or swap; stops counting beyond `most`. */
export function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) value = Math.min(value, (before[j - 2] ?? 0) + 1);
      row.push(value);
    }
    [before, previous] = [previous, row];
  }
  return previous[b.length] ?? most + 1;
}

/** At most three, nearest first; none that differs in more than a third of its letters. */
export function nearest(name: string, known: readonly string[]): string[] {
  const word = name.toLowerCase();
  const most = Math.max(1, Math.min(3, Math.floor(word.length / 3)));
  return [...new Set(known)]
    .map((k) => ({ k, d: distance(word, k.toLowerCase(), most) }))
    .filter(({ k, d }) => d <= most && k !== name)
    .sort((x, y) => x.d - y.d || (x.k < y.k ? -1 : 1))
    .slice(0, 3)
    .map(({ k }) => k);
}
