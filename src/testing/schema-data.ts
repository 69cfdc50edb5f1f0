/** Fills any schema with rows, by what the catalog says of it: for tests that change a schema under data. */
import { z } from 'zod';
import type { Queries } from '../store/db/database.ts';

type Session = Pick<Queries, 'rows' | 'run'>;

const column = z.object({ table: z.string(), name: z.string(), type: z.string(), nullable: z.boolean(), given: z.boolean() });
type Column = z.output<typeof column>;
const reference = z.object({ table: z.string(), name: z.string(), to_table: z.string(), to_name: z.string() });
const check = z.object({ table: z.string(), name: z.string(), definition: z.string() });

export const tablesOf = async (s: Session): Promise<string[]> =>
  (await s.rows(z.object({ name: z.string() }), "select relname::text as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relname <> 'migrations' order by 1")).map((r) => r.name);

async function columnsOf(s: Session): Promise<Column[]> {
  return s.rows(
    column,
    `select table_name::text as table, column_name::text as name, udt_name::text as type, is_nullable = 'YES' as nullable,
       (is_identity = 'YES' or is_generated <> 'NEVER' or coalesce(column_default like 'nextval(%', false)) as given
     from information_schema.columns where table_schema = 'public' order by 1, ordinal_position`,
  );
}

async function referencesOf(s: Session): Promise<z.output<typeof reference>[]> {
  return s.rows(
    reference,
    `select c.conrelid::regclass::text as table, a.attname::text as name, c.confrelid::regclass::text as to_table, b.attname::text as to_name
     from pg_constraint c, unnest(c.conkey, c.confkey) as k(own, other), pg_attribute a, pg_attribute b
     where c.contype = 'f' and a.attrelid = c.conrelid and a.attnum = k.own and b.attrelid = c.confrelid and b.attnum = k.other`,
  );
}

async function checksOf(s: Session): Promise<z.output<typeof check>[]> {
  return s.rows(
    check,
    `select c.conrelid::regclass::text as table, a.attname::text as name, pg_get_constraintdef(c.oid) as definition
     from pg_constraint c, unnest(c.conkey) as k(own), pg_attribute a where c.contype = 'c' and a.attrelid = c.conrelid and a.attnum = k.own`,
  );
}

/** One literal of each type, as SQL. */
const literals: Readonly<Record<string, string>> = {
  text: "'7'", varchar: "'7'", bpchar: "'7'", name: "'7'", int2: '7', int4: '7', int8: '7', float4: '7.5', float8: '7.5', numeric: '7.5', bool: 'true',
  bytea: "'\\x07'", json: "'{}'", jsonb: "'{}'", timestamptz: "'2026-01-01T00:00:00Z'", date: "'2026-01-01'", uuid: "'00000000-0000-4000-8000-000000000007'",
  tsvector: "'seven'", _text: "'{seven}'", _int4: "'{7}'", _int8: "'{7}'", inet: "'127.0.0.1'",
};

/**
 * Puts a row into every table that has none. A column with a check takes the first text that its check names.
 * @throws Error that names the table that cannot be filled, so that nobody believes it was
 */
export async function fillEmptyTables(s: Session): Promise<void> {
  const [columns, references, checks] = [await columnsOf(s), await referencesOf(s), await checksOf(s)];
  let waiting: string[] = [];
  for (const t of await tablesOf(s)) if ((await s.rows(z.unknown(), `select 1 from "${t}" limit 1`)).length === 0) waiting.push(t);
  while (waiting.length > 0) {
    const ready = waiting.filter((t) => !references.some((r) => r.table === t && r.to_table !== t && waiting.includes(r.to_table)));
    if (ready.length === 0) throw new Error(`tables refer to each other in a circle: ${waiting.join(', ')}`);
    for (const t of ready) {
      const own = columns.filter((c) => c.table === t && !c.given);
      const value = (c: Column): string => {
        const to = references.find((r) => r.table === t && r.name === c.name && r.to_table !== t);
        if (to !== undefined) return `(select "${to.to_name}" from "${to.to_table}" limit 1)`;
        const named = checks.filter((k) => k.table === t && k.name === c.name).map((k) => /'([^']*)'/.exec(k.definition)?.[1]).find((x) => x !== undefined);
        if (named !== undefined) return `'${named}'`;
        const literal = literals[c.type];
        if (literal === undefined && c.nullable) return 'null';
        if (literal === undefined) throw new Error(`no value for ${t}.${c.name} of type ${c.type}: add one to src/testing/schema-data.ts`);
        return literal;
      };
      const names = own.map((c) => `"${c.name}"`).join(', ');
      await s.run(`insert into "${t}" (${names}) values (${own.map(value).join(', ')})`).catch((error: unknown) => {
        throw new Error(`${t} cannot be filled: ${String(error)}`, { cause: error });
      });
    }
    waiting = waiting.filter((t) => !ready.includes(t));
  }
}

export type Content = ReadonlyMap<string, readonly Readonly<Record<string, unknown>>[]>;

/** Every row of every table. */
export async function contentOf(s: Session): Promise<Content> {
  const all = new Map<string, readonly Readonly<Record<string, unknown>>[]>();
  for (const t of await tablesOf(s)) all.set(t, (await s.rows(z.object({ row: z.record(z.string(), z.unknown()) }), `select to_jsonb(t) as row from "${t}" t`)).map((r) => r.row));
  return all;
}

/** Rows of `before` of which `after` no longer has all columns that it still knows, as text. */
export function lostRows(before: Content, after: Content): string[] {
  const lost: string[] = [];
  for (const [table, rows] of before) {
    const now = after.get(table);
    if (now === undefined) {
      lost.push(`${table}: the table is gone with ${rows.length} rows`);
      continue;
    }
    for (const row of rows) {
      const kept = now.some((n) => Object.entries(row).every(([name, value]) => !(name in n) || JSON.stringify(n[name]) === JSON.stringify(value)));
      if (!kept) lost.push(`${table}: ${JSON.stringify(row)}`);
    }
  }
  return lost;
}

/** Columns, indexes and constraints, as text: to compare the schemas of two servers. */
export async function schemaOf(s: Session): Promise<string[]> {
  const text = z.object({ line: z.string() });
  const columns = await s.rows(text, "select table_name || '.' || column_name || ' ' || udt_name || ' ' || is_nullable as line from information_schema.columns where table_schema = 'public'");
  const indexes = await s.rows(text, "select indexdef as line from pg_indexes where schemaname = 'public'");
  const constraints = await s.rows(text, "select conrelid::regclass::text || ' ' || pg_get_constraintdef(oid) as line from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'");
  return [...columns, ...indexes, ...constraints].map((r) => r.line).sort();
}
