/** The one call of the shell grammar: bounded, and a text with anything that the grammar is unsure of is no tree. */
import { forEachChild, parse } from 'unbash';
import type { ParsedScript, SyntaxNode } from 'unbash';
import { messageOf } from '../../base/errors.ts';
import { shellLimits } from './limits.ts';

export type Parsed = { readonly script: ParsedScript } | { readonly problem: 'parse' | 'limit'; readonly detail: string };

const OPENERS = /\$\(|[<>]\(|`|<<|\$\{|\(\(/g;

/** The parser's time grows with both. */
const isCostly = (text: string): boolean => ((text.match(OPENERS)?.length ?? 0) + 1) * text.length > shellLimits.parseCost;

/**
 * Parses a command line as bash does. The parser is tolerant and returns what it could make of a broken text; here any
 * error anywhere in the tree means that there is no tree.
 */
export function parseShell(text: string): Parsed {
  if (isCostly(text)) return { problem: 'limit', detail: 'too many substitutions in too long a text' };
  try {
    const script = parse(text);
    const error = firstError(script);
    return error === undefined ? { script } : { problem: 'parse', detail: error };
  } catch (error) {
    return { problem: 'parse', detail: messageOf(error) };
  }
}

/** The text of a here-document has begun, and the line that ends it has not come. */
export function hasOpenHereDocument(text: string): boolean {
  if (!text.includes('<<') || isCostly(text)) return false;
  const stack: SyntaxNode[] = [parse(text)];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.type === 'HereDoc' && node.delimiter !== undefined && node.closing === undefined) return true;
    forEachChild(node, (child) => stack.push(child));
  }
  return false;
}

/** Resolves every lazy part of the tree on the way, so that nothing is parsed later. */
function firstError(script: ParsedScript): string | undefined {
  const stack: SyntaxNode[] = [script];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const error = errorOf(node);
    if (error !== undefined) return error;
    forEachChild(node, (child) => stack.push(child));
  }
  return undefined;
}

function errorOf(node: SyntaxNode): string | undefined {
  switch (node.type) {
    case 'Script':
      return node.errors?.[0]?.message;
    case 'CommandExpansion':
    case 'ProcessSubstitution':
    case 'ArithmeticCommandExpansion':
      return node.script === undefined ? 'a substitution does not parse' : undefined;
    case 'ArithmeticExpansion':
      return node.expression === undefined ? 'an arithmetic expression does not parse' : undefined;
    case 'ParameterExpansion':
      return node.operation?.type === 'Unknown' ? 'an expansion does not parse' : undefined;
    case 'Function':
    case 'Coproc':
      return node.body.type === 'CompoundList' ? 'a body does not parse' : undefined;
    case 'HereDoc':
      // Bash takes the end of the text for the end of the document and only warns; other shells refuse.
      return node.closing === undefined || node.delimiter === undefined ? 'a here-document does not end' : undefined;
    case 'Redirect':
    case 'HereString':
      return node.target === undefined ? 'a redirection leads nowhere' : undefined;
    default:
      return undefined;
  }
}
