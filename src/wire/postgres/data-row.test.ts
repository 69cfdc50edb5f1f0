import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BugError } from '../../base/errors.ts';
import { server } from '../../testing/pg-messages.ts';
import { checkDataRow, decodeDataRow, encodeDataRow, forEachCell, forEachCellIn, rewriteDataRow } from './data-row.ts';

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

describe('rewriteDataRow', () => {
  it('replaces, nulls and keeps', () => {
    const row = server.dataRow(['id', 'secret', null, 'last']);
    const out = rewriteDataRow(row, new Map<number, Buffer | null>([[1, Buffer.from('a longer text')], [2, Buffer.from('was null')], [3, null]]));
    expect(out).toEqual(server.dataRow(['id', 'a longer text', 'was null', null]));
    expect(row).toEqual(server.dataRow(['id', 'secret', null, 'last']));
  });

  it('equals building the row anew, for any row and any replacements', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, fc.option(cell, { nil: undefined })), { maxLength: 12 }), (pairs) => {
        const replacements = new Map(pairs.flatMap(([, r], i) => (r === undefined ? [] : [[i, r] as const])));
        const wanted = pairs.map(([old, r]) => (r === undefined ? old : r));
        expect(rewriteDataRow(server.dataRow(pairs.map(([old]) => old)), replacements)).toEqual(server.dataRow(wanted));
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a replacement that has no place: a mask must never be dropped in silence', () => {
    const row = server.dataRow(['a']);
    expect(() => rewriteDataRow(row, new Map([[1, null]]))).toThrow(BugError);
    expect(() => rewriteDataRow(row, new Map([[-1, null]]))).toThrow(BugError);
    expect(() => rewriteDataRow(server.ready('I'), new Map())).toThrow(BugError);
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
