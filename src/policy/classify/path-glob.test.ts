import { describe, expect, it } from 'vitest';
import { mayLieBelow, mayMatch, parsePathGlob, pathParts } from './path-glob.ts';
import { PathClassifier } from './paths.ts';

const may = (glob: string, path: string): boolean => mayMatch(parsePathGlob(glob), pathParts(path));

describe('path globs', () => {
  it.each(['etc/shadow', '', '/', '~', '/a//b', '/a/../b', '/a/b**', './x'])('refuses %j', (text) => {
    expect(() => parsePathGlob(text)).toThrow();
  });

  it.each([
    ['/etc/shadow', '/etc/shadow'],
    ['/etc/*', '/etc/x'],
    ['**/.ssh/id_*', '~/.ssh/id_rsa'],
    ['**/.ssh/id_*', '/root/.ssh/id_rsa'],
    ['**/.ssh/id_*', '/.ssh/id_rsa'],
    ['/etc/ssl/**', '/etc/ssl/a/b/c'],
    // Known only in part.
    ['/etc/shadow', '/etc/sh*'],
    ['/etc/shadow', '/*/shadow'],
    ['/etc/shadow', '/etc/shado?'],
    ['/etc/shadow', '?/shadow'],
    ['/etc/shadow', '?/etc/shadow'],
    ['/etc/shadow', '/etc/**'],
    ['/etc/shadow', '/**'],
    ['/etc/shadow', '/e**w'],
    ['/etc/shadow', '**'],
    ['**/.env', '~/.*'],
  ])('%s may be %s', (glob, path) => {
    expect(may(glob, path)).toBe(true);
  });

  it.each([
    ['/etc/shadow', '/etc/shadow/x'],
    ['/etc/shadow', '/etc/Shadow'],
    ['/etc/shadow', '~/shadow'],
    ['/etc/shadow', '/etc/passwd*'],
    ['/etc/shadow', '/*'],
    ['/etc/shadow', '?/passwd'],
    ['/etc/*', '/etc/a/b'],
    ['**/.env', '/srv/*'],
    ['**/.ssh/id_*', '/var/log/*.log'],
  ])('%s is never %s', (glob, path) => {
    expect(may(glob, path)).toBe(false);
  });

  it('knows what a tree holds, but takes every tree for one that may hold a glob with any beginning', () => {
    const below = (glob: string, path: string): boolean => mayLieBelow(parsePathGlob(glob), pathParts(path));
    expect(below('/etc/shadow', '/etc')).toBe(true);
    expect(below('/etc/shadow', '/')).toBe(true);
    expect(below('**/.ssh/id_*', '~/.ssh')).toBe(true);
    expect(below('**/.ssh/id_*', '~')).toBe(false);
    expect(below('/etc/shadow', '/var')).toBe(false);
  });

  it('answers for hostile paths without delay', () => {
    const paths = new PathClassifier([{ id: 'x', paths: ['**/a/**/a/**/a/**/b', '/*a*a*a*a*b'] }]);
    expect(paths.mayClassesOf(`/${'a/'.repeat(500)}c`, { recursive: false })).toEqual([]);
    expect(paths.mayClassesOf(`/${'a'.repeat(2_000)}`, { recursive: false })).toEqual([]);
  });
});
