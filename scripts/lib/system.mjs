// What the system must offer beyond Node, by purpose, with a probe that needs no package manager and the names to install.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { capture, which } from './run.mjs';

const linux = process.platform === 'linux';

/** Folders in which PostgreSQL keeps server programs that are not on PATH. */
export function postgresBinDirs() {
  const bases = ['/usr/lib/postgresql', '/usr/local/opt', '/opt/homebrew/opt'];
  const dirs = [];
  for (const base of bases) {
    if (!existsSync(base)) continue;
    for (const name of readdirSync(base)) {
      if (base.endsWith('/postgresql') || name.startsWith('postgresql')) dirs.push(join(base, name, 'bin'));
    }
  }
  return dirs.sort().reverse();
}

let libraries;
const hasLibrary = (soname) => {
  libraries ??= capture(which('ldconfig', ['/sbin', '/usr/sbin']) ?? 'ldconfig', ['-p']).stdout;
  return libraries.includes(soname);
};
const command = (name, dirs = []) => () => which(name, ['/usr/sbin', '/sbin', ...dirs]) !== undefined;
const library = (soname) => () => hasLibrary(soname);

/** Where a Chromium may be; e2e/auditor-world.ts looks at the same places. */
const browsers = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

/** apt: the package, or the names it had over the releases. only: the platforms that need it. */
const requirements = [
  { for: 'test', name: 'PostgreSQL server programs', apt: 'postgresql', probe: () => which('initdb', postgresBinDirs()) !== undefined, hint: 'PostgreSQL 15 or newer' },
  { for: 'test', name: 'psql and pgbench', apt: 'postgresql-client', probe: () => which('psql') !== undefined && which('pgbench', postgresBinDirs()) !== undefined, hint: 'the PostgreSQL client programs' },
  { for: 'test', name: 'Chromium (the auditor\'s pages)', apt: 'chromium', probe: () => browsers.some((file) => existsSync(file)), hint: 'Chromium or Chrome' },
  { for: 'test', name: 'PgBouncer', apt: 'pgbouncer', probe: command('pgbouncer') },
  { for: 'test', name: 'OpenSSH server', apt: 'openssh-server', probe: command('sshd') },
  { for: 'test', name: 'OpenSSH clients', apt: 'openssh-client', probe: command('ssh') },
  { for: 'test', name: 'rsync', apt: 'rsync', probe: command('rsync') },
  { for: 'test', name: 'git', apt: 'git', probe: command('git') },
  { for: 'test', name: 'Python 3 (a terminal for the tests of ssh)', apt: 'python3', probe: command('python3') },
  { for: 'test', name: 'curl', apt: 'curl', probe: command('curl') },
  { for: 'test', name: 'vim', apt: 'vim', probe: command('vim') },
  { for: 'test', name: 'less', apt: 'less', probe: command('less') },
  { for: 'test', name: 'tmux', apt: 'tmux', probe: command('tmux') },
  { for: 'test', name: 'top', apt: 'procps', probe: command('top') },
  { for: 'test', only: linux, name: 'D-Bus', apt: 'dbus', probe: command('dbus-run-session') },
  { for: 'test', only: linux, name: 'a Secret Service (gnome-keyring)', apt: 'gnome-keyring', probe: command('gnome-keyring-daemon') },
  { for: 'display', only: linux, name: 'Xvfb', apt: 'xvfb', probe: command('Xvfb') },
  { for: 'display', only: linux, name: 'xauth', apt: 'xauth', probe: command('xauth') },
  { for: 'electron', only: linux, name: 'GTK 3', apt: ['libgtk-3-0', 'libgtk-3-0t64'], probe: library('libgtk-3.so.0') },
  { for: 'electron', only: linux, name: 'NSS', apt: 'libnss3', probe: library('libnss3.so') },
  { for: 'electron', only: linux, name: 'ALSA', apt: ['libasound2', 'libasound2t64'], probe: library('libasound.so.2') },
  { for: 'electron', only: linux, name: 'GBM', apt: 'libgbm1', probe: library('libgbm.so.1') },
  { for: 'electron', only: linux, name: 'libnotify', apt: 'libnotify4', probe: library('libnotify.so.4') },
  { for: 'electron', only: linux, name: 'XScreenSaver', apt: 'libxss1', probe: library('libXss.so.1') },
  { for: 'electron', only: linux, name: 'XTest', apt: 'libxtst6', probe: library('libXtst.so.6') },
  { for: 'electron', only: linux, name: 'fonts', apt: 'fonts-liberation', probe: () => existsSync('/usr/share/fonts') && readdirSync('/usr/share/fonts').length > 0 },
];

/** What is missing on this machine for the given purposes ('test', 'display', 'electron'). */
export const missingFor = (purposes) => requirements.filter((r) => r.only !== false && purposes.includes(r.for) && !r.probe());

/** For a fresh look after an installation. */
export const forgetProbes = () => { libraries = undefined; };
