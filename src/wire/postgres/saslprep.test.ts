import { describe, expect, it } from 'vitest';
import { saslPrep, scramPassword } from './saslprep.ts';

describe('saslPrep', () => {
  it.each([
    // RFC 4013 section 3.
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    // Spaces, composition, compatibility, right-to-left text as a whole.
    ['a\u00a0b\u3000c', 'a b c'],
    ['u\u0308', 'ü'],
    ['ﬁ', 'fi'],
    ['سلام', 'سلام'],
    ['\u0627\u0031\u0628', '\u06271\u0628'],
  ])('prepares %j as %j', (text, prepared) => {
    expect(saslPrep(text)).toBe(prepared);
  });

  it.each([
    ['a control character', '\u0007'],
    ['right-to-left text that ends with a digit', '\u0627\u0031'],
    ['text of both directions', '\u0627abc\u0628'],
    ['nothing', ''],
    ['only what is mapped to nothing', '\u00ad'],
    ['a private-use character', '\ue000'],
    ['a tag character', '\u{e0041}'],
    ['a lone surrogate', 'a\ud800'],
    ['a character that Unicode 3.2 does not assign', '\u{1f511}'],
    ['a non-character', '\ufffe'],
  ])('prohibits %s', (_, text) => {
    expect(saslPrep(text)).toBeUndefined();
  });

  it('falls back to the password as it is, whole', () => {
    expect(scramPassword('ﬁ🔑')).toBe('ﬁ🔑');
  });
});
