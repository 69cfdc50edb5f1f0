import { describe, expect, it } from 'vitest';
import { Screen } from './screen.ts';

const screen = (text: string, cols = 20, rows = 4): Screen => {
  const s = new Screen(cols, rows);
  s.feed(Buffer.from(text));
  return s;
};

describe('the screen model', () => {
  it('answers for what was fed, at once', () => {
    const s = screen('one\r\ntwo');
    expect(s.text(0, 0).text.trimEnd()).toBe('one');
    expect(s.cursor).toEqual({ x: 3, y: 1 });
    expect(s.alternate).toBe(false);
    s.feed(Buffer.from('\u001b[?1049h\u001b[?2004h'));
    expect(s.alternate).toBe(true);
    expect(s.modes.bracketedPasteMode).toBe(true);
  });

  it('joins rows that wrap, and says where each character stands', () => {
    const s = screen(`${'x'.repeat(18)}日本語`);
    expect([s.firstRow(1), s.lastRow(0)]).toEqual([0, 1]);
    const { text, cells } = s.text(0, 1);
    expect(text.trimEnd()).toBe(`${'x'.repeat(18)}日本語`);
    expect(cells[19]).toEqual({ x: 0, y: 1, width: 2, dim: false });
  });

  it('gives emoji two columns and what joins a character none', () => {
    const s = screen('😀 e\u0301 x');
    expect(s.cursor.x).toBe(6);
    const { text, cells } = s.text(0, 0);
    expect(text.trimEnd()).toBe('😀 e\u0301 x');
    expect(cells.map((c) => c.x).slice(0, 7)).toEqual([0, 0, 2, 3, 3, 4, 5]);
  });

  it('leaves out what has scrolled by, and ends as if it had drawn it', () => {
    const rows = Array.from({ length: 5000 }, (_, i) => `\u001b[3${i % 8}mrow ${i}\u001b[0m`).join('\r\n');
    const s = screen(`${rows}\r\n$ `);
    expect(s.text(s.top, s.top + 3).text.replaceAll(/ +/g, ' ')).toBe('row 4997 row 4998 row 4999 $ ');
    expect(s.cursor.x).toBe(2);
  });

  it('takes a size of nothing for 80 by 24', () => {
    const s = new Screen(0, 0);
    expect([s.cols, s.rows]).toEqual([80, 24]);
    s.resize(0, 0);
    s.feed(Buffer.from('\u001b[999;999Hx'));
    expect(s.cursor).toEqual({ x: 80, y: 23 });
  });
});
