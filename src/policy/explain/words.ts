/** Small parts of sentences. */
import type { MaskKind } from '../types.ts';

const MAX_CODE = 60;

/** SQL or a name within a sentence: on one line, cut when long. A backtick would end it. */
export function code(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim().replaceAll('`', '´');
  return `\`${line.length > MAX_CODE ? `${line.slice(0, MAX_CODE - 1)}…` : line}\``;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[], last = 'and'): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1) ?? ''}`;
}

/** The label of a button that leaves something out: what is long is quoted by the sentence beside it. */
export function leaveOut(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 16 ? 'Leave it out' : `Leave out ${line}`;
}

/** A column of a list of names, as SQL wants it written. */
export const identifier = (name: string): string => (/^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

/** Text of others that must not begin or end code. */
export const withoutMarks = (text: string): string => text.replaceAll('`', '´');

/** The reasons of several policies come joined; the first is enough where all would be a paragraph. */
const MAX_REASON = 170;
const firstOf = (text: string): string => (text.length <= MAX_REASON ? text : (text.split('; ')[0] ?? text));

/** One sentence out of a policy's reason and advice, without the full stop. */
export const oneSentence = (text: string): string => firstOf(withoutMarks(text)).trim().replace(/\.\s+(\p{Lu})(?=\p{Ll})/gu, (_, first: string) => `; ${first.toLowerCase()}`).replace(/\.$/, '');

export const waitsFor = (o: { readonly approvers: readonly string[]; readonly quorum: number }): string =>
  o.quorum > 1 ? `waits for ${o.quorum} people of ${listed(o.approvers, 'or')}` : `waits for ${listed(o.approvers, 'or')}`;

const SHOWN: Readonly<Record<MaskKind, string>> = {
  token: 'the rows show tokens',
  partial: 'the rows show only a harmless part',
  full: 'the rows show stars',
  null: 'the rows show NULL',
};
export const shownAs = (kind: MaskKind): string => SHOWN[kind];

