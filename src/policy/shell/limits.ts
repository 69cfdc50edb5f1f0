/** Bounds of the analysis of a command line. What is beyond them is refused or opaque, never cut. */
export const shellLimits = {
  /** UTF-16 code units of one command line. Longer ones are refused. */
  textChars: 64 * 1024,
  /** Substitutions times length: the parser reads the rest again for each that is open, so this bounds its time. */
  parseCost: 2_000_000,
  /** Shells inside shells: `sh -c`, substitutions, `ssh host` ... */
  depth: 16,
  /** Programs, files and text that is analysed again, for one line. */
  commands: 2_000,
  files: 1_000,
  nestedChars: 256 * 1024,
  /** Quoted pieces, expansions and plain text in one word. */
  wordParts: 500,
  /** Words that braces may expand to. */
  braceWords: 256,
  /** PATH_MAX of Linux. */
  pathChars: 4096,
  /** Directories that the line may be in at one point. */
  directories: 6,
} as const;
