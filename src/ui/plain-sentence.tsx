/** A sentence in which names and SQL stand between backticks. */
import { Fragment } from 'react';

/** Parts in turn: words, code, words, ... */
const partsOf = (sentence: string): readonly string[] => sentence.split('`');

export function PlainSentence({ text }: { text: string }) {
  return partsOf(text).map((part, i) => <Fragment key={i}>{i % 2 === 0 ? part : <code>{part}</code>}</Fragment>);
}

/** The same for places that take no React. */
export function sentenceNodes(text: string): (Node | string)[] {
  return partsOf(text).map((part, i) => {
    if (i % 2 === 0) return part;
    const code = document.createElement('code');
    code.textContent = part;
    return code;
  });
}

/** The same as words alone, for screen readers and copies. */
export const sentenceWords = (text: string): string => partsOf(text).join('');
