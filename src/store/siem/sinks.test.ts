import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditEvent } from '../../evidence/ocsf-store.ts';
import { statementEvent } from '../../evidence/ocsf-statement.ts';
import { eventually } from '../../testing/eventually.ts';
import { emitter, open } from '../../testing/ocsf-samples.ts';
import { ocsfProblems } from '../../testing/ocsf-schema.ts';
import { makeTlsFiles, type TlsFiles } from '../../testing/tls-files.ts';
import { httpHeaders, type HttpSinkConfig, sinkConfig, syslogTls } from './config.ts';
import { fileSink } from './file-sink.ts';
import { httpSink } from './http-sink.ts';
import type { Sink } from './sink.ts';
import { syslogFrame } from './syslog-message.ts';
import { syslogSink } from './syslog-sink.ts';

let tls: TlsFiles;
let dir: string;
const closers: (() => Promise<void>)[] = [];
beforeAll(() => {
  tls = makeTlsFiles();
  dir = mkdtempSync(join(tmpdir(), 'sallyport-test-sinks-'));
});
afterAll(async () => {
  for (const close of closers) await close();
  tls.remove();
  rmSync(dir, { recursive: true, force: true });
});

const never = new AbortController().signal;
const body = (id: number): string => JSON.stringify(auditEvent(emitter, { id, tMs: 1_780_000_000_000, iss: '', sub: '', deviceId: '', address: 'local', action: 'store.start', object: 'configuration', outcome: 'ok', detail: '' }));
const uidsIn = (lines: readonly string[]): string[] => lines.map((l) => (JSON.parse(l) as { metadata: { uid: string } }).metadata.uid);
const uid = (id: number): string => `store.test/audit/${id}`;

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (s: Socket) => sockets.add(s));
  closers.push(() => new Promise((resolve) => {
    for (const s of sockets) s.destroy();
    server.close(() => resolve());
  }));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('a file', () => {
  const config = (path: string): Parameters<typeof fileSink>[0] => ({ name: 'f', type: 'file', path, rotate_bytes: 64 * 1024, keep: 2 });

  it('gets one line for each event, is rotated by size, and the oldest goes', async () => {
    const path = join(dir, 'rotated', 'events.ndjson');
    const sink = fileSink(config(path));
    const perBatch = 100;
    for (let batch = 0; batch < 8; batch++) await sink.deliver(Array.from({ length: perBatch }, (_, i) => body(batch * perBatch + i)), never);
    await sink.close();
    const files = readdirSync(join(dir, 'rotated')).sort();
    expect(files).toEqual(['events.ndjson', 'events.ndjson.1', 'events.ndjson.2']);
    const kept = ['events.ndjson.2', 'events.ndjson.1', 'events.ndjson'].flatMap((f) => readFileSync(join(dir, 'rotated', f), 'utf8').trimEnd().split('\n'));
    const uids = uidsIn(kept);
    expect(uids).toEqual(Array.from({ length: uids.length }, (_, i) => uid(8 * perBatch - uids.length + i)));
    expect(uids.length).toBeLessThan(800);
  });

  it('loses an unfinished last line that a crash left, never a whole one', async () => {
    const path = join(dir, 'torn.ndjson');
    writeFileSync(path, `${body(1)}\n`);
    appendFileSync(path, body(2).slice(0, 40));
    const sink = fileSink(config(path));
    await sink.deliver([body(2)], never);
    await sink.close();
    expect(uidsIn(readFileSync(path, 'utf8').trimEnd().split('\n'))).toEqual([uid(1), uid(2)]);
  });

  it('that cannot be written is a failed delivery', async () => {
    await expect(fileSink(config('/dev/null/no')).deliver([body(1)], never)).rejects.toMatchObject({ name: 'DeliveryError' });
  });
});

describe('syslog over TLS', () => {
  interface Received {
    messages: string[];
    rest: Buffer;
  }
  /** Takes octet-counted frames apart as RFC 5425 says. */
  function takeFrames(into: Received, data: Buffer): void {
    into.rest = Buffer.concat([into.rest, data]);
    for (;;) {
      const space = into.rest.indexOf(0x20);
      const length = Number(into.rest.subarray(0, Math.max(space, 0)).toString());
      if (space <= 0 || into.rest.length < space + 1 + length) return;
      into.messages.push(into.rest.subarray(space + 1, space + 1 + length).toString('utf8'));
      into.rest = into.rest.subarray(space + 1 + length);
    }
  }
  const sink = (port: number, change: Record<string, unknown> = {}): Sink => {
    const config = sinkConfig.parse({ name: 's', type: 'syslog', host: '127.0.0.1', port, ca_file: tls.caFile, ...change });
    if (config.type !== 'syslog') throw new Error('not syslog');
    return syslogSink(config, syslogTls(config), 'store.test');
  };

  it('frames each event as an RFC 5424 message', async () => {
    const received: Received = { messages: [], rest: Buffer.alloc(0) };
    const port = await listening(createTlsServer({ cert: tls.cert, key: tls.key }, (s) => void s.on('data', (d: Buffer) => takeFrames(received, d)).on('error', () => undefined)));
    const to = sink(port);
    await to.deliver([body(1), body(2)], never);
    await to.deliver([body(3)], never);
    await to.close();
    await eventually(() => expect(received.messages).toHaveLength(3));
    const form = /^<110>1 2026-05-28T20:26:40\.000Z store\.test sallyport - OCSF-6003 - (\{.*\})$/;
    expect(uidsIn(received.messages.map((m) => form.exec(m)?.[1] ?? m))).toEqual([uid(1), uid(2), uid(3)]);
  });

  it('sends a batch again when the connection broke under it', async () => {
    let connections = 0;
    const received: Received = { messages: [], rest: Buffer.alloc(0) };
    const port = await listening(
      createTlsServer({ cert: tls.cert, key: tls.key }, (s) => {
        s.on('error', () => undefined);
        connections++;
        if (connections === 1) s.once('data', () => s.destroy());
        else s.on('data', (d: Buffer) => takeFrames(received, d));
      }),
    );
    const to = sink(port);
    await expect(to.deliver([body(1), body(2)], never)).rejects.toMatchObject({ name: 'DeliveryError' });
    await to.deliver([body(1), body(2)], never);
    await to.close();
    await eventually(() => expect(received.messages).toHaveLength(2));
  });

  it('refuses a receiver that it cannot verify', async () => {
    const port = await listening(createTlsServer({ cert: tls.cert, key: tls.key }, (s) => void s.on('error', () => undefined)));
    await expect(sink(port, { ca_file: tls.otherCaFile }).deliver([body(1)], never)).rejects.toThrow(/127\.0\.0\.1/);
    await expect(sink(port, { server_name: 'other.example' }).deliver([body(1)], never)).rejects.toThrow(/altnames|host/i);
  });

  it('cuts the statement of a message that would be too long, and stays valid', () => {
    const request = { n: 2, kind: 'query' as const, t: open.t, verbs: ['SELECT'], dec: 'allow', pol: [], results: 0, told: false, sql: `SELECT '${'"é'.repeat(5_000)}'` };
    const long = JSON.stringify(statementEvent({ emitter, open, loggedMs: open.t }, request, request, { n: 3, t: open.t, part: '' }, { kind: 'unknown' }));
    const frame = syslogFrame(long, { hostname: 'store test', maxBytes: 8_192 }).toString('utf8');
    const [, length, message] = /^(\d+) (.*)$/s.exec(frame) ?? [];
    expect(Number(length)).toBe(Buffer.byteLength(message ?? ''));
    expect(Number(length)).toBeLessThanOrEqual(8_192);
    const event: unknown = JSON.parse(/- OCSF-6005 - (.*)$/s.exec(message ?? '')?.[1] ?? '');
    expect(ocsfProblems(event)).toEqual([]);
    expect(event).toMatchObject({ metadata: { is_truncated: true } });
  });
});

describe('HTTP', () => {
  type Handler = (request: IncomingMessage, text: string, response: ServerResponse) => void;
  const taking = (handler: Handler) => (request: IncomingMessage, response: ServerResponse): void => {
    const parts: Buffer[] = [];
    request.on('data', (d: Buffer) => parts.push(d));
    request.on('end', () => handler(request, gunzipSync(Buffer.concat(parts)).toString('utf8'), response));
  };
  const sinkTo = (url: string, change: Partial<HttpSinkConfig> = {}): Sink => {
    const config = sinkConfig.parse({ name: 'h', type: 'http', url, ...change });
    if (config.type !== 'http') throw new Error('not http');
    return httpSink(config);
  };

  it('posts batches, compressed, with the secret of a file, over verified TLS', async () => {
    const got: { auth: unknown; type: unknown; lines: string[] }[] = [];
    const port = await listening(createHttpsServer({ cert: tls.cert, key: tls.key }, taking((request, text, response) => {
      got.push({ auth: request.headers.authorization, type: request.headers['content-type'], lines: text.trimEnd().split('\n') });
      response.writeHead(204).end();
    })));
    const secret = join(dir, 'token');
    writeFileSync(secret, 'abc.def\n');
    await sinkTo(`https://127.0.0.1:${port}/in`, { ca_file: tls.caFile, bearer: { file: secret } }).deliver([body(1), body(2)], never);
    expect(got).toEqual([{ auth: 'Bearer abc.def', type: 'application/x-ndjson', lines: [body(1), body(2)] }]);
    await expect(sinkTo(`https://127.0.0.1:${port}/in`).deliver([body(1)], never)).rejects.toThrow(/certificate|self/i);
    expect(got).toHaveLength(1);
  });

  it('takes only a 2xx for delivered; says how long to wait, and what is too large', async () => {
    const answers: [number, Record<string, string>][] = [[503, { 'retry-after': '7' }], [413, {}], [302, { location: 'http://127.0.0.1:1/' }], [400, {}]];
    const port = await listening(createServer(taking((_request, _text, response) => {
      const [status, headers] = answers.shift() ?? [200, {}];
      response.writeHead(status, headers).end('why');
    })));
    const to = sinkTo(`http://127.0.0.1:${port}/`, { body: 'array' });
    await expect(to.deliver([body(1)], never)).rejects.toMatchObject({ retryAfterMs: 7_000 });
    await expect(to.deliver([body(1)], never)).rejects.toMatchObject({ tooLarge: true });
    await expect(to.deliver([body(1)], never)).rejects.toThrow(/answered 302/);
    await expect(to.deliver([body(1)], never)).rejects.toThrow(/answered 400: why/);
    await to.deliver([body(1)], never);
  });

  it('is not configured without TLS, with a password in the URL, or with a secret of two lines', () => {
    const parse = (change: object): unknown => sinkConfig.parse({ name: 'h', type: 'http', url: 'https://siem.example/', ...change });
    expect(() => parse({ url: 'http://siem.example/' })).toThrow(/https/);
    expect(() => parse({ url: 'https://user:pass@siem.example/' })).toThrow(/credentials/);
    expect(() => httpHeaders(parse({ headers: { 'X-Key': { value: 'a\r\nHost: b' } } }) as HttpSinkConfig)).toThrow(/one line/);
  });
});
