/**
 * One SELECT text for many that differ only in whole numbers which a column is compared with: `WHERE id = 17` and
 * `WHERE id = 42` mean the same to lineage, facts and policy. Anything that could read otherwise (quotes, comments,
 * casts, other operators, a second statement) makes no template and is analysed as it stands.
 */

/** Letters, digits and the few signs of a plain SELECT; `--` is looked for apart. */
const PLAIN_SELECT = /^\s*select\s[\w\s.,*()=+-]*;?\s*$/i;
const COMPARED = /([A-Za-z_][A-Za-z0-9_]*\s*=\s*)(\d{1,18})(?![\w.])/g;
/** Cannot occur in a text that passes PLAIN_SELECT. */
const HOLE = '\u0001';
/** The scanner of literals hides longer numbers near classified columns. */
const LONGEST_PLAIN_NUMBER = 6;

export interface Template {
  readonly text: string;
  /** All numbers taken out are short: nothing in the text has to be hidden. */
  readonly short: boolean;
}

/** Undefined when the text makes no template, or has nothing to take out. */
export function templateOf(sql: string): Template | undefined {
  if (sql.length > 4096 || !PLAIN_SELECT.test(sql) || sql.includes('--')) return undefined;
  let short = true;
  const text = sql.replace(COMPARED, (_, before: string, digits: string) => {
    short &&= digits.length <= LONGEST_PLAIN_NUMBER;
    return before + HOLE;
  });
  return text === sql ? undefined : { text, short };
}
