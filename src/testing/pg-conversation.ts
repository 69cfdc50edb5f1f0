/** A long conversation after sign-on with every typed message, for tests that cut streams. */
import { client, server } from './pg-messages.ts';

const binary = Uint8Array.of(0, 0, 0, 42, 0xff, 0x80);

/** One of each message that a client may send, and some edges: empty names, NULLs, empty values, text beyond ASCII. */
export const clientMessages: readonly Buffer[] = [
  client.query('SELECT 1; -- Grüße, 世界 🌍'),
  client.query(''),
  client.parse('', 'SELECT $1::int4', []),
  client.parse('S_1', 'SELECT $1, $2', [23, 4294967295 | 0]),
  client.bind('', 'S_1', [], ['1', null], []),
  client.bind('portal with a long name, longer than twenty-four bytes', 'S_1', [1], [binary, ''], [1]),
  client.bind('C_1', '', [0, 1], ['x', binary], [0, 1, 1]),
  client.describe('S', 'S_1'),
  client.describe('P', ''),
  client.execute('', 0),
  client.execute('C_1', 100),
  client.close('S', 'S_1'),
  client.close('P', ''),
  client.flush(),
  client.copyData('1\tüber\n'),
  client.copyData(''),
  client.copyDone(),
  client.copyFail('no more'),
  client.functionCall(1598, [0], ['1', null], 1),
  client.functionCall(1598, [], [], 0),
  client.password('secret'),
  client.sync(),
  client.terminate(),
];

const errorFields = [
  ['S', 'ERROR'],
  ['V', 'ERROR'],
  ['C', '23505'],
  ['M', 'duplicate key value violates unique constraint "users_email_key"'],
  ['D', 'Key (email)=(jürgen@example.com) already exists.'],
  ['s', 'public'],
  ['t', 'users'],
  ['n', 'users_email_key'],
  ['Y', 'a kind of a later version'],
  ['R', '_bt_check_unique'],
] as const;

/** One of each message that a server may send. */
export const serverMessages: readonly Buffer[] = [
  server.authOk(),
  server.authPlain(2),
  server.authPlain(3),
  server.authMd5(Uint8Array.of(1, 2, 3, 4)),
  server.authPlain(6),
  server.authPlain(7),
  server.authPlain(8, Uint8Array.of(9, 9)),
  server.authPlain(9),
  server.authSasl(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']),
  server.authSaslContinue('r=abc'),
  server.authSaslFinal('v=abc'),
  server.keyData(4711, Uint8Array.of(1, 2, 3, 4)),
  server.keyData(4711, new Uint8Array(256).fill(7)),
  server.parameterStatus('server_version', '15.9 (Debian)'),
  server.ready('I'),
  server.rowDescription([{ name: 'id', table: 16385, attnum: 1, type: 23, length: 4 }, { name: 'name', format: 1, attnum: -6 }]),
  server.rowDescription([]),
  server.dataRow(['1', 'Ada', null, '', binary]),
  server.dataRow([]),
  server.dataRow(['x'.repeat(300)]),
  server.complete('SELECT 2'),
  server.complete('CREATE TABLE'),
  server.emptyQuery(),
  server.error(errorFields),
  server.notice([['S', 'NOTICE'], ['C', '00000'], ['M', 'hello']]),
  server.notification(12, 'channel', 'payload'),
  server.parameterDescription([23, 25]),
  server.parseComplete(),
  server.bindComplete(),
  server.closeComplete(),
  server.noData(),
  server.portalSuspended(),
  server.copyIn(0, [0, 0]),
  server.copyOut(1, [1, 1]),
  server.copyBoth(0, []),
  server.copyData('1\tAda\n'),
  server.copyDone(),
  server.functionResult('42'),
  server.functionResult(null),
  server.negotiate(0, ['_pq_.x']),
];

/** Cuts a stream at the given offsets. */
export function cutAt(stream: Buffer, offsets: readonly number[]): Buffer[] {
  const points = [0, ...[...offsets].sort((a, b) => a - b), stream.length];
  return points.slice(1).map((end, i) => Buffer.from(stream.subarray(points[i], end)));
}
