/** A random schema with random columns classified: tables of several schemas, views, functions, partitions, rows. */
import { Random } from './random.ts';
import { columnTypes, plainLiteral, secretSample } from './values.ts';
import type { Canary, ColumnType, Kind } from './values.ts';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly secret: boolean;
}

export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly shape: 'plain' | 'partitioned' | 'inherited';
}

/** Something that gives rows with a key `k` and a canary in `x`, and is not a table. */
export interface Derivative {
  readonly name: string;
  readonly sort: 'view' | 'scalar function' | 'row function' | 'child';
  readonly key: string;
  readonly column: string;
  readonly kind: Kind;
  readonly type: ColumnType;
}

export type Predicates = 'allow' | 'equality' | 'deny';
export type MaskKind = 'token' | 'partial' | 'full' | 'null';

/** Which class a column is of; `column` is `schema.table.column`. */
export interface Rule {
  readonly column: string;
  readonly mask: MaskKind;
  readonly predicates: Predicates;
}

export interface World {
  readonly seed: number;
  readonly tables: readonly Table[];
  readonly derivatives: readonly Derivative[];
  /** A table with no classified column that takes text. */
  readonly sink: string;
  readonly sequence: string;
  readonly rules: readonly Rule[];
  readonly canaries: readonly Canary[];
  readonly ddl: readonly string[];
}

const COLUMN_NAMES = ['alpha', 'beta', '"Gamma d"', 'delta', '"user"', 'eta', 'theta', '"x.y"'];

export const bare = (name: string): string => (name.startsWith('"') ? name.slice(1, -1) : name);
export const qualified = (table: Table): string => `${table.schema}.${table.name}`;

/** Everything about the schema of a seed. The same seed gives the same schema and values. */
export function makeWorld(seed: number): World {
  const random = new Random(seed, 'world');
  const schemas = Array.from({ length: random.between(1, 3) }, (_, i) => `m${seed}_${'abc'.charAt(i)}`);
  const home = random.pick(schemas);
  const types = columnTypes({ domain: `${home}.dom`, composite: `${home}.comp` });
  const ddl = [
    ...schemas.map((s) => `CREATE SCHEMA ${s}`),
    `CREATE DOMAIN ${home}.dom AS text CHECK (VALUE <> '')`,
    `CREATE TYPE ${home}.comp AS (a text, b int)`,
    `CREATE TABLE ${home}.sink (v text, n bigint)`,
    `INSERT INTO ${home}.sink VALUES ('nothing', 0)`,
    `CREATE SEQUENCE ${home}.seq`,
  ];
  const canaries: Canary[] = [];
  const rules: Rule[] = [];
  const tables: Table[] = [];
  const count = random.between(2, 6);
  for (let i = 0; i < count; i++) {
    // The first table always has something to hide.
    const table = makeTable(random.part(`t${i}`), i, random.pick(schemas), types, i === 0 || random.chance(0.5));
    ddl.push(...createTable(table, tables[0], random.part(`d${i}`)), ...fill(table, random.part(`r${i}`), canaries));
    rules.push(...rulesOf(table, random.part(`c${i}`)));
    tables.push(table);
  }
  const derivatives = tables.flatMap((t, i) => derive(t, home, i, random.part(`v${i}`), ddl));
  return { seed, tables, derivatives, sink: `${home}.sink`, sequence: `${home}.seq`, rules, canaries, ddl };
}

function makeTable(random: Random, index: number, schema: string, types: readonly ColumnType[], secrets: boolean): Table {
  const columns: Column[] = [{ name: 'id', type: { sql: 'int', kind: 'number' }, secret: false }];
  const count = random.between(2, 6);
  const hidden = secrets ? random.between(1, Math.min(3, count)) : 0;
  for (let i = 0; i < count; i++) columns.push({ name: COLUMN_NAMES[i] ?? `c${i}`, type: random.pick(types), secret: i < hidden });
  const [id, ...rest] = columns;
  // The classified ones stand anywhere.
  for (let i = rest.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    const [a, b] = [rest[i], rest[j]];
    if (a !== undefined && b !== undefined) [rest[i], rest[j]] = [b, a];
  }
  const shape = random.chance(0.2) ? 'partitioned' : random.chance(0.2) ? 'inherited' : 'plain';
  return { schema, name: random.chance(0.2) ? `"T ${index}"` : `t${index}`, columns: id === undefined ? rest : [id, ...rest], shape };
}

const child = (table: Table): string => `${table.schema}.part_${bare(table.name).replace(/\W/g, '_').toLowerCase()}`;

function createTable(table: Table, first: Table | undefined, random: Random): string[] {
  const name = qualified(table);
  const columns = table.columns.map((c) => `${c.name} ${c.type.sql}${c.name === 'id' ? ' PRIMARY KEY' : ''}`);
  // Nothing refers to a table with a child: rows of the child are not in its key.
  if (first !== undefined && first.shape !== 'inherited' && random.chance(0.6)) columns.push(`ref int REFERENCES ${qualified(first)} (id)`);
  if (table.shape === 'partitioned') {
    return [
      `CREATE TABLE ${name} (${columns.join(', ')}) PARTITION BY RANGE (id)`,
      `CREATE TABLE ${child(table)} PARTITION OF ${name} FOR VALUES FROM (0) TO (3)`,
      `CREATE TABLE ${child(table)}_more PARTITION OF ${name} FOR VALUES FROM (3) TO (1000000)`,
    ];
  }
  const create = `CREATE TABLE ${name} (${columns.join(', ')})`;
  return table.shape === 'inherited' ? [create, `CREATE TABLE ${child(table)} (extra int DEFAULT 7) INHERITS (${name})`] : [create];
}

const ROWS = 4;

function fill(table: Table, random: Random, canaries: Canary[]): string[] {
  const names = table.columns.map((c) => c.name).join(', ');
  return Array.from({ length: ROWS }, (_, row) => {
    const values = table.columns.map((column) => {
      if (column.name === 'id') return String(row + 1);
      if (!column.secret) return plainLiteral(column.type, row + 1);
      const sample = secretSample(column.type, random);
      canaries.push(...sample.canaries);
      return sample.literal;
    });
    const into = table.shape === 'inherited' && row % 2 === 1 ? child(table) : qualified(table);
    return `INSERT INTO ${into} (${names}) VALUES (${values.join(', ')})`;
  });
}

function rulesOf(table: Table, random: Random): Rule[] {
  // A class on a partition holds for its parent as well, and the other way round.
  const relation = table.shape === 'plain' || random.chance(0.6) ? qualified(table) : child(table);
  return table.columns
    .filter((c) => c.secret)
    .map((c): Rule => ({ column: `${relation}.${c.name}`, mask: random.pick(['token', 'partial', 'full', 'null']), predicates: random.pick(['allow', 'allow', 'equality', 'deny']) }));
}

/** Views, a view on a view, functions and children over one table's classified columns. */
function derive(table: Table, home: string, index: number, random: Random, ddl: string[]): Derivative[] {
  const out: Derivative[] = [];
  for (const [i, column] of table.columns.filter((c) => c.secret).entries()) {
    const { kind } = column.type;
    const common = { kind, type: column.type };
    const from = qualified(table);
    const tag = `${index}_${i}`;
    if (random.chance(0.6)) {
      ddl.push(`CREATE VIEW ${home}.v${tag} AS SELECT t.id AS vk, t.${column.name} AS vx FROM ${from} t`);
      out.push({ ...common, name: `${home}.v${tag}`, sort: 'view', key: 'vk', column: 'vx' });
      if (random.chance(0.6)) {
        ddl.push(`CREATE VIEW ${home}.w${tag} AS SELECT a.vk + 0 AS wk, b.vx AS wx FROM ${home}.v${tag} a JOIN ${home}.v${tag} b USING (vk)`);
        out.push({ ...common, name: `${home}.w${tag}`, sort: 'view', key: 'wk', column: 'wx' });
      }
    }
    if (random.chance(0.4)) {
      ddl.push(`CREATE FUNCTION ${home}.f${tag}(int) RETURNS ${column.type.sql.replace(/\(.*\)/, '')} LANGUAGE sql STABLE AS $$ SELECT t.${column.name} FROM ${from} t WHERE t.id = $1 $$`);
      out.push({ ...common, name: `${home}.f${tag}`, sort: 'scalar function', key: '', column: '' });
    }
    if (random.chance(0.4)) {
      ddl.push(`CREATE FUNCTION ${home}.g${tag}() RETURNS TABLE (gk int, gx ${column.type.sql.replace(/\(.*\)/, '')}) LANGUAGE sql STABLE AS $$ SELECT t.id, t.${column.name} FROM ${from} t $$`);
      out.push({ ...common, name: `${home}.g${tag}()`, sort: 'row function', key: 'gk', column: 'gx' });
    }
    if (table.shape !== 'plain') out.push({ ...common, name: child(table), sort: 'child', key: 'id', column: column.name });
  }
  return out;
}
