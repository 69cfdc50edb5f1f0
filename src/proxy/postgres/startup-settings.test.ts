import { beforeAll, describe, expect, it } from 'vitest';
import { DeniedError } from '../../base/errors.ts';
import { systemClock } from '../../base/clock.ts';
import { loadBundle } from '../../policy/bundle/load.ts';
import type { PolicyEngine } from '../../policy/types.ts';
import { bundleDir } from '../../testing/gateway.ts';
import { person, shop } from '../../testing/policy.ts';
import { Analyser } from './analyser.ts';
import { Gatekeeper } from './gatekeeper.ts';
import { parseOptions, startupSettings } from './startup-settings.ts';

let engine: PolicyEngine;
beforeAll(async () => {
  engine = await loadBundle(bundleDir('starter'));
});

const settings = (parameters: Readonly<Record<string, string>>): Record<string, string> => {
  const gatekeeper = new Gatekeeper(engine, { principal: person('alice@example.com', 'engineering'), connection: shop, client: 'native', deviceId: 'dev_00000000000000000000000000000000' }, systemClock);
  return Object.fromEntries(startupSettings(new Map(Object.entries(parameters)), gatekeeper, new Analyser(engine, 'shop')));
};

describe('options of libpq', () => {
  it.each<[string, [string, string][]]>([
    ['', []],
    ['   ', []],
    ['-c a=b', [['a', 'b']]],
    ['-ca=b', [['a', 'b']]],
    ['--a-b=c', [['a_b', 'c']]],
    ['-c a=b -c c=d --e=f', [['a', 'b'], ['c', 'd'], ['e', 'f']]],
    ['-c a=x\\ y', [['a', 'x y']]],
    ['-c a=x\\\\y', [['a', 'x\\y']]],
    ['-c a=', [['a', '']]],
    ['-c a=b=c', [['a', 'b=c']]],
    ['\t-c\na=b ', [['a', 'b']]],
  ])('%j', (text, expected) => expect(parseOptions(text)).toEqual(expected));

  it.each(['-d 5', 'a=b', '-c', '-c a', '-c =x', '--', '-', '-o x', '-F', '-c a=b -h host'])('%j is refused', (text) => {
    expect(() => parseOptions(text)).toThrow(DeniedError);
  });
});

describe('startup parameters', () => {
  it('user, database and protocol extensions are not settings', () => {
    expect(settings({ user: 'alice', database: 'shop', '_pq_.x': 'y', application_name: 'psql' })).toEqual({ application_name: 'psql' });
  });

  it.each([['UTF8'], ['utf-8'], ["'UTF8'"], ['unicode'], ['SQL_ASCII'], ['auto']])('encoding %s becomes UTF8', (value) => {
    expect(settings({ client_encoding: value })).toEqual({ client_encoding: 'UTF8' });
    expect(settings({ options: `-c client_encoding=${value}` })).toEqual({ client_encoding: 'UTF8' });
  });

  it.each<[string, Record<string, string>]>([
    ['another encoding', { client_encoding: 'LATIN1' }],
    ['another encoding by options', { options: '-c client_encoding=LATIN1' }],
    ['another encoding in capitals', { Client_Encoding: 'EUC_JP' }],
    ['replication', { replication: 'true' }],
    ['replication of a database', { replication: 'database' }],
    ['a guarded setting', { session_replication_role: 'replica' }],
    ['a guarded setting by options', { options: '--session-replication-role=replica' }],
    ['a guarded setting in capitals', { SESSION_REPLICATION_ROLE: 'replica' }],
    ['how strings are read', { standard_conforming_strings: 'off' }],
    ['row security', { options: '-c row_security=off' }],
    ['a role', { role: 'postgres' }],
    ['a name that is SQL', { "x' TO 1; DROP TABLE a; --": 'y' }],
  ])('%s is refused', (_, parameters) => {
    expect(() => settings(parameters)).toThrow(DeniedError);
  });

  it('replication that is switched off is nothing', () => expect(settings({ replication: 'off' })).toEqual({}));

  it('a value cannot leave its quotes', () => {
    expect(settings({ statement_timeout: "1'; DROP TABLE customers; --" })).toEqual({ statement_timeout: "1'; DROP TABLE customers; --" });
  });
});
