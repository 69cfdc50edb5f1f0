import { describe, expect, it } from 'vitest';
import { client, packet, int32, int8, cstr } from '../../testing/pg-messages.ts';
import { cutAt } from '../../testing/pg-conversation.ts';
import { encodeCancelRequest, encodeGssEncRequest, encodeSslRequest, encodeStartup } from './frontend-encode.ts';
import { StartupFramer, decodeStartupPacket } from './startup.ts';
import { caught } from '../../testing/pg-malformed.ts';

const params = { user: 'alice', database: 'shop', application_name: 'psql ünïcode', client_encoding: 'UTF8' };
const packets: readonly (readonly [string, Buffer])[] = [
  ['SSLRequest', client.sslRequest()],
  ['GSSENCRequest', client.gssEncRequest()],
  ['CancelRequest', client.cancel(4711, Uint8Array.of(1, 2, 3, 4))],
  ['StartupMessage', client.startup(params)],
];

describe('StartupFramer', () => {
  it.each(packets)('reads a %s cut at every byte', (type, bytes) => {
    for (let at = 0; at <= bytes.length; at++) {
      const framer = new StartupFramer();
      const [head, tail] = cutAt(bytes, [at]);
      framer.push(head!);
      if (at < bytes.length) expect(framer.next()).toBeUndefined();
      framer.push(tail!);
      expect(framer.next()?.type).toBe(type);
      expect(framer.buffered).toBe(0);
      expect(framer.next()).toBeUndefined();
    }
  });

  it('reads a startup message after the answer to SSLRequest and to GSSENCRequest', () => {
    const framer = new StartupFramer();
    const types: unknown[] = [];
    for (const bytes of [client.gssEncRequest(), client.sslRequest(), client.startup(params)]) {
      framer.push(bytes);
      types.push(framer.next()?.type);
    }
    expect(types).toEqual(['GSSENCRequest', 'SSLRequest', 'StartupMessage']);
  });

  it.each([client.sslRequest(), client.gssEncRequest()])('refuses what is pipelined behind a request for encryption', (request) => {
    const framer = new StartupFramer();
    framer.push(Buffer.concat([request, client.startup(params)]));
    expect(caught(() => framer.next())).toMatchObject({ code: 'malformed.phase' });
    expect(caught(() => framer.next())).toMatchObject({ code: 'malformed.phase' });
  });

  it('counts what is pipelined behind a startup message', () => {
    const framer = new StartupFramer();
    framer.push(Buffer.concat([client.startup(params), client.query('SELECT 1')]));
    expect(framer.next()?.type).toBe('StartupMessage');
    expect(framer.buffered).toBe(client.query('SELECT 1').length);
  });

  it('keeps version, order of parameters and cancel keys of any allowed length', () => {
    const startup = decodeStartupPacket(client.startup(params, 196610));
    expect(startup).toMatchObject({ version: 0x30002 });
    expect(startup.type === 'StartupMessage' && [...startup.parameters]).toEqual(Object.entries(params));
    const key = Buffer.alloc(256, 9);
    expect(decodeStartupPacket(client.cancel(-1, key))).toEqual({ type: 'CancelRequest', processId: -1, secretKey: key });
  });

  it('encodes what a hand-written client sends', () => {
    expect(encodeSslRequest()).toEqual(client.sslRequest());
    expect(encodeGssEncRequest()).toEqual(client.gssEncRequest());
    expect(encodeStartup(Object.entries(params))).toEqual(client.startup(params));
    expect(encodeCancelRequest(4711, Uint8Array.of(1, 2, 3, 4))).toEqual(client.cancel(4711, Uint8Array.of(1, 2, 3, 4)));
  });
});

describe('StartupFramer, hostile', () => {
  const first = (bytes: Buffer): unknown => {
    const framer = new StartupFramer();
    framer.push(bytes);
    return framer.next();
  };

  it.each([
    ['a length of 0', int32(0), 'malformed.length'],
    ['a length of 7', int32(7), 'malformed.length'],
    ['a negative length', int32(-1), 'malformed.length'],
    ['a length of 1 GiB', int32(1 << 30), 'malformed.length'],
    ['a TLS hello', Buffer.from('16030100c8010000c4', 'hex'), 'malformed.length'],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n'), 'malformed.length'],
    ['protocol 2', packet(int32(131072), int8(0)), 'malformed.value'],
    ['an unknown request code', packet(int32(80877105)), 'malformed.value'],
    ['an SSLRequest with a body', packet(int32(80877103), int8(0)), 'malformed.trailing'],
    ['a cancel key of 3 bytes', client.cancel(1, Buffer.alloc(3)), 'malformed.length'],
    ['a cancel key of 257 bytes', client.cancel(1, Buffer.alloc(257)), 'malformed.length'],
    ['parameters without an end', packet(int32(196608), cstr('user'), cstr('a')), 'malformed.truncated'],
    ['a name without a value', packet(int32(196608), cstr('user'), int8(0)), 'malformed.truncated'],
    ['bytes behind the parameters', packet(int32(196608), cstr('user'), cstr('a'), int8(0), int8(0)), 'malformed.trailing'],
    ['a parameter given twice', packet(int32(196608), cstr('user'), cstr('a'), cstr('user'), cstr('b'), int8(0)), 'malformed.value'],
    ['a parameter that is not UTF-8', packet(int32(196608), cstr('user'), Uint8Array.of(0xff, 0), int8(0)), 'malformed.encoding'],
  ])('refuses %s', (_, bytes, code) => {
    expect(caught(() => first(Buffer.from(bytes)))).toMatchObject({ code });
  });

  it('refuses a flood before a packet is whole', () => {
    const framer = new StartupFramer(100);
    framer.push(Buffer.from(int32(90)));
    expect(caught(() => framer.push(Buffer.alloc(97)))).toMatchObject({ code: 'malformed.length' });
    expect(caught(() => framer.next())).toMatchObject({ code: 'malformed.length' });
  });
});
