import { describe, expect, it } from 'vitest';
import { Pacer } from './pacer.ts';

const watched = (ahead: number): { pacer: Pacer; calls: string[] } => {
  const calls: string[] = [];
  return { pacer: new Pacer(ahead, { pause: () => void calls.push('pause'), resume: () => void calls.push('resume') }), calls };
};

describe('Pacer', () => {
  it('stops reading once when it is too far ahead, and goes on at a quarter', () => {
    const { pacer, calls } = watched(100);
    pacer.sent(60);
    expect(calls).toEqual([]);
    pacer.sent(60);
    pacer.sent(60);
    expect(calls).toEqual(['pause']);
    pacer.acknowledged(150);
    expect(calls).toEqual(['pause']);
    pacer.acknowledged(5);
    expect(calls).toEqual(['pause', 'resume']);
    expect(pacer.outstanding).toBe(25);
  });

  it('gives no credit for acknowledgements of what was never sent', () => {
    const { pacer, calls } = watched(100);
    pacer.acknowledged(1_000_000);
    pacer.sent(100);
    expect(calls).toEqual(['pause']);
  });
});
