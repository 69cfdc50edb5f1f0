/**
 * From a bundle's files to the active policy. All or nothing: the files are parsed, validated against the product's
 * schema, linted and tested, and any problem refuses the bundle with file, line and what to do (design.md section 6).
 */
import type { z } from 'zod';
import { sha256 } from '@noble/hashes/sha2.js';
import { toHex, utf8 } from '../../base/encoding.ts';
import { ConfigError } from '../../base/errors.ts';
import { parseBundleDigest } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import { Classifier } from '../classify/classifier.ts';
import { PathClassifier } from '../classify/paths.ts';
import { createEngine } from '../decide/engine.ts';
import type { Policy } from '../decide/policy.ts';
import { analyseSql } from '../analyse.ts';
import { initParser } from '../parse.ts';
import type { PolicyEngine } from '../types.ts';
import { runTests } from './bundle-tests.ts';
import type { TestCase, TestResult } from './bundle-tests.ts';
import { checkFileList, digestOf, readBundleDir } from './files.ts';
import type { BundleFiles } from './files.ts';
import { ApprovalsYaml, BundleYaml, ClassificationYaml, RecordingYaml, TerminalYaml, TestsYaml } from './formats.ts';
import type { RecordingRules } from './formats.ts';
import { readPolicies } from './policies.ts';
import type { ApproverGroups } from './policies.ts';
import { BundleError, Problems } from './problems.ts';
import { readYaml } from './yaml.ts';
import type { YamlFile } from './yaml.ts';

/** A bundle that parses and validates; its tests have not run. */
export interface CompiledBundle {
  readonly engine: PolicyEngine;
  /** What decides when the bundle's time is over or security has stopped all work: every forbid, and the permits with `@break_glass`. */
  readonly breakGlass: PolicyEngine;
  readonly runningSessions: 'keep' | 'end';
  readonly policies: readonly Policy[];
  readonly tests: readonly TestCase[];
  readonly recording: RecordingRules;
  readonly minAppVersion: string;
}

/**
 * Parses and validates a bundle without running its tests.
 * @throws BundleError with every problem at once.
 */
export function compileBundle(files: BundleFiles): CompiledBundle {
  const problems = new Problems();
  checkFileList(files, problems);
  const bundle = readNamed(files, 'bundle.yaml', BundleYaml, problems);
  const classification = readNamed(files, 'classification.yaml', ClassificationYaml, problems);
  const approvals = readNamed(files, 'approvals.yaml', ApprovalsYaml, problems);
  const recording = readNamed(files, 'recording.yaml', RecordingYaml, problems);
  const terminal = readNamed(files, 'terminal.yaml', TerminalYaml, problems);
  reportTwins(classification, classification?.data.classes ?? [], 'classes', problems);
  reportTwins(approvals, approvals?.data.groups ?? [], 'groups', problems);
  const groups: ApproverGroups = new Map(approvals?.data.groups.map((g) => [g.id, g]));
  // Without the approver groups every @approve would be reported as unknown, which is not what is wrong.
  const policies = approvals === undefined && files.has('approvals.yaml') ? [] : readPolicies(files, groups, problems);
  const tests = readTests(files, policies, problems);
  problems.throwIfAny();
  if (!bundle || !classification || !recording) throw new ConfigError('a bundle file is missing');
  const digest = digestOf(files);
  const parts = {
    name: bundle.data.name,
    serial: bundle.data.serial,
    classifier: new Classifier(classification.data.classes),
    recording: recording.data,
    paths: new PathClassifier(classification.data.classes),
    ...(terminal === undefined ? {} : { terminal: terminal.data }),
    vouched: classification.data.functions.map((f) => ({ ...f.signature, taint: f.taint })),
  };
  const engine = createEngine({ ...parts, digest, policies: policies.filter((p) => !p.isBreakGlass) });
  // Cedar keeps policy sets by digest: the second engine has one of its own there, and the bundle's to everybody else.
  const scope = parseBundleDigest(`sha256:${toHex(sha256(utf8(`${digest} break-glass`)))}`);
  const breakGlass = { ...createEngine({ ...parts, digest: scope, policies: policies.filter((p) => p.effect === 'forbid' || p.isBreakGlass) }), digest };
  return { engine, breakGlass, policies, tests, recording: recording.data, minAppVersion: bundle.data.min_app_version, runningSessions: bundle.data.running_sessions };
}

/** Runs the tests of a compiled bundle. `initParser` has been awaited. */
export function testBundle(compiled: CompiledBundle): readonly TestResult[] {
  return compiled.tests.flatMap((t) => runTests(t.test.break_glass ? compiled.breakGlass : compiled.engine, [t], analyseSql));
}

/**
 * Loads a bundle's source directory: reads, validates and tests it.
 * @throws ConfigError when the directory cannot be read; BundleError naming every problem with file and line.
 */
export async function loadBundle(dir: string): Promise<PolicyEngine> {
  const files = await readBundleDir(dir);
  await initParser();
  return engineFromFiles(files);
}

/**
 * The engine of a bundle given as files in memory (a directory, an archive of the TUF repository).
 * @throws BundleError for a bundle that does not validate or whose tests fail.
 * `initParser` has been awaited, as the tests hold SQL.
 */
export function engineFromFiles(files: BundleFiles): PolicyEngine {
  const compiled = compileBundle(files);
  const problems = new Problems();
  for (const r of testBundle(compiled)) {
    if (!r.passed) problems.add(r.failure ?? 'failed', { file: r.file, line: r.line, field: `test ${JSON.stringify(r.name)}` });
  }
  problems.throwIfAny();
  return compiled.engine;
}

function readNamed<S extends z.ZodType>(files: BundleFiles, file: string, schema: S, problems: Problems): YamlFile<z.output<S>> | undefined {
  const bytes = files.get(file);
  return bytes === undefined ? undefined : readYaml(file, bytes, schema, problems);
}

function reportTwins(file: YamlFile<unknown> | undefined, list: readonly { readonly id: string }[], name: string, problems: Problems): void {
  const seen = new Set<string>();
  for (const [i, { id }] of list.entries()) {
    if (seen.has(id)) problems.add(`the id ${id} is used twice`, { file: file?.file, line: file?.lineOf([name, i, 'id']), field: `${name}[${i}].id` });
    seen.add(id);
  }
}

function readTests(files: BundleFiles, policies: readonly Policy[], problems: Problems): readonly TestCase[] {
  const ids = new Set(policies.map((p) => p.id));
  const cases: TestCase[] = [];
  for (const [file, bytes] of files) {
    if (!file.startsWith('tests/')) continue;
    const yaml = readYaml(file, bytes, TestsYaml, problems);
    for (const [i, test] of (yaml?.data ?? []).entries()) {
      const line = yaml?.lineOf([i]) ?? 1;
      if (test.policy !== undefined && ids.size > 0 && !ids.has(test.policy)) {
        problems.add(`there is no policy ${JSON.stringify(test.policy)}`, { file, line: yaml?.lineOf([i, 'policy']), field: 'policy', fix: 'name the @id of a policy' });
      }
      cases.push({ file, line, test });
    }
  }
  if (cases.length > limits.bundleTests) problems.add(`there are ${cases.length} tests, at most ${limits.bundleTests} are run`);
  return cases;
}

export { BundleError, readBundleDir };
