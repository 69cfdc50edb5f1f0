/** Finds the text of a policy by its id in a bundle's Cedar files. For show: what decides is the engine's reading. Pure. */
import { fromUtf8 } from '../../base/encoding.ts';

export interface PolicyText {
  readonly file: string;
  /** From its annotations, and the comment above them, to the semicolon. */
  readonly text: string;
}

/** The statements of a Cedar file: cut at each semicolon that is neither in a string nor in a comment. */
export function statementsOf(source: string): string[] {
  const out: string[] = [];
  let from = 0;
  for (const { 0: token, index } of source.matchAll(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|;/g)) {
    if (token !== ';') continue;
    out.push(source.slice(from, index + 1).trim());
    from = index + 1;
  }
  return out;
}

/** The annotation `@id("...")` of a statement, outside of comments. */
export function idOf(statement: string): string | undefined {
  for (const [token, id] of statement.matchAll(/\/\/[^\n]*|@id\s*\(\s*"((?:[^"\\]|\\.)*)"\s*\)|"(?:[^"\\]|\\.)*"/g)) if (token.startsWith('@')) return id;
  return undefined;
}

export function policyTexts(files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, PolicyText> {
  const found = new Map<string, PolicyText>();
  for (const [file, bytes] of files) {
    if (!file.startsWith('policies/')) continue;
    for (const text of statementsOf(fromUtf8(bytes))) {
      const id = idOf(text);
      if (id !== undefined && !found.has(id)) found.set(id, { file, text });
    }
  }
  return found;
}
