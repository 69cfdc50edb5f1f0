/** `sallyport gateway` with wrong configurations: one clear message that names the place, exit code 2, nothing half done. */
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bundleDir, gatewayConfig, runCommand, TestGateway } from '../testing/gateway.ts';
import { filesUnder } from '../testing/leaks.ts';
import { startPostgres, type PostgresServer } from '../testing/postgres-server.ts';
import type { ProcessResult } from '../testing/process.ts';
import { createShop } from '../testing/shop.ts';

// Several starts of real servers in one test take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let server: PostgresServer;
let dir: string;

beforeAll(async () => {
  server = await startPostgres();
  await createShop(server);
  dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-config-'));
}, 120_000);

afterAll(async () => {
  rmSync(dir, { recursive: true });
  await server.stop();
});

const good = (): Record<string, unknown> => gatewayConfig({ server });
const file = (): string => path.join(dir, 'gateway.yaml');

/** The message is one line: no stack, no second thought. */
async function refused(text: string): Promise<ProcessResult & { readonly message: string }> {
  writeFileSync(file(), text);
  const result = await runCommand(['gateway', '--config', file()]);
  expect(result.code).toBe(2);
  expect(result.stdout).toBe('');
  expect(result.stderr).not.toMatch(/\n\s+at /);
  return { ...result, message: result.stderr.trim() };
}

const yaml = (connection = ''): string => `data_dir: ./data
store: embedded
identity:
  dev: { subject: alice@example.com, groups: [engineering] }
bundle: ${bundleDir('starter')}
connections:
  - name: shop
    protocol: postgres
    target: { host: 127.0.0.1, port: ${server.port}, database: shop, tls: disable }
    credentials: { user: app, password: x }
${connection}`;

describe('gateway.yaml', () => {
  it.each<[string, () => string, RegExp]>([
    ['an unknown field at the top', () => `${yaml()}telemetry: true\n`, /gateway\.yaml:11: .*telemetry/],
    ['an unknown field of a connection', () => yaml('    listne: { port: 0 }\n'), /gateway\.yaml:1?\d: .*listne/],
    ['YAML that does not parse', () => `${yaml()}  - [\n`, /gateway\.yaml:1\d/],
    ['an empty file', () => '', /gateway\.yaml/],
    ['no bundle', () => yaml().replace(/^bundle: .*$/m, ''), /bundle: the embedded store needs a bundle directory/],
    ['two identities', () => yaml().replace('identity:', 'identity:\n  token_file: ./t'), /exactly one of dev, token_file/],
    ['a port out of range', () => yaml('    listen: { port: 70000 }\n'), /gateway\.yaml:\d+: .*port/],
    ['two connections of one name', () => yaml('  - { name: shop, protocol: postgres, target: { host: h, database: d }, credentials: { user: u, password: p } }\n'), /two connections are named shop/],
    ['a protocol that is not served', () => yaml().replace('protocol: postgres', 'protocol: mysql'), /this version serves postgres and ssh/],
    ['an SSH target without a host key', () => yaml().replace(/protocol: postgres\n.*\n/, 'protocol: ssh\n    target: { host: h }\n'), /host_key/],
    ['two secrets', () => yaml().replace('password: x', 'password: x, password_env: Y'), /exactly one of password, password_env, password_file/],
  ])('%s', async (_, text, expected) => {
    expect((await refused(text())).message).toMatch(expected);
    expect(existsSync(path.join(dir, 'data', 'store', 'lock'))).toBe(false);
  });

  it('a file that is not there', async () => {
    const { code, stderr } = await runCommand(['gateway', '--config', path.join(dir, 'nowhere.yaml')]);
    expect(code).toBe(2);
    expect(stderr).toContain('nowhere.yaml: cannot be read');
  });

  it('no --config', async () => {
    const { code, stderr } = await runCommand(['gateway']);
    expect(code).toBe(2);
    expect(stderr).toContain('--config');
  });
});

describe('the bundle', () => {
  const withBundle = (change: (bundle: string) => void): string => {
    const bundle = mkdtempSync(path.join(dir, 'bundle-'));
    cpSync(bundleDir('starter'), bundle, { recursive: true });
    change(bundle);
    return JSON.stringify({ ...good(), bundle });
  };
  const replace = (name: string, from: string, to: string) => (bundle: string): void => {
    const at = path.join(bundle, name);
    const before = readFileSync(at, 'utf8');
    expect(before).toContain(from);
    writeFileSync(at, before.replace(from, to));
  };

  it.each<[string, (bundle: string) => void, RegExp]>([
    ['missing', (b) => rmSync(b, { recursive: true }), /bundle/],
    ['without a file', (b) => rmSync(path.join(b, 'classification.yaml')), /classification\.yaml/],
    ['a policy that does not parse', replace('policies/access.cedar', 'permit(', 'permti('), /access\.cedar:\d+/],
    ['a policy with an unknown attribute', replace('policies/everywhere.cedar', 'context.programAccess', 'context.programAcess'), /everywhere\.cedar:\d+.*programAcess/],
    ['an unknown field', replace('bundle.yaml', 'serial: 1', 'serial: 1\nsurprise: 2'), /bundle\.yaml:\d+.*surprise/],
    ['a test that fails', replace('tests/blocked.yaml', 'expect: deny', 'expect: allow'), /blocked\.yaml/],
  ])('%s', async (_, change, expected) => {
    rmSync(path.join(dir, 'data'), { recursive: true, force: true });
    expect((await refused(withBundle(change))).message).toMatch(expected);
    expect(existsSync(path.join(dir, 'data'))).toBe(false);
  });
});

describe('a taken port, and a second start', () => {
  it('names the port, leaves nothing behind, and starts when it is free', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const address = squatter.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const gateway = TestGateway.prepare({ server });
    const config = JSON.parse(readFileSync(gateway.configFile, 'utf8')) as { connections: Record<string, unknown>[] };
    writeFileSync(gateway.configFile, JSON.stringify({ ...config, connections: config.connections.map((c) => ({ ...c, listen: { port } })) }));
    const { code, stderr, stdout } = await runCommand(['gateway', '--config', gateway.configFile]);
    expect(code).toBe(2);
    expect(stderr).toContain(String(port));
    expect(stdout).not.toContain('"ready"');
    expect(filesUnder(gateway.dataDir).filter((f) => /(^|\/)lock$/.test(f))).toEqual([]);
    await new Promise<void>((resolve) => squatter.close(() => resolve()));
    await gateway.run();
    expect(gateway.listener().port).toBe(port);
    // Another one on the same data is told so, and does no harm.
    const second = await runCommand(['gateway', '--config', gateway.configFile]);
    expect(second.code).not.toBe(0);
    expect(second.stderr).toMatch(/open|in use|running/);
    const client = await gateway.connect('shop');
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
    await gateway.stop();
  });

  it('keeps the port of last time, and takes another when somebody has it', async () => {
    const gateway = TestGateway.prepare({ server });
    await gateway.run();
    const { port } = gateway.listener();
    await gateway.halt();
    await gateway.run();
    expect(gateway.listener().port).toBe(port);
    await gateway.halt();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    await gateway.run();
    expect(gateway.listener().port).not.toBe(port);
    await gateway.stop();
    await new Promise<void>((resolve) => squatter.close(() => resolve()));
  });

  it('a device key that others can read is refused', async () => {
    mkdirSync(path.join(dir, 'data'), { recursive: true });
    const key = path.join(dir, 'data', 'device.key');
    writeFileSync(key, 'AAAA');
    chmodSync(key, 0o644);
    expect((await refused(JSON.stringify(good()))).message).toContain('chmod 600');
    rmSync(path.join(dir, 'data'), { recursive: true });
  });
});
