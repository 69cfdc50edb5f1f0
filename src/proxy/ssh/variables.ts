/** Which environment variables of a client reach the target. */

/** @param patterns names of terminal.yaml; `*` at the end stands for any rest */
export function allowedVariables(asked: ReadonlyMap<string, string>, patterns: readonly string[]): Map<string, string> {
  const allows = (name: string): boolean => patterns.some((p) => (p.endsWith('*') ? name.startsWith(p.slice(0, -1)) : name === p));
  return new Map([...asked].filter(([name, value]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !value.includes('\0') && allows(name)));
}
