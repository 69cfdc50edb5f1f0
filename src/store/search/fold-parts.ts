/** Members of records as the index takes them: of the type that is expected, bounded, without what a database cannot hold. */
import { type ApprovalId, isApprovalId } from '../../base/ids.ts';
import type { SearchDecision } from '../../contract/store/index.ts';
import type { ReadRecord } from '../../evidence/read.ts';
import { plain } from './words.ts';

const LIST_MAX = 200;
const NAME_CHARS = 255;
/** What a 32 bit column holds; record numbers and references beyond are not ours. */
const INT_MAX = 2 ** 31 - 1;

/** The beginning of a text, never ending in half a character. */
export const cut = (text: string, max: number): string => plain(text.length > max ? text.slice(0, max) : text);

export function fieldText(r: ReadRecord, name: string): string {
  const value = r.fields[name];
  return value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

export function clearText(r: ReadRecord, name: string): string {
  const value = r.clear[name];
  return typeof value === 'string' ? value : '';
}

/** The approval that a record names, when it is an id. */
export function approvalOf(r: ReadRecord): ApprovalId | undefined {
  const id = r.clear['id'];
  return isApprovalId(id) ? id : undefined;
}

/** A count that fits the column. */
export function clearInt(r: ReadRecord, name: string, max = INT_MAX): number | undefined {
  const value = r.clear[name];
  return typeof value === 'number' && value >= 0 && value <= max ? value : undefined;
}

/** A list of texts; a single text counts as a list of one. */
export function clearList(r: ReadRecord, name: string): string[] {
  const value = r.clear[name];
  if (typeof value === 'string') return [cut(value, NAME_CHARS)];
  return Array.isArray(value) ? value.slice(0, LIST_MAX).flatMap((v: unknown) => (typeof v === 'string' ? [cut(v, NAME_CHARS)] : [])) : [];
}

export const ids = (list: readonly string[]): string[] => [...new Set(list.filter((id) => id !== ''))];

/** Of a request record. One without a decision was not let through by anybody. */
export const decisionOf = (dec: string): SearchDecision => (dec === 'allow' ? 'allow' : dec === 'hold' ? 'held' : 'denied');

/** Rows, time and error of an answer. A command without rows counts those that its tag names: `UPDATE 12`. */
export function answersOf(r: ReadRecord): { rows?: number; us?: number; error?: string } {
  if (r.kind === 'sql.error') return { error: cut(clearText(r, 'code'), 20) || 'unknown' };
  if (r.kind !== 'sql.result') return {};
  const rows = clearInt(r, 'rows', Number.MAX_SAFE_INTEGER) ?? tagCount(clearText(r, 'tag'));
  const us = clearInt(r, 'us', Number.MAX_SAFE_INTEGER);
  return { ...(rows === undefined ? {} : { rows }), ...(us === undefined ? {} : { us }) };
}

function tagCount(tag: string): number | undefined {
  const digits = / (\d{1,15})$/.exec(tag)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Classes that an answer's mask plan named, with the cells that were masked: `1:email` pairs of `mask`, `email:12` pairs of `hits`. */
export function maskedOf(r: ReadRecord): Map<string, number> {
  const found = new Map<string, number>();
  for (const pair of clearList(r, 'mask')) {
    const id = pair.slice(pair.indexOf(':') + 1);
    if (id !== '') found.set(id, found.get(id) ?? 0);
  }
  for (const pair of clearList(r, 'hits')) {
    const at = pair.lastIndexOf(':');
    const cells = Number(pair.slice(at + 1));
    if (at > 0) found.set(pair.slice(0, at), (found.get(pair.slice(0, at)) ?? 0) + (Number.isSafeInteger(cells) && cells > 0 ? cells : 0));
  }
  if (r.kind !== 'mask.applied') return found;
  for (const [id, cells] of Object.entries(r.clear)) if (id !== 'q' && typeof cells === 'number' && cells >= 0) found.set(id, (found.get(id) ?? 0) + cells);
  return found;
}
