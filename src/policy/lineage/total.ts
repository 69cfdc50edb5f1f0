/**
 * What may be computed from a hidden value without showing anything of it but the result, which is masked: operations
 * that never raise an error because of what the value is, and give NULL only for NULL. Whatever is not listed here could
 * answer a question about the value by failing, by NULL or by the number of rows, and counts as a filter on it.
 */
import { as, constOf, constText, strings } from '../facts/tree.ts';
import type { Node, NodeOf } from '../facts/tree.ts';
import { isFirm, sizeOf } from './value.ts';
import type { Value } from './value.ts';

/** Which arguments may hold a hidden value: all, or those at these places. */
type Places = '*' | ReadonlySet<number>;

function table(text: string): ReadonlyMap<string, Places> {
  const out = new Map<string, Places>();
  for (const word of text.trim().split(/\s+/)) {
    const [name = '', places = '0'] = word.split(':');
    out.set(name, places === '*' ? '*' : new Set(places.split(',').map(Number)));
  }
  return out;
}

/** Functions of pg_catalog; without places the first argument. */
const TOTAL = table(`
  lower upper initcap casefold length char_length character_length octet_length bit_length substr left right btrim:* ltrim:* rtrim:*
  concat:* concat_ws:* md5 sha224 sha256 sha384 sha512 reverse replace:* translate:* regexp_replace split_part
  lpad:0,2 rpad:0,2 repeat overlay:0,1 position:* strpos:* ascii to_char encode quote_literal quote_nullable quote_ident to_hex hashtext hashtextextended
  pg_column_size normalize textcat:*
  abs sign round floor ceil ceiling trunc
  age:* date_part:1 extract:1 date_trunc:1 timezone:1 justify_days justify_hours justify_interval isfinite
  to_json to_jsonb row_to_json array_to_json json_build_object:* jsonb_build_object:* json_build_array:* jsonb_build_array:* json_typeof jsonb_typeof
  json_strip_nulls jsonb_strip_nulls jsonb_pretty
  array_append:* array_prepend:* array_to_string:0,2 array_length array_upper array_lower array_ndims array_dims cardinality array_reverse
  family host masklen abbrev network broadcast hostmask netmask
  num_nulls:* num_nonnulls:*
  min max sum avg count any_value array_agg string_agg:* json_agg jsonb_agg json_object_agg:* jsonb_object_agg:* json_agg_strict jsonb_agg_strict xmlagg
  bool_and bool_or every bit_and bit_or bit_xor stddev stddev_pop stddev_samp variance var_pop var_samp mode percentile_disc:1 percentile_cont:1
  first_value last_value nth_value lag:0,2 lead:0,2
  xmltext
`);

/** Functions of common extensions, in whatever schema they are installed. */
const EXTENSION_TOTAL = table('unaccent similarity:* word_similarity:* strict_word_similarity:* soundex difference:* dmetaphone dmetaphone_alt digest hmac:0,1 uuid_generate_v5:1 uuid_generate_v3:1 citext st_astext st_asgeojson');

/** They compute with numbers of a limited range: not of what has been computed, which may be of any size. */
const OF_COLUMNS: ReadonlySet<string> = new Set(['corr', 'covar_pop', 'covar_samp', 'regr_avgx', 'regr_avgy', 'regr_intercept', 'regr_r2', 'regr_slope', 'regr_sxx', 'regr_sxy', 'regr_syy']);

/** They add up or square: a number near the largest that the server knows, of somebody's own choice, would tell how large the other is. */
const SUMS: ReadonlySet<string> = new Set('sum avg stddev stddev_pop stddev_samp variance var_pop var_samp'.split(' '));
const SMALL: ReadonlySet<string> = new Set('length char_length character_length octet_length bit_length position strpos ascii date_part extract sign array_length array_upper array_lower array_ndims cardinality num_nulls num_nonnulls masklen family pg_column_size hashtext'.split(' '));
const KEEPING: ReadonlySet<string> = new Set('abs round floor ceil ceiling trunc min max sum avg any_value first_value last_value nth_value lag lead percentile_disc mode'.split(' '));

/** Numbers that are no larger than those of a hidden column as it stands, or than its type allows. */
export const isTame = (v: Value, hidden: (value: Value) => boolean): boolean => v.bounded === true || (v.exact && !SUMMED_IN_FULL.has(v.type ?? 0) && [...v.sources].every((s) => hidden({ sources: new Set([s]), exact: true })));

/** OIDs of types of which the sum of many values does not fit: interval, money. */
const SUMMED_IN_FULL: ReadonlySet<number> = new Set([1186, 790]);

/** True when the result of a call of the server's is a number of which the same is known. */
export const keepsBounds = (name: string, args: readonly Value[], hidden: (value: Value) => boolean): boolean => SMALL.has(name) || (KEEPING.has(name) && args.every((a) => a.sources.size === 0 || isTame(a, hidden)));

/** More than this times a column's length, a value could be too long for the server, and so tell how long the column's is. */
export const MAX_SIZE = 20_000;
/** Multiplications of numbers beyond which one could be too large. */
const MAX_FACTORS = 8;

/** They make nothing longer. */
const SHORTENING: ReadonlySet<string> = new Set(
  'lower upper initcap casefold length char_length character_length octet_length bit_length substr substring left right btrim ltrim rtrim md5 sha224 sha256 sha384 sha512 reverse split_part translate overlay concat concat_ws min max any_value first_value last_value nth_value lag lead round trunc abs sign ceil ceiling floor date_part extract date_trunc age coalesce sum avg count array_append array_prepend array_agg json_agg jsonb_agg string_agg to_json to_jsonb row_to_json json_build_object jsonb_build_object json_build_array jsonb_build_array'.split(' '),
);

/** How many times longer than its arguments the result of a call may be. */
export function growthOf(name: string, nodes: readonly Node[], args: readonly Value[]): number {
  const number = (node: Node | undefined): number => {
    const c = constOf(node);
    return c?.kind === 'number' ? Math.abs(Number(c.value)) : Infinity;
  };
  const length = (node: Node | undefined): number => Math.max(1, constText(node)?.length ?? 1_000);
  switch (name) {
    case 'repeat':
      return number(nodes[1]);
    case 'lpad':
    case 'rpad':
      return Math.max(1, number(nodes[1]) / 10);
    case 'replace':
      return args[2] !== undefined && args[2].sources.size > 0 ? Math.max(1, sizeOf(args[2])) : length(nodes[2]);
    case 'regexp_replace':
      return length(nodes[2]);
    default:
      return SHORTENING.has(name) ? 1 : 2;
  }
}

/** They say how many parts the value has, or take one out: nothing new of a value that is read as it stands. */
const OF_PARTS: ReadonlySet<string> = new Set([
  'unnest',
  'json_array_elements',
  'json_array_elements_text',
  'jsonb_array_elements',
  'jsonb_array_elements_text',
  'json_each',
  'json_each_text',
  'jsonb_each',
  'jsonb_each_text',
  'json_object_keys',
  'jsonb_object_keys',
  'json_array_length',
  'jsonb_array_length',
  'json_extract_path',
  'json_extract_path_text',
  'jsonb_extract_path',
  'jsonb_extract_path_text',
]);

const BUILDERS: ReadonlySet<string> = new Set(['to_json', 'to_jsonb', 'row_to_json', 'array_to_json', 'json_build_array', 'jsonb_build_array', 'array_agg', 'json_agg', 'jsonb_agg']);
const OBJECT_BUILDERS: ReadonlySet<string> = new Set(['json_build_object', 'jsonb_build_object']);

export interface Call {
  readonly name: string;
  /** Of pg_catalog, and no other function of the name can be meant but those of extensions. */
  readonly builtin: boolean;
  /** Of an extension, and nothing else. */
  readonly compiled: boolean;
  readonly args: readonly Value[];
  readonly nodes: readonly Node[];
  /** Whether a value holds something that must stay hidden. */
  readonly hidden: (value: Value) => boolean;
}

/** True when the call shows nothing of its hidden arguments but by its result. */
export function isTotal(call: Call): boolean {
  const { name, args, hidden } = call;
  const held = args.flatMap((a, i) => (hidden(a) ? [i] : []));
  if (held.length === 0) return true;
  // Named arguments need not stand where the table counts them.
  if (call.nodes.some((n) => as(n, 'NamedArgExpr') !== undefined)) return false;
  if (!call.builtin) return call.compiled && allowed(EXTENSION_TOTAL.get(name), held);
  if (OF_PARTS.has(name)) return held.every((i) => i === 0) && isFirm(args[0]);
  // With a number it counts characters; with a text it is a pattern that need not be found.
  if (name === 'substring') return held.every((i) => i === 0) && constOf(call.nodes[1])?.kind === 'number';
  if (SUMS.has(name)) return args.every((a) => a.sources.size === 0 || isTame(a, hidden));
  if (OF_COLUMNS.has(name)) return args.every((a) => a.exact || !hidden(a));
  // Bytes need not be text of the encoding that is named.
  if (name === 'length' && args.length > 1) return false;
  // A value may say how wide it is to be shown, or that of which width it is.
  if (name === 'format') return !held.includes(0) && !/\*|\d{4}/.test(constText(call.nodes[0]) ?? '*');
  // Of a value that is no object or array a part cannot be set.
  if (name === 'jsonb_set') return held.every((i) => i === 2 || (i === 0 && (args[0]?.exact === true || (args[0]?.firm === true && constText(call.nodes[1]) !== undefined && as(call.nodes[0], 'FuncCall') !== undefined))));
  if (name === 'convert_to') return held.every((i) => i === 0) && /^utf-?8$/i.test(String(constOf(call.nodes[1])?.value ?? ''));
  return allowed(TOTAL.get(name), held);
}

/** True for functions that have no effect and give one value: the server need not run them for a column that is not used. */
export const isKnownStable = (name: string): boolean => TOTAL.has(name) || name === 'substring' || name === 'now';

const allowed = (places: Places | undefined, held: readonly number[]): boolean => places === '*' || (places !== undefined && held.every((i) => places.has(i)));

/** OID of the type that a builder of objects gives, where it is jsonb. */
export const builtType = (name: string): number | undefined => (name === 'to_jsonb' || name === 'jsonb_build_object' || name === 'jsonb_agg' || name === 'jsonb_build_array' ? JSONB : undefined);

/** True when the result's parts (elements, keys) are where they are whatever the hidden values. */
export function buildsParts(call: Call): boolean {
  const { name, args, hidden } = call;
  if (!call.builtin) return false;
  if (OBJECT_BUILDERS.has(name)) return args.every((a, i) => (i % 2 === 0 ? !hidden(a) : isFirm(a) || !hidden(a)));
  return BUILDERS.has(name) && args.every((a) => isFirm(a) || a.fields?.every((f) => isFirm(f.value)) === true);
}

/** OIDs of types whose input takes every text, and of which a longer value is cut. */
const TEXTS: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'name']);
/** OIDs of types that the type of one character, which has a range, takes as they are. */
const CUT_TO_CHAR: ReadonlySet<number> = new Set([18, 19, 25, 1042, 1043]);
const NUMERIC = 1700;
const JSONB = 3802;
const DATE = 1082;
const TIMESTAMPS: ReadonlySet<number> = new Set([1114, 1184]);
const WIDENING: Readonly<Record<number, readonly string[]>> = {
  16: [],
  20: ['int8', 'numeric', 'float8'],
  21: ['int2', 'int4', 'int8', 'numeric', 'float4', 'float8'],
  23: ['int4', 'int8', 'numeric', 'float8'],
  25: ['citext'],
  114: ['json'],
  1043: ['citext'],
  1082: ['date', 'timestamp', 'timestamptz'],
  1114: ['timestamp', 'date'],
  1184: ['timestamptz', 'timestamp', 'date'],
  1700: ['numeric'],
  2950: ['uuid'],
  3802: ['jsonb', 'json'],
  869: ['inet'],
};

/** True when every value that `value` can have can be cast to the type. `schema` is undefined or pg_catalog. */
export function isTotalCast(value: Value, type: NodeOf<'TypeCast'>['typeName']): boolean {
  const name = strings(type?.names).at(-1) ?? '';
  const isArray = (type?.arrayBounds?.length ?? 0) > 0;
  if (isArray) return false;
  if (TEXTS.has(name)) return true;
  if (name === 'char') return value.type !== undefined && CUT_TO_CHAR.has(value.type);
  // A number of digits, unlike a length, is checked and not cut.
  if ((type?.typmods?.length ?? 0) > 0 || value.type === undefined) return false;
  return WIDENING[value.type]?.includes(name) ?? false;
}

/** True when the operator never raises an error and gives no truth about its hidden operands. */
export function isTotalOperator(symbol: string, e: NodeOf<'A_Expr'>, left: Value, right: Value, hidden: (value: Value) => boolean): boolean {
  if (symbol === '||') return sizeOf(left, right) <= MAX_SIZE && !(left.loops === true && right.loops === true);
  if (e.lexpr === undefined) return symbol === '-' || symbol === '+' || symbol === '~';
  if (ACCESS.has(symbol)) return isFirm(left) && !hidden(right);
  // A key is taken out of an object, whether it is there or not.
  if (symbol === '-' && left.type === JSONB && left.firm === true && !hidden(right)) return true;
  if (symbol !== '+' && symbol !== '-' && symbol !== '*') return false;
  // Numbers that are multiplied again and again get too large for the server, sooner or later.
  if (left.loops === true || right.loops === true || (symbol === '*' && sizeOf(left, right) + 1 > MAX_FACTORS)) return false;
  const [a, b] = [operand(e.lexpr, left, hidden), operand(e.rexpr, right, hidden)];
  if ([a, b].every((o) => o === 'numeric' || o === 'constant')) return true;
  // Of times that are chosen the difference can be too long; days can always be counted.
  return symbol === '-' && ((a === 'date' && (b === 'date' || b === 'now')) || (b === 'date' && a === 'now') || (a === 'time' && b === 'now') || (a === 'now' && b === 'time'));
}

const ACCESS: ReadonlySet<string> = new Set(['->', '->>', '#>', '#>>']);

/** What is known of one side of an arithmetic operation. */
function operand(node: Node | undefined, value: Value, hidden: (value: Value) => boolean): 'numeric' | 'constant' | 'date' | 'time' | 'now' | 'other' {
  if (value.type === NUMERIC) return isTame(value, hidden) ? 'numeric' : 'other';
  if (value.type === DATE) return 'date';
  if (value.type !== undefined && TIMESTAMPS.has(value.type)) return 'time';
  if (hidden(value)) return 'other';
  if (as(node, 'SQLValueFunction') !== undefined || strings(as(node, 'FuncCall')?.funcname).at(-1) === 'now') return 'now';
  const constant = as(node, 'A_Const');
  const digits = constant?.fval?.fval ?? (constant?.ival ? String(constant.ival.ival ?? 0) : undefined);
  return digits !== undefined && /^[\d.]{1,20}$/.test(digits) ? 'constant' : 'other';
}
