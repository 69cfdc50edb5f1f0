import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { highlightsOf, parseAsk, termQuery } from './ask.ts';
import { tag, vectorText, wordsOf } from './words.ts';

const words = (text: string): string[] => wordsOf(text).map((w) => w.word);

describe('words of a statement', () => {
  it('cuts identifiers into parts, each with its own position', () => {
    expect(words('SELECT orders.customer_id, o."shippedAt" FROM HTTPServerLog')).toEqual(['select', 'orders', 'customer', 'id', 'o', 'shipped', 'at', 'from', 'http', 'server', 'log']);
    expect(vectorText(['a.b_c = 1'], [])).toBe("'a':1 'b':2 'c':3 '1':4");
  });

  it('keeps mask tokens whole and apart from words', () => {
    expect(wordsOf("x = 'msk_email_bcdfghjkmnpq'").map((w) => [w.word, w.token])).toEqual([['x', false], ['msk_email_bcdfghjkmnpq', true]]);
    expect(vectorText(["'msk_email_bcdfghjkmnpq'"], [])).toBe("'=m:msk_email_bcdfghjkmnpq':1");
  });

  it('folds width and case, and keeps letters of every script', () => {
    expect(words('ＳＥＬＥＣＴ Größe ΣΊΣΥΦΟΣ naïve 注文 café')).toEqual(['select', 'größe', 'σίσυφος', 'naïve', '注文', 'café'.normalize('NFKC')]);
  });

  it('says where each word stands, whatever the text', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 }), (units) => {
        const text = String.fromCharCode(...units);
        for (const w of wordsOf(text)) expect(text.slice(w.from, w.to).normalize('NFKC').toLowerCase().toWellFormed().startsWith(w.word)).toBe(true);
      }),
      { seed: 4, numRuns: 100 },
    );
  });

  it('quotes what tsvector would read as syntax', () => {
    expect(vectorText([], [tag('policy', "it's \\ & | !:* \u0000")])).toBe("'=i:it''s \\\\ & | !:* \u2400'");
  });
});

describe('what is asked', () => {
  const ask = (text: string): string[] => parseAsk(text).map(termQuery);

  it('makes phrases of identifiers and quotes, and beginnings of stars', () => {
    expect(ask('orders.customer_id "FROM hr" supp* 42')).toEqual(["('orders' <-> 'customer' <-> 'id')", "('from' <-> 'hr')", "('supp':*)", "('42')"]);
  });

  it('reads operators of tsquery, SQL and regular expressions as separators', () => {
    expect(ask("a & b | !c <-> (d):* '); drop table x; -- %_ .* [")).toEqual(["('a')", "('b')", "('c')", "('d')", "('drop')", "('table')", "('x')"]);
  });

  it.each(['', '   ', '%%%', '"', '""', '* * *', '\u0000', "';--", '\ud800'.repeat(3)])('refuses %j: nothing to search for', (text) => {
    expect(() => parseAsk(text)).toThrow(/no word/);
  });

  it('refuses a beginning of one letter and a list that is too long', () => {
    expect(() => parseAsk('a*')).toThrow(/beginning/);
    expect(() => parseAsk('x '.repeat(200))).toThrow(/at most/);
  });

  it('marks what matched, merged and in order', () => {
    const text = 'SELECT customer_id FROM orders WHERE customer_id = 7';
    const marked = (asked: string, contains?: string): string[] => highlightsOf(text, asked === '' ? [] : parseAsk(asked), contains).map(([a, b]) => text.slice(a, b));
    expect(marked('customer_id ord*')).toEqual(['customer_id', 'orders', 'customer_id']);
    expect(marked('"id from"')).toEqual(['id FROM']);
    expect(marked('', 'ER_ID')).toEqual(['er_id', 'er_id']);
    expect(marked('customer', 'stomer_id')).toEqual(['customer_id', 'customer_id']);
  });
});
