import { describe, expect, it } from 'vitest';
import { type Key, terminalCommand } from './keys.ts';

const key = (code: string, held: Partial<Key> = {}): Key => ({ type: 'keydown', key: '', code, ctrlKey: false, shiftKey: false, altKey: false, metaKey: false, ...held });

describe('keys of the terminal', () => {
  it('leaves every plain, Ctrl and Alt key to the shell', () => {
    const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ', (l) => `Key${l}`);
    for (const code of [...letters, 'Digit1', 'Digit3', 'Digit6', 'Space', 'Enter', 'Escape', 'ArrowUp', 'ArrowLeft', 'F1', 'F10', 'Minus', 'Slash']) {
      expect(terminalCommand(key(code), false), code).toBeUndefined();
      expect(terminalCommand(key(code, { ctrlKey: true }), false), `Ctrl+${code}`).toBeUndefined();
      expect(terminalCommand(key(code, { altKey: true }), false), `Alt+${code}`).toBeUndefined();
      expect(terminalCommand(key(code, { shiftKey: true }), false), `Shift+${code}`).toBeUndefined();
      expect(terminalCommand(key(code, { altKey: true, ctrlKey: true, shiftKey: true }), false)).toBeUndefined();
    }
    // Undo of line editors.
    expect(terminalCommand(key('Minus', { ctrlKey: true, shiftKey: true }), false)).toBeUndefined();
  });

  it('takes Ctrl and Shift together', () => {
    const ctrlShift = { ctrlKey: true, shiftKey: true };
    expect(terminalCommand(key('KeyC', ctrlShift), false)).toEqual({ kind: 'copy' });
    expect(terminalCommand(key('KeyF', ctrlShift), false)).toEqual({ kind: 'find' });
    expect(terminalCommand(key('ArrowLeft', ctrlShift), false)).toEqual({ kind: 'focus', side: 'left' });
    expect(terminalCommand(key('KeyV', ctrlShift), false)).toEqual({ kind: 'app' });
    expect(terminalCommand(key('KeyM', ctrlShift), false)).toEqual({ kind: 'leave' });
  });

  it('takes Cmd on a Mac, and leaves Ctrl to the shell there too', () => {
    expect(terminalCommand(key('KeyF', { metaKey: true }), true)).toEqual({ kind: 'find' });
    expect(terminalCommand(key('KeyC', { metaKey: true }), true)).toEqual({ kind: 'app' });
    expect(terminalCommand(key('KeyC', { ctrlKey: true }), true)).toBeUndefined();
  });

  it('goes from tab to tab with Ctrl+Tab, and leaves Tab alone to the shell', () => {
    expect([terminalCommand(key('Tab', { ctrlKey: true }), false), terminalCommand(key('Tab', { ctrlKey: true, shiftKey: true }), true)]).toEqual([{ kind: 'app' }, { kind: 'app' }]);
    expect([terminalCommand(key('Tab'), false), terminalCommand(key('Tab', { shiftKey: true }), false), terminalCommand(key('Tab', { ctrlKey: true, altKey: true }), false)]).toEqual([undefined, undefined, undefined]);
  });

  it('sends what Ctrl+2 means in a terminal', () => expect(terminalCommand(key('Digit2', { ctrlKey: true }), false)).toEqual({ kind: 'send', data: '\0' }));
});
