import { describe, expect, it } from 'vitest';
import { crumbsOf, nameOf, parentOf, pathIn, shortCrumbsOf, splitName } from './remote-path.ts';

describe('remote paths', () => {
  it('joins a directory and a name', () => {
    expect(pathIn('/', 'etc')).toBe('/etc');
    expect(pathIn('/home/deploy', 'a b')).toBe('/home/deploy/a b');
  });
  it('knows the directory above', () => {
    expect(parentOf('/home/deploy')).toBe('/home');
    expect(parentOf('/home')).toBe('/');
    expect(parentOf('/')).toBe('/');
    expect(nameOf('/home/a b')).toBe('a b');
  });
  it('shortens a long way', () => {
    expect(shortCrumbsOf('/a/b/c/d').map((c) => [c.name, c.path])).toEqual([['/', '/'], ['…', '/a/b'], ['c', '/a/b/c'], ['d', '/a/b/c/d']]);
    expect(shortCrumbsOf('/a/b/c')).toEqual(crumbsOf('/a/b/c'));
  });
  it('keeps the end of a long name apart, in whole characters', () => {
    expect(splitName('notes.txt')).toEqual({ head: 'notes.txt', tail: '' });
    expect(splitName('backup-of-the-shop-2026-11-22.tar.gz')).toEqual({ head: 'backup-of-the-shop-2026-11', tail: '-22.tar.gz' });
    expect(splitName(`${'x'.repeat(20)}👩‍💻.txt`)).toEqual({ head: 'x'.repeat(15), tail: 'xxxxx👩‍💻.txt' });
  });
  it('gives the way from the root', () => expect(crumbsOf('/home/deploy').map((c) => c.path)).toEqual(['/', '/home', '/home/deploy']));
});
