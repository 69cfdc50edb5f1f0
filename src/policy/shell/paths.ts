/**
 * Paths of a command line, normalised by their text alone: `/etc/../etc/shadow` is `/etc/shadow`. A link on the target may
 * lead elsewhere; docs/ssh-decisions.md says what that means.
 */

/** A directory that the line may be in: absolute, `~` or below it, or `?` when it is not known. */
export type Directory = string;

/** Parts with wildcards that may stand for `..`: then nothing is known of the directory. */
const mayClimb = (part: string): boolean => /^\.{1,2}[*?]+$/.test(part);

/**
 * Resolves a path against a directory.
 * @param home absolute path of the home directory, where it is known.
 * @param tilde the path begins with `~` that stands for the home directory.
 */
export function resolvePath(path: string, directory: Directory, tilde: boolean, home: string | undefined): string {
  if (path.startsWith('/')) return folded(normalise('', path.split('/')), home);
  if (tilde) return climb('~', path.slice(1).split('/'), home);
  if (directory.startsWith('~')) return climb('~', [...directory.slice(1).split('/'), ...path.split('/')], home);
  if (directory.startsWith('/')) return folded(normalise('', [...directory.split('/'), ...path.split('/')]), home);
  return unknown(path.split('/'));
}

function climb(root: '~', parts: readonly string[], home: string | undefined): string {
  if (home !== undefined) return folded(normalise('', [...home.split('/'), ...parts]), home);
  return normalise(root, parts);
}

const unknown = (parts: readonly string[]): string => normalise('?', parts);

function normalise(root: '' | '~' | '?', parts: readonly string[]): string {
  const out: string[] = [];
  for (const [i, part] of parts.entries()) {
    if (part === '' || part === '.') continue;
    if (mayClimb(part)) return unknown(parts.slice(i + 1));
    if (part !== '..') out.push(part);
    else if (out.length > 0) out.pop();
    else if (root !== '') return unknown(parts.slice(i + 1));
    // /proc/1/root/x and /proc/self/task/1/root/x are /x.
    if (root === '' && out[0] === 'proc' && (out.length === 3 || (out.length === 5 && out[2] === 'task'))) {
      const last = out.at(-1);
      if (last === 'root') out.length = 0;
      else if (last === 'cwd' || last === 'fd' || /[*?]/.test(last ?? '')) return unknown(parts.slice(i + 1));
    }
  }
  const tail = out.join('/');
  return root === '' ? `/${tail}` : tail === '' ? root : `${root}/${tail}`;
}

/** Paths below the home directory are written with `~`, so that policy says it in one way. */
export function folded(path: string, home: string | undefined): string {
  if (home === undefined || home === '/' || !home.startsWith('/')) return path;
  if (path === home) return '~';
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
