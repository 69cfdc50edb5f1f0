/**
 * Types of columns and values for them. A classified column holds canaries: values that are found nowhere else and
 * that no mask, digest or name of an object can look like.
 */
import type { Random } from './random.ts';

/** What can be done with a value; several column types share one. */
export type Kind = 'text' | 'encoded' | 'number' | 'date' | 'time' | 'uuid' | 'json' | 'texts' | 'numbers' | 'bytes' | 'composite' | 'row';

/** A canary and what it is looked for as. */
export interface Canary {
  readonly kind: 'text' | 'digits' | 'date' | 'time' | 'uuid' | 'int4' | 'int8' | 'float8';
  /** As PostgreSQL prints it. */
  readonly text: string;
}

export interface ColumnType {
  readonly sql: string;
  readonly kind: Kind;
}

interface Sample {
  readonly literal: string;
  readonly canaries: readonly Canary[];
}

export interface Names {
  readonly domain: string;
  readonly composite: string;
}

export function columnTypes(names: Names): readonly ColumnType[] {
  return [
    { sql: 'text', kind: 'text' },
    { sql: 'varchar(40)', kind: 'text' },
    { sql: 'char(20)', kind: 'text' },
    { sql: names.domain, kind: 'text' },
    { sql: 'int', kind: 'number' },
    { sql: 'bigint', kind: 'number' },
    { sql: 'numeric(20,2)', kind: 'number' },
    { sql: 'double precision', kind: 'number' },
    { sql: 'date', kind: 'date' },
    { sql: 'timestamp', kind: 'time' },
    { sql: 'uuid', kind: 'uuid' },
    { sql: 'jsonb', kind: 'json' },
    { sql: 'text[]', kind: 'texts' },
    { sql: 'bigint[]', kind: 'numbers' },
    { sql: 'bytea', kind: 'bytes' },
    { sql: names.composite, kind: 'composite' },
  ];
}

// Neither hexadecimal digits nor, with digits between them, anything that a mask token or a word can hold.
const LETTERS = 'ghjkmnpqrstvwxyz';

/** Letter, digit, letter, digit: six characters of it in a row are found in no identifier, token or digest. */
export function textCanary(random: Random): string {
  return Array.from({ length: 8 }, () => `${LETTERS.charAt(random.int(LETTERS.length))}${random.int(10)}`).join('');
}

const pad = (n: number, width: number): string => String(n).padStart(width, '0');

function dateText(random: Random): string {
  return `${random.between(3000, 8999)}-${pad(random.between(1, 12), 2)}-${pad(random.between(1, 28), 2)}`;
}

function timeText(random: Random): string {
  return `${dateText(random)} ${pad(random.int(24), 2)}:${pad(random.int(60), 2)}:${pad(random.int(60), 2)}.${random.between(1, 9)}${random.digits(4)}${random.between(1, 9)}`;
}

function uuidText(random: Random): string {
  const hex = (n: number): string => Array.from({ length: n }, () => random.int(16).toString(16)).join('');
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
}

const quoted = (text: string): string => `'${text}'`;

/** A value of a classified column. */
export function secretSample(type: ColumnType, random: Random): Sample {
  const text = (): Canary => ({ kind: 'text', text: textCanary(random) });
  const digits = (n: number): string => `${random.between(4, 8)}${random.digits(n - 2)}${random.between(1, 9)}`;
  switch (type.kind) {
    case 'text':
    case 'encoded': {
      const canary = text();
      return { literal: quoted(canary.text), canaries: [canary] };
    }
    case 'number':
      return numberSample(type, random, digits);
    case 'date': {
      const canary: Canary = { kind: 'date', text: dateText(random) };
      return { literal: quoted(canary.text), canaries: [canary] };
    }
    case 'time': {
      const canary: Canary = { kind: 'time', text: timeText(random) };
      return { literal: quoted(canary.text), canaries: [canary] };
    }
    case 'uuid': {
      const canary: Canary = { kind: 'uuid', text: uuidText(random) };
      return { literal: quoted(canary.text), canaries: [canary] };
    }
    case 'json': {
      const [a, b] = [text(), text()];
      return { literal: quoted(JSON.stringify({ k: a.text, n: [1, b.text] })), canaries: [a, b] };
    }
    case 'texts': {
      const [a, b] = [text(), text()];
      return { literal: `ARRAY[${quoted(a.text)}, ${quoted(b.text)}]`, canaries: [a, b] };
    }
    case 'numbers': {
      const [a, b] = [digits(15), digits(15)];
      return { literal: `ARRAY[${a}, ${b}]::bigint[]`, canaries: [a, b].map((t): Canary => ({ kind: 'int8', text: t })) };
    }
    case 'bytes': {
      const canary = text();
      return { literal: `convert_to(${quoted(canary.text)}, 'UTF8')`, canaries: [canary] };
    }
    case 'composite':
    case 'row': {
      const canary = text();
      return { literal: `ROW(${quoted(canary.text)}, 5)::${type.sql}`, canaries: [canary] };
    }
  }
}

function numberSample(type: ColumnType, random: Random, digits: (n: number) => string): Sample {
  if (type.sql === 'int') {
    const text = String(random.between(1_100_000_000, 2_100_000_000));
    return { literal: text, canaries: [{ kind: 'int4', text }] };
  }
  if (type.sql === 'numeric(20,2)') {
    const text = `${digits(13)}.${random.between(10, 99)}`;
    return { literal: text, canaries: [{ kind: 'digits', text }] };
  }
  const text = digits(15);
  return { literal: text, canaries: [{ kind: type.sql === 'bigint' ? 'int8' : 'float8', text }] };
}

/** A value of a column that nobody minds. */
export function plainLiteral(type: ColumnType, row: number): string {
  switch (type.kind) {
    case 'text':
    case 'encoded':
      return `'plain ${row}'`;
    case 'number':
      return String(row);
    case 'date':
      return `date '2020-01-01' + ${row}`;
    case 'time':
      return `timestamp '2020-01-01 10:00' + ${row} * interval '1 hour'`;
    case 'uuid':
      return `'00000000-0000-4000-a000-${pad(row, 12)}'`;
    case 'json':
      return `'{"k": "plain ${row}"}'`;
    case 'texts':
      return `ARRAY['plain', '${row}']`;
    case 'numbers':
      return `ARRAY[${row}, 2]::bigint[]`;
    case 'bytes':
      return `'\\x00'`;
    case 'composite':
    case 'row':
      return `ROW('plain', ${row})::${type.sql}`;
  }
}
