import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../base/errors.ts';
import { StickyPorts } from './ports-file.ts';
import { credential } from './secret.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-ports-'));
});
afterEach(() => rmSync(dir, { recursive: true }));
const file = (): string => path.join(dir, 'ports.json');

describe('ports', () => {
  it('are remembered from one start to the next', () => {
    const first = new StickyPorts(file());
    expect(first.get('shop')).toBe(0);
    first.remember('shop', 54_321);
    first.remember('__proto__', 54_322);
    const second = new StickyPorts(file());
    expect(second.get('shop')).toBe(54_321);
    expect(second.get('other')).toBe(0);
  });

  it.each(['', 'nonsense', '[]', '{"v":2,"ports":{}}', '{"v":1}', '{"v":1,"ports":{"shop":"80"}}', '{"v":1,"ports":{"shop":0}}', '{"v":1,"ports":{"shop":65536}}', '{"v":1,"ports":{"shop":1.5}}', 'null'])('a damaged file is an error that names it: %s', (text) => {
    writeFileSync(file(), text);
    expect(() => new StickyPorts(file())).toThrow(ConfigError);
    expect(() => new StickyPorts(file())).toThrow(/ports\.json.*delete it/);
  });
});

describe('a credential', () => {
  it('shows itself only when asked to', () => {
    const c = credential('app', 'the-secret');
    expect(c.reveal()).toBe('the-secret');
    const shown = [JSON.stringify(c), JSON.stringify({ nested: [c] }), inspect(c), inspect({ c }, { depth: 9, showHidden: true }), `${Object.keys(c).join()}${JSON.stringify(Object.entries(c))}`, JSON.stringify({ ...c })];
    for (const text of shown) expect(text).not.toContain('the-secret');
    expect(() => Object.assign(c, { user: 'x' })).toThrow(TypeError);
  });
});
