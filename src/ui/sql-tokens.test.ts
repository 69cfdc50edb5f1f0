import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitSql, statementAt, tokenizeSql } from './sql-tokens.ts';

const split = (sql: string): string[] => splitSql(sql).map((r) => sql.slice(r.from, r.to));
const kinds = (sql: string): string[] => tokenizeSql(sql).filter((t) => t.kind !== 'space').map((t) => t.kind);

describe('splitSql', () => {
  it.each([
    ['plain', 'select 1; select 2', ['select 1', 'select 2']],
    ['empty statements', ';; select 1 ;;', ['select 1']],
    ['a string', "select ';'; select 2", ["select ';'", 'select 2']],
    ['doubled quotes', "select 'it''s; fine'; x", ["select 'it''s; fine'", 'x']],
    ['an escape string', "select E'\\';'; x", ["select E'\\';'", 'x']],
    ['no escape in a plain string', "select '\\'; x", ["select '\\'", 'x']],
    ['a quoted name', 'select ";" ; x', ['select ";"', 'x']],
    ['a line comment', 'select 1 -- a;b\n; x', ['select 1', 'x']],
    ['a nested comment', 'select /* a /* ; */ ; */ 1; x', ['select /* a /* ; */ ; */ 1', 'x']],
    ['a dollar quote', 'do $$ begin; end $$; x', ['do $$ begin; end $$', 'x']],
    ['a tagged dollar quote', 'do $a$ $$;$$ ; $a$; x', ['do $a$ $$;$$ ; $a$', 'x']],
    ['a parameter is no dollar quote', 'select $1; select $2', ['select $1', 'select $2']],
    ['an open string takes the rest', "select 'a; b", ["select 'a; b"]],
    ['only comments', '-- nothing\n/* here */', []],
  ])('handles %s', (_name, sql, expected) => expect(split(sql)).toEqual(expected));
});

describe('tokenizeSql', () => {
  it('tells kinds apart', () => {
    expect(kinds(`SELECT "a", 'b', 1.5e3, $2 FROM t -- c`)).toEqual(['keyword', 'name', 'symbol', 'string', 'symbol', 'number', 'symbol', 'parameter', 'keyword', 'word', 'comment']);
  });
  it('covers every character exactly once, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'E', "'", '"', '$', '1', ';', '-', '/', '*', '\\', '\n', ' ', 'é', '😀') }), (sql) => {
        let at = 0;
        for (const token of tokenizeSql(sql)) {
          expect(token.from).toBe(at);
          expect(token.to).toBeGreaterThan(at);
          at = token.to;
        }
        expect(at).toBe(sql.length);
      }),
    );
  });
});

describe('statementAt', () => {
  const sql = 'select 1;\n\nselect 2; select 3';
  const at = (caret: number): string | undefined => {
    const range = statementAt(sql, caret);
    return range && sql.slice(range.from, range.to);
  };
  it('finds the statement of the caret', () => {
    expect([at(0), at(9), at(10), at(11), at(sql.length)]).toEqual(['select 1', 'select 1', 'select 1', 'select 2', 'select 3']);
  });
  it('has none in an empty text', () => expect(statementAt(' -- x', 2)).toBeUndefined());
});
