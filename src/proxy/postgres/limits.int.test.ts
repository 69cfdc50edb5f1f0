/**
 * Versions, encodings, sizes and numbers: what an endpoint takes, and how it says no to the rest. On PostgreSQL 18, which speaks all
 * versions of the protocol; `SALLYPORT_SERVERS=all` takes the system's own too.
 */
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../base/limits.ts';
import { Tap } from '../../testing/fuzz/tap.ts';
import { pgConnect, TestGateway, type GatewayEvent } from '../../testing/gateway.ts';
import { mib, openFiles, probedEnv } from '../../testing/memory-probe.ts';
import { sendCancel, WireClient } from '../../testing/pg-wire-client.ts';
import type { PostgresServer } from '../../testing/postgres-server.ts';
import { postgresVersions, startVersion } from '../../testing/postgres-versions.ts';
import type { Login } from '../../testing/raw-conversation.ts';
import { createShop } from '../../testing/shop.ts';
import { targetPassword } from '../../testing/target-password.ts';
import * as wire from '../../wire/postgres/index.ts';
import { acceptClient, listenerAccount } from './accept.ts';

/** `SALLYPORT_LONG_STATEMENTS=30000` for the long run. */
const statements = Number(process.env['SALLYPORT_LONG_STATEMENTS'] ?? 3_000);
/** Sessions open at the same time: `SALLYPORT_SESSIONS=500`. */
const sessionsAtOnce = Number(process.env['SALLYPORT_SESSIONS'] ?? 60);
const servers = process.env['SALLYPORT_SERVERS'] === 'all' ? postgresVersions : (['18'] as const);

const V3_2 = wire.protocolVersion.v3_2;

const errorsOf = (messages: readonly wire.BackendMessage[]): string[] =>
  messages.flatMap((m) => (m.type === 'ErrorResponse' ? [`${wire.noticeField(m.fields, 'code') ?? ''} ${wire.noticeField(m.fields, 'message') ?? ''}`] : []));
const cellsOf = (messages: readonly wire.BackendMessage[]): string[] => messages.flatMap((m) => (m.type === 'DataRow' ? m.cells.map((c) => c?.toString('utf8') ?? '∅') : []));

describe.each(servers)('PostgreSQL %s', (version) => {
  let server: PostgresServer;
  let gateway: TestGateway;
  let tap: Tap;
  let client: WireClient | undefined;
  /** Protocol versions that the gateway asked of the target, newest last. */
  const asked: number[] = [];

  beforeAll(async () => {
    server = await startVersion(version);
    await createShop(server);
    tap = await Tap.start({ host: server.host, port: server.port, onStartup: (v) => asked.push(v) });
    const connection = (name: string): Record<string, unknown> => ({
      name,
      protocol: 'postgres',
      target: { host: '127.0.0.1', port: tap.port, database: 'shop', tls: 'disable' },
      credentials: { user: 'app', password: targetPassword },
      labels: { env: name },
      listen: { port: 0 },
    });
    gateway = await TestGateway.start({ server, config: { connections: [connection('prod'), connection('dev')] }, env: probedEnv() });
  });

  afterEach(() => {
    client?.close();
    client = undefined;
  });

  afterAll(async () => {
    await gateway.stop();
    await tap.stop();
    await server.stop();
  });

  const login = (connection = 'dev'): Login => {
    const { host, port, user, password, database } = gateway.listener(connection);
    return { host, port, user, password, database };
  };
  const open = async (protocol?: number, connection = 'dev'): Promise<WireClient> => {
    client = await WireClient.connect({ ...login(connection), ...(protocol === undefined ? {} : { version: protocol }) });
    return client;
  };
  const admin = (): ReturnType<typeof pgConnect> => pgConnect({ host: server.host, port: server.port, user: server.superuser, password: server.password, database: 'shop' });

  /** Resolves when the server runs a statement that begins so. */
  async function running(text: string): Promise<void> {
    const watcher = await admin();
    for (let n = 0; n === 0; ) n = (await watcher.query('SELECT 1 FROM pg_stat_activity WHERE state = $1 AND starts_with(query, $2)', ['active', text])).rows.length;
    await watcher.end();
  }

  describe('protocol 3.2', () => {
    it('is spoken to clients that ask for it, with a cancel key of 32 bytes; 3.0 keeps its four', async () => {
      expect((await open()).keyData?.secretKey.length).toBe(4);
      client?.close();
      const newer = await open(V3_2);
      expect(newer.keyData?.secretKey.length).toBe(32);
      expect(cellsOf(await newer.query('SELECT 40 + 2'))).toEqual(['42']);
      // The target is asked for what the client asked for; one that does not know it negotiates.
      expect(asked.at(-1)).toBe(V3_2);
      expect(asked.at(-2)).not.toBe(V3_2);
    });

    it.each([
      [0x0003_0009, [], V3_2],
      [0x0003_270f, ['_pq_.strange'], V3_2],
      [0x0003_0000, ['_pq_.strange', '_pq_.other'], 0x0003_0000],
    ])('version %i with options %j is negotiated down', async (protocol, options, newest) => {
      const socket = connect(login().port, '127.0.0.1');
      socket.write(wire.encodeStartup([['user', login().user], ['database', 'shop'], ...options.map((o) => [o, 'on'] as const)], protocol));
      const framer = new wire.MessageFramer({ direction: 'backend' });
      const first = await new Promise<wire.BackendMessage>((resolve) =>
        socket.on('data', (chunk: Buffer) => {
          framer.push(chunk);
          const raw = framer.next();
          if (raw) resolve(wire.decodeBackend(raw));
        }),
      );
      socket.destroy();
      expect(first).toEqual({ type: 'NegotiateProtocolVersion', newest, unrecognized: options });
    });

    it.each([0x0003_0000, V3_2])('a cancel with the key of version %i stops the statement, one with a wrong key does not', async (protocol) => {
      const c = await open(protocol);
      const key = c.keyData;
      if (!key) throw new Error('no key');
      c.send(wire.encodeQuery('SELECT pg_sleep(600)'));
      await running('SELECT pg_sleep(600)');
      const wrong = Buffer.from(key.secretKey);
      wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1;
      await sendCancel('127.0.0.1', login().port, { processId: key.processId, secretKey: wrong });
      await sendCancel('127.0.0.1', login().port, { processId: key.processId, secretKey: key.secretKey.subarray(0, 4) }).catch(() => undefined);
      if (protocol === V3_2) await running('SELECT pg_sleep(600)');
      await sendCancel('127.0.0.1', login().port, key);
      expect(errorsOf(await c.until())).toEqual(['57014 canceling statement due to user request']);
      expect(cellsOf(await c.query('SELECT 1'))).toEqual(['1']);
    });

    it('a cancel with a long key withdraws a held statement', async () => {
      const mark = gateway.mark;
      const c = await open(V3_2, 'prod');
      c.send(wire.encodeQuery('TRUNCATE plain'));
      await gateway.waitEvent((e: GatewayEvent) => e.event === 'request.held', mark);
      if (c.keyData) await sendCancel('127.0.0.1', login('prod').port, c.keyData);
      expect(errorsOf(await c.until()).join()).toContain('57014');
      expect(cellsOf(await c.query('SELECT count(*) > 0 FROM plain'))).toEqual(['t']);
    });
  });

  describe('sizes', () => {
    const large = limits.pgFrontendMessageBytes + 1_000_000;

    it('a query above the message limit is an error, and the connection goes on', async () => {
      const c = await open();
      expect(errorsOf(await c.query(`SELECT '${'x'.repeat(large)}'`))).toEqual([`54000 the message has ${large + 15} bytes; at most ${limits.pgFrontendMessageBytes} are taken at once`]);
      expect(cellsOf(await c.query('SELECT 1'))).toEqual(['1']);
    });

    it('so are Parse and Bind, which skip to Sync, and leave what was prepared before', async () => {
      const c = await open();
      c.send(wire.encodeParse('s', 'SELECT length($1)'), wire.encodeSync());
      await c.until();
      c.send(wire.encodeParse('', `SELECT '${'x'.repeat(large)}'`), wire.encodeBind({}), wire.encodeExecute(''), wire.encodeSync());
      expect(errorsOf(await c.until())).toHaveLength(1);
      c.send(wire.encodeBind({ statement: 's', params: [Buffer.alloc(large, 0x61)] }), wire.encodeExecute(''), wire.encodeSync());
      expect(errorsOf(await c.until())[0]).toMatch(/^54000 /);
      c.send(wire.encodeBind({ statement: 's', params: [Buffer.alloc(10_000_000, 0x61)] }), wire.encodeExecute(''), wire.encodeSync());
      expect(cellsOf(await c.until())).toEqual(['10000000']);
    });

    it('COPY data above it fails the COPY only', async () => {
      const c = await open();
      await c.query('CREATE TEMP TABLE big (t text)');
      c.send(wire.encodeQuery('COPY big FROM STDIN'));
      await c.until('CopyInResponse');
      c.send(wire.encodeCopyData(Buffer.from('a\n')), wire.encodeCopyData(Buffer.alloc(large, 0x61)), wire.encodeCopyData(Buffer.from('\n')), wire.encodeCopyDone());
      const [error] = errorsOf(await c.until());
      expect(error).toContain('send the data in smaller pieces');
      expect(cellsOf(await c.query('SELECT count(*) FROM big'))).toEqual(['0']);
    });

    it('a statement just below the limit of analysis runs, one above is refused with the limit', async () => {
      const c = await open();
      const text = (bytes: number): string => `SELECT length('${'x'.repeat(bytes - 17)}')`;
      expect(cellsOf(await c.query(text(limits.sqlTextBytes)))).toEqual([String(limits.sqlTextBytes - 17)]);
      expect(errorsOf(await c.query(text(limits.sqlTextBytes + 1)))[0]).toContain(`at most ${limits.sqlTextBytes}`);
      expect(cellsOf(await c.query('SELECT 1'))).toEqual(['1']);
    });
  });

  describe('text', () => {
    it('another client_encoding is an error that tells the fix, and the session goes on in UTF-8', async () => {
      const c = await open();
      expect(errorsOf(await c.query("SET client_encoding = 'LATIN1'"))[0]).toMatch(/SET client_encoding TO 'UTF8'/);
      expect(cellsOf(await c.query("SELECT 'ü世界'"))).toEqual(['ü世界']);
    });

    it('with standard_conforming_strings off, a backslash is refused and everything else runs', async () => {
      const c = await open();
      expect(errorsOf(await c.query('SET standard_conforming_strings = off'))).toEqual([]);
      expect(errorsOf(await c.query(String.raw`SELECT '\'; DROP TABLE plain; --'`))[0]).toContain('read in two ways');
      expect(cellsOf(await c.query("SELECT 'it''s'"))).toEqual(["it's"]);
      await c.query('SET standard_conforming_strings = on');
      expect(cellsOf(await c.query(String.raw`SELECT '\'`))).toEqual(['\\']);
    });

    it('a database in LATIN1 is converted by the server, and masked as any other', async () => {
      const direct = await pgConnect({ host: server.host, port: server.port, user: 'app', password: targetPassword, database: 'postgres' });
      await direct.query("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
      await direct.end();
      const inside = await pgConnect({ host: server.host, port: server.port, user: 'app', password: targetPassword, database: 'latin' });
      await inside.query("CREATE TABLE people (name text, email text); INSERT INTO people VALUES ('Jürgen', 'jürgen@example.org')");
      await inside.end();
      const other = await TestGateway.start({ server, databases: ['latin'], labels: { env: 'dev' } });
      const c = await other.connect('latin');
      const { rows } = await c.query<{ name: string; email: string }>("SELECT name, email FROM people WHERE name = 'Jürgen'");
      expect(rows[0]?.name).toBe('Jürgen');
      expect(rows[0]?.email).toMatch(/^msk_email_/);
      await c.end();
      await other.stop();
    });
  });

  describe('names that are used again', () => {
    const one = (name: string, sql: string): Buffer[] => [wire.encodeParse(name, sql), wire.encodeBind({ statement: name }), wire.encodeExecute('')];

    it('PREPARE and EXECUTE in one text run, and are masked', async () => {
      const c = await open();
      const cells = cellsOf(await c.query('PREPARE pe AS SELECT email FROM customers WHERE id = $1; EXECUTE pe(1); DEALLOCATE pe'));
      expect(cells).toHaveLength(1);
      expect(cells[0]).toMatch(/^msk_email_/);
      expect(cellsOf(await c.query('BEGIN; DECLARE ce CURSOR FOR SELECT email FROM customers; FETCH 2 FROM ce; COMMIT')).every((x) => x.startsWith('msk_email_'))).toBe(true);
    });

    it('a statement that is closed and prepared anew under its name gets the masks of the new text', async () => {
      const c = await open();
      c.send(...one('n', 'SELECT name FROM customers WHERE id = 1'), wire.encodeSync());
      expect(cellsOf(await c.until())).toEqual(['Customer 1']);
      c.send(wire.encodeClose('statement', 'n'), ...one('n', 'SELECT email FROM customers WHERE id = 1'), wire.encodeSync());
      expect(cellsOf(await c.until())[0]).toMatch(/^msk_email_/);
      // Executed again without Describe, then with a Close that an error makes the server skip.
      c.send(wire.encodeBind({ statement: 'n' }), wire.encodeExecute(''), wire.encodeSync());
      expect(cellsOf(await c.until())[0]).toMatch(/^msk_email_/);
      c.send(...one('', 'SELECT 1/0'), wire.encodeClose('statement', 'n'), wire.encodeSync());
      expect(errorsOf(await c.until())).toEqual(['22012 division by zero']);
      c.send(wire.encodeBind({ statement: 'n' }), wire.encodeExecute(''), wire.encodeSync());
      expect(cellsOf(await c.until())[0]).toMatch(/^msk_email_/);
    });

    it('DISCARD ALL takes the names away, also in a pipeline that begins with Close', async () => {
      const c = await open();
      c.send(wire.encodeClose('statement', ''), ...one('', 'DISCARD ALL'), wire.encodeSync());
      expect(errorsOf(await c.until())).toEqual([]);
      c.send(...one('d', 'SELECT 1'), wire.encodeSync(), ...one('', 'DISCARD ALL'), wire.encodeSync(), wire.encodeBind({ statement: 'd' }), wire.encodeSync());
      await c.until();
      expect(errorsOf(await c.until())).toEqual([]);
      expect(errorsOf(await c.until())).toEqual(['26000 prepared statement "d" does not exist']);
    });

    it('SET TRANSACTION after SET LOCAL is not spoiled by a query of our own', async () => {
      const c = await open();
      for (const sql of ['BEGIN', "SET LOCAL work_mem = '8MB'", 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE', 'SELECT 1', 'COMMIT']) expect(errorsOf(await c.query(sql))).toEqual([]);
    });
  });

  it(`${statements} statements on one connection leave nothing behind in memory`, async () => {
    const c = await pgConnect(login());
    const work = async (n: number): Promise<void> => {
      for (let i = 0; i < n; i++) await c.query('SELECT label FROM plain WHERE id = $1', [i % 1000]);
    };
    const held = async (): Promise<number> => {
      const mark = gateway.mark;
      gateway.process.kill('SIGUSR2');
      return Number((await gateway.waitEvent((e) => e.event === 'test.memory', mark, 60_000))['heapUsed']);
    };
    await work(statements / 6);
    const before = await held();
    await work((statements * 5) / 6);
    const after = await held();
    await c.end();
    process.stdout.write(`long connection on PostgreSQL ${version}: heap ${mib(before)} MiB after ${statements / 6} statements, ${mib(after)} MiB after ${statements}\n`);
    expect(after - before).toBeLessThan(12 * 1_048_576);
  });

  describe('many connections', () => {
    const wanted = sessionsAtOnce;

    it(`${wanted} at once: all are served, and all is given back`, async () => {
      const started = Date.now();
      const rss = async (): Promise<number> => {
        const mark = gateway.mark;
        gateway.process.kill('SIGUSR2');
        return Number((await gateway.waitEvent((e) => e.event === 'test.memory', mark, 60_000))['rss']);
      };
      const before = await rss();
      const files = openFiles(gateway.pid);
      const clients = await Promise.all(Array.from({ length: wanted }, () => WireClient.connect(login())));
      const connectedMs = Date.now() - started;
      const answers = await Promise.all(clients.map((c, i) => c.query(`SELECT email, ${i} FROM customers WHERE id = 1`)));
      const open = await rss();
      const openedFiles = openFiles(gateway.pid);
      expect(answers.map((a) => cellsOf(a)[1])).toEqual(clients.map((_, i) => String(i)));
      expect(answers.every((a) => cellsOf(a)[0]?.startsWith('msk_email_'))).toBe(true);
      const mark = gateway.mark;
      for (const c of clients) c.close();
      for (let closed = 0; closed < wanted; closed = gateway.process.stdout.slice(mark).split('"event":"session.closed"').length - 1) await gateway.waitEvent((e) => e.event === 'session.closed', gateway.mark).catch(() => undefined);
      process.stdout.write(`${wanted} connections on PostgreSQL ${version}: open after ${connectedMs} ms; rss ${mib(before)} MiB, with all sessions ${mib(open)} MiB (${((open - before) / wanted / 1024).toFixed(0)} KiB each); files ${files}, ${openedFiles}, then ${openFiles(gateway.pid)}\n`);
      expect((open - before) / wanted).toBeLessThan(1_048_576);
      expect(cellsOf(await (await WireClient.connect(login())).query('SELECT 1'))).toEqual(['1']);
    });
  });
});

describe('before sign-on', () => {
  const account = listenerAccount('alice', 'secret', 'native');
  const sockets: Socket[] = [];

  afterEach(() => sockets.splice(0).forEach((s) => s.destroy()));

  /** Gives `acceptClient` the server's side of a connection, and its end to the test. */
  async function accepted(timeoutMs?: number): Promise<{ client: Socket; result: Promise<unknown> }> {
    const listener = createServer({ pauseOnConnect: true });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const address = listener.address();
    const arrived = new Promise<Socket>((resolve) => listener.once('connection', resolve));
    const mine = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1');
    const theirs = await arrived;
    listener.close();
    sockets.push(mine, theirs);
    const result = acceptClient(theirs, [account], timeoutMs).catch((error: unknown) => error);
    return { client: mine, result };
  }

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half a length', Buffer.of(0, 0)],
    ['a request for encryption', wire.encodeSslRequest()],
    ['a startup and then nothing', wire.encodeStartup([['user', 'alice']])],
    ['half a proof', Buffer.concat([wire.encodeStartup([['user', 'alice']]), Buffer.from('p\0\0\0')])],
  ])('a client that sends %s is let go of when its time is over', async (_, bytes) => {
    const { client, result } = await accepted(50);
    if (bytes.length > 0) client.write(bytes);
    expect(await result).toMatchObject({ message: expect.stringMatching(/too long|before the startup was answered/) as string });
  });

  it('messages of any type are kept only up to the size of a proof', async () => {
    const { client, result } = await accepted();
    client.write(wire.encodeStartup([['user', 'alice']]));
    const large = Buffer.alloc(5);
    large.write('Q');
    large.writeInt32BE(limits.pgAuthMessageBytes + 100, 1);
    await new Promise<void>((resolve) => client.once('data', () => resolve()));
    client.write(large);
    expect(await result).toMatchObject({ code: 'malformed.length' });
  });

  it('direct TLS is refused by an alert, and the reason is told to whoever watches', async () => {
    const { client, result } = await accepted();
    const tls = connectTls({ socket: client, ALPNProtocols: ['postgresql'], rejectUnauthorized: false });
    const refused = new Promise<Error>((resolve) => tls.once('error', resolve));
    expect(await result).toMatchObject({ message: expect.stringContaining('sslmode=disable') as string });
    expect((await refused).message).toMatch(/no application protocol|alert/i);
  });
});

describe('the bound on connections that have not signed on', () => {
  let server: PostgresServer;
  let gateway: TestGateway;

  beforeAll(async () => {
    server = await startVersion('system');
    await createShop(server);
    gateway = await TestGateway.start({ server });
  });

  afterAll(async () => {
    await gateway.stop();
    await server.stop();
  });

  it('refuses more with a clear error, serves who is in, and takes new ones when some have gone', async () => {
    const { host, port, user, password, database } = gateway.listener();
    const inside = await WireClient.connect({ host, port, user, password, database });
    const idle = await Promise.all(
      Array.from({ length: limits.signOnsPerListener }, async () => {
        const socket = connect(port, host);
        socket.on('error', () => undefined);
        // The answer to the request says that the connection has been counted.
        socket.write(wire.encodeSslRequest());
        await new Promise<void>((resolve) => socket.once('data', () => resolve()));
        return socket;
      }),
    );
    await expect(WireClient.connect({ host, port, user, password, database })).rejects.toThrow(/53300 .*try again/);
    expect(cellsOf(await inside.query('SELECT 1'))).toEqual(['1']);
    const mark = gateway.mark;
    for (const socket of idle) socket.destroy();
    await gateway.waitEvent((e) => e.event === 'auth.refused' && String(e['reason']).includes('closed'), mark);
    const late = await WireClient.connect({ host, port, user, password, database });
    expect(cellsOf(await late.query('SELECT 2'))).toEqual(['2']);
    late.close();
    inside.close();
  });
});
