import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../base/errors.ts';
import { clientMessages, serverMessages } from '../../testing/pg-conversation.ts';
import { caught, rawOf } from '../../testing/pg-malformed.ts';
import { client, cstr, int16, int32, int8, join, message, server, text, type Part } from '../../testing/pg-messages.ts';
import { decodePassword, decodeSaslInitialResponse, decodeSaslResponse, decodeGssResponse } from './auth-data.ts';
import { decodeBackend } from './backend-message.ts';
import { checkDataRow, decodeDataRow, forEachCell } from './data-row.ts';
import { RowRewriter } from './row-rewriter.ts';
import { decodeFrontend, sqlText } from './frontend.ts';
import { decodeStartupPacket } from './startup.ts';
import type { RawMessage } from './framer.ts';

type Decoder = (raw: RawMessage) => unknown;
const all: readonly (readonly [string, Decoder, Buffer])[] = [
  ...clientMessages.map((m) => [`frontend ${m.toString('latin1', 0, 1)}`, decodeFrontend, m] as const),
  ...serverMessages.map((m) => [`backend ${m.toString('latin1', 0, 1)}`, decodeBackend, m] as const),
  ['PasswordMessage', decodePassword, client.password('secret')],
  ['SASLInitialResponse', decodeSaslInitialResponse, client.saslInitial('SCRAM-SHA-256', 'n,,n=,r=x')],
];

/** Messages that end with bytes of any number: shorter or longer ones are well formed too. */
const openEnded = (decode: Decoder, m: Buffer): boolean => {
  const type = m.toString('latin1', 0, 1);
  if (type === 'd' || (type === 'p' && decode === decodeFrontend)) return true;
  return decode === decodeBackend && ((type === 'R' && [8, 11, 12].includes(m.readInt32BE(5))) || type === 'K');
};
const closed = all.filter(([, decode, m]) => !openEnded(decode, m));

const outcome = (run: () => unknown): unknown => {
  try {
    run();
    return 'decoded';
  } catch (error) {
    return error;
  }
};

describe('every decoder', () => {
  it.each(closed)('%s: refuses the message cut at each byte of its body', (_, decode, m) => {
    for (let end = 5; end < m.length; end++) {
      const cut = m.subarray(0, end);
      const result = outcome(() => decode(rawOf(cut)));
      if (!(result instanceof MalformedError)) expect.fail(`cut at ${end} of ${m.length}: ${String(result)}`);
    }
  });

  it.each(closed)('%s: refuses a byte after its end', (_, decode, m) => {
    for (const extra of [0, 1, 0x41, 0xff]) {
      const longer = join(m, int8(extra));
      expect(outcome(() => decode(rawOf(longer)))).toBeInstanceOf(MalformedError);
    }
  });

  it.each(all)('%s: answers any change of it with a message or MalformedError', (_, decode, m) => {
    const change = fc.tuple(fc.nat(Math.max(m.length - 6, 0)), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bad = Buffer.from(m);
        for (const [at, byte] of changes) if (at + 5 < bad.length) bad[at + 5] = byte;
        const result = outcome(() => decode(rawOf(bad)));
        return result === 'decoded' || result instanceof MalformedError;
      }),
      { numRuns: 60 },
    );
  });

  it('answers random bytes of any type with a message or MalformedError', () => {
    const decoders: Decoder[] = [decodeFrontend, decodeBackend, decodePassword, decodeSaslInitialResponse, decodeSaslResponse, decodeGssResponse];
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 80 }), (type, body) => {
        const raw = rawOf(join(Uint8Array.of(type), int32(body.length + 4), body));
        const rowWork = [() => forEachCell(raw.body, () => undefined), () => checkDataRow(raw.body), () => decodeDataRow(raw.body), () => decodeStartupPacket(raw.body)];
        for (const work of [...decoders.map((d) => () => d(raw)), ...rowWork]) {
          const result = outcome(work);
          if (result !== 'decoded' && !(result instanceof MalformedError)) return false;
        }
        return true;
      }),
      { numRuns: 5000 },
    );
  });
});

const bindWith = (...parts: Part[]): Buffer => message('B', cstr(''), cstr(''), ...parts);
const rowField = (format: number): Part => [cstr('x'), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(format)];

describe('named attacks on decoders', () => {
  const frontend: readonly (readonly [string, Buffer, string])[] = [
    ['32767 parameters in 2 bytes', bindWith(int16(0), int16(32767), int16(0)), 'malformed.truncated'],
    ['65535 parameter formats in 2 bytes', bindWith(int16(-1), int16(0)), 'malformed.truncated'],
    ['65535 parameter types in none', message('P', cstr(''), cstr(''), int16(-1)), 'malformed.truncated'],
    ['a parameter of length -2', bindWith(int16(0), int16(1), int32(-2), int16(0)), 'malformed.length'],
    ['a parameter of 2 GiB', bindWith(int16(0), int16(1), int32(0x7fffffff), int16(0)), 'malformed.truncated'],
    ['three formats for two parameters', bindWith(int16(3), [0, 0, 0].map(int16), int16(2), [-1, -1].map(int32), int16(0)), 'malformed.value'],
    ['parameter format 2', bindWith(int16(1), int16(2), int16(0), int16(0)), 'malformed.value'],
    ['result format -1', bindWith(int16(0), int16(0), int16(1), int16(-1)), 'malformed.value'],
    ['a query without its NUL', message('Q', text('SELECT 1')), 'malformed.truncated'],
    ['a second statement hidden behind the NUL', message('Q', cstr('SELECT 1'), cstr('DROP TABLE x')), 'malformed.trailing'],
    ['a statement name without its NUL', message('P', text('abc')), 'malformed.truncated'],
    ['a name that is not UTF-8', message('D', text('S'), Uint8Array.of(0xc3, 0x28, 0)), 'malformed.encoding'],
    ['an overlong encoding in a name', message('D', text('S'), Uint8Array.of(0xc0, 0xaf, 0)), 'malformed.encoding'],
    ['Describe of neither statement nor portal', message('D', text('X'), cstr('')), 'malformed.value'],
    ['a Sync with a body', message('S', int8(0)), 'malformed.trailing'],
    ['an unknown type', message('y'), 'malformed.unknown_type'],
  ];
  it.each(frontend)('frontend: %s', (_, bytes, code) => {
    expect(caught(() => decodeFrontend(rawOf(bytes)))).toMatchObject({ code });
  });

  const backend: readonly (readonly [string, Buffer, string])[] = [
    ['65535 columns in none', message('T', int16(-1)), 'malformed.truncated'],
    ['a column of format 2', message('T', int16(1), rowField(2)), 'malformed.value'],
    ['65535 cells in 4 bytes', message('D', int16(-1), int32(-1)), 'malformed.truncated'],
    ['a cell of length -2', message('D', int16(1), int32(-2)), 'malformed.length'],
    ['a cell longer than its row', message('D', int16(1), int32(3), text('ab')), 'malformed.truncated'],
    ['a cell of 2 GiB', message('D', int16(1), int32(0x7fffffff)), 'malformed.truncated'],
    ['a value hidden behind the last cell', message('D', int16(1), int32(1), text('a'), int32(1), text('b')), 'malformed.trailing'],
    ['transaction status X', server.ready('X'), 'malformed.value'],
    ['an unknown authentication request', server.authPlain(13), 'malformed.value'],
    ['SASL without a mechanism', server.authSasl([]), 'malformed.value'],
    ['an MD5 salt of 3 bytes', server.authMd5(Buffer.alloc(3)), 'malformed.truncated'],
    ['AuthenticationOk with a body', server.authPlain(0, int8(0)), 'malformed.trailing'],
    ['a secret key of 3 bytes', server.keyData(1, Buffer.alloc(3)), 'malformed.length'],
    ['a secret key of 257 bytes', server.keyData(1, Buffer.alloc(257)), 'malformed.length'],
    ['an error without its end', message('E', text('M'), cstr('x')), 'malformed.truncated'],
    ['an error field given twice', server.error([['M', 'a'], ['M', 'b']]), 'malformed.value'],
    ['an error field of kind 0x80', message('E', int8(0x80), cstr('x'), int8(0)), 'malformed.value'],
    ['2^31 unknown options', message('v', int32(0), int32(0x7fffffff)), 'malformed.length'],
    ['-1 unknown options', message('v', int32(0), int32(-1)), 'malformed.length'],
    ['copy format 2', server.copyOut(2, []), 'malformed.value'],
    ['a function result of length -5', message('V', int32(-5)), 'malformed.length'],
    ['an unknown type', message('y'), 'malformed.unknown_type'],
  ];
  it.each(backend)('backend: %s', (_, bytes, code) => {
    expect(caught(() => decodeBackend(rawOf(bytes)))).toMatchObject({ code });
  });

  it('says that a statement is not UTF-8', () => {
    expect(caught(() => sqlText(Buffer.of(0x53, 0xff)))).toMatchObject({ code: 'malformed.encoding', message: 'the statement is not UTF-8 text' });
  });

  it('does not rewrite a malformed row', () => {
    const row = message('D', int16(2), int32(1), text('a'));
    const rewriter = new RowRewriter(Uint8Array.of(1, 1), () => null);
    expect(caught(() => rewriter.rewrite(row, 0, row.length))).toMatchObject({ code: 'malformed.truncated' });
  });

  it('takes the answer to an authentication request for nothing else', () => {
    expect(caught(() => decodePassword(rawOf(client.query('x'))))).toMatchObject({ code: 'malformed.phase' });
  });

  it('reports the offset from the first byte of the message', () => {
    expect(caught(() => decodeFrontend(rawOf(message('E', cstr('ab'), int16(0))))).offset).toBe(5 + 3);
  });
});
