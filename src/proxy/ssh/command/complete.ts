/** Does a shell need more lines before it can run what was entered? A wrong answer runs nothing undecided: what is decided is what is sent. */
import { hasOpenHereDocument, parseShell } from '../../../policy/shell/parse.ts';
import { completeness } from '../terminal/incomplete.ts';

export function needsMore(text: string): boolean {
  // A backslash at the end, and not an escaped one.
  if (/(?<!\\)(?:\\\\)*\\$/.test(text)) return true;
  if (!('problem' in parseShell(text))) return false;
  // There is no history expansion here.
  return completeness(text.replaceAll('!', ' ')) === 'incomplete' || hasOpenHereDocument(text);
}
