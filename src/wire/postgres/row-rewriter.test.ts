import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../base/errors.ts';
import { server } from '../../testing/pg-messages.ts';
import { RowRewriter } from './row-rewriter.ts';

const cell = fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null });
const all = (n: number): Uint8Array => new Uint8Array(n).fill(1);
const result = (r: RowRewriter): Buffer => r.bytes.subarray(r.start, r.end);

describe('a rewritten row', () => {
  it('has cells replaced, made NULL and kept', () => {
    const row = server.dataRow(['id', 'secret', null, 'last']);
    const rewriter = new RowRewriter(all(4), (i) => [undefined, Buffer.from('a longer text'), Buffer.from('never asked'), null][i]);
    expect(rewriter.rewrite(row, 0, row.length)).toBe(true);
    expect(result(rewriter)).toEqual(server.dataRow(['id', 'a longer text', null, null]));
    expect(row).toEqual(server.dataRow(['id', 'secret', null, 'last']));
  });

  it('is asked about watched cells only, with the place of their bytes', () => {
    const chunk = Buffer.concat([server.ready('I'), server.dataRow(['a', 'bc', '']), server.ready('I')]);
    const seen: unknown[] = [];
    const rewriter = new RowRewriter(Uint8Array.of(0, 1, 1), (i, source, start, end) => void seen.push([i, source.toString('utf8', start, end)]));
    expect(rewriter.rewrite(chunk, 6, chunk.length - 6)).toBe(false);
    expect(seen).toEqual([[1, 'bc'], [2, '']]);
  });

  it('equals building it anew, for any rows and any replacements, and stays as it was when more are made', () => {
    const rows = fc.array(fc.array(fc.tuple(cell, fc.option(cell, { nil: undefined })), { minLength: 3, maxLength: 3 }), { maxLength: 8 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 0, max: 40_000 }), (made, padding) => {
        let replacements: readonly (Uint8Array | null | undefined)[] = [];
        const rewriter = new RowRewriter(all(3), (i) => replacements[i]);
        const kept: Buffer[] = [];
        const wanted: Buffer[] = [];
        for (const pairs of made) {
          // A long cell now and then: blocks end in the middle of rows.
          const long = Buffer.alloc(padding, 0x61);
          replacements = [pairs[0]?.[1], pairs[1]?.[1], pairs[2]?.[0] === null ? undefined : long];
          const old = pairs.map(([value]) => value);
          const row = server.dataRow(old);
          kept.push(rewriter.rewrite(row, 0, row.length) ? result(rewriter) : row);
          wanted.push(server.dataRow(old.map((value, i) => (value === null || replacements[i] === undefined ? value : (replacements[i] ?? null)))));
        }
        // Compared as bytes: long buffers are slow to compare by element.
        expect(kept.map((row, i) => row.equals(wanted[i] ?? Buffer.alloc(0)))).toEqual(wanted.map(() => true));
      }),
      { numRuns: 300 },
    );
  });

  it('must have as many cells as the result has columns', () => {
    const row = server.dataRow(['a', 'b']);
    for (const n of [0, 1, 3]) expect(() => new RowRewriter(all(n), () => null).rewrite(row, 0, row.length)).toThrow(MalformedError);
  });

  it('is refused when it is cut or has bytes left over, wherever', () => {
    const row = server.dataRow(['ab', null, 'c']);
    for (let end = 5; end < row.length; end++) expect(() => new RowRewriter(all(3), () => null).rewrite(row, 0, end)).toThrow(MalformedError);
    const longer = Buffer.concat([row, Buffer.of(0)]);
    expect(() => new RowRewriter(all(3), () => null).rewrite(longer, 0, longer.length)).toThrow(MalformedError);
  });
});
