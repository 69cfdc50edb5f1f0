/**
 * Error, notice and statement text. Detectors always; where classified columns are near (`scrubMessages`) also
 * everything that PostgreSQL puts values into: quotes, key tuples, failing rows, COPY lines. The server does not
 * escape quotes inside a message, so a removal reaches to the last closing mark: too much is removed rather than
 * too little.
 */
import type { MaskPlan } from '../types.ts';
import { activeDetectors, type MaskContext } from './detectors.ts';
import { noHints } from './detect/ids.ts';
import { FULL_MASK } from './render.ts';
import { maskFound } from './text.ts';

/** Stands for a removed value. ASCII, so that it is right in every client encoding. */
export const REDACTED = '<redacted>';

export interface MaskedMessage {
  readonly text: string;
  /** Findings by data class; removed values are counted under `message`. */
  readonly counts: Map<string, number>;
}

/** @param text one field of a message (primary text, detail, hint, context), a statement, or a parameter's text */
export function maskText(text: string, plan: MaskPlan, context: MaskContext): MaskedMessage {
  const counts = new Map<string, number>();
  const scrubbed = plan.scrubMessages ? scrub(text) : text;
  if (scrubbed !== text) counts.set('message', 1);
  const active = activeDetectors(plan, context);
  const masked = active.ids.size === 0 ? undefined : maskFound(scrubbed, active, noHints);
  for (const id of masked?.classIds ?? []) counts.set(id, (counts.get(id) ?? 0) + 1);
  return { text: masked === undefined ? scrubbed : (masked.text ?? FULL_MASK), counts };
}

/** Nouns after which PostgreSQL's messages quote a name of the schema, not a value. */
const NOUN =
  '(?:relation|table|column|constraint|index|schema|database|role|user|function|procedure|operator|parameter|extension|sequence|view|trigger|language|cursor|portal|statement|collation|domain|server|tablespace|policy|rule|partition|publication|subscription|type|aggregate|variable|savepoint|encoding|setting)';
const NAMED = new RegExp(`\\b${NOUN} "[A-Za-z_][A-Za-z0-9_$.]{0,126}"`, 'g');
const MARKS = '"„“”«»‚‘’‹›「」『』';

function scrub(text: string): string {
  let out = rest(text, /\bline \d{1,12}(?:, column [^:\n]{1,128})?: /);
  out = between(out, '=(', ')');
  out = between(out, 'contains (', ')');
  out = between(out, 'VALUES (', ')');
  out = quoted(out);
  out = between(out, "'", "'", /(?<![A-Za-z])'/);
  return dollarQuoted(out);
}

/** Removes everything after `lead`, which ends where a row or line of data begins. */
function rest(text: string, lead: RegExp): string {
  const m = lead.exec(text);
  return m === null ? text : text.slice(0, m.index + m[0].length) + REDACTED;
}

/** Removes from the first `open` to the last `close`, or to the end when nothing closes. */
function between(text: string, open: string, close: string, opening?: RegExp): string {
  const start = opening === undefined ? text.indexOf(open) : (opening.exec(text)?.index ?? -1);
  if (start < 0) return text;
  const from = start + open.length;
  const end = text.lastIndexOf(close);
  return end >= from ? text.slice(0, from) + REDACTED + text.slice(end) : text.slice(0, from) + REDACTED;
}

/** From the first quote that is not a name of the schema to the last quote of all: a value may hold quotes, and nouns before them. */
function quoted(text: string): string {
  let from = 0;
  for (const name of text.matchAll(NAMED)) {
    const open = firstMark(text, from);
    if (open < 0 || open < name.index) break;
    from = name.index + name[0].length;
  }
  const open = firstMark(text, from);
  if (open < 0) return text;
  let last = text.length - 1;
  while (last > open && !MARKS.includes(text.charAt(last))) last--;
  return text.slice(0, open + 1) + REDACTED + (last > open ? text.slice(last) : '');
}

function firstMark(text: string, from: number): number {
  for (let i = from; i < text.length; i++) if (MARKS.includes(text.charAt(i))) return i;
  return -1;
}

function dollarQuoted(text: string): string {
  const m = /\$[A-Za-z_]?[A-Za-z0-9_]{0,62}\$/.exec(text);
  if (m === null) return text;
  const end = text.lastIndexOf(m[0]);
  const from = m.index + m[0].length;
  return end >= from ? text.slice(0, from) + REDACTED + text.slice(end) : text.slice(0, from) + REDACTED;
}
