/** What operators and functions of the server make of values that are known. What is not beyond doubt is undefined. */
import { RE2JS } from 're2js';

export type Plain = number | string | boolean;
/** NULL is null; what is not known is undefined. */
export type Literal = Plain | null | undefined;

/** Longer patterns and texts are not tried. */
const MAX_PATTERN = 500;
const MAX_TEXT = 2_000;

/** Moments and places of rows: their order is not that of their text. */
function ordinal(text: string): number | undefined {
  const t = text.trim().toLowerCase();
  if (t === 'infinity') return Infinity;
  if (t === '-infinity') return -Infinity;
  if (t === 'epoch') return 0;
  const place = /^\((\d+),(\d+)\)$/.exec(t);
  if (place !== null) return Number(place[1]) * 65_536 + Number(place[2]);
  const moment = /^(\d{4}-\d\d-\d\d)(?:[ t](\d\d:\d\d(?::\d\d)?))?/.exec(t);
  return moment === null ? undefined : Date.parse(`${moment[1] ?? ''}T${moment[2] ?? '00:00'}Z`);
}

/** Spellings of booleans that the server takes from an untyped literal. */
export function textBoolean(text: string): boolean | undefined {
  const t = text.trim().toLowerCase();
  if (/^(t|tr|tru|true|y|ye|yes|on|1)$/.test(t)) return true;
  return /^(f|fa|fal|fals|false|n|no|of|off|0)$/.test(t) ? false : undefined;
}

function comparable(a: Plain, b: Plain): readonly [Plain, Plain] | undefined {
  if (typeof a === 'string' && typeof b === 'string') {
    const [x, y] = [ordinal(a), ordinal(b)];
    return x === undefined || y === undefined ? [a, b] : [x, y];
  }
  if (typeof a === typeof b) return [a, b];
  if (typeof a === 'boolean' || typeof b === 'boolean') {
    const [x, y] = [a, b].map((v) => (typeof v === 'string' ? textBoolean(v) : v));
    return typeof x === 'boolean' && typeof y === 'boolean' ? [x, y] : undefined;
  }
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? undefined : [x, y];
}

/** Result of `=`, `<>`, `<`, `<=`, `>` and `>=`. */
export function compareValues(op: string, a: Plain, b: Plain): boolean | undefined {
  const pair = comparable(a, b);
  if (pair === undefined) return undefined;
  const [x, y] = pair;
  switch (op) {
    case '=':
      return x === y;
    case '<>':
    case '!=':
      return x !== y;
    case '<':
      return x < y;
    case '<=':
      return x <= y;
    case '>':
      return x > y;
    case '>=':
      return x >= y;
    default:
      return undefined;
  }
}

/** Result of an operator with one operand or two. */
export function operate(op: string, x: Plain | undefined, y: Plain): Literal {
  if (op === '||' && x !== undefined && (typeof x === 'string' || typeof y === 'string')) return `${x}${y}`;
  if (typeof y !== 'number') return undefined;
  if (x === undefined) return UNARY[op]?.(y);
  return typeof x === 'number' ? BINARY[op]?.(x, y) : undefined;
}

const isSmall = (n: number): boolean => Number.isInteger(n) && Math.abs(n) < 2 ** 31;
const bits = (of: (x: number, y: number) => number) => (x: number, y: number): number | undefined => (isSmall(x) && isSmall(y) ? of(x, y) : undefined);

const UNARY: Readonly<Record<string, (y: number) => number | undefined>> = {
  '-': (y) => 0 - y,
  '+': (y) => y,
  '@': Math.abs,
  '|/': (y) => (y < 0 ? undefined : Math.sqrt(y)),
  '~': (y) => (isSmall(y) ? ~y : undefined),
};

const BINARY: Readonly<Record<string, (x: number, y: number) => number | undefined>> = {
  '+': (x, y) => x + y,
  '-': (x, y) => x - y,
  '*': (x, y) => x * y,
  '/': (x, y) => (y === 0 ? undefined : Number.isInteger(x) && Number.isInteger(y) ? Math.trunc(x / y) : x / y),
  '%': (x, y) => (y === 0 ? undefined : x % y),
  '^': (x, y) => x ** y,
  '&': bits((x, y) => x & y),
  '|': bits((x, y) => x | y),
  '#': bits((x, y) => x ^ y),
  '<<': bits((x, y) => x << y),
  '>>': bits((x, y) => x >> y),
};

const NUMBERS: ReadonlySet<string> = new Set(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'oid']);
const TEXTS: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'name']);
/** Their values are compared as `ordinal` has them, or letter by letter. */
const ORDERED: ReadonlySet<string> = new Set(['date', 'timestamp', 'timestamptz', 'tid', 'uuid']);

/** `value::type`, by the name that the parser gives the type. */
export function cast(value: Plain, type: string): Literal {
  if (TEXTS.has(type)) return String(value);
  if (NUMBERS.has(type)) {
    const n = Number(value);
    return Number.isNaN(n) ? undefined : n;
  }
  if (ORDERED.has(type)) return type === 'uuid' || ordinal(String(value)) !== undefined ? value : undefined;
  // Equal values of other types may be written in several ways.
  if (type !== 'bool') return undefined;
  if (typeof value === 'boolean') return value;
  return typeof value === 'number' ? value !== 0 : textBoolean(value);
}

const number = (of: (x: number, y?: number) => number) => (x: Plain | undefined, y?: Plain): number | undefined => (typeof x === 'number' && (y === undefined || typeof y === 'number') ? of(x, y) : undefined);
const text = (of: (t: string, ...more: readonly (Plain | undefined)[]) => Plain | undefined) => (t: Plain | undefined, ...more: readonly Plain[]): Plain | undefined => (typeof t === 'string' ? of(t, ...more) : undefined);
const part = text((t, from, count) => {
  if (typeof from !== 'number' || (count !== undefined && typeof count !== 'number')) return undefined;
  return count === undefined ? t.slice(Math.max(0, from - 1)) : t.slice(Math.max(0, from - 1), Math.max(0, from - 1 + count));
});
const length = text((t) => Array.from(t).length);
const position = text((t, sought) => (typeof sought === 'string' ? t.indexOf(sought) + 1 : undefined));
const trim = text((t, ...more) => (more.length === 0 ? t.trim() : undefined));

/** Some digits in the place of those that a hash would have: as spread, and the same each time. */
function digits(of: Plain): string {
  let h = 2_166_136_261;
  let out = '';
  for (let i = 0; i < 4; i++) {
    for (const c of `${i}${of}`) h = Math.imul(h ^ (c.codePointAt(0) ?? 0), 16_777_619);
    out += (h >>> 0).toString(16).padStart(8, '0');
  }
  return out;
}

const field = (unit: Plain | undefined, of: Plain | undefined): Plain | undefined => {
  const at = ['year', 'month', 'day'].indexOf(String(unit).toLowerCase());
  const m = typeof of === 'string' ? /^(\d{4})-(\d\d)-(\d\d)/.exec(of) : null;
  return at < 0 || m === null ? undefined : Number(m[at + 1]);
};

/** Functions of the server by name; their arguments are not NULL. */
const FUNCTIONS: ReadonlyMap<string, (...args: readonly Plain[]) => Plain | undefined> = new Map(
  Object.entries<(...args: readonly Plain[]) => Plain | undefined>({
    length,
    char_length: length,
    character_length: length,
    octet_length: text((t) => new TextEncoder().encode(t).length),
    abs: number(Math.abs),
    sign: number(Math.sign),
    floor: number(Math.floor),
    ceil: number(Math.ceil),
    ceiling: number(Math.ceil),
    round: number((x, y = 0) => Math.round(x * 10 ** y) / 10 ** y),
    trunc: number((x, y = 0) => Math.trunc(x * 10 ** y) / 10 ** y),
    sqrt: (x) => (typeof x === 'number' && x >= 0 ? Math.sqrt(x) : undefined),
    mod: (x, y) => (typeof x === 'number' && typeof y === 'number' && y !== 0 ? x % y : undefined),
    power: (x, y) => (typeof x === 'number' && typeof y === 'number' ? x ** y : undefined),
    pow: (x, y) => (typeof x === 'number' && typeof y === 'number' ? x ** y : undefined),
    upper: text((t) => t.toUpperCase()),
    lower: text((t) => t.toLowerCase()),
    reverse: text((t) => Array.from(t).reverse().join('')),
    repeat: text((t, n) => (typeof n === 'number' && n * t.length < 10_000 ? t.repeat(Math.max(0, n)) : undefined)),
    replace: text((t, from, to) => (typeof from === 'string' && typeof to === 'string' ? (from === '' ? t : t.replaceAll(from, () => to)) : undefined)),
    left: text((t, n) => (typeof n === 'number' ? t.slice(0, n) : undefined)),
    right: text((t, n) => (typeof n === 'number' && n >= 0 ? t.slice(Math.max(0, t.length - n)) : undefined)),
    substr: part,
    substring: part,
    strpos: position,
    position,
    starts_with: text((t, start) => (typeof start === 'string' ? t.startsWith(start) : undefined)),
    trim,
    btrim: trim,
    ascii: text((t) => t.codePointAt(0) ?? 0),
    concat: (...args) => args.map(String).join(''),
    md5: digits,
    hashtext: (of) => Number.parseInt(digits(of).slice(0, 8), 16) | 0,
    regexp_like: text((t, pattern, ...more) => (typeof pattern === 'string' && more.length === 0 ? regexMatches(t, pattern, false) : undefined)),
    extract: field,
    date_part: field,
  }),
);

/** Result of a function of pg_catalog for arguments that are known and not NULL. */
export const callOf = (name: string, args: readonly Plain[]): Literal => FUNCTIONS.get(name)?.(...args);

/** Whether the text matches the pattern of LIKE; undefined for one that is not tried. */
export function likeMatches(value: string, pattern: string, ignoresCase: boolean, escape = '\\'): boolean | undefined {
  if (pattern.length > MAX_PATTERN) return undefined;
  let source = '';
  let escaped = false;
  for (const c of pattern) {
    if (!escaped && c === escape) {
      escaped = true;
      continue;
    }
    source += escaped || (c !== '%' && c !== '_') ? RE2JS.quote(c) : c === '%' ? '.*' : '.';
    escaped = false;
  }
  return escaped ? undefined : finds(value, `^(?:${source})$`, ignoresCase);
}

/** Whether the text matches the regular expression; undefined where the server may read it in another way. */
export function regexMatches(value: string, pattern: string, ignoresCase: boolean): boolean | undefined {
  return pattern.length > MAX_PATTERN || pattern.startsWith('***') || /\\[^dDsSwWnt.\\/()[\]{}+*?^$|-]/.test(pattern) ? undefined : finds(value, pattern, ignoresCase);
}

/** Matches any text: it matches the empty one, and asks nothing of what stands beside it. */
export const regexMatchesAll = (pattern: string): boolean => !/[$^\\]/.test(pattern) && regexMatches('', pattern, false) === true;

/** One condition is tried with many values. */
const patterns = new Map<string, RE2JS>();
const MAX_KEPT = 32;

function compiled(pattern: string, ignoresCase: boolean): RE2JS {
  const key = `${ignoresCase ? 'i' : ''}:${pattern}`;
  let found = patterns.get(key);
  if (found === undefined) {
    if (patterns.size >= MAX_KEPT) patterns.clear();
    found = RE2JS.compile(pattern, RE2JS.DOTALL | (ignoresCase ? RE2JS.CASE_INSENSITIVE : 0));
    patterns.set(key, found);
  }
  return found;
}

function finds(value: string, pattern: string, ignoresCase: boolean): boolean | undefined {
  if (value.length > MAX_TEXT) return undefined;
  try {
    return compiled(pattern, ignoresCase).matcher(value).find();
  } catch {
    return undefined;
  }
}
