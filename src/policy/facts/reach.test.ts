import { beforeAll, describe, expect, it } from 'vitest';
import { readGuardrails } from '../../testing/corpus-cases.ts';
import { analyseSql } from '../analyse.ts';
import { makeCatalog } from '../lineage/catalog.ts';
import { initParser } from '../parse.ts';
import type { AnalysisEnv, CatalogRelation, StatementAnalysis } from '../types.ts';

beforeAll(initParser);

const [INT8, INT, TEXT, NUMERIC] = [20, 23, 25, 1700];

/** Columns as `name:type`, `!` behind those that are never NULL. */
function table(oid: number, name: string, columns: readonly (readonly [string, number, boolean])[]): CatalogRelation {
  return { oid, schema: 'public', name, kind: 'r', columns: columns.map(([column, typeOid, notNull], i) => ({ attnum: i + 1, name: column, typeOid, notNull })) };
}

/** The tables of testdata/corpus/schema.sql that its guardrails write to. */
const catalog = makeCatalog({
  schemas: ['public'],
  functions: [],
  relations: [
    table(20_000, 'notes', [['id', INT, true], ['body', TEXT, true], ['n', NUMERIC, false]]),
    table(20_001, 'counters', [['id', INT, true], ['n', INT8, true], ['hits', INT, true]]),
    table(20_002, 'customers', [['id', INT, true], ['email', TEXT, true]]),
    table(20_003, 'orders', [['id', INT, true], ['placed_at', 1184, true]]),
    table(20_004, 'flags', [['id', INT, true], ['live', 16, true], ['maybe', 16, false], ['u', 2950, true], ['d', 1082, true]]),
  ],
});
const env: AnalysisEnv = { catalog, searchPath: ['public'], classify: () => undefined, prepared: () => undefined, cursor: () => undefined, standardConformingStrings: true };

/** Whether any statement of these writes all rows of a table that is not temporary. */
const writesAll = (texts: readonly string[]): boolean => {
  const prepared = new Map<string, StatementAnalysis>();
  return texts.some((sql) =>
    analyseSql(sql, { ...env, prepared: (name) => prepared.get(name) }).some(({ facts, effects }) => {
      if (effects.prepare !== undefined) prepared.set(effects.prepare.name, effects.prepare.body);
      return (!facts.hasWhere || facts.tautology) && facts.tables.every((t) => t !== 'public.t_made');
    }),
  );
};

const cases = readGuardrails().map((c) => ({ ...c, texts: c.run.flatMap((s) => (typeof s === 'string' ? [s] : 'sql' in s ? [s.sql] : [])) }));

describe('writes of all rows in the corpus of guardrails', () => {
  it.each(cases.filter((c) => c.policy === 'prod-write-all-rows').map((c) => [c.id, c.texts] as const))('%s is one', (_, texts) => {
    expect(writesAll(texts)).toBe(true);
  });

  it.each(cases.filter((c) => c.expect === 'allowed' && c.on === 'prod').map((c) => [c.id, c.texts] as const))('%s is none', (_, texts) => {
    expect(writesAll(texts)).toBe(false);
  });
});

describe('conditions that only look like it', () => {
  it.each([
    'id > 5', 'id > 0 AND n = 1', 'id <> 7', 'NOT id = 7', 'id < 5 OR id > 7', 'id >= 5 OR id < 3', 'n > 0', 'n >= 0', 'n <> 0', 'body <> \'\'', 'body > \'\'', 'n IS NOT NULL', 'n IS DISTINCT FROM NULL',
    'coalesce(n, 0) = 0', 'length(body) > 0', 'length(body) >= 1', "body ~ '^x'", "body ~ '.+'", "body SIMILAR TO 'a%'", 'id % 2 = 0', 'id * 2 = 10', 'abs(id) = 3', 'CASE WHEN id = 1 THEN true ELSE false END',
    'id IN (1, 2)', 'id = ANY (ARRAY[1])', "id = ANY ('{1}')", 'id NOT IN (SELECT id FROM counters)', 'EXISTS (SELECT 1 FROM counters c WHERE c.id = notes.id)', 'id IN (SELECT id FROM notes WHERE n > 5)',
    'id IN (SELECT n FROM notes)', 'id IN (SELECT max(id) FROM notes)', 'id IN (SELECT id FROM notes GROUP BY id HAVING count(*) > 1)', 'id IN (SELECT DISTINCT ON (n) id FROM notes)', 'NOT EXISTS (SELECT 1 FROM notes m WHERE m.id > notes.id)', 'id = $1', 'id = $1 OR body = $2', 'false', 'id = 1 AND random() < 2', 'upper(body) <> upper(body)',
  ])('%s', (where) => {
    expect(writesAll([`DELETE FROM notes WHERE ${where}`])).toBe(false);
  });
});

describe('conditions on columns of other types', () => {
  it.each([
    'live IN (true, false)', 'live = true OR live = false', 'live IS NOT UNKNOWN', 'live >= false', 'live::int >= 0', 'maybe IS TRUE OR maybe IS NOT TRUE', "u::text LIKE '%-%'", "u <> '00000000-0000-0000-0000-000000000000'", "d > DATE '1900-01-01'", "d BETWEEN '1900-01-01' AND '2999-12-31'",
  ])('%s leaves out none', (where) => {
    expect(writesAll([`DELETE FROM flags WHERE ${where}`])).toBe(true);
  });

  it.each([
    'live', 'NOT live', 'live IS TRUE', 'maybe IS NOT TRUE', 'maybe IS NOT NULL', "u = '5f0b1c1e-0000-4000-8000-000000000000'", "u <> '5f0b1c1e-0000-4000-8000-000000000000'", "d = '2020-01-01'", "d > '1990-06-01'", 'd = current_date',
  ])('%s leaves out some', (where) => {
    expect(writesAll([`DELETE FROM flags WHERE ${where}`])).toBe(false);
  });
});

describe('conditions that are read to the end', () => {
  it('reads comparisons of comparisons once each', () => {
    const nested = Array.from({ length: 400 }).reduce<string>((inner) => `(${inner} = (id > 5))`, '(id > 5)');
    expect(writesAll([`DELETE FROM notes WHERE ${nested}`])).toBe(false);
  });

  it('finds the two of thousands of alternatives that leave out none', () => {
    const alternatives = Array.from({ length: 2_000 }, (_, i) => `body = 'a${i}'`).join(' OR ');
    expect(writesAll([`DELETE FROM notes WHERE ${alternatives}`])).toBe(false);
    expect(writesAll([`DELETE FROM notes WHERE ${alternatives} OR NOT body = 'a7'`])).toBe(true);
  });

  it.each(["body ~ '(a+)+$' OR body = '" + 'a'.repeat(2_000) + "'", "body LIKE '" + '%a'.repeat(200) + "'", "body ~ '" + '(a?){50}'.repeat(8) + "b'"])('answers for patterns that are hard to match', (where) => {
    expect(writesAll([`DELETE FROM notes WHERE ${where}`])).toBe(false);
  });
});
