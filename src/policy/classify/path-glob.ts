/**
 * Globs of files, case-sensitive: `*` is any run of characters within one part of a path, `?` one character, a part that is
 * `**` any number of parts. A glob begins with `/`, `~/` or `**`.
 */

/** Parts of the glob. */
export type PathGlob = readonly string[];

/** @throws Error with a message for people when the text is no path glob. */
export function parsePathGlob(text: string): PathGlob {
  if (!/^(\/|~\/|\*\*\/)/.test(text)) throw new Error(`${JSON.stringify(text)} must begin with "/", "~/" or "**/"`);
  const parts = text.split('/').filter((p, i) => !(i === 0 && p === ''));
  if (parts.some((p) => p === '' || p === '.' || p === '..')) throw new Error(`${JSON.stringify(text)} has an empty part, "." or ".."`);
  if (parts.some((p) => p.includes('**') && p !== '**')) throw new Error(`${JSON.stringify(text)}: "**" stands alone between slashes`);
  if (parts.length > 32) throw new Error(`${JSON.stringify(text)} has more than 32 parts`);
  return text.startsWith('/') ? ['/', ...parts] : parts;
}

/** Parts of a path in the form that globs have: `/etc/x` begins with the part `/`. */
export function pathParts(path: string): readonly string[] {
  const parts = path.split('/').filter((p) => p !== '');
  return path.startsWith('/') ? ['/', ...parts] : parts;
}

/**
 * Could a path that is known only in part be one that the glob matches? Both sides may have wildcards. In `path`, `*` and `?` are a
 * shell's (within one part, not a leading dot), `**` is any run of characters, slashes too, and a first part `?` is any directory.
 */
export function mayMatch(glob: PathGlob, path: readonly string[]): boolean {
  const known = new Map<number, boolean>();
  const at = (g: number, p: number): boolean => {
    const key = g * (path.length + 1) + p;
    const found = known.get(key);
    if (found !== undefined) return found;
    known.set(key, false);
    const answer = step(g, p);
    known.set(key, answer);
    return answer;
  };
  const step = (g: number, p: number): boolean => {
    const a = glob[g];
    const b = path[p];
    if (a === undefined && b === undefined) return true;
    if (a === '**') return at(g + 1, p) || (b !== undefined && at(g, p + 1));
    if (b === '?' && p === 0) return at(g, p + 1) || (a !== undefined && at(g + 1, p));
    const open = b?.indexOf('**') ?? -1;
    // From here on the path may be anything: what is written after it is not looked at, which errs on the safe side.
    if (b !== undefined && open >= 0) return open === 0 || (a !== undefined && partsMayMeet(a, `${b.slice(0, open)}*`));
    return a !== undefined && b !== undefined && partsMayMeet(a, b) && at(g + 1, p + 1);
  };
  return at(0, 0);
}

/** Is there a text that both patterns match? */
function partsMayMeet(a: string, b: string): boolean {
  if (!/[*?]/.test(a) && !/[*?]/.test(b)) return a === b;
  if (a.startsWith('.') && /^(\*(?!\*)|\?)/.test(b)) return false;
  const known = new Set<number>();
  const at = (i: number, j: number): boolean => {
    const key = i * (b.length + 1) + j;
    if (known.has(key)) return false;
    known.add(key);
    const x = a[i];
    const y = b[j];
    if (x === undefined && y === undefined) return true;
    if (x === '*') return at(i + 1, j) || (y !== undefined && at(i, j + 1));
    if (y === '*') return at(i, j + 1) || (x !== undefined && at(i + 1, j));
    if (x === undefined || y === undefined) return false;
    return (x === '?' || y === '?' || x === y) && at(i + 1, j + 1);
  };
  return at(0, 0);
}

/**
 * Is what the glob names below the path? A glob that begins with `**` is below a path only where the path names some of it:
 * `~/.ssh` is above a key, `~` is above everything and says nothing.
 */
export function mayLieBelow(glob: PathGlob, path: readonly string[]): boolean {
  const first = glob.findIndex((p) => p !== '**');
  for (let length = glob.length - 1; length > (glob[0] === '**' ? first : 0); length--) {
    if (mayMatch(glob.slice(0, length), path)) return true;
  }
  return false;
}
