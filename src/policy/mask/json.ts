/**
 * JSON text (RFC 8259): every string, key and long number is scanned by itself, decoded, with its key as a hint.
 * What is not masked keeps its bytes; numbers that are masked become strings.
 */
import type { ActiveDetectors } from './detectors.ts';
import { hintsOf, type NameHints } from './detect/ids.ts';
import { maskFound } from './text.ts';

const NUMBER = /-?[0-9][0-9.eE+-]*/y;
const COLON = /[ \t\r\n]*:/y;

export interface MaskedJson {
  readonly text: string;
  readonly classIds: readonly string[];
}

/** @returns undefined when nothing was found. Text that is not JSON is walked the same way: it must not slip through. */
export function maskJson(text: string, active: ActiveDetectors, columnHints: NameHints): MaskedJson | undefined {
  const classIds: string[] = [];
  let out = '';
  let from = 0;
  let hints = columnHints;
  const mask = (start: number, end: number, value: string, valueHints: NameHints): void => {
    const masked = maskFound(value, active, valueHints);
    if (masked === undefined) return;
    out += text.slice(from, start) + JSON.stringify(masked.text);
    from = end;
    for (const id of masked.classIds) if (!classIds.includes(id)) classIds.push(id);
  };
  for (let i = 0; i < text.length; ) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      const end = stringEnd(text, i);
      const value = decodeString(text.slice(i, end));
      if (follows(COLON, text, end)) {
        mask(i, end, value, columnHints);
        hints = hintsOf(value);
      } else mask(i, end, value, hints);
      i = end;
    } else if (code === 0x2d || (code >= 48 && code <= 57)) {
      NUMBER.lastIndex = i;
      const end = i + (NUMBER.exec(text)?.[0].length ?? 1);
      if (end - i >= 6) mask(i, end, text.slice(i, end), hints);
      i = end;
    } else i++;
  }
  return classIds.length === 0 ? undefined : { text: out + text.slice(from), classIds };
}

function follows(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at;
  return pattern.test(text);
}

/** Offset after the closing quote of the string that opens at `open`, or the end of an unclosed one. */
function stringEnd(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i++;
    else if (code === 0x22) return i + 1;
  }
  return text.length;
}

function decodeString(literal: string): string {
  try {
    const value: unknown = JSON.parse(literal);
    if (typeof value === 'string') return value;
  } catch {
    // Not a JSON string: scanned as it stands.
  }
  return literal.slice(1, literal.endsWith('"') ? -1 : undefined);
}
