/**
 * The gate that a signed bundle passes before it decides anything (design.md section 6): the archive's form, parsing,
 * strict validation and annotation lint, its own tests, and a shadow evaluation over what was asked of late.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConfigError } from '../../base/errors.ts';
import { isOlder } from '../../base/versions.ts';
import { initParser } from '../parse.ts';
import { isFailure, Redecider, type PastRequest } from '../simulate/redecide.ts';
import type { PolicyEngine } from '../types.ts';
import { unpackBundle } from './archive.ts';
import { digestOf, type BundleFiles } from './files.ts';
import { compileBundle, testBundle, type CompiledBundle } from './load.ts';
import { Problems } from './problems.ts';

export interface AdmitOptions {
  /** What the signed listing says. */
  readonly bundle: string;
  readonly serial: number;
  /** This program's version. */
  readonly agent: string;
  readonly recent: readonly PastRequest[];
  /** What decides now. */
  readonly current: PolicyEngine | undefined;
}

export interface Admitted {
  readonly files: BundleFiles;
  readonly compiled: CompiledBundle;
  /** Of the recent requests: how many there were, and how many get another effect. */
  readonly shadow: { readonly asked: number; readonly changed: number };
}

/** Between turns the sessions of this process go on. */
const TESTS_PER_TURN = 10;

/** @throws BundleError, ConfigError naming everything that is wrong: the bundle decides nothing then. */
export async function admitBundle(archive: Uint8Array, o: AdmitOptions): Promise<Admitted> {
  const files = unpackBundle(archive);
  if (digestOf(files) !== o.bundle) throw new ConfigError(`the archive holds bundle ${digestOf(files)}, the signed list says ${o.bundle}`);
  await initParser();
  const compiled = compileBundle(files);
  const { engine } = compiled;
  if (engine.serial !== o.serial) throw new ConfigError(`bundle.yaml says serial ${engine.serial}, the signed list says ${o.serial}`);
  if (isOlder(o.agent, compiled.minAppVersion)) throw new ConfigError(`the bundle needs version ${compiled.minAppVersion} of this program, which is ${o.agent}`);
  await runTests(compiled);
  return { files, compiled, shadow: await shadow(engine, o) };
}

async function runTests(compiled: CompiledBundle): Promise<void> {
  const problems = new Problems();
  for (let at = 0; at < compiled.tests.length; at += TESTS_PER_TURN) {
    for (const r of testBundle({ ...compiled, tests: compiled.tests.slice(at, at + TESTS_PER_TURN) })) {
      if (!r.passed) problems.add(r.failure ?? 'failed', { file: r.file, line: r.line, field: `test ${JSON.stringify(r.name)}` });
    }
    await nextTurn();
  }
  problems.throwIfAny();
}

/** A candidate may decide otherwise, that is what it is for; it may not fail to decide. */
async function shadow(candidate: PolicyEngine, o: AdmitOptions): Promise<Admitted['shadow']> {
  const next = new Redecider(candidate);
  const now = o.current === undefined ? undefined : new Redecider(o.current);
  let changed = 0;
  for (const [i, past] of o.recent.entries()) {
    const answer = next.decide(past);
    if (isFailure(answer)) throw new ConfigError(`the bundle cannot decide what was asked lately on ${past.connection.name}: ${answer.reason}`);
    if (now !== undefined && now.decide(past).effect !== answer.effect) changed++;
    if (i % TESTS_PER_TURN === TESTS_PER_TURN - 1) await nextTurn();
  }
  return { asked: o.recent.length, changed };
}
