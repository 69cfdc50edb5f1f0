/**
 * Lines of log.ndjson (docs/formats/recording.md section 3):
 *   D["<salt>",n,"<field>",<value>]      content, removable
 *   R{"n":..,"k":..,"t":..,"m":..,"ch":..,"p":"..",clear...,"d":[["field","<sha256>",len],...]}
 *   C"<signed note>"
 * Hashes are over stored bytes; nothing here is ever re-serialised to be hashed.
 */
import { assert, MalformedError } from '../base/errors.ts';
import type { Json } from '../base/jcs.ts';
import { parseJson } from './parse.ts';
import type { Field, RecordKind } from './types.ts';

/** Small, non-personal values that stay in the signed header for ever. Numbers are safe integers. */
export type ClearValue = string | number | boolean | null | readonly string[];

export interface RecordInput {
  readonly kind: RecordKind;
  readonly clear?: Readonly<Record<string, ClearValue>>;
  readonly fields?: readonly Field[];
  /** Multiplexed channel of the protocol; 0 where there is none. */
  readonly channel?: number;
}

/** `[field, SHA-256 hex of the disclosure, its length in bytes]` */
export type DisclosureRef = readonly [field: string, digest: string, len: number];

export interface RecordHeader {
  readonly n: number;
  readonly k: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly t: number;
  /** Monotonic nanoseconds since the session opened. */
  readonly m: number;
  readonly ch: number;
  /** Leaf hash of record n-1; for record 0 the SHA-256 of open.dsse.json. Hex. */
  readonly p: string;
  readonly clear: Readonly<Record<string, ClearValue>>;
  readonly d: readonly DisclosureRef[];
}

export interface Disclosure {
  readonly salt: string;
  readonly n: number;
  readonly field: string;
  readonly value: Json;
}

export const maxFieldsPerRecord = 1_000;
const NAME = /^[a-z][a-z0-9_]{0,63}$/;
const KIND = /^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/;
const HEX32 = /^[0-9a-f]{64}$/;
const SALT = /^[A-Za-z0-9_-]{22}$/;
const reserved = new Set(['n', 'k', 't', 'm', 'ch', 'p', 'd', 'z']);

const knownNames = new Set<string>();
const isName = (name: string): boolean => knownNames.has(name) || (NAME.test(name) && (knownNames.size > 10_000 || knownNames.add(name).size > 0));

/** The disclosure after its letter. @throws BugError for a name or value that the format cannot hold. */
export function encodeDisclosure(salt: string, n: number, field: Field): string {
  assert(isName(field.name), `not a field name: ${field.name}`);
  // JSON.stringify answers undefined for undefined, which the Json type excludes but a cast could let through.
  const value = JSON.stringify(field.value) as string | undefined;
  assert(value !== undefined, `field ${field.name} has no value`);
  return `["${salt}",${n},"${field.name}",${value}]`;
}

export type HeaderStart = Omit<RecordHeader, 'clear' | 'd'>;

/** The record header after its letter, clear members in the order given. @throws BugError as above. */
export const encodeRecord = (start: HeaderStart, clear: Readonly<Record<string, ClearValue>> | undefined, d: readonly DisclosureRef[]): string => encodeRefs(encodeClear(start, clear), d);

/** A record header up to its disclosure references: what can be checked before anything of the record is written. */
export function encodeClear(start: HeaderStart, clear: Readonly<Record<string, ClearValue>> | undefined): string {
  let out = `{"n":${start.n},"k":"${start.k}","t":${start.t},"m":${start.m},"ch":${start.ch},"p":"${start.p}"`;
  for (const name in clear) {
    const value = clear[name];
    assert(isName(name) && !reserved.has(name), `not a clear member name: ${name}`);
    assert(value !== undefined && isClear(value), `clear member ${name} has a value that a header cannot hold`);
    out += typeof value === 'number' ? `,"${name}":${value}` : `,"${name}":${JSON.stringify(value)}`;
  }
  return out;
}

/** Completes what `encodeClear` began. */
export function encodeRefs(head: string, d: readonly DisclosureRef[]): string {
  let out = `${head},"d":[`;
  let comma = '';
  for (const [field, digest, len] of d) {
    out += `${comma}["${field}","${digest}",${len}]`;
    comma = ',';
  }
  return `${out}]}`;
}

function isClear(value: unknown): value is ClearValue {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  if (Array.isArray(value)) return value.every((v) => typeof v === 'string');
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}

const bad = (what: string): MalformedError => new MalformedError('malformed.value', what);

const isCount = (v: unknown): v is number => typeof v === 'number' && Number.isSafeInteger(v) && v >= 0;

/** Parses a disclosure without its letter. @throws MalformedError */
export function parseDisclosure(text: string): Disclosure {
  const value = parseJson(text, 'disclosure');
  if (!Array.isArray(value) || value.length !== 4) throw bad('a disclosure has four elements');
  const [salt, n, field] = value as unknown[];
  if (typeof salt !== 'string' || !SALT.test(salt)) throw bad('disclosure salt is not 16 bytes');
  if (!isCount(n)) throw bad('disclosure number is not a count');
  if (typeof field !== 'string' || !isName(field)) throw bad('disclosure field is not a name');
  return { salt, n, field, value: (value as Json[])[3] ?? null };
}

/**
 * Parses a record header without its letter. The text must be exactly what JSON.stringify writes for its value, so
 * that two readers never see two records in one line (duplicate members, odd numbers, white space).
 * @throws MalformedError
 */
export function parseRecord(text: string): RecordHeader {
  const value = parseJson(text, 'record');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('a record is an object');
  if (JSON.stringify(value) !== text) throw new MalformedError('malformed.encoding', 'record is not in canonical form');
  const members = value as Record<string, unknown>;
  const { n, k, t, m, ch, p, d } = members;
  if (!isCount(n) || !isCount(t) || !isCount(m) || !isCount(ch)) throw bad('record n, t, m and ch are counts');
  if (typeof k !== 'string' || k.length > 64 || !KIND.test(k)) throw bad('record kind is not a kind');
  if (typeof p !== 'string' || !HEX32.test(p)) throw bad('record p is not a hash');
  if (!Array.isArray(d) || d.length > maxFieldsPerRecord) throw bad('record d is not a list of disclosures');
  if (!areRefs(d)) throw bad('record d holds something that is not a disclosure reference');
  return { n, k, t, m, ch, p, clear: clearOf(members), d: d as DisclosureRef[] };
}

const headMembers = new Set(['n', 'k', 't', 'm', 'ch', 'p', 'd']);

function clearOf(members: Record<string, unknown>): Record<string, ClearValue> {
  const clear: Record<string, ClearValue> = {};
  for (const name in members) {
    if (headMembers.has(name)) continue;
    const value = members[name];
    if (reserved.has(name) || !isName(name) || !isClear(value)) throw bad(`record member ${name.slice(0, 64)} is not allowed`);
    clear[name] = value;
  }
  return clear;
}

function areRefs(d: readonly unknown[]): boolean {
  const seen = d.length > 1 ? new Set<string>() : undefined;
  for (const item of d) {
    if (!isRef(item) || seen?.has(item[0]) === true) return false;
    seen?.add(item[0]);
  }
  return true;
}

function isRef(item: unknown): item is DisclosureRef {
  if (!Array.isArray(item) || item.length !== 3) return false;
  const [field, digest, len] = item as unknown[];
  return typeof field === 'string' && isName(field) && typeof digest === 'string' && HEX32.test(digest) && isCount(len);
}

/** The note's text from a checkpoint line without its letter. @throws MalformedError */
export function parseCheckpointLine(text: string): string {
  const value = parseJson(text, 'checkpoint line');
  if (typeof value !== 'string' || JSON.stringify(value) !== text) throw bad('a checkpoint line is one JSON text in canonical form');
  return value;
}
