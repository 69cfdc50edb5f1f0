import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { playwrightCounts, vitestCounts } from './counts.mjs';

const dir = mkdtempSync(join(tmpdir(), 'sallyport-counts-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function report(value: unknown): string {
  const path = join(dir, `${Math.random().toString(36).slice(2)}.json`);
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

const test = (status: string): object => ({ status, fullName: `a ${status} test`, failureMessages: status === 'failed' ? ['\u001b[31mexpected 1\u001b[0m\nat a line'] : [] });

describe('counts of vitest', () => {
  it('counts tests, and a file that cannot be loaded as one failure', () => {
    const path = report({
      testResults: [
        { name: 'a.test.ts', status: 'failed', assertionResults: [test('passed'), test('failed'), test('skipped')] },
        { name: 'b.test.ts', status: 'failed', message: 'cannot find module', assertionResults: [] },
      ],
    });
    expect(vitestCounts(path, 1)).toEqual({ passed: 1, failed: 2, skipped: 1, failures: ['a.test.ts: a failed test\n      expected 1\n      at a line', 'b.test.ts: cannot be loaded\n      cannot find module'] });
  });

  it('a runner that fails without naming a failure has failed once', () => {
    const path = report({ testResults: [{ name: 'a.test.ts', status: 'passed', assertionResults: [test('passed')] }] });
    expect(vitestCounts(path, 1)).toMatchObject({ passed: 1, failed: 1 });
    expect(vitestCounts(path, 0)).toMatchObject({ passed: 1, failed: 0 });
  });

  it('no report, half a report and no tests are failures', () => {
    expect(vitestCounts(join(dir, 'none.json'), 0).failed).toBe(1);
    expect(vitestCounts(report('{"testResults": ['), 0).failed).toBe(1);
    expect(vitestCounts(report({ testResults: [] }), 0).failed).toBe(1);
  });
});

describe('counts of playwright', () => {
  it('counts nested suites; flaky is not passed', () => {
    const spec = (title: string, status: string): object => ({ title, file: 'app.e2e.ts', tests: [{ status }] });
    const path = report({
      suites: [{ specs: [spec('one', 'expected')], suites: [{ specs: [spec('two', 'unexpected'), spec('three', 'flaky'), spec('four', 'skipped')] }] }],
      errors: [{ message: 'a worker died\nstack' }],
    });
    expect(playwrightCounts(path, 1)).toEqual({ passed: 1, failed: 3, skipped: 1, failures: ['app.e2e.ts: two', 'app.e2e.ts: three', 'e2e: the runner\n      a worker died\n      stack'] });
  });

  it('no tests is a failure', () => {
    expect(playwrightCounts(report({ suites: [], errors: [] }), 0).failed).toBe(1);
  });
});
