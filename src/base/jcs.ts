/** JSON Canonicalization Scheme (RFC 8785) for the JSON that is signed as an object: approvals. */
import { MalformedError } from './errors.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * Canonical text of a JSON value: keys sorted by UTF-16 code units, no white space, ECMAScript numbers.
 * Undefined members are left out, as JSON.stringify does.
 * @throws MalformedError for numbers that JSON cannot hold and for lone surrogates (RFC 8785 section 3.2.2.2).
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new MalformedError('malformed.value', 'number is not finite');
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new MalformedError('malformed.encoding', 'lone surrogate in a string');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((v: Json) => canonicalJson(v)).join(',')}]`;
  const object = value as { readonly [key: string]: Json | undefined };
  const members = Object.keys(object)
    .sort()
    .flatMap((k) => {
      const v = object[k];
      return v === undefined ? [] : [`${canonicalJson(k)}:${canonicalJson(v)}`];
    });
  return `{${members.join(',')}}`;
}
