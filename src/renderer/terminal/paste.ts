/** What is pasted, before it reaches a shell: control characters never, several lines only after a look at them. Pure. */

export interface Pasted {
  /** What would be sent: line ends as they are, without control characters. */
  readonly text: string;
  /** As people count them: a line end at the very end begins no line. */
  readonly lines: number;
  /** Control characters that were taken out: they could end a bracketed paste, or move the cursor over what was pasted. */
  readonly removed: number;
}

const KEPT = new Set(['\t', '\n', '\r']);

export function pasted(raw: string): Pasted {
  let removed = 0;
  const text = raw.replaceAll(/\p{Cc}/gu, (control) => {
    if (KEPT.has(control)) return control;
    removed++;
    return '';
  });
  return { text, removed, lines: text.replace(/(?:\r\n|\r|\n)$/, '').split(/\r\n|\r|\n/).length };
}

/** A line end at the very end counts as well: it would run what stands before it. */
export const needsLook = ({ text }: Pasted): boolean => /[\r\n]/.test(text);
