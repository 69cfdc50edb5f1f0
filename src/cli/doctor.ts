/** `sallyport doctor`: what this machine has, what is missing, and how to get it. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { initParser, parseSql } from '../policy/parse.ts';

interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'missing' | 'warning';
  readonly detail: string;
  readonly fix?: string;
}

const MIN_FREE_BYTES = 2 * 1024 ** 3;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say what is missing on this machine and how to get it')
    .option('--json', 'print findings as JSON')
    .action(async (options: { json?: boolean }) => {
      const findings = await examine();
      if (options.json) process.stdout.write(`${JSON.stringify({ findings })}\n`);
      else for (const f of findings) process.stdout.write(`${{ ok: 'ok     ', missing: 'MISSING', warning: 'warning' }[f.state]}  ${f.what}: ${f.detail}${f.fix === undefined ? '' : `\n         ${f.fix}`}\n`);
      if (findings.some((f) => f.state === 'missing')) process.exitCode = 1;
    });
}

async function examine(): Promise<Finding[]> {
  return [nodeVersion(), await parser(), disk(), display(), keychain(), ...clients()];
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return { what: 'Node.js', state: ok ? 'ok' : 'missing', detail: process.versions.node, ...(ok ? {} : { fix: 'install Node.js 20.19 or newer' }) };
}

async function parser(): Promise<Finding> {
  try {
    await initParser();
    const parsed = parseSql('SELECT 1');
    return { what: 'PostgreSQL grammar', state: parsed.ok ? 'ok' : 'missing', detail: parsed.ok ? 'loads and parses' : parsed.message };
  } catch {
    return { what: 'PostgreSQL grammar', state: 'missing', detail: 'does not load', fix: 'run npm ci in the checkout' };
  }
}

function disk(): Finding {
  const { bavail, bsize } = statfsSync(os.homedir());
  const free = bavail * bsize;
  const detail = `${(free / 1024 ** 3).toFixed(1)} GiB free for recordings`;
  return free >= MIN_FREE_BYTES ? { what: 'disk', state: 'ok', detail } : { what: 'disk', state: 'warning', detail, fix: 'sessions end when recordings cannot be written: free some space' };
}

function display(): Finding {
  if (process.platform !== 'linux') return { what: 'display', state: 'ok', detail: process.platform };
  const name = process.env['WAYLAND_DISPLAY'] ?? process.env['DISPLAY'];
  if (name) return { what: 'display', state: 'ok', detail: name };
  const xvfb = find('Xvfb') !== undefined;
  return { what: 'display', state: xvfb ? 'ok' : 'warning', detail: xvfb ? 'none; Xvfb is there for the tour and the tests' : 'none', ...(xvfb ? {} : { fix: 'on Debian: apt-get install xvfb' }) };
}

function keychain(): Finding {
  if (process.platform !== 'linux') return { what: 'keychain', state: 'ok', detail: 'of the operating system' };
  const bus = process.env['DBUS_SESSION_BUS_ADDRESS'] !== undefined;
  const detail = bus ? 'a session bus is there; the app asks its secret service' : 'no session bus: the app keeps the device key in memory only';
  return { what: 'keychain', state: bus ? 'ok' : 'warning', detail, ...(bus ? {} : { fix: 'start a desktop session with gnome-keyring or KWallet to keep the key over restarts' }) };
}

function clients(): Finding[] {
  return [['psql', 'postgresql-client']].map(([program = '', pkg = '']) => {
    const at = find(program);
    return at === undefined ? { what: program, state: 'warning', detail: 'not on PATH', fix: `only needed to work with it; on Debian: apt-get install ${pkg}` } : { what: program, state: 'ok', detail: at };
  });
}

function find(program: string): string | undefined {
  for (const dir of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const file = path.join(dir, program);
    if (!existsSync(file)) continue;
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}
