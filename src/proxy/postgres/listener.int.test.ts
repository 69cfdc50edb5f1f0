/** The local endpoint under hostile clients (promise 8), and memory when a client reads slowly. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pgConnect, TestGateway } from '../../testing/gateway.ts';
import { WireClient } from '../../testing/pg-wire-client.ts';
import { startPostgres, type PostgresServer } from '../../testing/postgres-server.ts';
import { RawConnection, type Login } from '../../testing/raw-conversation.ts';
import { createShop } from '../../testing/shop.ts';
import * as wire from '../../wire/postgres/index.ts';

let server: PostgresServer;
let gateway: TestGateway;

beforeAll(async () => {
  server = await startPostgres();
  await createShop(server);
  gateway = await TestGateway.start({ server });
}, 120_000);

afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

const login = (): Login => {
  const { host, port, user, password, database } = gateway.listener();
  return { host, port, user, password, database };
};

/** Sends bytes on a fresh connection; everything that comes until the other side closes, or until `enough` holds. */
async function throwAt(bytes: Buffer, enough: (received: Buffer) => boolean = () => false): Promise<Buffer> {
  const socket: Socket = connect(gateway.listener().port, '127.0.0.1');
  let received = Buffer.alloc(0);
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (enough(received)) resolve();
    });
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
    socket.on('connect', () => socket.write(bytes));
  });
  socket.destroy();
  return received;
}

const lengthPrefixed = (length: number, rest: Buffer = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(length);
  return Buffer.concat([head, rest]);
};

describe('sign-on', () => {
  it.each([
    ['a wrong password', { password: 'wrong' }],
    ['a wrong user', { user: 'postgres' }],
    ['no user', { user: '' }],
    ['the app’s user without its secret', { user: 'alice.app' }],
  ])('%s is refused, and told to whoever watches', async (_, change) => {
    const mark = gateway.mark;
    await expect(WireClient.connect({ ...login(), ...change })).rejects.toThrow(/28P01 password authentication failed/);
    const event = await gateway.waitEvent((e) => e.event === 'auth.refused', mark);
    expect(event['reason']).toContain('password authentication failed');
    expect(server.log()).not.toContain('FATAL');
  });

  it('another database than the one of the connection is refused', async () => {
    await expect(pgConnect({ ...login(), database: 'postgres' })).rejects.toMatchObject({ code: '42501' });
  });

  it('encryption is answered N, and the client goes on', async () => {
    for (const request of [wire.encodeSslRequest(), wire.encodeGssEncRequest()]) expect((await throwAt(request, (b) => b.length === 1)).toString()).toBe('N');
    expect((await throwAt(Buffer.concat([wire.encodeSslRequest(), wire.encodeSslRequest(), wire.encodeSslRequest(), wire.encodeSslRequest()]))).toString('latin1')).toContain('08P01');
  });

  it('a newer minor version is negotiated down', async () => {
    const startup = wire.encodeStartup([['user', 'alice'], ['database', 'shop'], ['_pq_.strange', 'on']], 0x0003_0002);
    const reply = await throwAt(startup, (b) => b.includes('SCRAM-SHA-256'));
    expect(reply[0]).toBe('v'.charCodeAt(0));
    expect(reply.toString('latin1')).toContain('_pq_.strange');
    const client = await WireClient.connect({ ...login(), version: 0x0003_0002 });
    expect((await client.query('SELECT 1')).some((m) => m.type === 'DataRow')).toBe(true);
    client.close();
  });

  it('protocol 2 and 4 are refused', async () => {
    for (const version of [0x0002_0000, 0x0004_0000]) expect((await throwAt(wire.encodeStartup([['user', 'alice']], version))).toString('latin1')).toContain('supported');
  });

  it.each([
    ['replication', { replication: 'database' }],
    ['an encoding', { client_encoding: 'LATIN1' }],
    ['a setting that policy forbids', { options: '-c session_replication_role=replica' }],
    ['an option that is not understood', { options: '-d 5' }],
    ['a name that is none', { 'a b': 'x' }],
    ['a role', { options: '--role=super' }],
  ])('%s in the startup packet is refused', async (_, parameters) => {
    const socket = connect(gateway.listener().port, '127.0.0.1');
    await expect(signOnWith(socket, parameters)).rejects.toThrow(/42501|08P01/);
    socket.destroy();
  });

  it('harmless settings in the startup packet arrive', async () => {
    const client = await pgConnect({ ...login(), options: '-c statement_timeout=4321 -c DateStyle=ISO', application_name: 'tool' });
    expect((await client.query<{ statement_timeout: string }>('SHOW statement_timeout')).rows[0]?.statement_timeout).toBe('4321ms');
    await client.end();
  });
});

/** Signs on with more parameters than the driver would send. @throws Error with SQLSTATE and message */
async function signOnWith(socket: Socket, parameters: Readonly<Record<string, string>>): Promise<void> {
  const { user, password, database } = login();
  const framer = new wire.MessageFramer({ direction: 'backend' });
  const { nativeScramHash } = await import('../../testing/pg-wire-client.ts');
  const scram = new wire.ScramClient({ mechanism: wire.SCRAM, password, nonce: 'a-nonce-of-this-test', hash: nativeScramHash });
  socket.write(wire.encodeStartup([['user', user], ['database', database], ...Object.entries(parameters)]));
  await new Promise<void>((resolve, reject) => {
    socket.on('close', () => reject(new Error('closed')));
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      framer.push(chunk);
      for (let raw = framer.next(); raw; raw = framer.next()) {
        const m = wire.decodeBackend(raw);
        if (m.type === 'ErrorResponse') reject(new Error(`${wire.noticeField(m.fields, 'code') ?? ''} ${wire.noticeField(m.fields, 'message') ?? ''}`));
        if (m.type === 'ReadyForQuery') resolve();
        if (m.type !== 'Authentication') continue;
        if (m.request.method === 'SASL') socket.write(wire.encodeSaslInitialResponse(wire.SCRAM, scram.first()));
        if (m.request.method === 'SASLContinue') socket.write(wire.encodeSaslResponse(scram.respond(m.request.data)));
      }
    });
  });
}

describe('bytes that are no protocol', () => {
  it.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['a startup of 1 GiB', lengthPrefixed(0x4000_0000)],
    ['a startup of 4 GiB', lengthPrefixed(0xffff_ffff)],
    ['a startup of 3 bytes', lengthPrefixed(3)],
    ['zeros', Buffer.alloc(64)],
    ['a startup without its last zero', lengthPrefixed(12, Buffer.from([0, 3, 0, 0, 0x75, 0x73, 0x65, 0x72]))],
    ['a query before sign-on', Buffer.concat([wire.encodeStartup([['user', 'alice'], ['database', 'shop']]), wire.encodeQuery('SELECT 1')])],
    ['a password of 1 GiB', Buffer.concat([wire.encodeStartup([['user', 'alice'], ['database', 'shop']]), Buffer.from('p'), lengthPrefixed(0x4000_0000)])],
  ])('%s: refused at once, and the listener goes on', async (_, bytes) => {
    const mark = gateway.mark;
    await throwAt(bytes);
    const event = await gateway.waitEvent((e) => e.event === 'auth.refused', mark);
    expect(event['reason']).toEqual(expect.any(String));
    const client = await pgConnect(login());
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  it.each([
    ['a message of 1 GiB', Buffer.concat([Buffer.from('Q'), lengthPrefixed(0x4000_0000)])],
    ['an unknown type', Buffer.concat([Buffer.from('~'), lengthPrefixed(4)])],
    ['a length below four', Buffer.concat([Buffer.from('Q'), lengthPrefixed(3)])],
    ['a query without its zero', Buffer.concat([Buffer.from('Q'), lengthPrefixed(12, Buffer.from('SELECT 1'))])],
    ['a query with two zeros', Buffer.concat([Buffer.from('Q'), lengthPrefixed(14, Buffer.from('SELECT\0 1\0'))])],
    ['text that is not UTF-8', Buffer.concat([Buffer.from('Q'), lengthPrefixed(14, Buffer.from([0x53, 0x45, 0x4c, 0x45, 0x43, 0x54, 0x20, 0xff, 0xfe, 0]))])],
    ['a second sign-on', wire.encodePasswordMessage('x')],
    ['a truncated Bind', Buffer.concat([Buffer.from('B'), lengthPrefixed(6, Buffer.from([0, 0]))])],
  ])('%s in a session ends it with an error, recorded', async (_, bytes) => {
    const mark = gateway.mark;
    const connection = await RawConnection.open(login());
    connection.send(bytes);
    const answer = (await connection.until('~')).toString('latin1');
    expect(answer).toContain('FATAL');
    expect(answer).toContain('08P01');
    const closed = await gateway.waitEvent((e) => e.event === 'session.closed' && String(e['reason']).startsWith('protocol violation'), mark);
    expect((await gateway.verify(String(closed['recording']))).stdout).toContain('PASS');
  });

  it('the fast-path function call is refused and the connection goes on', async () => {
    const connection = await RawConnection.open(login());
    connection.send(wire.encodeFunctionCall(1598, []));
    expect((await connection.until('Z')).toString('latin1')).toContain('0A000');
    connection.send(wire.encodeQuery('SELECT 7'));
    expect((await connection.until('Z')).toString('latin1')).toContain('SELECT 1');
    connection.close();
  });
});

describe('a client that reads slowly', () => {
  const residentKiB = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))?.[1]);

  it('does not make the gateway’s memory grow with the result', async () => {
    // Warm, so that growth is of this result only.
    const warm = await pgConnect(login());
    await warm.query("SELECT repeat('x', 1000) FROM generate_series(1, 20000)");
    await warm.end();
    const before = residentKiB();
    const connection = await RawConnection.open(login());
    connection.pause();
    connection.send(wire.encodeQuery("SELECT repeat('x', 1000) FROM generate_series(1, 200000)"));
    // The server stops being read when the gateway is full: it waits for the client then.
    const watcher = await pgConnect({ host: server.host, port: server.port, user: server.superuser, password: server.password, database: 'postgres' });
    for (let waiting = false; !waiting; ) waiting = (await watcher.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'ClientWrite' AND query LIKE 'SELECT repeat%200000%'")).rows.length > 0;
    await watcher.end();
    let most = residentKiB();
    connection.resume();
    let bytes = 0;
    for (let chunk = await connection.chunk(); chunk > 0; chunk = await connection.chunk()) {
      bytes += chunk;
      most = Math.max(most, residentKiB());
      if (bytes >= 200_000 * 1_011) break;
    }
    connection.close();
    expect(bytes).toBeGreaterThanOrEqual(200_000_000);
    expect(most - before).toBeLessThan(64 * 1024);
  });
});
