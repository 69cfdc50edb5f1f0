import { describe, expect, it } from 'vitest';
import { Screen } from '../terminal/screen.ts';
import { LineEditor, type Entered } from './editor.ts';
import { History } from './history.ts';

const UP = '\u001b[A';
const LEFT = '\u001b[D';

/** An editor and the terminal that shows it. */
class Typing {
  readonly screen: Screen;
  readonly editor: LineEditor;
  readonly history = new History();
  #rest: Buffer = Buffer.alloc(0);

  constructor(cols = 40) {
    this.screen = new Screen(cols, 10);
    this.editor = new LineEditor({ cols, history: this.history, maxChars: 1_000 });
    this.#show(this.editor.begin('$ ', ['', '']));
  }

  /** @returns what was entered */
  keys(text: string | Buffer): Entered[] {
    const found: Entered[] = [];
    this.#rest = Buffer.concat([this.#rest, Buffer.from(text)]);
    for (;;) {
      const { rest, show, entered } = this.editor.take(this.#rest);
      this.#rest = rest;
      this.#show(show);
      if (entered === undefined) return found;
      found.push(entered);
      if (entered.kind === 'line') this.history.add(entered.text);
      this.#show(this.editor.begin('$ ', ['', '']));
    }
  }

  lines(text: string): string[] {
    return this.keys(text).map((e) => (e.kind === 'line' ? e.text : e.kind));
  }

  /** The rows down to the cursor's, and where it is in them. */
  get shown(): { rows: string[]; x: number } {
    const { x, y } = this.screen.cursor;
    return { rows: Array.from({ length: y + 1 }, (_, i) => this.screen.text(i, i).text.trimEnd()), x };
  }

  #show(text: string): void {
    if (text !== '') this.screen.feed(Buffer.from(text));
  }
}

describe('a line of wide characters over several rows', () => {
  it.each(['日本語', '👍🏽 ok', '👨‍👩‍👧', '🇩🇪', 'e\u0301', '⚽⭐❤️', 'ｱｲ'])('is drawn anew where it stands: %s', (text) => {
    const t = new Typing(20);
    for (const keys of [text.repeat(7), 'a', '\u0001', 'b', '\u0005']) t.keys(keys);
    expect(t.screen.firstRow(t.screen.cursor.y)).toBe(0);
    // A wide character that does not fit leaves a blank at the edge.
    expect(t.screen.text(0, t.screen.cursor.y).text.replaceAll(' ', '')).toBe(`$b${text.repeat(7)}a`.replaceAll(' ', ''));
  });
});

describe('what is entered', () => {
  it.each([
    ['abc\r', ['abc']],
    [`ac${LEFT}b\r`, ['abc']],
    ['one two\u0017three\r', ['one three']],
    ['one two\u0001X \u0005 Y\r', ['X one two Y']],
    ['one two\u001bb\u000bx\u0019\r', ['one xtwo']],
    ['one two\u0015\u0019\u0019\r', ['one twoone two']],
    ['one.two\u001b\u007f\r', ['one.']],
    ['one two\u0001\u001bd\r', [' two']],
    ['ba\u0014\r', ['ab']],
    [`größe👍🏽x${LEFT}\u007f\r`, ['größex']],
    [`first\rsecond\r${UP}${UP}\r`, ['first', 'second', 'first']],
    [`first\rdraft${UP}\u001b[B\r`, ['first', 'draft']],
    ['make all\rmake test\rls\r\u0012make\u0012\r', ['make all', 'make test', 'ls', 'make all']],
    ['make all\r\u0012make\u0007x\r', ['make all', 'x']],
    ['make all\r\u0012make\u0005 -j\r', ['make all', 'make all -j']],
    ['gone\u0003kept\r', ['interrupt', 'kept']],
    ['ab\u0001\u0004\r\u0004', ['b', 'end']],
    ['\u001b[200~one\r\ntwo\rthree\u001b[201~!\r', ['one', 'two', 'three!']],
    ['\u001b[200~a\tb\u001b[A\u0003\u001b[201~\r', ['a\tb\u001b[A\u0003']],
    [`${'x'.repeat(1_001)}\rnext\r`, ['too-long', 'next']],
    ['caf\u0065\u0301\u007fe\r', ['cafe']],
  ])('%j', (keys, entered) => {
    expect(new Typing().lines(keys)).toEqual(entered);
    // Cut anywhere, it is the same.
    const cut = new Typing();
    expect([...Buffer.from(keys)].flatMap((byte) => cut.keys(Buffer.of(byte))).map((e) => (e.kind === 'line' ? e.text : e.kind))).toEqual(entered);
  });

  it('bytes that are not UTF-8 are known for that', () => {
    expect(new Typing().keys(Buffer.from([0x61, 0xff, 0x0d, 0xe2, 0x82, 0x0d]))).toEqual([{ kind: 'line', text: 'a\ufffd' }, { kind: 'line', text: '\ufffd' }]);
  });

  it('the rest of a paste that is dropped is not taken, whatever comes with it', () => {
    const t = new Typing();
    expect(t.lines('\u001b[200~one\r')).toEqual(['one']);
    expect(t.editor.drop(Buffer.from('two\rthree\u001b[20'))).toEqual(Buffer.from('\u001b[20'));
    expect(t.lines('\u001b[20')).toEqual([]);
    expect(t.lines('1~four\r')).toEqual(['four']);
  });
});

describe('what is shown', () => {
  it.each([
    ['abc', 10, ['$ abc'], 5],
    ['abcdefgh', 10, ['$ abcdefgh', ''], 0],
    ['abcdefghij', 10, ['$ abcdefgh', 'ij'], 2],
    [`abcdefghij${LEFT.repeat(4)}`, 10, ['$ abcdefgh'], 8],
    [`abcdefghij${LEFT.repeat(4)}XYZ`, 10, ['$ abcdefXY', 'Zghij'], 1],
    ['日本語日本', 10, ['$ 日本語日', '本'], 2],
    ['a日本語日本', 10, ['$ a日本語', '日本'], 4],
    ['abcdefghij\u0015', 10, ['$'], 2],
    ['a\u001b[200~\u001b[2J\u0007\u001b[201~', 20, ['$ a^[[2J^G'], 10],
  ])('%j in %d columns', (keys, cols, rows, x) => {
    const t = new Typing(cols);
    t.keys(keys);
    expect(t.shown).toEqual({ rows, x });
  });

  it('any keys, in any order, neither throw nor act on the terminal', () => {
    for (let seed = 1; seed <= 15; seed++) {
      let state = seed;
      const next = (below: number): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) % below;
      const t = new Typing(20);
      t.keys(Buffer.from(Array.from({ length: 2_000 }, () => (next(3) > 0 ? next(256) : [0x1b, 0x5b, 0x0d, 0x32, 0x30, 0x7e, 0x41, 0x44, 0x12][next(9)] ?? 0))));
      expect(t.screen.alternate).toBe(false);
      expect(t.screen.modes.mouseTrackingMode).toBe('none');
      expect(t.keys('\u001b[201~\u0003\u0003end\r').at(-1)).toEqual({ kind: 'line', text: 'end' });
    }
  });
});
