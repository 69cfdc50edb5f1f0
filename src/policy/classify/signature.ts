/** Signatures of functions as people write them, in the spelling in which the server prints them. */
import type { VouchedFunction } from '../types.ts';

const NAME = /^\s*("(?:[^"]|"")+"|[A-Za-z_][\w$]*)\.("(?:[^"]|"")+"|[A-Za-z_][\w$]*)\s*\(([^()]*)\)\s*$/;

/** Short names of types and what the server calls them. */
const SPELLINGS: Readonly<Record<string, string>> = {
  int: 'integer',
  int4: 'integer',
  int8: 'bigint',
  int2: 'smallint',
  float4: 'real',
  float8: 'double precision',
  decimal: 'numeric',
  bool: 'boolean',
  varchar: 'character varying',
  char: 'character',
  bpchar: 'character',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  time: 'time without time zone',
  timetz: 'time with time zone',
  varbit: 'bit varying',
};

const unquoted = (part: string): string => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase());

function typeName(text: string): string {
  const plain = text.trim().replace(/\s+/g, ' ');
  const [, base = plain, array = ''] = /^(.*?)((?:\[\])*)$/.exec(plain) ?? [];
  const lower = base.includes('"') ? base : base.toLowerCase();
  return `${SPELLINGS[lower] ?? lower}${array === '' ? '' : '[]'}`;
}

/** `public.slug(text, int)` taken apart; undefined when it is not written like that. */
export function parseSignature(text: string): Omit<VouchedFunction, 'taint'> | undefined {
  const [, schema, name, list = ''] = NAME.exec(text) ?? [];
  if (schema === undefined || name === undefined) return undefined;
  const args = list.trim() === '' ? [] : list.split(',').map(typeName);
  return args.includes('') ? undefined : { schema: unquoted(schema), name: unquoted(name), args };
}
