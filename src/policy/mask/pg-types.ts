/** PostgreSQL's built-in type OIDs (pg_type.dat) as far as masking must tell them apart. */
import { FIRST_USER_OID } from '../user-oids.ts';

export const oid = {
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  text: 25,
  json: 114,
  xml: 142,
  unknown: 705,
  cidr: 650,
  inet: 869,
  bpchar: 1042,
  varchar: 1043,
  numeric: 1700,
  cstring: 2275,
  uuid: 2950,
  jsonb: 3802,
} as const;

const TEXT_LIKE: ReadonlySet<number> = new Set([oid.text, oid.varchar, oid.bpchar, oid.name, oid.unknown, oid.xml, oid.cstring]);
/** Arrays of those: xml, char, name, text, bpchar, varchar, cstring. */
const TEXT_ARRAYS: ReadonlySet<number> = new Set([143, 1003, 1009, 1014, 1015, 1263]);
const JSON_ARRAYS: ReadonlySet<number> = new Set([199, 3807]);

/**
 * Types that cannot hold what a detector looks for: numbers, booleans, times, identifiers of the system,
 * geometry, bits, ranges of those, and arrays of those. Everything else is looked at.
 */
const INERT: ReadonlySet<number> = new Set([
  16, 18, 21, 22, 23, 24, 26, 27, 28, 29, 30, 600, 601, 602, 603, 604, 628, 700, 701, 718, 774, 790, 829, 1082, 1083, 1114, 1184, 1186, 1266, 1560, 1562, 2202, 2203, 2204, 2205, 2206, 2278, 2950, 2970,
  3220, 3734, 3769, 3904, 3906, 3908, 3910, 3912, 3926, 4089, 4096, 5038, 5069, 629, 651, 719, 775, 791, 1000, 1002, 1005, 1006, 1007, 1008, 1010, 1011, 1012, 1013, 1017, 1018, 1019, 1020, 1021, 1022,
  1027, 1028, 1040, 1041, 1115, 1182, 1183, 1185, 1187, 1270, 1561, 1563, 2951, 3221, 3905, 3907, 3909, 3911, 3913, 3927,
]);

/** How a masked value of a type may look on the wire. */
export type MaskForm = 'text' | 'json' | 'jsonb' | 'uuid' | 'text_array' | 'json_array' | 'null';

/**
 * The form a mask takes for a type and format (0 text, 1 binary). A type without an OID (COPY as text) or of an
 * extension takes text in text format; what cannot be rendered as its type is NULL.
 */
export function maskForm(typeOid: number | undefined, format: 0 | 1): MaskForm {
  if (typeOid === undefined || typeOid >= FIRST_USER_OID) return format === 0 ? 'text' : 'null';
  if (TEXT_LIKE.has(typeOid)) return 'text';
  if (typeOid === oid.json) return 'json';
  if (typeOid === oid.jsonb) return format === 0 ? 'json' : 'jsonb';
  if (typeOid === oid.uuid) return 'uuid';
  if (format === 0 && TEXT_ARRAYS.has(typeOid)) return 'text_array';
  if (format === 0 && JSON_ARRAYS.has(typeOid)) return 'json_array';
  return 'null';
}

/** How detectors read a cell, or 'skip' when the type cannot hold what they look for. */
export type ScanForm = 'skip' | 'text' | 'json' | 'jsonb' | 'number_text' | 'int8' | 'numeric' | 'bytea_text' | 'opaque' | 'inet';

export function scanForm(typeOid: number | undefined, format: 0 | 1, wants: { readonly card: boolean; readonly ipv4: boolean }): ScanForm {
  if (typeOid === undefined) return format === 0 ? 'text' : 'opaque';
  if (typeOid === oid.int8 || typeOid === oid.numeric) {
    if (!wants.card) return 'skip';
    return format === 0 ? 'number_text' : typeOid === oid.int8 ? 'int8' : 'numeric';
  }
  // int8[] and numeric[].
  if (typeOid === 1016 || typeOid === 1231) return wants.card && format === 0 ? 'number_text' : 'skip';
  if (typeOid === oid.inet || typeOid === oid.cidr) return wants.ipv4 ? 'inet' : 'skip';
  if (INERT.has(typeOid)) return 'skip';
  if (typeOid === oid.json) return 'json';
  if (typeOid === oid.jsonb) return format === 0 ? 'json' : 'jsonb';
  if (typeOid === oid.bytea) return format === 0 ? 'bytea_text' : 'opaque';
  if (format === 0 || TEXT_LIKE.has(typeOid)) return 'text';
  return 'opaque';
}
