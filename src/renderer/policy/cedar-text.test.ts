import { describe, expect, it } from 'vitest';
import { cedarParts } from './cedar-text.tsx';

describe('cedarParts', () => {
  const source = '@id("a // b")\nforbid (principal, action, resource); // permit';
  it('loses nothing', () => expect(cedarParts(source).map((p) => p.text).join('')).toBe(source));
  it('does not find keywords in comments, nor comments in strings', () => {
    expect(cedarParts(source).filter((p) => p.kind !== 'plain').map((p) => `${p.kind}:${p.text}`)).toEqual([
      'annotation:@id', 'string:"a // b"', 'keyword:forbid', 'keyword:principal', 'keyword:action', 'keyword:resource', 'comment:// permit',
    ]);
  });
});
