import { describe, expect, it } from 'vitest';
import { matchesGlob } from './services.ts';

describe('a pattern of a claim', () => {
  it.each([
    ['refs/heads/main', 'refs/heads/main', true],
    ['refs/heads/main', 'refs/heads/main2', false],
    ['refs/heads/*', 'refs/heads/x', true],
    ['refs/heads/*', 'refs/heads/', true],
    ['refs/heads/*', 'refs/heads/x/y', false],
    ['refs/heads/**', 'refs/heads/x/y', true],
    ['repo:example/*:ref:refs/heads/main', 'repo:example/shop:ref:refs/heads/main', true],
    ['repo:example/*:ref:refs/heads/main', 'repo:example/shop:pull_request:ref:refs/heads/main', false],
    ['repo:example/*:ref:refs/heads/main', 'repo:example/evil/shop:ref:refs/heads/main', false],
    ['repo:example/*', 'repo:example2/shop', false],
    ['*', 'anything', true],
    ['*', 'any/thing', false],
    ['**', 'any/thing:at all', true],
    ['a*b*c', 'aXXbYYc', true],
    ['a*b*c', 'abcb', false],
    ['*b', 'ab/b', false],
    ['a.c', 'abc', false],
    ['(a+)+$', 'aaaa', false],
    ['', '', true],
    ['', 'x', false],
  ])('%j and %j: %s', (pattern, text, fits) => {
    expect(matchesGlob(pattern, text)).toBe(fits);
  });

  it('takes no longer for a text that is made to be slow', () => {
    expect(matchesGlob(`${'*a'.repeat(40)}b`, 'a'.repeat(2_000))).toBe(false);
  });
});
