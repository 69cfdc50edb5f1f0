import { describe, expect, it } from 'vitest';
import { InputQueue } from './input-queue.ts';

/** A shell that takes the next piece when it is told to. */
function slowShell() {
  const got: string[] = [];
  let go: (() => void) | undefined;
  const queue = new InputQueue((data) => {
    got.push(data);
    return new Promise((resolve) => (go = resolve));
  });
  const next = async () => {
    go?.();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { queue, got, next };
}

describe('InputQueue', () => {
  it('sends the first key at once, and what came meanwhile together', async () => {
    const { queue, got, next } = slowShell();
    for (const key of 'abc') queue.push(key);
    expect(got).toEqual(['a']);
    await next();
    expect(got).toEqual(['a', 'bc']);
  });

  it('sends all of a long paste, in pieces, and cuts no character', async () => {
    const { queue, got, next } = slowShell();
    const text = `x${'🙂'.repeat(20_000)}`;
    queue.push(text);
    for (let i = 0; i < 5; i++) await next();
    expect(got.length).toBeGreaterThan(2);
    expect(got.join('')).toBe(text);
    expect(got.every((piece) => piece.isWellFormed())).toBe(true);
  });

  it('drops the rest of a paste for an interrupt', async () => {
    const { queue, got, next } = slowShell();
    queue.push('y'.repeat(100_000));
    queue.push('\u0003');
    await next();
    await next();
    expect(got.at(-1)).toBe('\u0003');
    expect(got.length).toBe(2);
  });

  it('keeps bytes and text apart', async () => {
    const { queue, got, next } = slowShell();
    queue.push('a');
    queue.push('b');
    queue.push('\u00ff', true);
    await next();
    await next();
    expect(got).toEqual(['a', 'b', '\u00ff']);
  });
});
