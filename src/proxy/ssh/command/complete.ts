/** Does a shell need more lines before it can run what was entered? A wrong answer runs nothing undecided: what is decided is what is sent. */
import { hasOpenHereDocument, parseShell } from '../../../policy/shell/parse.ts';
import { completeness } from '../terminal/incomplete.ts';

export function needsMore(text: string): boolean {
  // There is no history expansion here.
  const isOpen = completeness(text.replaceAll('!', ' ')) === 'incomplete';
  if (/\\$/.test(text)) return isOpen;
  return 'problem' in parseShell(text) && (isOpen || hasOpenHereDocument(text));
}
