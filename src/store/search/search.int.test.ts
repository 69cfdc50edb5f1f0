import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoreClient } from '../../proxy/core/store-client.ts';
import type { SessionRecorder } from '../../evidence/write.ts';
import { recordQuery } from '../../testing/search-records.ts';
import { flavours, indexed, SearchStore } from '../../testing/search-store.ts';
import type { Person } from '../../testing/store-harness.ts';
import type { RecordedSession } from '../../testing/store-recordings.ts';

const many = (r: SessionRecorder, word: string, count: number): void => {
  for (let i = 0; i < count; i++) recordQuery(r, { sql: `SELECT ${i} FROM ${word}` });
};

describe.each(flavours)('search on the %s store', (flavour) => {
  let world: SearchStore;
  let alice: Person;
  let bob: Person;
  let auditor: StoreClient;
  let session: RecordedSession;
  beforeAll(async () => {
    world = await SearchStore.start(flavour);
    alice = await world.person('alice@example.com');
    bob = await world.person('bob@example.com', ['engineering', 'dba']);
    auditor = await world.auditor();
    session = await world.recorded(alice, (r) => {
      recordQuery(r, { sql: "SELECT email FROM public.orders WHERE customer_id = 42 AND note = 'msk_literal_bcdfghjkmnpq'", rows: 3, hits: ['email:3'] });
      recordQuery(r, { sql: 'DROP TABLE invoices', dec: 'deny', pol: ['no-drop'], reason: 'DROP is forbidden' });
      recordQuery(r, { sql: 'DELETE FROM orders', error: '23503' });
    });
    await world.recorded(bob, (r) => {
      recordQuery(r, { sql: 'SELECT id FROM orders WHERE customer_id = 7', pol: ['access-dba'] });
      recordQuery(r, { sql: "SELECT '100%_sure\\' FROM \"Ünïcode Täble\"" });
    });
    await indexed(auditor);
  }, 240_000);
  afterAll(() => world.stop());

  const statements = async (body: Parameters<StoreClient['search']>[0], who = auditor): Promise<string[]> => (await who.search(body)).hits.map((h) => h.statement);

  it('finds a statement by a word of it, with what became of it', async () => {
    const { hits } = await auditor.search({ text: '"customer_id = 42"' });
    expect(hits).toMatchObject([{ id: `${session.id}/0`, person: { sub: 'alice@example.com' }, groups: ['engineering'], connection: 'shop', decision: 'allow', tables: ['public.orders'], masked: [{ data_class: 'email', cells: 3 }], rows: 3, us: 1_500, recording_state: 'closed' }]);
    const [hit] = hits;
    expect(hit?.highlights.map(([from, to]) => hit.statement.slice(from, to))).toEqual(['customer_id = 42']);
  });

  it.each<[string, Parameters<StoreClient['search']>[0], number]>([
    ['a part of an identifier', { text: 'customer' }, 2],
    ['a beginning', { text: 'cust*' }, 2],
    ['words in any order', { text: 'orders select' }, 2],
    ['a mask token', { text: 'msk_literal_bcdfghjkmnpq' }, 1],
    ['a word that is in none', { text: 'xylophone' }, 0],
    ['characters as they stand', { contains: '100%_SURE\\' }, 1],
    ['a percent sign that is no wildcard', { contains: 'cust%id' }, 0],
    ['an underscore that is no wildcard', { contains: 'customer_' }, 2],
    ['part of a word', { contains: 'stomer' }, 2],
    ['a person by subject', { person: ['ALICE@example.com'] }, 3],
    ['two people', { person: ['alice@example.com', 'bob@example.com'] }, 5],
    ['nobody known', { person: ['mallory@example.com'] }, 0],
    ['a protocol', { protocol: ['Postgres'] }, 5],
    ['a protocol that nobody used', { protocol: ['ssh'] }, 0],
    ['a group', { group: ['Engineering'] }, 5],
    ['a group that nobody had', { group: ['dba'] }, 0],
    ['a target', { target: ['shop'] }, 5],
    ['a decision', { decision: ['denied', 'held'] }, 1],
    ['a policy', { policy: ['no-drop'] }, 1],
    ['a data class', { data_class: ['email'] }, 1],
    ['a table by its last part', { table: ['orders'] }, 3],
    ['a table by its whole name', { table: ['public.orders'] }, 1],
    ['a quoted table', { table: ['Ünïcode Täble'] }, 1],
    ['a verb and failure', { verb: ['delete'], failed: true }, 1],
    ['a client', { client: ['psql'] }, 5],
    ['the time before all', { to_ms: 1_600_000_000_000 }, 0],
    ['all of it together', { text: 'email', person: ['alice@example.com'], table: ['orders'], data_class: ['email'], from_ms: 1_600_000_000_000 }, 1],
  ])('searches by %s', async (_name, body, count) => {
    expect(await statements(body)).toHaveLength(count);
  });

  it.each(["'", "''; drop table search_statements; --", '$1', '\\', "\\' & x", 'a:*b & !c | (d', '<->', '\u0000', 'x\u0000y', '\ud800', '((((', '.*+?[](){}^$', '%_%', '💥 orders', 'ﬁle', '\u202eorders', '<script>', `"${'('.repeat(400)}`, "=d:denied", "'=p:1'"])('takes %j as text', async (text) => {
    const found = await auditor.search({ text }).catch((error: unknown) => error);
    expect(found).toSatisfy((r: unknown) => (typeof r === 'object' && r !== null && 'hits' in r) || (r as { refusal?: string }).refusal === 'bad_request');
    if (text.length > 1) expect((await auditor.search({ contains: text.slice(0, 200) })).hits).toEqual([]);
    const value = text.slice(0, 255);
    const names = { person: [value], group: [value], policy: [value], table: [value], verb: [value], client: [value] };
    for (const [name, values] of Object.entries(names)) expect((await auditor.search({ [name]: values })).hits).toEqual([]);
  });

  it('refuses what is too long, unknown or of another search', async () => {
    const first = await auditor.search({ limit: 1 });
    const bad: unknown[] = [{ text: 'x'.repeat(501) }, { contains: 'y' }, { limit: 0 }, { limit: 10_000 }, { person: [] }, { nothing: 1 }, { cursor: 'x' }, { cursor: Buffer.from('[1,2,-3,""]').toString('base64url') }, { text: 'other', cursor: first.next_cursor }, { session: ["'"] }];
    for (const body of bad) await expect(auditor.search(body as never)).rejects.toMatchObject({ refusal: 'bad_request' });
  });

  it('shows everybody their own statements only, and records each search', async () => {
    expect(await statements({ text: 'orders' }, bob.client)).toEqual(['SELECT id FROM orders WHERE customer_id = 7']);
    for (const body of [{ person: ['alice@example.com'] }, { session: [session.id] }, { contains: 'DROP' }, { text: 'invoices' }, { decision: ['denied' as const] }]) expect((await bob.client.search({ ...body, facets: true })).hits).toEqual([]);
    expect((await bob.client.search({ facets: true })).facets?.values.person).toEqual([{ value: 'bob@example.com', label: 'bob@example.com', count: 2 }]);
    const stranger = await world.reader('new@example.com', ['engineering']);
    expect(await statements({}, stranger)).toEqual([]);
    await expect(stranger.searchStatus()).rejects.toMatchObject({ refusal: 'forbidden' });
    await expect(auditor.reindex()).rejects.toMatchObject({ refusal: 'forbidden' });
    expect(await world.audited('search')).toContain('{"text":"orders","limit":50,"facets":false}');
  });

  it('counts for narrowing', async () => {
    const { facets } = await auditor.search({ text: 'orders', facets: true });
    expect(facets).toMatchObject({ counted: 3, complete: true });
    expect(facets?.values.person.map((v) => [v.value, v.count])).toEqual([['alice@example.com', 2], ['bob@example.com', 1]]);
    expect(facets?.values.table.map((v) => [v.value, v.count])).toEqual([['orders', 2], ['public.orders', 1]]);
    expect(facets?.values.data_class).toEqual([{ value: 'email', count: 1 }]);
    expect(facets?.histogram.reduce((sum, b) => sum + b.count, 0)).toBe(3);
  });

  it('turns pages without gap or repetition while more comes in', async () => {
    await world.recorded(alice, (r) => {
      many(r, 'paging', 25);
    });
    await indexed(auditor);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page: Awaited<ReturnType<StoreClient['search']>> = await auditor.search({ text: 'paging', limit: 10, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.hits.map((h) => h.statement));
      cursor = page.next_cursor;
      await world.recorded(bob, (r) => {
        many(r, 'paging', 3);
      });
      await indexed(auditor);
    } while (cursor !== undefined);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => `SELECT ${24 - i} FROM paging`));
  });

  it('saves searches, shares them with auditors only, and lets nobody else change them', async () => {
    const saved = await auditor.saveSearch({ name: 'Drops', filters: { text: 'drop', decision: ['denied'] }, shared: true });
    await expect(auditor.saveSearch({ name: 'Drops', filters: {} })).rejects.toMatchObject({ refusal: 'conflict' });
    const other = await world.reader('frank@example.com', ['audit']);
    expect(await other.savedSearches()).toEqual([{ ...saved, mine: false }]);
    expect(await bob.client.savedSearches()).toEqual([]);
    await expect(other.saveSearch({ name: 'Mine now', filters: {} }, saved.id)).rejects.toMatchObject({ refusal: 'not_found' });
    await expect(other.deleteSavedSearch(saved.id)).rejects.toMatchObject({ refusal: 'not_found' });
    expect(await auditor.saveSearch({ name: 'Drops', filters: saved.filters, shared: false }, saved.id)).toMatchObject({ shared: false });
    expect(await other.savedSearches()).toEqual([]);
    await auditor.deleteSavedSearch(saved.id);
    expect(await auditor.savedSearches()).toEqual([]);
  });

  it('goes on after a restart, and can be built anew', async () => {
    const before = (await auditor.search({ limit: 200 })).hits;
    await world.store.restart();
    auditor = await world.auditor();
    const admin = await world.reader('root@example.com', ['platform']);
    expect(await admin.reindex(session.id)).toBeGreaterThan(0);
    expect(await admin.reindex()).toBeGreaterThan(3);
    await indexed(auditor);
    expect((await auditor.search({ limit: 200 })).hits).toEqual(before);
    expect(world.store.problems).toEqual(flavour === 'embedded' ? [] : world.store.problems.filter((p) => p.includes('fsync')));
  });
});
