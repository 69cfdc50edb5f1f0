/** A key that passes by a short way has the same effect as by the long one: what Enter finds is the same. */
import { expect, it } from 'vitest';
import { LineGate, type InputStep } from './line-gate.ts';

const ESC = '\u001b';
const PROMPT = '$ ';

/** A line editor that shows each key, and knows of Ctrl-U. */
class Editor {
  #line = '';
  echo(key: string): string {
    if (key === '\u0015') {
      const back = '\b \b'.repeat(this.#line.length);
      this.#line = '';
      return back;
    }
    if (key < ' ') return '';
    this.#line += key;
    return key;
  }
}

/** @returns whether a key passed by the short way, and what Enter led to */
function typed(keys: readonly string[], short: boolean): { passed: number; enter: InputStep | undefined } {
  const gate = new LineGate(40, 5);
  gate.output(Buffer.from(PROMPT));
  const editor = new Editor();
  let passed = 0;
  for (const key of keys) {
    const bytes = Buffer.from(key);
    if (short && gate.passes(bytes)) {
      passed++;
    } else {
      gate.input(bytes);
      for (let step = gate.next(); step !== undefined; step = gate.next()) if (step.kind === 'settle') gate.settled();
    }
    gate.output(Buffer.from(editor.echo(key)));
    gate.read();
  }
  gate.input(Buffer.from('\r'));
  let enter = gate.next();
  if (enter?.kind === 'settle') {
    gate.settled();
    enter = gate.next();
  }
  return { passed, enter };
}

const keysOf = (text: string): string[] => Array.from(text);

it.each<[string, readonly string[], number]>([
  ['a line', keysOf('rm -rf /srv'), 9],
  ['one that was begun anew', keysOf('first\u0015second try'), 12],
  ['characters of several bytes', keysOf('caf\u00e9 au lait'), 8],
  ['the end of the row', keysOf('x'.repeat(60)), 58],
  ['commands of vi', keysOf(`echo a${ESC}xx`), 4],
  ['keys that move', [...keysOf('echo'), `${ESC}[D`, ...keysOf('ab')], 4],
  ['a full-screen program', keysOf('vi'), 0],
])('%s', (_name, keys, least) => {
  const [quick, slow] = [typed(keys, true), typed(keys, false)];
  expect(quick.enter).toEqual(slow.enter);
  expect(quick.passed).toBeGreaterThanOrEqual(least);
  expect(slow.passed).toBe(0);
});

it('not on another screen, and not behind what waits', () => {
  const gate = new LineGate(40, 5);
  gate.output(Buffer.from(PROMPT));
  for (const key of ['a', 'b', 'c']) {
    gate.input(Buffer.from(key));
    gate.next();
    gate.output(Buffer.from(key));
  }
  expect(gate.passes(Buffer.from('d'))).toBe(true);
  gate.output(Buffer.from(`${ESC}[?1049h`));
  expect(gate.passes(Buffer.from('e'))).toBe(false);
  gate.output(Buffer.from(`${ESC}[?1049l`));
  expect(gate.passes(Buffer.from('e'))).toBe(true);
  gate.input(Buffer.from(ESC));
  expect(gate.passes(Buffer.from('f'))).toBe(false);
});
