/** What of a terminal's bytes reaches a page that replays them. */
import { expect, it } from 'vitest';
import { Tame } from './tame.ts';

const E = '\u001b';
const tame = (text: string): string => new Tame().take(text);

it('keeps text, colours, cursor movements, erasing, scrolling and the alternate screen', () => {
  for (const kept of ['plain\ttext\r\n', `${E}[1;38;2;1;2;3mred${E}[0m`, `${E}[2J${E}[H${E}[5;10r${E}[3L`, `${E}[?1049h${E}[?25l`, `${E}7${E}8${E}M${E}D`, `${E}(0lqqk${E}(B`, `${E}[4h`, `${E}[!p`, 'ünïcödé 😀 漢字', `${E}[38:5:12mx`]) expect(tame(kept)).toBe(kept);
});

it('leaves out whatever is not the picture: titles, links, the clipboard, questions, window sizes, mouse modes, bells', () => {
  const hostile = [
    `${E}]0;title\u0007`,
    `${E}]8;;https://evil.example${E}\\`,
    `${E}]52;c;ZXZpbA==\u0007`,
    `${E}]4;1;#000000${E}\\`,
    `${E}[c${E}[>c${E}[6n${E}[?6n${E}[21t${E}[8;500;500t${E}[?1$p`,
    `${E}[?1000;1006h${E}[?2004h${E}[?9001h${E}[?3h`,
    `${E}P$qm${E}\\${E}Pq#0;2;0;0;0~~~${E}\\`,
    `${E}_application${E}\\${E}^private${E}\\${E}Xstart${E}\\`,
    '\u0007\u0005\u0000\u007f',
    `${E}[>4;2m${E}[=1u${E}[?1u${E}[5i`,
    `\u009d0;title\u0007\u0090data\u009c`,
  ];
  for (const sequence of hostile) expect(tame(`a${sequence}b`)).toBe('ab');
});

it('keeps of several modes those that belong to the picture', () => {
  expect(tame(`${E}[?1000;1049;25h`)).toBe(`${E}[?1049;25h`);
});

it('bounds counts, which would keep a terminal busy for hours', () => {
  expect(tame(`${E}[2147483647L${E}[99999999999999b${E}[12345;3H`)).toBe(`${E}[9999L${E}[9999b${E}[9999;3H`);
});

it('gives the same, cut at any place or byte by byte, and never ends inside a sequence', () => {
  const text = `a${E}[31mred${E}[0m${E}]0;x${E}\\${E}(0q${E}(B${E}]8;;u\u0007link${E}]8;;\u0007${E}[?1049h${E}[2J${E}P1$r${E}\\z\u009b5mq`;
  const whole = tame(text);
  for (let cut = 0; cut <= text.length; cut++) {
    const t = new Tame();
    const first = t.take(text.slice(0, cut));
    expect(first + t.take(text.slice(cut))).toBe(whole);
    expect(first).not.toMatch(new RegExp(`${E}[^A-Za-z0-9]*$`));
  }
  const t = new Tame();
  expect(Array.from(text, (c) => t.take(c)).join('')).toBe(whole);
});

it('gives up on what begins like a sequence and never ends', () => {
  const t = new Tame();
  expect(t.take(`${E}[${'1;'.repeat(2_000)}`)).toBe('');
  expect(t.take('text')).toBe('text');
  expect(t.take(`${E}]0;${'x'.repeat(100_000)}`)).toBe('');
  expect(t.take(`more\u0007seen`)).toBe('seen');
});

it('knows which character sets are chosen', () => {
  const t = new Tame();
  t.take(`${E}(0${E})A\u000e`);
  expect(t.charset).toBe(`${E}(0${E})A\u000e`);
  t.take(`${E}c`);
  expect(t.charset).toBe('');
});
