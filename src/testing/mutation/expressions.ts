/** Ways to compute with a value so that it is still to be found in the result. `x` is the expression of the value. */
import { SCRAMBLE } from './needles.ts';
import type { Random } from './random.ts';
import type { Kind } from './values.ts';

interface Rewriting {
  readonly name: string;
  readonly from: readonly Kind[];
  /** The kind of the result; that of the value itself when not given. */
  readonly to?: Kind;
  write(x: string, random: Random): string;
}

const same = (name: string, from: readonly Kind[], write: (x: string, random: Random) => string): Rewriting => ({ name, from, write });
const into = (name: string, from: readonly Kind[], to: Kind, write: (x: string, random: Random) => string): Rewriting => ({ name, from, to, write });

const TEXTS: readonly Kind[] = ['text', 'encoded'];
const SCALARS: readonly Kind[] = ['text', 'encoded', 'number', 'date', 'time', 'uuid', 'bytes'];
const ANY: readonly Kind[] = [...SCALARS, 'json', 'texts', 'numbers', 'composite'];

const REWRITINGS: readonly Rewriting[] = [
  same('upper', ['text'], (x) => `upper(${x}::text)`),
  same('lower', ['text'], (x) => `lower(${x}::text)`),
  same('initcap', ['text'], (x) => `initcap(${x}::text)`),
  same('substr', ['text'], (x) => `substr(${x}::text, 1, 14)`),
  same('substring from', ['text'], (x) => `substring(${x}::text from 2 for 13)`),
  same('substring regexp', ['text'], (x) => `substring(${x}::text from '.*')`),
  same('left, right', ['text'], (x) => `right(left(${x}::text, 15), 14)`),
  into('overlay', ['text'], 'encoded', (x) => `overlay(${x}::text placing '--' from 1 for 2)`),
  into('reverse', ['text'], 'encoded', (x) => `reverse(${x}::text)`),
  into('translate', ['text'], 'encoded', (x) => `translate(lower(${x}::text), '${SCRAMBLE.from}', '${SCRAMBLE.to}')`),
  into('hex', ['text'], 'encoded', (x) => `encode(convert_to(${x}::text, 'UTF8'), 'hex')`),
  into('base64', ['text'], 'encoded', (x) => `encode(${x}::text::bytea, 'base64')`),
  same('decode of encode', ['text'], (x) => `convert_from(decode(encode(convert_to(${x}::text, 'UTF8'), 'hex'), 'hex'), 'UTF8')`),
  into('codes', ['text'], 'encoded', (x) => `(SELECT string_agg(ascii(ch)::text, ',' ORDER BY n) FROM regexp_split_to_table(${x}::text, '') WITH ORDINALITY AS s(ch, n))`),
  same('concatenation', TEXTS, (x) => `${x} || '!'`),
  same('concat', TEXTS, (x) => `concat('<', ${x}, '>')`),
  same('format', TEXTS, (x) => `format('%s %1$s', ${x})`),
  same('quote_literal', TEXTS, (x) => `quote_literal(${x}::text)`),
  same('replace', TEXTS, (x) => `replace(${x}::text, '~', '')`),
  same('regexp_replace', TEXTS, (x) => `regexp_replace(${x}::text, '(.)$', '\\1')`),
  same('rpad', TEXTS, (x) => `rpad(${x}::text, 400, '.')`),
  same('trim', TEXTS, (x) => `trim(both ' ' from ${x})`),
  same('collate', TEXTS, (x) => `${x}::text COLLATE "C"`),
  same('greatest', TEXTS, (x) => `greatest(${x}, ' ')`),
  same('split_part', TEXTS, (x) => `split_part(${x}::text, '~', 1)`),
  same('repeat', TEXTS, (x) => `repeat(${x}::text, 2)`),
  into('string_to_array', TEXTS, 'texts', (x) => `string_to_array(${x}::text, '~')`),
  into('regexp_split_to_array', ['text'], 'texts', (x) => `regexp_split_to_array(${x}::text, '')`),
  into('regexp_match', TEXTS, 'texts', (x) => `regexp_match(${x}::text, '.+')`),
  into('bytea', TEXTS, 'bytes', (x) => `convert_to(${x}::text, 'UTF8')`),
  into('xml', TEXTS, 'encoded', (x) => `xmlelement(name e, xmlattributes(${x} AS a), ${x})::text`),
  into('arithmetic', ['number'], 'number', (x, random) => random.pick([`(${x} + 0)`, `(${x} * 1)`, `- (- ${x})`, `abs(${x})`, `greatest(${x}, 0)`])),
  into('to_char of number', ['number'], 'encoded', (x) => `to_char(${x}::numeric, 'FM9999999999999999990.99')`),
  into('numeric', ['number'], 'number', (x) => `${x}::numeric`),
  into('array of number', ['number'], 'numbers', (x) => `ARRAY[${x}::numeric, 1]`),
  into('to_char of date', ['date'], 'encoded', (x) => `to_char(${x}, 'YYYY-MM-DD')`),
  into('timestamp of date', ['date'], 'encoded', (x) => `(${x} + time '00:00')::text`),
  into('date arithmetic', ['date'], 'date', (x) => `(${x} + 0)`),
  into('make_date', ['date'], 'date', (x) => `make_date(extract(year from ${x})::int, extract(month from ${x})::int, extract(day from ${x})::int)`),
  into('to_char of time', ['time'], 'encoded', (x) => `to_char(${x}, 'YYYY-MM-DD HH24:MI:SS.US')`),
  into('time zone', ['time'], 'time', (x) => `(${x} AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'`),
  into('interval', ['time'], 'time', (x) => `${x} + interval '0'`),
  into('json text', ['json'], 'encoded', (x) => `${x} ->> 'k'`),
  into('json path', ['json'], 'encoded', (x) => `${x} #>> '{k}'`),
  into('json value', ['json'], 'encoded', (x) => `(${x} -> 'k')::text`),
  into('json subscript', ['json'], 'encoded', (x) => `(${x}::jsonb)['k']::text`),
  into('jsonb_path_query_first', ['json'], 'encoded', (x) => `jsonb_path_query_first(${x}::jsonb, '$.k')::text`),
  into('jsonb_pretty', ['json'], 'encoded', (x) => `jsonb_pretty(${x}::jsonb)`),
  same('jsonb_set', ['json'], (x) => `jsonb_set(${x}::jsonb, '{z}', '1')`),
  same('jsonb concatenation', ['json'], (x) => `${x}::jsonb || '{"y": 1}'`),
  into('element', ['texts'], 'encoded', (x) => `(${x})[1]`),
  same('slice', ['texts', 'numbers'], (x) => `(${x})[1:2]`),
  into('array_to_string', ['texts'], 'encoded', (x) => `array_to_string(${x}, '')`),
  same('array_append', ['texts'], (x) => `array_append(${x}, 'z')`),
  into('element of numbers', ['numbers'], 'number', (x) => `(${x})[1]`),
  into('convert_from', ['bytes'], 'encoded', (x) => `convert_from(${x}, 'UTF8')`),
  into('encode of bytes', ['bytes'], 'encoded', (x) => `encode(${x}, 'escape')`),
  same('bytes concatenation', ['bytes'], (x) => `${x} || '\\x21'::bytea`),
  into('field', ['composite'], 'encoded', (x) => `(${x}).a`),
  into('text of it', ANY, 'encoded', (x) => `${x}::text`),
  into('text of row', ['row'], 'encoded', (x) => `${x}::text`),
  into('json of row', ['row', 'composite'], 'json', (x) => `jsonb_build_object('k', to_jsonb(${x}))`),
  into('to_jsonb', ['text', 'encoded', 'texts', 'date', 'uuid'], 'json', (x) => `jsonb_build_object('k', ${x})`),
  into('json_build_array', ['text', 'encoded', 'number'], 'json', (x) => `json_build_object('k', json_build_array(${x}))::jsonb`),
  into('array', ['text', 'encoded'], 'texts', (x) => `ARRAY[${x}::text, 'other']`),
  into('row', ['text', 'encoded', 'number', 'date'], 'encoded', (x) => `ROW(1, ${x})::text`),
  same('coalesce', ANY, (x) => `coalesce(${x}, NULL)`),
  same('CASE', ANY, (x) => `CASE WHEN k > 0 THEN ${x} END`),
  same('CASE value', ANY, (x) => `CASE k WHEN -1 THEN NULL ELSE ${x} END`),
  same('scalar subquery', ANY, (x) => `(SELECT ${x})`),
  same('element of array', SCALARS, (x) => `(ARRAY[${x}, NULL])[1]`),
  same('element of subquery', SCALARS, (x) => `(ARRAY(SELECT ${x}))[1]`),
  same('nullif', ['text', 'encoded'], (x) => `nullif(${x}, 'nothing')`),
];

/** The value rewritten in a random way that fits its kind. */
export function rewrite(x: string, kind: Kind, random: Random): { readonly sql: string; readonly kind: Kind; readonly name: string } {
  const chosen = random.pick(REWRITINGS.filter((r) => r.from.includes(kind)));
  return { sql: chosen.write(x, random), kind: chosen.to ?? kind, name: chosen.name };
}
