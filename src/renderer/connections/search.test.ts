import { describe, expect, it } from 'vitest';
import type { Connection } from '../../contract/ipc/connections.ts';
import { commonLabels, searchConnections } from './search.ts';

const c = (name: string, labels: Record<string, string>): Connection => ({ name, protocol: 'postgres', labels, database: 'db', address: `${name}.internal:5432`, tls: 'verify', health: { state: 'unknown' } });
const all = [c('shop', { env: 'prod' }), c('dwh', { env: 'prod', team: 'data' }), c('play', { env: 'dev' })];

describe('searchConnections', () => {
  it('needs every word, in any field, in any case', () => {
    expect(searchConnections(all, 'ENV=PROD data').map((x) => x.name)).toEqual(['dwh']);
    expect(searchConnections(all, 'shop.internal').map((x) => x.name)).toEqual(['shop']);
    expect(searchConnections(all, 'nothing')).toEqual([]);
  });
  it('sorts by name', () => expect(searchConnections(all, ' ').map((x) => x.name)).toEqual(['dwh', 'play', 'shop']));
});

describe('commonLabels', () => {
  it('puts the frequent ones first', () => expect(commonLabels(all, 2)).toEqual(['env=prod', 'env=dev']));
});
