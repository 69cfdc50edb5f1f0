import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoreClient } from '../../proxy/core/store-client.ts';
import { recordQuery } from '../../testing/search-records.ts';
import { flavours, indexed, SearchStore } from '../../testing/search-store.ts';
import type { Person } from '../../testing/store-harness.ts';

describe.each(flavours)('search on the %s store', (flavour) => {
  let world: SearchStore;
  let alice: Person;
  let auditor: StoreClient;
  beforeAll(async () => {
    world = await SearchStore.start(flavour);
    alice = await world.person('alice@example.com');
    auditor = await world.auditor();
  }, 120_000);
  afterAll(() => world.stop());

  it('finds a statement by a word of it, with what became of it', async () => {
    const session = await world.recorded(alice, (r) => {
      recordQuery(r, { sql: "SELECT email FROM public.orders WHERE customer_id = 42 AND note = 'msk_literal_bcdfghjkmnpq'", rows: 3, hits: ['email:3'] });
      recordQuery(r, { sql: 'DROP TABLE invoices', dec: 'deny', pol: ['no-drop'], reason: 'DROP is forbidden' });
    });
    await indexed(auditor);
    const found = await auditor.search({ text: 'customer_id' });
    expect(found.hits).toHaveLength(1);
    expect(found.hits[0]).toMatchObject({
      session_id: session.id,
      n: 0,
      person: { sub: 'alice@example.com' },
      connection: 'shop',
      decision: 'allow',
      tables: ['public.orders'],
      masked: [{ data_class: 'email', cells: 3 }],
      rows: 3,
      us: 1_500,
      recording_state: 'closed',
    });
    expect(found.hits[0]?.highlights.map(([from, to]) => found.hits[0]?.statement.slice(from, to))).toEqual(['customer_id']);
  });
});
