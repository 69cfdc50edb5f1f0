import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../base/errors.ts';
import { client, int32, join, text } from '../../testing/pg-messages.ts';
import { caught } from '../../testing/pg-malformed.ts';
import { MessageFramer, defaultMaxBytes } from './framer.ts';

function feed(bytes: Uint8Array, max?: number): unknown {
  const framer = new MessageFramer({ direction: 'frontend', ...(max === undefined ? {} : { maxBytes: max }) });
  framer.push(Buffer.from(bytes));
  return framer.next();
}

describe('MessageFramer, hostile lengths and types', () => {
  it.each([0, 3, -1, -2147483648])('refuses the length %i', (length) => {
    expect(caught(() => feed(join(text('Q'), int32(length))))).toMatchObject({ code: 'malformed.length' });
  });

  it('refuses a length of 1 GiB as soon as the header is there', () => {
    expect(caught(() => feed(join(text('Q'), int32(1 << 30))))).toMatchObject({ code: 'malformed.length', offset: 1 });
  });

  it('refuses it also when the header arrives byte by byte', () => {
    const framer = new MessageFramer({ direction: 'backend' });
    const header = join(text('D'), int32(0x7fffffff));
    for (const byte of header.subarray(0, 4)) {
      framer.push(Buffer.of(byte));
      expect(framer.next()).toBeUndefined();
    }
    framer.push(header.subarray(4));
    expect(caught(() => framer.next())).toMatchObject({ code: 'malformed.length' });
  });

  it('takes a message at the limit and refuses one byte more', () => {
    const query = client.query('SELECT 1');
    expect(feed(query, query.length)).toBeDefined();
    expect(caught(() => feed(query, query.length - 1))).toMatchObject({ code: 'malformed.length' });
  });

  it('bounds by type: a Sync as long as a statement is refused', () => {
    expect(caught(() => feed(join(text('S'), int32(20_000))))).toMatchObject({ code: 'malformed.length' });
    expect(defaultMaxBytes('frontend', 0x51)).toBeGreaterThan(1_000_000);
  });

  it('refuses a type of the other direction or of none', () => {
    expect(caught(() => feed(join(text('T'), int32(6), text('xx'))))).toMatchObject({ code: 'malformed.unknown_type' });
    expect(caught(() => feed(join(Uint8Array.of(0), int32(4))))).toMatchObject({ code: 'malformed.unknown_type' });
  });

  it('stays refused: nothing after a malformed message is read', () => {
    const framer = new MessageFramer({ direction: 'frontend' });
    framer.push(join(client.sync(), text('?'), int32(4)));
    expect(framer.next()).toBeDefined();
    const first = caught(() => framer.next());
    framer.push(client.query('SELECT 1'));
    expect(caught(() => framer.next())).toBe(first);
    expect(caught(() => framer.scan(() => true))).toBe(first);
  });

  it('answers any bytes with messages or MalformedError', () => {
    fc.assert(
      fc.property(fc.constantFrom('frontend' as const, 'backend' as const), fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (direction, chunks) => {
        const framer = new MessageFramer({ direction });
        try {
          for (const chunk of chunks) {
            framer.push(Buffer.from(chunk));
            while (framer.next());
          }
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
