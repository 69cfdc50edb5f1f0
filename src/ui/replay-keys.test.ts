import { describe, expect, it } from 'vitest';
import { replayCommand } from './replay-keys.ts';

const key = (name: string, with_: Partial<Record<'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey', boolean>> = {}) => ({ key: name, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...with_ });

describe('keys of the player', () => {
  it('plays, steps and jumps', () => {
    expect([' ', 'ArrowRight', 'ArrowLeft', 'n', 'f', 's'].map((k) => replayCommand(key(k), 'elsewhere'))).toEqual(['toggle', 'next', 'previous', 'next-notable', 'find', 'skip-idle']);
    expect(replayCommand(key('ArrowRight', { shiftKey: true }), 'elsewhere')).toBe('next-notable');
  });
  it('leaves text to fields, and to controls the keys that they need', () => {
    expect([' ', 'n', 'ArrowRight'].map((k) => replayCommand(key(k), 'field'))).toEqual([undefined, undefined, undefined]);
    expect([' ', 'ArrowRight', 'k'].map((k) => replayCommand(key(k), 'control'))).toEqual([undefined, undefined, 'toggle']);
  });
  it('takes nothing of the browser', () => {
    expect(replayCommand(key('f', { ctrlKey: true }), 'elsewhere')).toBeUndefined();
    expect(replayCommand(key('ArrowLeft', { altKey: true }), 'elsewhere')).toBeUndefined();
  });
  it('moves by up and down in the list only', () => {
    expect([replayCommand(key('ArrowDown'), 'list'), replayCommand(key('ArrowDown'), 'elsewhere')]).toEqual(['next', undefined]);
  });
});
