// Reads the JSON reports of the test runners into one shape: {passed, failed, skipped, failures: string[]}.
import { existsSync, readFileSync } from 'node:fs';

/** The count of a stage that left no report: one failure, named. */
export const crashed = (stage, why) => ({ passed: 0, failed: 1, skipped: 0, failures: [`${stage}: ${why}`] });

/** What a runner says of a failure, short enough to stand below its name. */
function reason(message) {
  const plain = String(message ?? '').replaceAll(/\u001b\[[0-9;]*m/g, '').trim();
  if (plain === '') return '';
  return `\n${plain.split('\n').slice(0, 12).map((line) => `      ${line.slice(0, 300)}`).join('\n')}`;
}

function readReport(path) {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Vitest's JSON report. A file that could not even be loaded counts as one failure. */
export function vitestCounts(path, exitCode) {
  const report = readReport(path);
  if (!Array.isArray(report?.testResults)) return crashed('unit', `no report (exit code ${exitCode})`);
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const file of report.testResults) {
    let failedHere = 0;
    for (const test of file.assertionResults ?? []) {
      if (test.status === 'passed') counts.passed += 1;
      else if (test.status === 'failed') {
        failedHere += 1;
        counts.failures.push(`${file.name}: ${test.fullName}${reason(test.failureMessages?.[0])}`);
      } else counts.skipped += 1;
    }
    if (file.status === 'failed' && failedHere === 0) {
      failedHere = 1;
      counts.failures.push(`${file.name}: cannot be loaded${reason(file.message)}`);
    }
    counts.failed += failedHere;
  }
  return closing('unit', counts, exitCode);
}

function* specsOf(suite) {
  for (const spec of suite.specs ?? []) yield spec;
  for (const inner of suite.suites ?? []) yield* specsOf(inner);
}

/** Playwright's JSON report. */
export function playwrightCounts(path, exitCode) {
  const report = readReport(path);
  if (!Array.isArray(report?.suites)) return crashed('e2e', `no report (exit code ${exitCode})`);
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const suite of report.suites) {
    for (const spec of specsOf(suite)) {
      for (const test of spec.tests ?? []) {
        if (test.status === 'expected') counts.passed += 1;
        else if (test.status === 'skipped') counts.skipped += 1;
        else {
          counts.failed += 1;
          counts.failures.push(`${spec.file}: ${spec.title}${reason(test.results?.at(-1)?.error?.message)}`);
        }
      }
    }
  }
  for (const error of report.errors ?? []) {
    counts.failed += 1;
    counts.failures.push(`e2e: the runner${reason(error.message ?? 'error')}`);
  }
  return closing('e2e', counts, exitCode);
}

/** A runner that failed without naming a failure, or that ran nothing, has failed once. */
function closing(stage, counts, exitCode) {
  if (counts.failed === 0 && exitCode !== 0) return { ...counts, failed: 1, failures: [`${stage}: the runner ended with exit code ${exitCode}`] };
  if (counts.failed + counts.passed === 0) return { ...counts, failed: 1, failures: [`${stage}: no test ran`] };
  return counts;
}
