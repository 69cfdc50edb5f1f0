import { describe, expect, it } from 'vitest';
import { rawOf } from '../../testing/pg-malformed.ts';
import { server } from '../../testing/pg-messages.ts';
import * as auth from './authentication.ts';
import * as encode from './backend-encode.ts';
import type { BackendMessage } from './backend-message.ts';
import { decodeBackend } from './backend-message.ts';
import { decodeCommandComplete } from './backend.ts';
import { encodeErrorResponse, encodeNotice, encodeNoticeFields, noticeField } from './notice.ts';

const key = Buffer.alloc(32, 5);
const request = (r: auth.AuthenticationRequest): BackendMessage => ({ type: 'Authentication', request: r });
const cases: readonly (readonly [Buffer, BackendMessage])[] = [
  [server.authOk(), request({ method: 'Ok' })],
  [server.authPlain(2), request({ method: 'KerberosV5' })],
  [server.authPlain(3), request({ method: 'CleartextPassword' })],
  [server.authMd5(Buffer.of(1, 2, 3, 4)), request({ method: 'MD5Password', salt: Buffer.of(1, 2, 3, 4) })],
  [server.authPlain(6), request({ method: 'SCMCredential' })],
  [server.authPlain(7), request({ method: 'GSS' })],
  [server.authPlain(8, Buffer.of(1)), request({ method: 'GSSContinue', data: Buffer.of(1) })],
  [server.authPlain(9), request({ method: 'SSPI' })],
  [server.authSasl(['A', 'B']), request({ method: 'SASL', mechanisms: ['A', 'B'] })],
  [server.authSaslContinue('r='), request({ method: 'SASLContinue', data: Buffer.from('r=') })],
  [server.authSaslFinal('v='), request({ method: 'SASLFinal', data: Buffer.from('v=') })],
  [server.keyData(7, key), { type: 'BackendKeyData', processId: 7, secretKey: key }],
  [server.parameterStatus('TimeZone', 'UTC'), { type: 'ParameterStatus', name: 'TimeZone', value: 'UTC' }],
  [server.ready('T'), { type: 'ReadyForQuery', status: 'T' }],
  [
    server.rowDescription([{ name: 'e-mail', table: -1, attnum: 3, type: 1043, length: -1, modifier: 68, format: 1 }]),
    { type: 'RowDescription', fields: [{ name: 'e-mail', tableOid: 4294967295, attnum: 3, typeOid: 1043, typeLength: -1, typeModifier: 68, format: 1 }] },
  ],
  [server.dataRow(['a', null, '']), { type: 'DataRow', cells: [Buffer.from('a'), null, Buffer.alloc(0)] }],
  [server.complete('SELECT 3'), { type: 'CommandComplete', tag: 'SELECT 3', verb: 'SELECT', rows: 3 }],
  [server.emptyQuery(), { type: 'EmptyQueryResponse' }],
  [server.error([['S', 'ERROR'], ['Y', 'new']]), { type: 'ErrorResponse', fields: [{ kind: 'S', value: 'ERROR' }, { kind: 'Y', value: 'new' }] }],
  [server.notice([['M', 'hi']]), { type: 'NoticeResponse', fields: [{ kind: 'M', value: 'hi' }] }],
  [server.notification(9, 'c', 'p'), { type: 'NotificationResponse', processId: 9, channel: 'c', payload: 'p' }],
  [server.parameterDescription([23, 25]), { type: 'ParameterDescription', paramTypes: [23, 25] }],
  [server.parseComplete(), { type: 'ParseComplete' }],
  [server.bindComplete(), { type: 'BindComplete' }],
  [server.closeComplete(), { type: 'CloseComplete' }],
  [server.noData(), { type: 'NoData' }],
  [server.portalSuspended(), { type: 'PortalSuspended' }],
  [server.copyIn(0, [0, 0]), { type: 'CopyInResponse', format: 0, columnFormats: [0, 0] }],
  [server.copyOut(1, [1]), { type: 'CopyOutResponse', format: 1, columnFormats: [1] }],
  [server.copyBoth(0, []), { type: 'CopyBothResponse', format: 0, columnFormats: [] }],
  [server.copyData('x'), { type: 'CopyData', data: Buffer.from('x') }],
  [server.copyDone(), { type: 'CopyDone' }],
  [server.functionResult(null), { type: 'FunctionCallResponse', value: null }],
  [server.functionResult('5'), { type: 'FunctionCallResponse', value: Buffer.from('5') }],
  [server.negotiate(2, ['_pq_.a']), { type: 'NegotiateProtocolVersion', newest: 2, unrecognized: ['_pq_.a'] }],
];

describe('decodeBackend', () => {
  it.each(cases.map(([bytes, message]) => [message.type, bytes, message] as const))('decodes %s', (_, bytes, message) => {
    expect(decodeBackend(rawOf(bytes))).toEqual(message);
  });

  it.each([
    ['SELECT 5', 'SELECT', 5],
    ['INSERT 0 12', 'INSERT', 12],
    ['INSERT 16400 1', 'INSERT', 1],
    ['UPDATE 0', 'UPDATE', 0],
    ['COPY 7', 'COPY', 7],
    ['CREATE TABLE', 'CREATE TABLE', undefined],
    ['BEGIN', 'BEGIN', undefined],
    ['', '', undefined],
  ])('reads the tag %j', (tag, verb, rows) => {
    expect(decodeCommandComplete(server.complete(tag).subarray(5))).toEqual({ tag, verb, rows });
  });

  it('reads error text of another encoding with replacement characters', () => {
    const latin1 = Buffer.concat([Buffer.from('M'), Buffer.of(0xfc, 0), Buffer.of(0)]);
    expect(decodeBackend({ type: 0x45, raw: latin1, body: latin1 })).toEqual({ type: 'ErrorResponse', fields: [{ kind: 'M', value: '\ufffd' }] });
  });
});

describe('backend encoders', () => {
  it.each([
    ['AuthenticationOk', auth.encodeAuthenticationOk(), server.authOk()],
    ['AuthenticationCleartextPassword', auth.encodeAuthenticationCleartextPassword(), server.authPlain(3)],
    ['AuthenticationMD5Password', auth.encodeAuthenticationMd5Password(Buffer.of(1, 2, 3, 4)), server.authMd5(Buffer.of(1, 2, 3, 4))],
    ['AuthenticationSASL', auth.encodeAuthenticationSasl(['A', 'B']), server.authSasl(['A', 'B'])],
    ['AuthenticationSASLContinue', auth.encodeAuthenticationSaslContinue(Buffer.from('r')), server.authSaslContinue('r')],
    ['AuthenticationSASLFinal', auth.encodeAuthenticationSaslFinal(Buffer.from('v')), server.authSaslFinal('v')],
    ['BackendKeyData', encode.encodeBackendKeyData(7, key), server.keyData(7, key)],
    ['ParameterStatus', encode.encodeParameterStatus('a', 'b'), server.parameterStatus('a', 'b')],
    ['ReadyForQuery', encode.encodeReadyForQuery('E'), server.ready('E')],
    ['RowDescription', encode.encodeRowDescription([{ name: 'x', typeOid: 25 }]), server.rowDescription([{ name: 'x', type: 25 }])],
    ['CommandComplete', encode.encodeCommandComplete('SELECT 1'), server.complete('SELECT 1')],
    ['EmptyQueryResponse', encode.encodeEmptyQueryResponse(), server.emptyQuery()],
    ['ParseComplete', encode.encodeParseComplete(), server.parseComplete()],
    ['BindComplete', encode.encodeBindComplete(), server.bindComplete()],
    ['CloseComplete', encode.encodeCloseComplete(), server.closeComplete()],
    ['NoData', encode.encodeNoData(), server.noData()],
    ['PortalSuspended', encode.encodePortalSuspended(), server.portalSuspended()],
    ['ParameterDescription', encode.encodeParameterDescription([23]), server.parameterDescription([23])],
    ['NotificationResponse', encode.encodeNotificationResponse(1, 'c', 'p'), server.notification(1, 'c', 'p')],
    ['CopyInResponse', encode.encodeCopyResponse('in', 0, [0]), server.copyIn(0, [0])],
    ['CopyOutResponse', encode.encodeCopyResponse('out', 1, [1]), server.copyOut(1, [1])],
    ['CopyBothResponse', encode.encodeCopyResponse('both', 0, []), server.copyBoth(0, [])],
    ['FunctionCallResponse', encode.encodeFunctionCallResponse(null), server.functionResult(null)],
    ['NegotiateProtocolVersion', encode.encodeNegotiateProtocolVersion(0, ['_pq_.x']), server.negotiate(0, ['_pq_.x'])],
  ])('encodes %s as a hand-written server does', (_, encoded, built) => {
    expect(encoded).toEqual(built);
  });

  it('encodes an error with both severities, code first, and without what is not given', () => {
    const error = encodeErrorResponse({ severity: 'ERROR', code: '42501', message: 'denied', hint: 'ask' });
    expect(error).toEqual(server.error([['S', 'ERROR'], ['V', 'ERROR'], ['C', '42501'], ['M', 'denied'], ['H', 'ask']]));
    const notice = encodeNotice({ severity: 'NOTICE', code: '00000', message: 'a\0b' });
    expect(notice).toEqual(server.notice([['S', 'NOTICE'], ['V', 'NOTICE'], ['C', '00000'], ['M', 'a b']]));
  });

  it('sends fields of the server again in their order, unknown ones too', () => {
    const bytes = server.error([['M', 'm'], ['S', 'ERROR'], ['Y', 'y'], ['C', '23505']]);
    const message = decodeBackend(rawOf(bytes));
    if (message.type !== 'ErrorResponse') expect.fail(message.type);
    expect(noticeField(message.fields, 'code')).toBe('23505');
    expect(noticeField(message.fields, 'detail')).toBeUndefined();
    expect(encodeNoticeFields('error', message.fields)).toEqual(bytes);
  });
});
