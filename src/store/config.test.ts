import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadStoreConfig, resolveStoreConfig, targetPassword } from './config.ts';

const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-config-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function load(text: string): ReturnType<typeof loadStoreConfig> {
  const file = join(dir, 'store.yaml');
  writeFileSync(file, text);
  return loadStoreConfig(file);
}

const good = `data_dir: ./data
dev_idp:
  people:
    - { subject: alice@example.com, name: Alice, groups: [engineering] }
targets:
  - name: shop
    protocol: postgres
    host: 127.0.0.1
    port: 5432
    credentials: { user: app, password_file: ./secret }
`;

describe('store.yaml', () => {
  it('fills in defaults and resolves paths against its own directory', () => {
    writeFileSync(join(dir, 'secret'), 'hunter2\n');
    const config = load(good);
    expect(config).toMatchObject({ data_dir: join(dir, 'data'), listen: { host: '127.0.0.1', port: 0 }, roles: { admin: [], auditor: [] } });
    expect(targetPassword(config.targets[0]!)).toBe('hunter2');
  });

  it.each([
    ['an unknown field', `${good}colour: red\n`, /store\.yaml:11: colour: unknown field|store\.yaml:\d+: colour: unknown field/],
    ['an unknown field below', good.replace('port: 5432', 'port: 5432\n    sslmode: off'), /targets\.0\.sslmode: unknown field/],
    ['a bad port with its line', good.replace('5432', '99999'), /store\.yaml:9: targets\.0\.port/],
    ['broken YAML', 'data_dir: [', /store\.yaml:1/],
    ['a duplicate key', `${good}data_dir: ./other\n`, /store\.yaml:\d+.*unique/],
    ['a listener on the network', `${good}listen: { host: 0.0.0.0, port: 80 }\n`, /store\.yaml:11: listen: beyond loopback/],
    ['two ways to say a password', good.replace('password_file: ./secret', 'password: a, password_env: B'), /exactly one/],
    ['an issuer in clear', `${good}issuers: [{ issuer: "http://idp.example.com", client_id: x }]\n`, /https/],
    ['two targets of one name', good + good.slice(good.indexOf('  - name')), /two targets/],
    ['nobody who could sign in', 'data_dir: ./d\n', /nobody could sign in/],
  ])('refuses %s', (_what, text, message) => {
    expect(() => load(text)).toThrow(message);
  });

  it('names every problem, not only the first', () => {
    expect(() => load(good.replace('5432', '0').replace('protocol: postgres', 'protocol: oracle'))).toThrow(/protocol[^]*port/);
  });

  it('says that a file is missing', () => {
    expect(() => loadStoreConfig(join(dir, 'none.yaml'))).toThrow(/none\.yaml: cannot be read/);
    expect(() => targetPassword(load(good.replace('./secret', './none')).targets[0]!)).toThrow(/targets\.shop\.credentials/);
  });

  it('checks what a program passes just the same', () => {
    expect(() => resolveStoreConfig({ data_dir: 'x', dev_idp: {}, extra: 1 } as unknown as Parameters<typeof resolveStoreConfig>[0])).toThrow(/extra/i);
  });
});
