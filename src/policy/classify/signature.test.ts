import { describe, expect, it } from 'vitest';
import { parseSignature } from './signature.ts';

describe('parseSignature', () => {
  it.each([
    ['public.slug(text)', { schema: 'public', name: 'slug', args: ['text'] }],
    ['Public.Slug( INT , varchar[] )', { schema: 'public', name: 'slug', args: ['integer', 'character varying[]'] }],
    ['"My App"."F x"()', { schema: 'My App', name: 'F x', args: [] }],
    ['a.b(timestamp with time zone, app."Mood")', { schema: 'a', name: 'b', args: ['timestamp with time zone', 'app."Mood"'] }],
  ])('%s', (text, expected) => expect(parseSignature(text)).toEqual(expected));

  it.each(['slug(text)', 'public.slug', 'public.slug(', 'public.slug(text,)', 'public.slug(text) x', '', 'a.b.c(text)'])('refuses %j', (text) => {
    expect(parseSignature(text)).toBeUndefined();
  });
});
