import { describe, expect, it } from 'vitest';
import { needsLook, pasted } from './paste.ts';

describe('pasted text', () => {
  it('takes out what ends a bracketed paste', () => {
    const p = pasted('ls\u001b[201~\rrm -rf /\u009b201~');
    expect(p).toEqual({ text: 'ls[201~\rrm -rf /201~', removed: 2, lines: 2 });
  });
  it('keeps tabs, line ends and every other character', () => {
    const text = 'a\tb\r\nc\nd é 漢 🙂';
    expect(pasted(text)).toEqual({ text, removed: 0, lines: 3 });
  });
  it.each([['ls', 1], ['ls\n', 1], ['a\nb\r\n', 2], ['a\n\n', 2]])('%j has %i lines', (text, lines) => expect(pasted(text).lines).toBe(lines));
  it.each([['ls', false], ['ls\n', true], ['a\rb', true], ['', false]])('%j needs a look: %s', (text, needed) => expect(needsLook(pasted(text))).toBe(needed));
});
