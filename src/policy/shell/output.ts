/** What a substitution puts into the line, where that is known: a number, a date, a name without separators. */
import type { Command, ParsedScript, Redirection } from 'unbash';
import { PLAIN_PIECE, PLAIN_WORD_PIECE, UNKNOWN_PIECE } from './expand.ts';
import type { Piece } from './field.ts';

/** Their output has no separator within a word. */
const PLAIN_FLAGS = /^(nproc|whoami|hostname|uname|arch|pidof|pgrep|wc|id|logname|uptime|tty)( -[A-Za-z]+)*$/;
/** Calls that print one word at most. */
const ONE_WORD = /^(whoami|arch|logname|hostname( -[fsd])?|uname( -[smnrpio])?|id -(un|gn))$/;
/** Calls that print one number at most. */
const NUMBER = /^(nproc|id -(u|g)|wc -[lcwmL]|z?grep -[iEvFw]*c[iEvFw]* ('[^']*'|"[^"$`\\]*"|[\w.:-]+)( [\w./~][\w./~+-]*)?|pgrep -[fx]*c[fx]* ('[^']*'|"[^"$`\\]*"|[\w.:-]+)|date \+%s)$/;
/** Formats that print no blank, slash or sign. */
const DATE = /^date( -u)? ['"]?\+(?=[%A-Za-z0-9])((?!%[-_0^#:]*[cDxrntekl+z])[%A-Za-z0-9_.:-])+['"]?$/;

/** `$(nproc)`, `$(date +%F)`, `$(ls | wc -l)`; of a pipeline the last part prints. */
export function outputOf(script: ParsedScript): Piece {
  const text = printing(script);
  if (text === undefined) return UNKNOWN_PIECE;
  if (ONE_WORD.test(text) || NUMBER.test(text) || DATE.test(text)) return PLAIN_WORD_PIECE;
  return PLAIN_FLAGS.test(text) ? PLAIN_PIECE : UNKNOWN_PIECE;
}

export const printsNumber = (script: ParsedScript): boolean => NUMBER.test(printing(script) ?? '');

/** Text of the command whose output it is. */
function printing(script: ParsedScript): string | undefined {
  const last = lastCommand(script);
  if (last?.name === undefined || last.name.parts !== undefined || last.prefix.length > 0 || !last.redirects.every(leavesOutput)) return undefined;
  const { name, args } = last;
  return args.every((a) => a.type === 'Word') ? [name.value, ...args.map((a) => a.text)].join(' ') : undefined;
}

function lastCommand({ commands }: ParsedScript): Command | undefined {
  const [only, ...more] = commands;
  if (only === undefined || more.length > 0) return undefined;
  const { command } = only;
  const last = command.type === 'Pipeline' && command.prefixes.length === 0 && command.operators.at(-1) === '|' ? command.commands.at(-1) : command;
  return last?.type === 'Command' ? last : undefined;
}

/** What a program says of errors is not mixed into what it prints. */
function leavesOutput(r: Redirection): boolean {
  if (r.type !== 'Redirect' || r.operator === '<') return true;
  return (r.operator === '>' || r.operator === '>>') && r.descriptor?.type === 'FileDescriptor' && r.descriptor.value === 2;
}
