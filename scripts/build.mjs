// Builds what runs: the command, the app's main process and preload (esbuild), its window and the auditor's pages (Vite).
//   node scripts/build.mjs             builds what has sources and has changed
//   node scripts/build.mjs --strict    fails when a part has no source
//   node scripts/build.mjs --force     builds all again
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fingerprint } from './lib/hash.mjs';
import { withLock } from './lib/lock.mjs';
import { good, info, isMain, main, step, Stop } from './lib/log.mjs';
import { inRoot, root, state } from './lib/paths.mjs';
import { writeSite } from './lib/site.mjs';

const src = (...parts) => inRoot('src', ...parts);
const isTest = (name) => /\.test\.tsx?$|^src\/testing\//.test(name);
const ours = [inRoot('scripts', 'build.mjs'), inRoot('package.json'), inRoot('package-lock.json')];
const nodeRooms = ['base', 'wire', 'tuf', 'evidence', 'policy', 'contract', 'proxy', 'store', 'cli', 'main', 'ui'].map((room) => src(room));

/** Code for Node: our own modules are bundled, packages stay in node_modules, where their wasm and native parts are found. */
async function bundleForNode(entry, outfile, extra = {}) {
  const esbuild = await import('esbuild');
  if (extra.splitting) rmSync(join(dirname(outfile), 'chunks'), { recursive: true, force: true });
  await esbuild.build({
    entryPoints: [entry], ...(extra.splitting ? { outdir: dirname(outfile), splitting: true, outExtension: { '.js': '.mjs' }, chunkNames: 'chunks/[name]-[hash]' } : { outfile }), bundle: true, platform: 'node', target: 'node20', format: extra.format ?? 'esm',
    packages: extra.packages ?? 'external', external: ['electron'], sourcemap: 'linked', sourcesContent: false,
    legalComments: 'none', logLevel: 'silent', absWorkingDir: root,
  }).catch((error) => {
    const lines = (error.errors ?? []).map((e) => `  ${e.location ? `${e.location.file}:${e.location.line}:${e.location.column} ` : ''}${e.text}`);
    throw new Stop(`build of ${outfile} failed\n${lines.length > 0 ? lines.slice(0, 20).join('\n') : error.message}`);
  });
  if (extra.executable) chmodSync(outfile, 0o755);
}

async function bundleRenderer() {
  const vite = await import('vite');
  await vite.build({ configFile: inRoot('vite.renderer.config.ts'), logLevel: 'warn' }).catch((error) => {
    throw new Stop(`build of the window failed\n${error.message}`);
  });
}

async function bundleAuditor(output) {
  const vite = await import('vite');
  await vite.build({ configFile: inRoot('vite.auditor.config.ts'), logLevel: 'warn' }).catch((error) => {
    throw new Stop(`build of the auditor's pages failed\n${error.message}`);
  });
  writeSite(dirname(output));
}

const parts = [
  {
    name: 'command', needs: [src('cli', 'sallyport.ts')], output: inRoot('dist', 'cli', 'sallyport.mjs'), inputs: nodeRooms,
    // Split, so that a command loads what it needs, and the embedded store's thread only the store.
    build: (output) => bundleForNode(src('cli', 'sallyport.ts'), output, { splitting: true, executable: true }),
  },
  {
    name: 'main process', needs: [src('main', 'main.ts')], output: inRoot('dist', 'main', 'main.mjs'), inputs: nodeRooms,
    // Split, so that the window comes up before the policy engine and the parser are loaded.
    build: (output) => bundleForNode(src('main', 'main.ts'), output, { splitting: true }),
  },
  {
    // A sandboxed preload can require nothing but electron, so everything else is inside; it must be CommonJS.
    name: 'preload', needs: [src('main', 'preload.ts')], output: inRoot('dist', 'main', 'preload.cjs'), inputs: nodeRooms,
    build: (output) => bundleForNode(src('main', 'preload.ts'), output, { format: 'cjs', packages: 'bundle' }),
  },
  {
    name: 'window', needs: [inRoot('vite.renderer.config.ts'), src('renderer')], output: inRoot('dist', 'renderer', 'index.html'),
    inputs: [src('renderer'), src('ui'), src('base'), src('contract'), inRoot('vite.renderer.config.ts')],
    build: bundleRenderer,
  },
  {
    name: 'auditor pages', needs: [inRoot('vite.auditor.config.ts'), src('auditor')], output: inRoot('dist', 'auditor', 'site.json'),
    inputs: [src('auditor'), src('ui'), src('base'), src('contract'), src('evidence'), inRoot('vite.auditor.config.ts'), inRoot('scripts', 'lib', 'site.mjs')],
    build: bundleAuditor,
  },
  {
    name: 'resources', needs: [inRoot('resources')], output: inRoot('dist', 'resources'), inputs: [inRoot('resources')],
    build: (output) => {
      rmSync(output, { recursive: true, force: true });
      cpSync(inRoot('resources'), output, { recursive: true });
    },
  },
];

const stampPath = () => join(state, 'build.json');
const readStamps = () => {
  try {
    return JSON.parse(readFileSync(stampPath(), 'utf8'));
  } catch {
    return {};
  }
};

async function buildPart(part, stamps, { strict, force }) {
  const absent = part.needs.find((path) => !existsSync(path));
  if (absent !== undefined) {
    if (strict) throw new Stop(`${part.name}: there is no ${absent.slice(root.length + 1)}`);
    info(`${part.name}: no source yet, left out`);
    return false;
  }
  const want = fingerprint([...part.inputs, ...ours], { skip: isTest, extra: part.name });
  if (!force && stamps[part.name] === want && existsSync(part.output)) return false;
  const begun = Date.now();
  mkdirSync(dirname(part.output), { recursive: true });
  await part.build(part.output);
  stamps[part.name] = want;
  good(`${part.name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  return true;
}

/**
 * Builds every part whose inputs have changed. One build of a checkout at a time.
 * @param {{strict?: boolean, force?: boolean}} options
 * @throws {Stop} with the compiler's messages
 */
export async function build({ strict = false, force = false } = {}) {
  await withLock(join(state, 'build.lock'), async () => {
    step('Build');
    const stamps = readStamps();
    let built = 0;
    try {
      for (const part of parts) if (await buildPart(part, stamps, { strict, force })) built += 1;
    } finally {
      writeFileSync(stampPath(), `${JSON.stringify(stamps, null, 2)}\n`);
    }
    if (built === 0) info('nothing has changed');
  }, { what: 'another build of this checkout' });
}

if (isMain(import.meta)) {
  await main(async (args) => {
    if (args.includes('--help')) {
      process.stdout.write('usage: node scripts/build.mjs [--strict] [--force]\n');
      return 0;
    }
    const unknown = args.find((arg) => !['--strict', '--force'].includes(arg));
    if (unknown !== undefined) throw new Stop(`unknown option ${unknown}`, 2);
    await build({ strict: args.includes('--strict'), force: args.includes('--force') });
    return 0;
  });
}
