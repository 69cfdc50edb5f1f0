// System packages. Installed only on Debian and its relatives, as root; elsewhere the caller says what is missing.
import { readFileSync } from 'node:fs';
import { info, step } from './log.mjs';
import { capture, run, which } from './run.mjs';

const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };

/** True when apt may be used: a Debian-like system with dpkg, and we are root. */
export function canInstall() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || which('apt-get') === undefined) return false;
  try {
    return /^ID(_LIKE)?=.*debian|^ID=ubuntu/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

/** True when dpkg knows the package as installed. */
export function installed(name) {
  const { code, stdout } = capture('dpkg-query', ['-W', '-f', '${db:Status-Status}', name], { env });
  return code === 0 && stdout.trim() === 'installed';
}

const hasCandidate = (name) => /Candidate: (?!\(none\))\S/.test(capture('apt-cache', ['policy', name], { env }).stdout);

/**
 * Installs what is missing. Each wanted entry is a package or a list of names that the package had over the releases.
 * `apt-get update` runs once, and only when something is missing.
 */
export async function install(wanted) {
  const missing = wanted.map((entry) => [entry].flat()).filter((names) => !names.some(installed));
  if (missing.length === 0) return [];
  step(`System packages: ${missing.map((names) => names[0]).join(' ')}`);
  await run('apt-get', ['update', '-q'], { env, label: 'apt-get update', timeoutMs: 5 * 60_000 });
  const names = missing.map((candidates) => candidates.find(hasCandidate) ?? candidates[0]);
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', '-o', 'Dpkg::Options::=--force-confold', ...names], {
    env, label: 'apt-get install', timeoutMs: 15 * 60_000,
  });
  info(`installed ${names.length} packages`);
  return names;
}
