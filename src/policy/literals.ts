/** Hides the string literals of a statement whose values may belong to a data class: for recordings and approvals. */
import { scanSync } from 'libpg-query';

/** A string, bit string or dollar-quoted constant, by its first characters as the server's lexer would read it. */
const STRING = /^(?:(?:[eEbBxXnN]|[uU]&)?'|\$(?!\d))/;
const COMMENT = /^(?:--|\/\*)/;
/** Seven digits and more may be a card, a phone or a national id. */
const LONG_NUMBER = /^[\d._]*\d{7}/;

/**
 * Replaces each string constant (plain, escape, dollar-quoted, bit, Unicode) and each long number by `'<token>'`, and
 * comments by a remark; `keep` names the byte offsets of literals that stay. What the scanner does not understand is hidden whole.
 */
export function hideLiterals(sql: string, token: (literal: string) => string, keep: ReadonlySet<number> = new Set()): string {
  const bytes = Buffer.from(sql, 'utf8');
  const parts: string[] = [];
  let at = 0;
  try {
    for (const t of scanSync(sql).tokens) {
      const text = bytes.toString('utf8', t.start, t.end);
      const comment = COMMENT.test(text);
      if (keep.has(t.start)) continue;
      if (!comment && !STRING.test(text) && !LONG_NUMBER.test(text)) continue;
      parts.push(bytes.toString('utf8', at, t.start), comment ? '/* comment */' : `'${token(text)}'`);
      at = t.end;
    }
  } catch {
    return `/* not shown: ${sql.length} characters that could not be read */`;
  }
  parts.push(bytes.toString('utf8', at));
  return parts.join('');
}
