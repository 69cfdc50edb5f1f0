/** The generator: the same seed gives the same work, and what it looks for is found in every form. */
import { describe, expect, it } from 'vitest';
import { charsOf, Needles, SCRAMBLE } from './needles.ts';
import { Random } from './random.ts';
import { makeScripts } from './scripts.ts';
import { makeWorld } from './world.ts';

describe('determinism', () => {
  it.each([0, 1, 7, 999, 123_456])('seed %i gives the same schema and queries each time', (seed) => {
    const [a, b] = [makeWorld(seed), makeWorld(seed)];
    expect(b).toEqual(a);
    expect(makeScripts(b, 10)).toEqual(makeScripts(a, 10));
  });

  it('asking for fewer queries gives the first of them', () => {
    const world = makeWorld(5);
    expect(makeScripts(world, 4)).toEqual(makeScripts(world, 10).slice(0, 4));
  });

  it('different seeds share no canary and no query', () => {
    const worlds = Array.from({ length: 50 }, (_, i) => makeWorld(i));
    const canaries = worlds.flatMap((w) => w.canaries.map((c) => c.text));
    expect(new Set(canaries).size).toBe(canaries.length);
    const queries = worlds.flatMap((w) => makeScripts(w, 5).map((s) => s.statements.join(';')));
    expect(new Set(queries).size).toBe(queries.length);
  });

  it('a part draws what its label says, whatever was drawn before', () => {
    const random = new Random(3, 'x');
    const before = random.part('y').digits(20);
    random.digits(7);
    expect(random.part('y').digits(20)).toBe(before);
    expect(random.part('z').digits(20)).not.toBe(before);
  });

  it('every schema has something classified, and rows that hold it', () => {
    for (let seed = 0; seed < 100; seed++) {
      const world = makeWorld(seed);
      expect(world.rules.length).toBeGreaterThan(0);
      expect(world.canaries.length).toBeGreaterThanOrEqual(world.rules.length);
      expect(world.tables.length).toBeGreaterThanOrEqual(2);
      expect(world.tables.length).toBeLessThanOrEqual(6);
    }
  });

  it('a whole run names every construct', () => {
    const used = new Set(Array.from({ length: 400 }, (_, i) => makeScripts(makeWorld(i), 6)).flat().flatMap((s) => s.path));
    expect(used.size).toBeGreaterThan(150);
  });
});

describe('what counts as found', () => {
  const text = 'k7q2w9z4r1t5m8n3';
  const needles = new Needles([{ kind: 'text', text }]);
  const hit = (s: string | Buffer): boolean => needles.find(Buffer.from(s)).length > 0;

  it.each([
    ['whole', text],
    ['six characters', text.slice(5, 11)],
    ['upper case', text.toUpperCase()],
    ['reversed', charsOf(text).reverse().join('')],
    ['six, reversed', charsOf(text).reverse().join('').slice(4, 10)],
    ['hex', Buffer.from(text).toString('hex')],
    ['hex of six', Buffer.from(text.slice(3, 9)).toString('hex').toUpperCase()],
    ['base64', Buffer.from(text).toString('base64')],
    ['base64, shifted', Buffer.from(`<${text}`).toString('base64')],
    ['base64, shifted twice', Buffer.from(`<<${text}>`).toString('base64')],
    ['translated', charsOf(text).map((c) => SCRAMBLE.to[SCRAMBLE.from.indexOf(c)]).join('')],
    ['an array of characters', charsOf(text).join(',')],
    ['codes', charsOf(text).map((c) => c.charCodeAt(0)).join(',')],
    ['among other things', `abc ${text.slice(0, 6)} def`],
  ])('%s', (_, form) => {
    expect(hit(form)).toBe(true);
  });

  it.each([
    ['five characters', text.slice(5, 10)],
    ['a token', 'msk_token_bcdfghjkmnpqrstv'],
    ['a digest', '5d41402abc4b2a76b9719d911017c592'],
    ['another canary', 'g1h2j3k4m5n6p7q8'],
  ])('not %s', (_, form) => {
    expect(hit(form)).toBe(false);
  });

  it('numbers, dates and uuids as text and in binary cells', () => {
    const int8 = Buffer.alloc(8);
    int8.writeBigInt64BE(412345678901239n);
    expect(new Needles([{ kind: 'int8', text: '412345678901239' }]).find(int8)).toHaveLength(1);
    expect(new Needles([{ kind: 'int8', text: '412345678901239' }]).find(Buffer.from('x4.12345678901239e14x'))).toHaveLength(1);
    const uuid = '0a1b2c3d-4e5f-4a6b-a7c8-d9e0f1a2b3c4';
    expect(new Needles([{ kind: 'uuid', text: uuid }]).find(Buffer.from(uuid.replaceAll('-', ''), 'hex'))).toHaveLength(1);
    expect(new Needles([{ kind: 'date', text: '4821-07-15' }]).find(Buffer.from('at 4821-07-15 00:00'))).toHaveLength(1);
    // Days since 2000, as a cell of four bytes.
    expect(new Needles([{ kind: 'date', text: '3000-01-01' }]).find(Buffer.from([0, 0, 0, 4, 0, 0x05, 0x92, 0xbb]))).toHaveLength(1);
    // numeric(20,2) 4123456789012.34: digits in groups of four.
    expect(new Needles([{ kind: 'digits', text: '4123456789012.34' }]).find(Buffer.from([0, 4, 0x04, 0xd2, 0x16, 0x2e, 0x23, 0x34, 0x0d, 0x48]))).toHaveLength(1);
  });
});
