/** The codec with a real server and with a client that somebody else wrote. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WireClient, nativeScramHash, sendCancel } from '../../testing/pg-wire-client.ts';
import { startPostgres, type PostgresServer } from '../../testing/postgres-server.ts';
import * as wire from './index.ts';

const odd = 'pässwörd ﬁ \u00a0x';
const unassigned = 'ﬁ🔑';

function selfSigned(): { cert: string; key: string } {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-cert-'));
  const [cert, key] = [path.join(dir, 'cert.pem'), path.join(dir, 'key.pem')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-sha256', '-days', '2', ...names, '-keyout', key, '-out', cert], { stdio: 'pipe' });
  const pair = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  rmSync(dir, { recursive: true });
  return pair;
}

describe('with a real server', () => {
  const ssl = selfSigned();
  let server: PostgresServer;
  const as = (user: string, password: string, more: { ca?: string; version?: number } = {}): Promise<WireClient> =>
    WireClient.connect({ host: server.host, port: server.port, user, password, database: 'postgres', ...more });
  const superuser = (): Promise<WireClient> => as(server.superuser, server.password);

  beforeAll(async () => {
    server = await startPostgres({
      ssl,
      hba: ['host all md5er 127.0.0.1/32 md5', 'host all clear 127.0.0.1/32 password', 'host all all 127.0.0.1/32 scram-sha-256'],
    });
    const client = await superuser();
    for (const sql of [
      `CREATE ROLE odd LOGIN PASSWORD '${odd}'`,
      `CREATE ROLE unassigned LOGIN PASSWORD '${unassigned}'`,
      `CREATE ROLE clear LOGIN PASSWORD 'clear'`,
      `SET password_encryption = md5`,
      `CREATE ROLE md5er LOGIN PASSWORD 'sécret'`,
    ]) {
      expect((await client.query(sql)).map((m) => m.type)).not.toContain('ErrorResponse');
    }
    client.close();
  });
  afterAll(() => server.stop());

  it('signs on with SCRAM, and proves the server', async () => {
    const client = await superuser();
    expect(client.authentication).toEqual(['SASL', 'SCRAM-SHA-256', 'SASLContinue', 'SASLFinal', 'Ok']);
    expect(client.keyData?.secretKey).toHaveLength(4);
    client.close();
  });

  it('signs on with SCRAM bound to the TLS channel', async () => {
    const client = await as(server.superuser, server.password, { ca: ssl.cert });
    expect(client.authentication).toContain('SCRAM-SHA-256-PLUS');
    client.close();
  });

  it('prepares passwords as the server does', async () => {
    for (const [user, password] of [['odd', odd], ['unassigned', unassigned]] as const) (await as(user, password)).close();
    await expect(as('odd', `${odd}!`)).rejects.toThrow('28P01');
  });

  it('signs on with MD5 and in clear', async () => {
    const md5er = await as('md5er', 'sécret');
    expect(md5er.authentication).toEqual(['MD5Password', 'Ok']);
    md5er.close();
    const clear = await as('clear', 'clear');
    expect(clear.authentication).toEqual(['CleartextPassword', 'Ok']);
    clear.close();
  });

  it('is answered with the version the server speaks when it asks for a newer one', async () => {
    const client = await as(server.superuser, server.password, { version: wire.protocolVersion.v3_2 });
    expect((await client.query('SELECT 1')).map((m) => m.type)).toEqual(['RowDescription', 'DataRow', 'CommandComplete', 'ReadyForQuery']);
    client.close();
  });

  it('runs simple queries: rows, several statements, none, errors, notices, transactions', async () => {
    const client = await superuser();
    const rows = await client.query("SELECT 7 AS seven, NULL AS nothing, 'ü' AS text");
    expect(rows[0]).toMatchObject({ fields: [{ name: 'seven', typeOid: 23, format: 0 }, { name: 'nothing' }, { name: 'text' }] });
    expect(rows[1]).toEqual({ type: 'DataRow', cells: [Buffer.from('7'), null, Buffer.from('ü')] });
    expect((await client.query('BEGIN; SELECT 1; SELECT 2')).at(-1)).toEqual({ type: 'ReadyForQuery', status: 'T' });
    const failed = await client.query('SELECT * FROM nowhere');
    expect(failed.map((m) => m.type)).toEqual(['ErrorResponse', 'ReadyForQuery']);
    expect(failed[0]?.type === 'ErrorResponse' && wire.noticeField(failed[0].fields, 'code')).toBe('42P01');
    expect(failed[1]).toEqual({ type: 'ReadyForQuery', status: 'E' });
    expect((await client.query('ROLLBACK')).at(0)).toMatchObject({ verb: 'ROLLBACK', rows: undefined });
    expect((await client.query('')).at(0)).toEqual({ type: 'EmptyQueryResponse' });
    expect((await client.query("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")).map((m) => m.type)).toEqual(['NoticeResponse', 'CommandComplete', 'ReadyForQuery']);
    client.close();
  });

  it('runs the extended protocol in a pipeline, with binary values, suspension and Close', async () => {
    const client = await superuser();
    const int4 = Buffer.from([0, 0, 0, 3]);
    client.send(
      wire.encodeParse('s', 'SELECT g, $2::text FROM generate_series(1, $1) g', [23]),
      wire.encodeDescribe('statement', 's'),
      wire.encodeBind({ portal: 'p', statement: 's', paramFormats: [1, 0], params: [int4, null], resultFormats: [1, 0] }),
      wire.encodeDescribe('portal', 'p'),
      wire.encodeExecute('p', 2),
      wire.encodeExecute('p'),
      wire.encodeClose('portal', 'p'),
      wire.encodeClose('statement', 's'),
      wire.encodeFlush(),
      wire.encodeSync(),
    );
    const got = await client.until();
    const row = ['DataRow', 'DataRow', 'PortalSuspended', 'DataRow', 'CommandComplete'];
    expect(got.map((m) => m.type)).toEqual(
      ['ParseComplete', 'ParameterDescription', 'RowDescription', 'BindComplete', 'RowDescription', ...row, 'CloseComplete', 'CloseComplete', 'ReadyForQuery'],
    );
    expect(got[1]).toEqual({ type: 'ParameterDescription', paramTypes: [23, 25] });
    expect(got[4]).toMatchObject({ fields: [{ format: 1 }, { format: 0 }] });
    expect(got[8]).toEqual({ type: 'DataRow', cells: [int4, null] });
    client.close();
  });

  it('copies both ways', async () => {
    const client = await superuser();
    await client.query('CREATE TEMP TABLE t (a int, b text)');
    client.send(wire.encodeQuery('COPY t FROM STDIN'));
    expect(await client.next()).toEqual({ type: 'CopyInResponse', format: 0, columnFormats: [0, 0] });
    client.send(wire.encodeCopyData(Buffer.from('1\tx\n2')), wire.encodeCopyData(Buffer.from('\ty\n')), wire.encodeCopyDone());
    expect((await client.until())[0]).toMatchObject({ verb: 'COPY', rows: 2 });
    const out = await client.query('COPY t TO STDOUT');
    expect(out.map((m) => m.type)).toEqual(['CopyOutResponse', 'CopyData', 'CopyData', 'CopyDone', 'CommandComplete', 'ReadyForQuery']);
    expect(out[2]).toEqual({ type: 'CopyData', data: Buffer.from('2\ty\n') });
    client.send(wire.encodeQuery('COPY t FROM STDIN'), wire.encodeCopyFail('changed my mind'));
    expect((await client.until()).map((m) => m.type)).toEqual(['CopyInResponse', 'ErrorResponse', 'ReadyForQuery']);
    client.close();
  });

  it('notifies, calls functions and cancels', async () => {
    const client = await superuser();
    const notified = await client.query("LISTEN ch; NOTIFY ch, 'pay'");
    expect(notified.find((m) => m.type === 'NotificationResponse')).toMatchObject({ channel: 'ch', payload: 'pay' });
    // 1317 is length(text).
    client.send(wire.encodeFunctionCall(1317, [Buffer.from('abcd')], [0], 0));
    expect((await client.until())[0]).toEqual({ type: 'FunctionCallResponse', value: Buffer.from('4') });
    // The server sends a notice at once, so this is running when the cancel goes out.
    client.send(wire.encodeQuery("DO $$ BEGIN RAISE NOTICE 'started'; PERFORM pg_sleep(600); END $$"));
    await client.until('NoticeResponse');
    await sendCancel(server.host, server.port, client.keyData!);
    const cancelled = await client.until();
    const error = cancelled.find((m) => m.type === 'ErrorResponse');
    expect(error?.type === 'ErrorResponse' && wire.noticeField(error.fields, 'code')).toBe(wire.sqlState.queryCanceled);
    client.close();
  });
});

/** A server that knows one password and answers every simple query with one masked row. */
function serve(socket: Socket, verifier: wire.ScramVerifier, seen: string[]): void {
  const startup = new wire.StartupFramer();
  const framer = new wire.MessageFramer({ direction: 'frontend' });
  const scram = new wire.ScramServer(verifier, randomBytes(18).toString('base64'), nativeScramHash);
  let phase: 'startup' | 'initial' | 'final' | 'ready' = 'startup';
  const onStartup = (): void => {
    const packet = startup.next();
    if (packet?.type === 'SSLRequest') socket.write('N');
    if (packet?.type !== 'StartupMessage') return;
    seen.push(`startup ${packet.parameters.get('user') ?? ''}`);
    phase = 'initial';
    socket.write(wire.encodeAuthenticationSasl([wire.SCRAM]));
  };
  const onMessage = (raw: wire.RawMessage): void => {
    if (phase === 'initial') {
      socket.write(wire.encodeAuthenticationSaslContinue(scram.first(wire.decodeSaslInitialResponse(raw).data!)));
      phase = 'final';
    } else if (phase === 'final') {
      const result = scram.finish(wire.decodeSaslResponse(raw));
      if (!result.ok) {
        socket.end(wire.encodeErrorResponse({ severity: 'FATAL', code: wire.sqlState.invalidPassword, message: 'wrong secret' }));
        return;
      }
      phase = 'ready';
      const key = wire.encodeBackendKeyData(1, Buffer.alloc(4));
      socket.write(Buffer.concat([wire.encodeAuthenticationSaslFinal(result.message), wire.encodeAuthenticationOk(), key, wire.encodeReadyForQuery('I')]));
    } else {
      const message = wire.decodeFrontend(raw);
      seen.push(message.type === 'Query' ? wire.sqlText(message.sql) : message.type);
      if (message.type !== 'Query') return;
      const rewriter = new wire.RowRewriter(Uint8Array.of(0, 1), () => Buffer.from('****'));
      const secret = wire.encodeDataRow([Buffer.from('1'), Buffer.from('secret')]);
      expect(rewriter.rewrite(secret, 0, secret.length)).toBe(true);
      const row = rewriter.bytes.subarray(rewriter.start, rewriter.end);
      const columns = wire.encodeRowDescription([{ name: 'id', typeOid: 23, typeLength: 4 }, { name: 'email', typeOid: 25 }]);
      const notice = wire.encodeNotice({ severity: 'NOTICE', code: '00000', message: 'masked', detail: 'email' });
      socket.write(Buffer.concat([notice, columns, row, wire.encodeCommandComplete('SELECT 1'), wire.encodeReadyForQuery('I')]));
    }
  };
  socket.on('data', (chunk) => {
    if (phase === 'startup') {
      startup.push(chunk);
      onStartup();
      return;
    }
    framer.push(chunk);
    for (let raw = framer.next(); raw; raw = framer.next()) onMessage(raw);
  });
}

describe('with node-postgres as the client', () => {
  const verifier = wire.createScramVerifier('listener secret', randomBytes(16), 4096, nativeScramHash);
  const seen: string[] = [];
  const listener = createServer((socket) => serve(socket, verifier, seen));
  const connect = async (password: string): Promise<pg.Client> => {
    const client = new pg.Client({ host: '127.0.0.1', port: (listener.address() as AddressInfo).port, user: 'alice', password, database: 'shop', ssl: false });
    await client.connect();
    return client;
  };
  beforeAll(() => new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve)));
  afterAll(() => new Promise((resolve) => listener.close(resolve)));

  it('is signed on and understood', async () => {
    const client = await connect('listener secret');
    const notices: string[] = [];
    client.on('notice', (n) => notices.push(`${n.message ?? ''} ${n.detail ?? ''}`));
    const result = await client.query('SELECT * FROM customers');
    expect(result.rows).toEqual([{ id: 1, email: '****' }]);
    expect(notices).toEqual(['masked email']);
    expect(seen).toEqual(['startup alice', 'SELECT * FROM customers']);
    await client.end();
  });

  it('is refused with a wrong secret', async () => {
    await expect(connect('guess')).rejects.toMatchObject({ code: '28P01', severity: 'FATAL' });
  });
});
