/** What `bundle check`, `test` and `build` find out, as values: tests need no process. */
import { ConfigError } from '../base/errors.ts';
import { BundleError, compileBundle, readBundleDir, testBundle } from '../policy/bundle/load.ts';
import type { CompiledBundle } from '../policy/bundle/load.ts';
import { initParser } from '../policy/parse.ts';

/** What a command prints and how it ends; a function of its input, so that tests need no process. */
export interface BundleReport {
  readonly exitCode: 0 | 1 | 2;
  /** For `--json`. */
  readonly json: Readonly<Record<string, unknown>>;
  /** For people. */
  readonly text: string;
}

function summary({ engine, policies, tests }: CompiledBundle): Readonly<Record<string, unknown>> {
  return {
    name: engine.name,
    serial: engine.serial,
    digest: engine.digest,
    policies: policies.length,
    classes: engine.classes.length,
    tests: tests.length,
  };
}

function refused(error: unknown): BundleReport {
  if (!(error instanceof ConfigError)) throw error;
  const list = error instanceof BundleError ? error.problems : [error];
  const problems = list.map((p) => ({ file: p.file, line: p.line, field: p.field, fix: p.fix, message: p.message }));
  return { exitCode: 2, json: { ok: false, problems }, text: error.message };
}

/** Parses, validates and lints the bundle in `dir`, without running its tests. */
export async function checkBundleDir(dir: string): Promise<BundleReport> {
  try {
    const compiled = compileBundle(await readBundleDir(dir));
    const s = summary(compiled);
    const text = `ok: ${compiled.engine.name} serial ${compiled.engine.serial}, ${compiled.policies.length} policies, ${compiled.engine.classes.length} classes, ${compiled.tests.length} tests\n${compiled.engine.digest}`;
    return { exitCode: 0, json: { ok: true, ...s }, text };
  } catch (error) {
    return refused(error);
  }
}

/** Checks the bundle in `dir` and runs its tests. */
export async function testBundleDir(dir: string): Promise<BundleReport> {
  try {
    const compiled = compileBundle(await readBundleDir(dir));
    await initParser();
    const results = testBundle(compiled);
    const failed = results.filter((r) => !r.passed);
    const lines = failed.map((r) => `${r.file}:${r.line}: ${r.name}: ${r.failure ?? 'failed'}`);
    return {
      exitCode: failed.length === 0 ? 0 : 1,
      json: { ok: failed.length === 0, ...summary(compiled), passed: results.length - failed.length, failed: failed.length, results },
      text: [...lines, `${results.length - failed.length} passed, ${failed.length} failed`].join('\n'),
    };
  } catch (error) {
    return refused(error);
  }
}

export function print(report: BundleReport, json: boolean): void {
  const text = json ? JSON.stringify(report.json) : report.text;
  const stream = report.exitCode === 0 || json ? process.stdout : process.stderr;
  stream.write(`${text}\n`);
  process.exitCode = report.exitCode;
}
