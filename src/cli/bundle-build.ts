/** `sallyport bundle build`: check, test, and one file that is the same on every machine. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { messageOf, ConfigError } from '../base/errors.ts';
import { packBundle } from '../policy/bundle/archive.ts';
import { compileBundle, readBundleDir } from '../policy/bundle/load.ts';
import { type BundleReport, print, testBundleDir } from './bundle-report.ts';

/** Builds `dir` into `out` (default `bundle-<serial>.tar.gz` here). Nothing is written when a check or a test fails. */
export async function buildBundle(dir: string, out: string | undefined): Promise<BundleReport> {
  const tested = await testBundleDir(dir);
  if (tested.exitCode !== 0) return tested;
  const files = await readBundleDir(dir);
  const { engine } = compileBundle(files);
  const archive = packBundle(files);
  const file = path.resolve(out ?? `bundle-${engine.serial}.tar.gz`);
  const sha256 = createHash('sha256').update(archive).digest('hex');
  try {
    writeFileSync(file, archive);
  } catch (error) {
    throw new ConfigError(`cannot be written: ${messageOf(error)}`, { file });
  }
  return { exitCode: 0, json: { ok: true, file, bytes: archive.length, sha256, name: engine.name, serial: engine.serial, digest: engine.digest }, text: `${file}: ${engine.name} serial ${engine.serial}, ${archive.length} bytes\nsha256:${sha256} (the file)\n${engine.digest} (the bundle)` };
}

export function buildCommand(): Command {
  return new Command('build')
    .description('check and test a bundle directory and make one file of it, the same bytes on every machine')
    .argument('<dir>', 'bundle directory')
    .option('-o, --output <file>', 'default: bundle-<serial>.tar.gz')
    .option('--json', 'print one JSON object')
    .action(async (dir: string, options: { output?: string; json?: boolean }) => print(await buildBundle(dir, options.output), options.json === true));
}
