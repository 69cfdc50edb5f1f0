/** Finds the data classes of a file of an SSH target by the globs of classification.yaml. */
import { mayLieBelow, mayMatch, parsePathGlob, pathParts } from './path-glob.ts';
import type { PathGlob } from './path-glob.ts';

export interface PathSource {
  readonly id: string;
  readonly paths: readonly string[];
}

export class PathClassifier {
  readonly #globs: readonly { readonly id: string; readonly glob: PathGlob }[];

  /** @throws Error for a glob that is none; bundle loading has reported those before. */
  constructor(sources: readonly PathSource[]) {
    this.#globs = sources.flatMap((s) => s.paths.map((p) => ({ id: s.id, glob: parsePathGlob(p) })));
  }

  /** Classes of a path that is exactly known; wildcards in it are plain characters. */
  classesOf(path: string): readonly string[] {
    // A file whose name has a wildcard in it matches what the wildcard would, which errs on the safe side.
    return this.#ids((glob) => mayMatch(glob, pathParts(path)));
  }

  /** Classes that a path may have that is a pattern, or whose whole tree is meant. */
  mayClassesOf(path: string, file: { readonly recursive: boolean }): readonly string[] {
    const parts = pathParts(path);
    return this.#ids((glob) => mayMatch(glob, parts) || (file.recursive && mayLieBelow(glob, parts)));
  }

  #ids(matches: (glob: PathGlob) => boolean): readonly string[] {
    return [...new Set(this.#globs.filter((g) => matches(g.glob)).map((g) => g.id))];
  }
}
