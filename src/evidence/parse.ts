/** Small strict readers for JSON that came from outside: exact members, exact types, all errors coded. */
import { fromBase64 } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

const bad = (what: string): MalformedError => new MalformedError('malformed.value', what);

/** @throws MalformedError unless `text` is one JSON value. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new MalformedError('malformed.encoding', `${what} is not JSON`);
  }
}

/** An object with all of `required`, any of `optional`, and nothing else. Missing and unknown members are named together. */
export function object(value: unknown, what: string, required: readonly string[], optional: readonly string[] = []): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(`${what} is not an object`);
  const keys = Object.keys(value);
  const missing = required.filter((k) => !Object.hasOwn(value, k));
  const unknown = keys.filter((k) => !required.includes(k) && !optional.includes(k));
  if (missing.length > 0 || unknown.length > 0) {
    const parts = [missing.length > 0 ? `lacks ${missing.join(', ')}` : '', unknown.length > 0 ? `has unknown ${unknown.join(', ').slice(0, 200)}` : ''];
    throw bad(`${what} ${parts.filter((p) => p !== '').join(' and ')}`);
  }
  return value as Fields;
}

export function text(value: unknown, what: string, maxLength = 65_536): string {
  if (typeof value !== 'string' || value.length > maxLength || /\p{Surrogate}/u.test(value)) throw bad(`${what} is not a text of at most ${maxLength} characters`);
  return value;
}

/** A non-negative safe integer. */
export function count(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw bad(`${what} is not a non-negative integer`);
  return value;
}

export function hex32(value: unknown, what: string): string {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw bad(`${what} is not 64 hex digits`);
  return value;
}

export function list<T>(value: unknown, what: string, item: (v: unknown, what: string) => T, max = 10_000): T[] {
  if (!Array.isArray(value) || value.length > max) throw bad(`${what} is not a list of at most ${max}`);
  return value.map((v: unknown, i) => item(v, `${what}[${i}]`));
}

export function texts(value: unknown, what: string): string[] {
  return list(value, what, (v, w) => text(v, w));
}

export function oneOf<T extends string>(value: unknown, what: string, allowed: readonly T[]): T {
  const found = allowed.find((a) => a === value);
  if (found === undefined) throw bad(`${what} is not one of ${allowed.join(', ')}`);
  return found;
}

/** The one value allowed here: a version or a type tag. */
export function exactly<T extends string | number>(value: unknown, what: string, wanted: T): T {
  if (value !== wanted) throw bad(`${what} is not ${JSON.stringify(wanted)}`);
  return wanted;
}

export function base64(value: unknown, what: string): Uint8Array {
  try {
    return fromBase64(text(value, what));
  } catch {
    throw bad(`${what} is not base64`);
  }
}

export function labels(value: unknown, what: string): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(`${what} is not an object`);
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, text(v, `${what}.${k}`)]));
}
