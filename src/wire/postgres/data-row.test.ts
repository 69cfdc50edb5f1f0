import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { server } from '../../testing/pg-messages.ts';
import { checkDataRow, decodeDataRow, encodeDataRow, forEachCell, forEachCellIn } from './data-row.ts';

const cell = fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null });

describe('forEachCell', () => {
  const row = server.dataRow(['ab', null, '', 'c']);

  it('visits cells in order with their place and length', () => {
    const seen: unknown[] = [];
    expect(forEachCell(row.subarray(5), (index, start, length) => seen.push([index, start, length]))).toBe(4);
    expect(seen).toEqual([[0, 6, 2], [1, 12, -1], [2, 16, 0], [3, 20, 1]]);
  });

  it('visits a row inside a larger buffer, counting from its first byte', () => {
    const chunk = Buffer.concat([server.ready('I'), row, server.ready('I')]);
    const texts: string[] = [];
    forEachCellIn(chunk, 6 + 5, 6 + row.length, (_, start, length) => texts.push(chunk.toString('utf8', start, start + Math.max(length, 0))));
    expect(texts).toEqual(['ab', '', '', 'c']);
  });

  it('counts the cells of a row without visiting', () => {
    expect(checkDataRow(row.subarray(5))).toBe(4);
    expect(checkDataRow(server.dataRow([]).subarray(5))).toBe(0);
  });
});

describe('encodeDataRow', () => {
  it('round-trips any row', () => {
    fc.assert(
      fc.property(fc.array(cell, { maxLength: 30 }), (cells) => {
        const row = encodeDataRow(cells);
        expect(row).toEqual(server.dataRow(cells));
        expect(decodeDataRow(row.subarray(5))).toEqual(cells.map((c) => c && Buffer.from(c)));
      }),
    );
  });
});
