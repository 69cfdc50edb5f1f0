import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientMessages, cutAt, serverMessages } from '../../testing/pg-conversation.ts';
import { client, server } from '../../testing/pg-messages.ts';
import { MessageFramer } from './framer.ts';
import type { Direction } from './framer.ts';

const fixtures: readonly (readonly [Direction, readonly Buffer[]])[] = [
  ['frontend', clientMessages],
  ['backend', serverMessages],
];

function byNext(direction: Direction, chunks: readonly Buffer[]): Buffer[] {
  const framer = new MessageFramer({ direction });
  const out: Buffer[] = [];
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let m = framer.next(); m; m = framer.next()) {
      // Plain comparisons: a matcher per message of every cut would take minutes.
      if (m.type !== m.raw[0] || !m.body.equals(m.raw.subarray(5))) expect.fail('type and body are not those of the message');
      out.push(m.raw);
    }
  }
  if (framer.buffered !== 0) expect.fail('bytes are left over');
  return out;
}

function byScan(direction: Direction, chunks: readonly Buffer[]): Buffer[] {
  const framer = new MessageFramer({ direction });
  const out: Buffer[] = [];
  for (const chunk of chunks) {
    framer.push(chunk);
    framer.scan((type, source, start, end) => {
      if (type !== source[start]) expect.fail('type is not that of the message');
      out.push(Buffer.from(source.subarray(start, end)));
      return true;
    });
  }
  if (framer.buffered !== 0) expect.fail('bytes are left over');
  return out;
}

describe.each(fixtures)('MessageFramer, %s', (direction, messages) => {
  const stream = Buffer.concat(messages);

  it('gives back the messages of one chunk as views on it', () => {
    const framer = new MessageFramer({ direction });
    framer.push(stream);
    const first = framer.next();
    expect(first?.raw).toEqual(messages[0]);
    expect(first?.raw.buffer).toBe(stream.buffer);
  });

  it('gives the same messages for a cut at every byte', () => {
    for (let at = 0; at <= stream.length; at++) {
      const got = byNext(direction, cutAt(stream, [at]));
      if (got.length !== messages.length || !got.every((m, i) => m.equals(messages[i]!))) expect.fail(`cut at ${at}`);
    }
  });

  it('gives the same messages byte by byte, by next and by scan', () => {
    const bytes = Array.from(stream, (b) => Buffer.of(b));
    expect(byNext(direction, bytes)).toEqual(messages);
    expect(byScan(direction, bytes)).toEqual(messages);
  });

  it('gives the same messages for any split', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 60 }), (cuts) => {
        const chunks = cutAt(stream, cuts);
        expect(byNext(direction, chunks)).toEqual(messages);
        expect(byScan(direction, chunks)).toEqual(messages);
      }),
      { numRuns: 60 },
    );
  });

  it('takes chunks that arrive faster than they are read', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 40 }), (cuts) => {
        const framer = new MessageFramer({ direction });
        for (const chunk of cutAt(stream, cuts)) framer.push(chunk);
        expect(framer.buffered).toBe(stream.length);
        const got: Buffer[] = [];
        for (let m = framer.next(); m; m = framer.next()) got.push(m.raw);
        expect(got).toEqual(messages);
        expect(framer.buffered).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});

describe('MessageFramer', () => {
  it('counts an unfinished message as buffered', () => {
    const framer = new MessageFramer({ direction: 'frontend' });
    framer.push(client.query('SELECT 1').subarray(0, 3));
    expect(framer.next()).toBeUndefined();
    expect(framer.buffered).toBe(3);
  });

  it('stops a scan where the visitor says so and goes on later', () => {
    const framer = new MessageFramer({ direction: 'backend' });
    framer.push(Buffer.concat([server.dataRow(['1']), server.ready('I'), server.dataRow(['2'])]));
    const types: number[] = [];
    const visit = (type: number): boolean => {
      types.push(type);
      return type !== 0x5a;
    };
    expect(framer.scan(visit)).toBe(2);
    expect(framer.buffered).toBe(server.dataRow(['2']).length);
    expect(framer.scan(visit)).toBe(1);
    expect(types).toEqual([0x44, 0x5a, 0x44]);
  });

  it('collects a message much larger than its chunks', () => {
    const row = server.dataRow(['a'.repeat(3_000_000), null]);
    const framer = new MessageFramer({ direction: 'backend' });
    for (let at = 0; at < row.length; at += 1000) {
      expect(framer.next()).toBeUndefined();
      framer.push(row.subarray(at, at + 1000));
    }
    expect(framer.next()?.raw.equals(row)).toBe(true);
  });

  it('leaves a message handed out untouched while the next is collected', () => {
    const framer = new MessageFramer({ direction: 'backend' });
    const [a, b] = [server.dataRow(['aaaa']), server.dataRow(['bbbb'])];
    framer.push(a.subarray(0, 7));
    framer.next();
    framer.push(Buffer.concat([a.subarray(7), b.subarray(0, 7)]));
    const first = framer.next();
    framer.next();
    framer.push(b.subarray(7));
    expect(framer.next()?.raw).toEqual(b);
    expect(first?.raw).toEqual(a);
  });
});

describe('messages above their limit that are read past', () => {
  const long = client.query('x'.repeat(200));
  const stream = Buffer.concat([client.sync(), long, client.query('SELECT 1'), long, long, client.flush()]);
  const open = (): MessageFramer => new MessageFramer({ direction: 'frontend', maxBytes: 100, skipOversized: [0x51] });
  const seen = (chunks: readonly Buffer[]): string[] => {
    const framer = open();
    const out: string[] = [];
    for (const chunk of chunks) {
      framer.push(chunk);
      for (let m = framer.next(); m; m = framer.next()) out.push(m.oversized === undefined ? m.raw.toString('latin1') : `${m.type} ${m.oversized} ${m.raw.length} ${m.body.length}`);
    }
    if (framer.buffered !== 0) expect.fail('bytes are left over');
    return out;
  };
  const skipped = `81 ${long.length} 0 0`;
  const expected = [client.sync().toString('latin1'), skipped, client.query('SELECT 1').toString('latin1'), skipped, skipped, client.flush().toString('latin1')];

  it('are told with type and size, and what follows is read, for a cut at every byte and byte by byte', () => {
    for (let at = 0; at <= stream.length; at++) if (JSON.stringify(seen(cutAt(stream, [at]))) !== JSON.stringify(expected)) expect.fail(`cut at ${at}`);
    expect(seen([...stream].map((b) => Buffer.of(b)))).toEqual(expected);
  });

  it('are not kept while they come', () => {
    const framer = open();
    framer.push(long.subarray(0, 50));
    expect(framer.next()).toBeUndefined();
    expect(framer.buffered).toBe(0);
  });

  it('of other types, or longer than any message may be, end the stream', () => {
    const parse = open();
    parse.push(client.parse('', 'x'.repeat(200)));
    expect(() => parse.next()).toThrow(/exceeds the limit/);
    const huge = open();
    huge.push(Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff]));
    expect(() => huge.next()).toThrow(/exceeds the limit/);
  });

  it('do not go by `scan`, which cannot tell them', () => {
    const framer = open();
    framer.push(stream);
    expect(() => framer.scan(() => true)).toThrow(/exceeds its limit/);
  });
});
