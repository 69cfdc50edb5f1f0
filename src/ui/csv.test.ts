import { describe, expect, it } from 'vitest';
import { csvField, csvFileName, csvLine, csvLines } from './csv.ts';

describe('csv', () => {
  it('quotes only what needs it', () => {
    expect(['a', 'a,b', 'a"b', 'a\nb', 'é'].map(csvField)).toEqual(['a', '"a,b"', '"a""b"', '"a\nb"', 'é']);
  });
  it('keeps NULL and the empty string apart', () => expect(csvLine([null, '', 'x'])).toBe(',"",x\r\n'));
  it.each(['=1+1', '+cmd', '-2+3', '@SUM(A1)', '\tx', '\rx'])('does not let %j run as a formula', (text) => {
    expect(csvField(text).replace(/^"/, '')).toMatch(/^'/);
  });
  it.each(['-5', '+5', '-1.5', '-1e10'])('leaves the number %s alone', (text) => expect(csvField(text)).toBe(text));
  it('writes the header first, and masked cells as they are shown', () => {
    expect([...csvLines([{ name: 'id' }, { name: 'e,mail' }], [['1', 'em_00ff'], ['2', null]])]).toEqual(['id,"e,mail"\r\n', '1,em_00ff\r\n', '2,\r\n']);
  });
  it('makes file names without anything a path could use', () => {
    expect(csvFileName('../../etc/pass wd', Date.UTC(2026, 10, 21, 9, 5, 7))).toBe('etc-pass-wd-2026-11-21-090507.csv');
    expect(csvFileName('///', 0)).toBe('result-1970-01-01-000000.csv');
  });
});
