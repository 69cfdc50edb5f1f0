/** Paths at the target. Pure. */

/** Absolute path of a name in a directory. */
export const pathIn = (directory: string, name: string): string => (directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`);

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));

const TAIL_CHARS = 10;

/** A name in two, of which the first may be cut short. Whole characters, and nothing behind where the name is short anyway. */
export function splitName(name: string): { readonly head: string; readonly tail: string } {
  const chars = [...new Intl.Segmenter().segment(name)].map((s) => s.segment);
  if (chars.length <= 2 * TAIL_CHARS) return { head: name, tail: '' };
  return { head: chars.slice(0, -TAIL_CHARS).join(''), tail: chars.slice(-TAIL_CHARS).join('') };
}

/** Directories from the root to here, for the way back. */
export function crumbsOf(path: string): readonly { readonly name: string; readonly path: string }[] {
  const parts = path.split('/').filter((part) => part !== '');
  return [{ name: '/', path: '/' }, ...parts.map((name, i) => ({ name, path: `/${parts.slice(0, i + 1).join('/')}` }))];
}

/** As they fit one line: the middle of a long way is one step, to the directory above those that are shown. */
export function shortCrumbsOf(path: string): readonly { readonly name: string; readonly path: string }[] {
  const all = crumbsOf(path);
  const [root, ...rest] = all;
  const above = all.at(-3);
  if (root === undefined || above === undefined || rest.length <= 3) return all;
  return [root, { name: '…', path: above.path }, ...rest.slice(-2)];
}
