import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../base/errors.ts';
import { defaultSettings } from '../../contract/ipc/settings.ts';
import { configPath, loadConfig } from './config.ts';
import { contentSecurityPolicy, newNonce } from './csp.ts';
import { redact } from './redact.ts';
import { readSettings, writeSettings } from './settings-file.ts';
import { findStaticFile } from './static-files.ts';
import { refuseElectron, SUPPORTED_ELECTRON_MAJOR } from './version-gate.ts';
import manifest from '../../../package.json' with { type: 'json' };

const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'sallyport-app-')));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  const at = path.join(folder, name);
  writeFileSync(at, text);
  return at;
};
const codeOf = (work: () => unknown): unknown => {
  try {
    work();
    return 'passed';
  } catch (error) {
    return error instanceof ConfigError ? error.message : error;
  }
};

describe('configuration', () => {
  const good = { storeUrl: 'http://127.0.0.1:8443', bundle: './bundle' };
  const signed = { storeUrl: 'https://store.example.com', policy: { rootFile: './root.json' } };

  it('takes the file of the option, else the default', () => {
    expect(configPath(['electron', '.', '--sallyport-config=/a/b.json'], '/d')).toBe('/a/b.json');
    expect(configPath(['electron', '.'], '/d')).toBe('/d');
  });

  it('counts relative paths from the file', () => {
    const config = loadConfig(file('good.json', JSON.stringify({ ...good, dataDir: 'data' })));
    expect(config).toMatchObject({ bundle: path.join(folder, 'bundle'), dataDir: path.join(folder, 'data'), demo: false });
    expect(loadConfig(file('signed.json', JSON.stringify(signed)))).toMatchObject({ bundle: undefined, policy: { rootFile: path.join(folder, 'root.json'), ring: 'stable' } });
  });

  it.each([
    ['an unknown field', { ...good, stroeUrl: 'x' }, 'stroeUrl'],
    ['an unknown field of the demo', { ...good, demo: { admin: true } }, 'demo'],
    ['a missing bundle', { storeUrl: good.storeUrl }, 'bundle'],
    ['a bundle that nobody signed with a store elsewhere', { ...good, storeUrl: signed.storeUrl }, 'bundle'],
    ['both ways to a policy', { ...good, policy: signed.policy }, 'bundle'],
    ['two roots', { ...signed, policy: { rootFile: 'a', rootSha256: 'ab'.repeat(32) } }, 'policy'],
    ['a bad address', { ...good, storeUrl: 'store' }, 'storeUrl'],
  ])('refuses %s and names it', (_name, value, field) => {
    const at = file('bad.json', JSON.stringify(value));
    expect(codeOf(() => loadConfig(at))).toContain(field);
    expect(codeOf(() => loadConfig(at))).toContain(at);
  });

  it('refuses what is no JSON, and a file that is not there', () => {
    expect(codeOf(() => loadConfig(file('torn.json', '{"storeUrl":')))).toContain('torn.json');
    expect(codeOf(() => loadConfig(path.join(folder, 'none.json')))).toContain('there is no configuration');
  });
});

describe('app://sallyport', () => {
  const root = path.join(folder, 'renderer');
  mkdirSync(path.join(root, 'assets'), { recursive: true });
  writeFileSync(path.join(root, 'index.html'), '');
  writeFileSync(path.join(root, 'assets', 'a.js'), '');
  writeFileSync(path.join(folder, 'outside.js'), '');
  symlinkSync(path.join(folder, 'outside.js'), path.join(root, 'assets', 'link.js'));

  it('finds what was built', () => {
    expect(findStaticFile(root, 'app://sallyport/')?.path).toBe(path.join(root, 'index.html'));
    expect(findStaticFile(root, 'app://sallyport/assets/a.js?x#y')).toEqual({ path: path.join(root, 'assets', 'a.js'), type: 'text/javascript; charset=utf-8' });
  });

  it.each([
    'app://evil/index.html', 'https://sallyport/index.html', 'app://sallyport/../outside.js', 'app://sallyport/%2e%2e/outside.js', 'app://sallyport/..%2foutside.js',
    'app://sallyport/assets/link.js', 'app://sallyport/assets', 'app://sallyport/a%00.js', 'app://sallyport/%E0%A4%A.js', 'app://sallyport/assets%5ca.js', 'app://sallyport//assets/a.js', 'app://sallyport/index.txt',
  ])('does not serve %s', (url) => {
    expect(findStaticFile(root, url)).toBeUndefined();
  });

  it('has a policy without holes and a nonce for one load', () => {
    const policy = contentSecurityPolicy('abc');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("style-src 'self' 'nonce-abc'");
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:|blob:/);
    expect(newNonce()).not.toBe(newNonce());
  });
});

describe('settings', () => {
  it('gives the defaults only where there is no file', () => {
    expect(readSettings(path.join(folder, 'no-settings.json'))).toEqual(defaultSettings);
  });

  it.each(['{"version":1', '{}', '{"version":2}', JSON.stringify({ ...defaultSettings, extra: 1 })])('stops at a file that does not parse and leaves it alone: %s', (text) => {
    const at = file('settings.json', text);
    expect(codeOf(() => readSettings(at))).toContain('damaged');
    expect(codeOf(() => writeSettings(at, defaultSettings))).toContain('damaged');
    expect(readFileSync(at, 'utf8')).toBe(text);
  });

  it('brings settings of earlier versions along', () => {
    const earlier = { version: 1, theme: 'dark', editorFontPx: 15, maxRows: 500, confirmOnProd: true, keepAliveMinutes: 0, notifyApprovals: false };
    expect(readSettings(file('settings-1.json', JSON.stringify(earlier)))).toEqual({ ...defaultSettings, ...earlier, version: 2 });
  });

  it('reads back what it wrote', () => {
    const at = path.join(folder, 'fresh', 'settings.json');
    writeSettings(at, { ...defaultSettings, theme: 'dark' });
    expect(readSettings(at).theme).toBe('dark');
  });
});

describe('log redaction', () => {
  it.each([
    ['postgres://alice:hunter2@127.0.0.1:5432/shop', 'hunter2'],
    ['Bearer abcdefghijklmnop', 'abcdefghijklmnop'],
    ['password=hunter2 host=x', 'hunter2'],
    ['{"password":"hunter2"}', 'hunter2'],
    [`PGPASSWORD='hunter2' psql`, 'hunter2'],
    ['/callback?code=s3cr3tc0de&state=x', 's3cr3tc0de'],
    [`token eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln`, 'eyJzdWIi'],
    [`sps_${'a'.repeat(43)}`, 'aaaaaaa'],
  ])('%s', (text, secret) => {
    expect(redact(text)).not.toContain(secret);
  });

  it('leaves ordinary text', () => {
    expect(redact('connection shop refused: no route to host')).toBe('connection shop refused: no route to host');
  });
});

describe('the version gate', () => {
  it('stands at the Electron of package.json', () => {
    expect(SUPPORTED_ELECTRON_MAJOR).toBe(Number(manifest.devDependencies.electron.split('.')[0]));
  });
  it('refuses older and unreadable versions in packages only', () => {
    expect(refuseElectron('33.2.1', true)).toContain('33.2.1');
    expect(refuseElectron('nonsense', true)).toBeDefined();
    expect(refuseElectron(`${SUPPORTED_ELECTRON_MAJOR}.0.0`, true)).toBeUndefined();
    expect(refuseElectron('33.2.1', false)).toBeUndefined();
  });
});
