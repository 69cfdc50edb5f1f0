import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rawOf } from '../../testing/pg-malformed.ts';
import { client } from '../../testing/pg-messages.ts';
import { decodePassword, decodeSaslInitialResponse, decodeSaslResponse } from './auth-data.ts';
import type { FrontendMessage } from './frontend.ts';
import { decodeFrontend, sqlText } from './frontend.ts';
import * as encode from './frontend-encode.ts';

const binary = Buffer.of(0, 255, 1);
const cases: readonly (readonly [Buffer, FrontendMessage])[] = [
  [client.query('SELECT 1'), { type: 'Query', sql: Buffer.from('SELECT 1') }],
  [client.parse('s', 'SELECT $1', [23, -1]), { type: 'Parse', name: 's', sql: Buffer.from('SELECT $1'), paramTypes: [23, 4294967295] }],
  [
    client.bind('p', 's', [0, 1], ['x', binary], [1]),
    { type: 'Bind', portal: 'p', statement: 's', paramFormats: [0, 1], params: [Buffer.from('x'), binary], resultFormats: [1] },
  ],
  [client.bind('', '', [], [null, ''], []), { type: 'Bind', portal: '', statement: '', paramFormats: [], params: [null, Buffer.alloc(0)], resultFormats: [] }],
  [client.describe('S', 'näme'), { type: 'Describe', kind: 'statement', name: 'näme' }],
  [client.describe('P', ''), { type: 'Describe', kind: 'portal', name: '' }],
  [client.close('S', 's'), { type: 'Close', kind: 'statement', name: 's' }],
  [client.execute('p', 10), { type: 'Execute', portal: 'p', maxRows: 10 }],
  [client.sync(), { type: 'Sync' }],
  [client.flush(), { type: 'Flush' }],
  [client.copyData('a\tb\n'), { type: 'CopyData', data: Buffer.from('a\tb\n') }],
  [client.copyDone(), { type: 'CopyDone' }],
  [client.copyFail('why'), { type: 'CopyFail', reason: 'why' }],
  [
    client.functionCall(7, [1], ['a', null], 1),
    { type: 'FunctionCall', functionOid: 7, argFormats: [1], args: [Buffer.from('a'), null], resultFormat: 1 },
  ],
  [client.terminate(), { type: 'Terminate' }],
  [client.password('pw'), { type: 'AuthData', data: Buffer.from('pw\0') }],
];

describe('decodeFrontend', () => {
  it.each(cases.map(([bytes, message]) => [message.type, bytes, message] as const))('decodes %s', (_, bytes, message) => {
    expect(decodeFrontend(rawOf(bytes))).toEqual(message);
  });

  it('decodes 65535 parameters', () => {
    const bind = client.bind('', '', [], Array.from({ length: 65535 }, () => null), []);
    const message = decodeFrontend(rawOf(bind));
    expect(message.type === 'Bind' && message.params.length).toBe(65535);
  });

  it('keeps the SQL as the bytes that were received', () => {
    const raw = rawOf(client.query('SELECT \'ü\''));
    const message = decodeFrontend(raw);
    expect(message.type === 'Query' && message.sql.buffer).toBe(raw.raw.buffer);
    expect(message.type === 'Query' && sqlText(message.sql)).toBe("SELECT 'ü'");
  });
});

describe('authentication data', () => {
  it('decodes by phase', () => {
    expect(decodePassword(rawOf(client.password('pässword'))).toString()).toBe('pässword');
    expect(decodeSaslInitialResponse(rawOf(client.saslInitial('SCRAM-SHA-256', 'n,,')))).toEqual({ mechanism: 'SCRAM-SHA-256', data: Buffer.from('n,,') });
    expect(decodeSaslInitialResponse(rawOf(client.saslInitial('X', null)))).toEqual({ mechanism: 'X', data: null });
    expect(decodeSaslResponse(rawOf(client.saslResponse('c=biws'))).toString()).toBe('c=biws');
  });
});

describe('frontend encoders', () => {
  it.each([
    ['Query', encode.encodeQuery('SELECT 1'), client.query('SELECT 1')],
    ['Parse', encode.encodeParse('s', Buffer.from('SELECT'), [25]), client.parse('s', 'SELECT', [25])],
    ['Bind', encode.encodeBind(), client.bind('', '', [], [], [])],
    ['Describe', encode.encodeDescribe('portal', 'p'), client.describe('P', 'p')],
    ['Close', encode.encodeClose('statement'), client.close('S', '')],
    ['Execute', encode.encodeExecute('p', 5), client.execute('p', 5)],
    ['Sync', encode.encodeSync(), client.sync()],
    ['Flush', encode.encodeFlush(), client.flush()],
    ['Terminate', encode.encodeTerminate(), client.terminate()],
    ['CopyData', encode.encodeCopyData(Buffer.from('x')), client.copyData('x')],
    ['CopyDone', encode.encodeCopyDone(), client.copyDone()],
    ['CopyFail', encode.encodeCopyFail('no'), client.copyFail('no')],
    ['FunctionCall', encode.encodeFunctionCall(7, [Buffer.from('a'), null], [1], 1), client.functionCall(7, [1], ['a', null], 1)],
    ['PasswordMessage', encode.encodePasswordMessage('pw'), client.password('pw')],
    ['SASLInitialResponse', encode.encodeSaslInitialResponse('M', Buffer.from('n,,')), client.saslInitial('M', 'n,,')],
    ['SASLResponse', encode.encodeSaslResponse(Buffer.from('c=')), client.saslResponse('c=')],
  ])('encodes %s as a hand-written client does', (_, encoded, built) => {
    expect(encoded).toEqual(built);
  });

  it('refuses a NUL inside a text, which would change what the server reads', () => {
    expect(() => encode.encodeQuery('SELECT 1\0; DROP TABLE x')).toThrow(/NUL/);
    expect(() => encode.encodeParse('', Buffer.from([0]))).toThrow(/NUL/);
  });

  const format = fc.constantFrom(0 as const, 1 as const);
  const cell = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null });
  const name = fc.string({ unit: 'binary', maxLength: 40 }).filter((s) => !s.includes('\0') && !/\p{Surrogate}/u.test(s));

  it('round-trips any Bind', () => {
    fc.assert(
      fc.property(name, name, fc.array(cell, { maxLength: 20 }), format, fc.array(format, { maxLength: 5 }), (portal, statement, params, one, resultFormats) => {
        const message = decodeFrontend(rawOf(encode.encodeBind({ portal, statement, paramFormats: [one], params, resultFormats })));
        const expected = { type: 'Bind', portal, statement, paramFormats: [one], params: params.map((p) => p && Buffer.from(p)), resultFormats };
        expect(message).toEqual(expected);
      }),
    );
  });

  it('round-trips any Parse', () => {
    fc.assert(
      fc.property(name, name, fc.array(fc.nat(0xffffffff)), (statement, sql, paramTypes) => {
        const message = decodeFrontend(rawOf(encode.encodeParse(statement, sql, paramTypes)));
        expect(message).toEqual({ type: 'Parse', name: statement, sql: Buffer.from(sql), paramTypes });
      }),
    );
  });
});
