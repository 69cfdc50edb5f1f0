import { describe, expect, it } from 'vitest';
import { cut, marksIn } from './excerpt.ts';

const marked = (text: string, marks: readonly (readonly [number, number])[]) => marksIn(cut(text, marks)).filter((p) => p.marked).map((p) => p.text);

describe('the excerpt of a statement', () => {
  it('is one line, with its marks where they belong', () => {
    const text = 'SELECT *\n   FROM  customers\nWHERE id = 1';
    const from = text.indexOf('customers');
    expect(cut(text, [[from, from + 9]]).text).toBe('SELECT * FROM customers WHERE id = 1');
    expect(marked(text, [[0, 6], [from, from + 9]])).toEqual(['SELECT', 'customers']);
  });
  it('begins near a mark that stands far behind', () => {
    const text = `${'SELECT a, '.repeat(100)}email FROM t`;
    const from = text.indexOf('email');
    expect(cut(text, [[from, from + 5]]).text.startsWith('… ')).toBe(true);
    expect(marked(text, [[from, from + 5]])).toEqual(['email']);
  });
  it('cuts what is too long, and leaves out marks that are cut off', () => {
    const text = 'x'.repeat(1_000);
    const e = cut(text, [[0, 3], [900, 903]]);
    expect([e.text.length, e.text.endsWith('…'), e.marks]).toEqual([261, true, [[0, 3]]]);
  });
  it('marks to the end', () => expect(marked('a bc', [[2, 4]])).toEqual(['bc']));
  it('puts the parts together to the text', () => {
    const e = cut('select a from b', [[0, 6], [9, 13]]);
    expect(marksIn(e).map((p) => p.text).join('')).toBe(e.text);
  });
});
