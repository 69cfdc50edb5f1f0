/** From a real client over a real proxy and server to events: no value of a classified column is in any of them. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseEnvelope, payloadJson } from '../../evidence/dsse.ts';
import type { OcsfObject } from '../../evidence/ocsf-event.ts';
import { RecordingEvents } from '../../evidence/ocsf-recording.ts';
import { parseOpen } from '../../evidence/statements.ts';
import { eventually } from '../../testing/eventually.ts';
import { pgConnect, TestGateway } from '../../testing/gateway.ts';
import { leaksIn } from '../../testing/leaks.ts';
import { emitter } from '../../testing/ocsf-samples.ts';
import { ocsfProblems } from '../../testing/ocsf-schema.ts';
import { startPostgres, type PostgresServer } from '../../testing/postgres-server.ts';
import { recordingDirs, recordsOf } from '../../testing/recordings.ts';
import { createShop, type Shop } from '../../testing/shop.ts';

let server: PostgresServer;
let shop: Shop;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startPostgres();
  shop = await createShop(server);
  gateway = await TestGateway.start({ server });
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

/** Each has a session of its own. */
const STATEMENTS = 8;

async function eventsOf(dir: string): Promise<OcsfObject[]> {
  const open = parseOpen(payloadJson(parseEnvelope(readFileSync(path.join(dir, 'open.dsse.json'), 'utf8'), 'open')));
  const reader = new RecordingEvents({ emitter, open, loggedMs: Date.now() });
  return [...(await recordsOf(dir)).flatMap((r) => reader.push(r)), ...reader.end()];
}

it('whatever is asked', async () => {
  const [c] = shop.customers;
  const { host, port, user, password, database } = gateway.listener();
  const ask = async (text: string, values?: unknown[]): Promise<void> => {
    const client = await pgConnect({ host, port, user, password, database });
    // Nobody approves here: who is asked to wait goes away.
    const left = new Promise<void>((resolve) => void client.on('notice', (n) => (n.message?.startsWith('held for approval') === true ? resolve() : undefined)));
    await Promise.race([left, client.query({ text, ...(values === undefined ? {} : { values }) }).catch(() => undefined)]);
    await client.end();
  };
  await ask('SELECT * FROM customers ORDER BY id');
  await ask(`SELECT id FROM customers WHERE email = '${c!.email}'`);
  await ask('SELECT id, card_number FROM cards WHERE card_number = $1', [c!.card]);
  await ask(`SELECT 'call ${c!.phone} about ${c!.iban}' AS note`);
  await ask(`SELECT ssn::int FROM customers`);
  await ask(`INSERT INTO customers VALUES (1, 'x', '${c!.email}', '${c!.phone}', '${c!.ssn}')`);
  await ask('SELECT note, extra, tags FROM orders');
  await ask(`SELECT count(*) FROM plain -- ${c!.card}`);
  await eventually(() => expect(recordingDirs(gateway).filter((d) => existsSync(path.join(d, 'close.dsse.json')))).toHaveLength(STATEMENTS));

  const events = (await Promise.all(recordingDirs(gateway).map(eventsOf))).flat();
  for (const e of events) expect(ocsfProblems(e)).toEqual([]);
  const text = JSON.stringify(events);
  expect(text).toContain('SELECT * FROM customers ORDER BY id');
  expect(text).toContain('"discovery_details"');
  expect(leaksIn(Buffer.from(text), shop.canaries)).toEqual([]);
  // The search itself finds what is there.
  expect(leaksIn(Buffer.from(`${text}${c!.email}`), shop.canaries)).toHaveLength(1);
});
