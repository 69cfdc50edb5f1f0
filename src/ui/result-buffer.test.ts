import { describe, expect, it } from 'vitest';
import { initialWidth, isNumericType, ResultBuffer } from './result-buffer.ts';

const token = { classId: 'email', kind: 'token', rule: 'r' } as const;
const nulls = { classId: 'secret', kind: 'null', rule: 'r' } as const;
const make = () => new ResultBuffer([{ name: 'id', type: 'integer' }, { name: 'email', type: 'text', mask: token }, { name: 'pw', type: 'text', mask: nulls }, { name: 'note', type: 'text' }]);

describe('ResultBuffer', () => {
  it('tells values, NULLs and masks apart', () => {
    const b = make();
    b.append([['1', 'em_1', null, 'x'], ['2', null, null, null]]);
    expect([0, 1, 2, 3].map((c) => b.cell(0, c).kind)).toEqual(['value', 'masked', 'masked', 'value']);
    expect(b.cell(1, 1)).toEqual({ kind: 'null' });
    expect(b.cell(1, 2).kind).toBe('masked');
    expect(b.cell(1, 3)).toEqual({ kind: 'null' });
  });
  it('marks single cells, also after the rows came', () => {
    const b = make();
    b.append([['1', 'a', null, 'em_2']], [{ row: 0, column: 3, mask: token }]);
    expect(b.cell(0, 3)).toEqual({ kind: 'masked', text: 'em_2', mask: token });
    b.append([['2', 'a', null, 'em_3']]);
    const before = b.version;
    b.mark([{ row: 1, column: 3, mask: token }], [{ column: 0, mask: nulls }]);
    expect([b.cell(1, 3).kind, b.cell(1, 0).kind, b.version > before]).toEqual(['masked', 'masked', true]);
    expect(b.maskedColumns.map((c) => c.name)).toEqual(['id', 'email', 'pw']);
  });
  it('does not mix up neighbouring cells', () => {
    const b = make();
    b.append([['1', 'a', null, 'x'], ['2', 'b', null, 'y']], [{ row: 1, column: 0, mask: token }]);
    expect([b.cell(0, 0).kind, b.cell(1, 0).kind, b.cell(0, 3).kind]).toEqual(['value', 'masked', 'value']);
  });
  it('is NULL outside of its rows', () => expect(make().cell(9, 0)).toEqual({ kind: 'null' }));
  it('keeps widths in bounds', () => {
    const b = make();
    b.append([['1', 'a', null, 'x'.repeat(10_000)]]);
    expect(initialWidth(b, 3)).toBeLessThanOrEqual(420);
    expect(initialWidth(b, 0)).toBeGreaterThanOrEqual(72);
  });
  it('knows numbers by their type', () => {
    expect(['integer', 'numeric(12,2)', 'bigint', 'text', 'integer[]', 'interval'].map(isNumericType)).toEqual([true, true, true, false, false, false]);
  });
});
