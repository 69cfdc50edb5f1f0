/**
 * Messages in any order, to the server and through the gateway: the answers have to be the same, byte for byte but for
 * numbers that differ between two sessions. `SALLYPORT_SEQUENCES=2000` for a long run, `SALLYPORT_FUZZ_SEED` to repeat one.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { caseSeed, SeededRandom } from '../../testing/fuzz/random.ts';
import { END, sequence } from '../../testing/fuzz/sequences.ts';
import { pgConnect, TestGateway } from '../../testing/gateway.ts';
import { postgresVersions, startVersion } from '../../testing/postgres-versions.ts';
import type { PostgresServer } from '../../testing/postgres-server.ts';
import { RawConnection, type Login } from '../../testing/raw-conversation.ts';
import { createShop } from '../../testing/shop.ts';
import { targetPassword } from '../../testing/target-password.ts';
import * as wire from '../../wire/postgres/index.ts';

const count = Number(process.env['SALLYPORT_SEQUENCES'] ?? 10);
const seed = Number(process.env['SALLYPORT_FUZZ_SEED'] ?? 20_261_121);
const NO_ANSWER = 'no answer';
/** Some sequences end in a COPY that both sides wait in; the server is given less time to show that. */
const SERVER_MS = 3_000;
const GATEWAY_MS = 30_000;

/** One message as a line; what differs from session to session is left out. */
function line(raw: wire.RawMessage): string {
  const message = wire.decodeBackend(raw);
  switch (message.type) {
    case 'RowDescription':
      return `RowDescription ${JSON.stringify(message.fields.map((f) => ({ ...f, tableOid: f.tableOid === 0 ? 0 : 1 })))}`;
    case 'DataRow':
      return `DataRow ${JSON.stringify(message.cells.map((cell) => cell && cell.toString('latin1')))}`;
    case 'ErrorResponse':
    case 'NoticeResponse':
      return `${message.type} ${wire.noticeField(message.fields, 'severity') ?? ''} ${wire.noticeField(message.fields, 'code') ?? ''} ${wire.noticeField(message.fields, 'message') ?? ''}`;
    default:
      return JSON.stringify(message);
  }
}

/** Names in errors may be hidden where a value could stand: that one difference is allowed. */
const hidden = (text: string): string => text.replaceAll(/\\?"[^"]*"/g, '"<redacted>"');
const same = (expected: string, got: string): boolean => expected === got || (got.includes('<redacted>') && hidden(expected) === hidden(got));

/** Everything the other side says, up to the end of the sequence or of the connection. */
async function play(to: Login, messages: readonly Buffer[], timeoutMs: number): Promise<string[]> {
  const connection = await RawConnection.open(to);
  connection.send(...messages);
  const lines: string[] = [];
  let isEnd = false;
  const timer = setTimeout(() => {
    lines.push(NO_ANSWER);
    connection.close();
  }, timeoutMs);
  for (let raw = await connection.next(); raw; raw = await connection.next()) {
    const text = line(raw);
    lines.push(text);
    if (text === `DataRow ${JSON.stringify([END])}`) isEnd = true;
    if (isEnd && raw.type === wire.backendType.ReadyForQuery) break;
  }
  clearTimeout(timer);
  connection.close();
  return lines;
}

const shown = (messages: readonly Buffer[]): string[] => messages.map((m) => `${m.toString('latin1', 0, 1)} ${JSON.stringify(m.toString('latin1', 5))}`);

describe.each(postgresVersions)('PostgreSQL %s', (version) => {
  let server: PostgresServer;
  let gateway: TestGateway;

  beforeAll(async () => {
    server = await startVersion(version);
    await createShop(server);
    const app = await pgConnect(direct());
    await app.query('CREATE TABLE seqs (a int); CREATE SCHEMA seqs_schema');
    await app.end();
    gateway = await TestGateway.start({ server, labels: { env: 'dev' } });
  });

  afterAll(async () => {
    await gateway.stop();
    await server.stop();
  });

  const direct = (): Login => ({ host: server.host, port: server.port, user: 'app', password: targetPassword, database: 'shop' });

  it(
    `${count} sequences are answered as the server answers them`,
    async () => {
      const differences: unknown[] = [];
      let answers = 0;
      let cautious = 0;
      for (let number = 0; number < count; number++) {
        const messages = sequence(new SeededRandom(caseSeed(seed, number)));
        const expected = await play(direct(), messages, SERVER_MS);
        if (expected.at(-1) === NO_ANSWER) continue;
        const got = await play(gateway.listener(), messages, GATEWAY_MS);
        answers += expected.length;
        const at = [...expected, ''].findIndex((text, i) => !same(text, got[i] ?? ''));
        // A server that hangs up on unread input resets the connection, and with it what had not been read yet.
        if (expected.some((text) => text.includes('FATAL')) && got.every((text, i) => same(expected[i] ?? '', text))) continue;
        // Where objects change while a statement runs, the gateway may ask for it again: that is no answer of the server's.
        if (at >= 0 && (got[at] ?? '').includes('was changed while it ran')) cautious++;
        else if (at >= 0 || got.length !== expected.length) differences.push({ seed, number, sent: shown(messages), before: got.slice(Math.max(0, at - 3), at), expected: expected[at], got: got[at] });
        if (differences.length >= 3) break;
      }
      process.stdout.write(`sequences on PostgreSQL ${version}: seed ${seed}, ${count} sequences, ${answers} answers, ${differences.length} different, ${cautious} asked for again\n`);
      expect(differences).toEqual([]);
      expect(cautious).toBeLessThan(count / 5);
    },
    60_000 + count * 8_000,
  );
});
