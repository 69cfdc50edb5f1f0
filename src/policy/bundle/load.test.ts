import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../base/errors.ts';
import { bundleFiles } from '../../testing/policy.ts';
import { initParser } from '../parse.ts';
import { checkBundleDir, testBundleDir } from '../../cli/bundle-report.ts';
import { digestOf } from './files.ts';
import { BundleError, compileBundle, engineFromFiles, loadBundle } from './load.ts';

beforeAll(initParser);

/** Messages of everything that is wrong with a bundle. */
function problemsOf(changes: Readonly<Record<string, string | undefined>>): readonly string[] {
  try {
    engineFromFiles(bundleFiles(changes));
  } catch (error) {
    if (error instanceof BundleError) return error.problems.map((p) => p.message);
    throw error;
  }
  return [];
}
const policy = (text: string) => ({ 'policies/main.cedar': text });
const ALL = '@id("all")\npermit(principal, action, resource);\n';

describe('a bundle that is accepted', () => {
  it('has name, serial and digest', () => {
    const engine = engineFromFiles(bundleFiles());
    expect(engine).toMatchObject({ name: 'test', serial: 1, digest: digestOf(bundleFiles()) });
  });

  it('has a digest that any change of a path or a byte changes', () => {
    const digests = [{}, { 'README.md': '' }, { 'LICENSE': '' }, { 'recording.yaml': 'level: masked \n' }].map((c) => digestOf(bundleFiles(c)));
    expect(new Set(digests).size).toBe(digests.length);
  });
});

describe('functions that a bundle vouches for', () => {
  const classification = (line: string) => ({ 'classification.yaml': `classes: []\nfunctions:\n  - ${line}\n` });

  it('are in the engine, in the server’s spelling', () => {
    const engine = engineFromFiles(bundleFiles(classification('{ signature: "App.slug(varchar, int)", taint: arguments }')));
    expect(engine.vouched).toEqual([{ schema: 'app', name: 'slug', args: ['character varying', 'integer'], taint: 'arguments' }]);
    expect(engineFromFiles(bundleFiles()).vouched).toEqual([]);
  });

  it('need no approval as code of which nothing is known', () => {
    const policies = { 'policies/main.cedar': `${ALL}@id("no-calls")\n@reason("no")\nforbid(principal, action == Action::"sql:call", resource);\n` };
    const test = (expect: string) => ({ 'tests/a.yaml': `- { name: a, as: { subject: x }, sql: "SELECT app.slug('x')", expect: ${expect} }\n` });
    expect(problemsOf({ ...policies, ...test('deny') })).toEqual([]);
    expect(problemsOf({ ...policies, ...classification('{ signature: "app.slug(text)", taint: none }'), ...test('allow') })).toEqual([]);
  });

  it('are refused without a schema, arguments or a known taint', () => {
    for (const line of ['{ signature: "slug(text)", taint: none }', '{ signature: "app.slug", taint: none }', '{ signature: "app.slug(text)", taint: some }', '{ signature: "app.slug(text)" }']) {
      expect(problemsOf(classification(line)), line).toHaveLength(1);
    }
  });
});

describe('a bundle that is refused', () => {
  it('names file and line of a Cedar syntax error', () => {
    const [message] = problemsOf(policy(`${ALL}\n// é counts two bytes\n@id("x")\nforbid(principal, action foo, resource);\n`));
    expect(message).toContain('policies/main.cedar:6: ');
    expect(message).toContain('unexpected token `foo`');
  });

  it('names file and line of what the schema does not know', () => {
    const [message] = problemsOf(policy(`${ALL}@id("x")\n@reason("r")\nforbid(principal, action == Action::"sql:drop", resource)\nwhen {\n  context.bogus == 1 };\n`));
    expect(message).toContain('policies/main.cedar:7: x: ');
    expect(message).toContain('bogus');
  });

  it('refuses an action, an entity type and a wrong type of a fact', () => {
    expect(problemsOf(policy(`${ALL}@id("x") permit(principal, action == Action::"sql:frobnicate", resource);`))[0]).toContain('sql:frobnicate');
    expect(problemsOf(policy(`${ALL}@id("x") permit(principal is Robot, action, resource);`))[0]).toContain('Robot');
    expect(problemsOf(policy(`${ALL}@id("x") permit(principal, action == Action::"sql:drop", resource) when { context.label == 1 };`))).toHaveLength(1);
  });

  it('refuses an unknown annotation', () => {
    expect(problemsOf(policy(`${ALL}@id("x")\n@aprove("dba")\npermit(principal, action, resource);`))[0]).toContain('@aprove: unknown annotation');
  });

  it('refuses a missing, a malformed and a duplicate id', () => {
    expect(problemsOf(policy('permit(principal, action, resource);'))[0]).toContain('no id');
    expect(problemsOf(policy('@id("Not An Id")\npermit(principal, action, resource);'))[0]).toContain('is not an id');
    const messages = problemsOf({ ...policy(ALL), 'policies/two.cedar': `\n${ALL}` });
    expect(messages[0]).toContain('policies/two.cedar:2: @id: the id all is used twice, first at policies/main.cedar:1');
  });

  it.each([
    ['@quorum("0")', 'not a number from 1 to 10'],
    ['@quorum("1.5")', 'not a number from 1 to 10'],
    ['@quorum("two")', 'not a number from 1 to 10'],
    ['@expires("soon")', 'not a duration'],
    ['@expires("0m")', 'not a duration'],
    ['@expires("30d")', 'not a duration'],
  ])('refuses %s', (annotation, text) => {
    const messages = problemsOf(policy(`${ALL}@id("x") @reason("r") @approve("dba") ${annotation}\nforbid(principal, action, resource) unless { context.approved };`));
    expect(messages.join('\n')).toContain(text);
  });

  it('refuses @approve where it cannot work', () => {
    expect(problemsOf(policy(`${ALL}@id("x") @approve("dba")\npermit(principal, action, resource);`))[0]).toContain('only a forbid can be lifted');
    expect(problemsOf(policy(`${ALL}@id("x") @reason("r") @approve("dba")\nforbid(principal, action, resource);`))[0]).toContain('could never lift');
    expect(problemsOf(policy(`${ALL}@id("x") @reason("r") @approve("dba")\nforbid(principal, action, resource) when { context.approved };`))[0]).toContain('could never lift');
    expect(problemsOf(policy(`${ALL}@id("x") @reason("r") @approve("ghosts")\nforbid(principal, action, resource) unless { context.approved };`))[0]).toContain('no approver group "ghosts"');
    expect(problemsOf(policy(`${ALL}@id("x") @reason("r") @quorum("2")\nforbid(principal, action, resource);`))[0]).toContain('means nothing without @approve');
  });

  it('refuses a forbid without a reason and a template', () => {
    expect(problemsOf(policy(`${ALL}@id("x")\nforbid(principal, action, resource);`))[0]).toContain('needs a reason');
    expect(problemsOf(policy(`${ALL}@id("x")\npermit(principal == ?principal, action, resource);`))[0]).toContain('template');
  });

  it('names an unknown YAML field with its line', () => {
    const [message] = problemsOf({ 'classification.yaml': 'classes:\n  - id: a\n    columns: [x]\n    mask: { kind: full }\n    predicates: deny\n    colour: red\n' });
    expect(message).toContain('classification.yaml:6: classes[0].colour: unknown field');
  });

  it.each([
    ['bundle.yaml', 'name: test\nserial: 0\nmin_app_version: 0.1.0\n', 'bundle.yaml:2: serial'],
    ['bundle.yaml', 'name: test\nserial: 1\n', 'bundle.yaml:1: min_app_version'],
    ['bundle.yaml', 'name: [\n', 'bundle.yaml:'],
    ['bundle.yaml', 'name: a\nname: b\nserial: 1\nmin_app_version: 0.1.0\n', 'bundle.yaml:2: Map keys must be unique'],
    ['bundle.yaml', '', 'bundle.yaml'],
    ['classification.yaml', 'classes:\n  - { id: a, columns: ["a.b.c.d"], mask: { kind: full }, predicates: deny }\n', 'classification.yaml:2: classes[0].columns[0]'],
    ['classification.yaml', 'classes:\n  - { id: a, columns: [], mask: { kind: blur }, predicates: deny }\n', 'classification.yaml:2: classes[0].mask.kind'],
    ['classification.yaml', 'classes:\n  - { id: a, columns: [], detectors: [mood], mask: { kind: full }, predicates: deny }\n', 'classification.yaml:2: classes[0].detectors[0]'],
    ['classification.yaml', 'classes:\n  - { id: a, columns: [], mask: { kind: full }, predicates: deny }\n  - { id: a, columns: [], mask: { kind: full }, predicates: deny }\n', 'classification.yaml:3: classes[1].id: the id a is used twice'],
    ['approvals.yaml', 'groups:\n  - id: dba\n    quorum: 0\n', 'approvals.yaml:3: groups[0].quorum'],
    ['approvals.yaml', 'groups:\n  - id: dba\n    expires: never\n', 'approvals.yaml:3: groups[0].expires'],
    ['recording.yaml', 'level: none\n', 'recording.yaml:1: level'],
    ['recording.yaml', 'level: masked\nrules:\n  - { actions: ["sql:nope"], level: full }\n', 'recording.yaml:3: rules[0].actions[0]'],
    ['tests/a.yaml', '- name: x\n  as: { subject: a }\n  expect: allow\n', 'tests/a.yaml:1: [0].sql: give one of sql, action'],
    ['tests/a.yaml', '- name: x\n  as: { subject: a }\n  sql: select 1\n  expect: allow\n  policy: ghost\n', 'tests/a.yaml:5: policy: there is no policy "ghost"'],
  ])('refuses %s: %j', (file, text, expected) => {
    expect(problemsOf({ [file]: text }).join('\n')).toContain(expected);
  });

  it('refuses missing and unknown files', () => {
    expect(problemsOf({ 'approvals.yaml': undefined })[0]).toContain('approvals.yaml: the file is missing');
    expect(problemsOf({ 'policies/main.cedar': undefined })[0]).toContain('there is no policy');
    expect(problemsOf({ 'policies/main.txt': 'x' })[0]).toContain('policies/main.txt: a bundle has no such file');
  });

  it('refuses files that are not UTF-8', () => {
    const files = new Map(bundleFiles());
    files.set('policies/bad.cedar', new Uint8Array([0xff, 0xfe]));
    expect(() => compileBundle(files)).toThrow(/policies\/bad\.cedar: not UTF-8/);
  });

  it('reports everything at once, in one ConfigError', () => {
    const changes = { 'bundle.yaml': 'name: X\nserial: 0\nfoo: 1\n', 'recording.yaml': 'level: none\n', ...policy('permit(principal, action, resource);') };
    expect(problemsOf(changes).length).toBeGreaterThanOrEqual(6);
    expect(() => engineFromFiles(bundleFiles(changes))).toThrow(ConfigError);
  });

  it('refuses a bundle whose test fails, with what was expected and what came', () => {
    const tests = '- name: nobody selects\n  as: { subject: a }\n  sql: select 1\n  expect: deny\n';
    expect(problemsOf({ 'tests/a.yaml': tests })).toEqual(['tests/a.yaml:1: test "nobody selects": expected deny, got allow']);
    expect(problemsOf({ 'tests/a.yaml': tests.replace('deny', 'allow') })).toEqual([]);
  });

  it('checks each expectation of a test', () => {
    const one = (more: string) => problemsOf({ ...policy(`${ALL}@id("h") @reason("wait") @approve("dba") @quorum("2")\nforbid(principal, action == Action::"sql:drop", resource) unless { context.approved };`), 'tests/a.yaml': `- name: t\n  as: { subject: a, groups: [dba] }\n${more}\n` });
    expect(one('  sql: drop table x\n  expect: hold\n  policy: h\n  reason_contains: wait\n  quorum: 2')).toEqual([]);
    expect(one('  sql: drop table x\n  expect: hold\n  policy: all')).toHaveLength(1);
    expect(one('  sql: drop table x\n  expect: hold\n  reason_contains: nope')).toHaveLength(1);
    expect(one('  sql: drop table x\n  expect: hold\n  quorum: 1')).toHaveLength(1);
    expect(one('  sql: drop table x\n  expect: hold\n  may_approve: [{ subject: b, groups: [dba] }]')).toEqual([]);
    expect(one('  sql: drop table x\n  expect: hold\n  may_approve: [{ subject: A, groups: [dba] }]')[0]).toContain('nobody approves their own request');
    expect(one('  sql: drop table x\n  expect: hold\n  may_not_approve: [{ subject: b, groups: [dba] }]')).toHaveLength(1);
    expect(one('  sql: "-- nothing"\n  expect: allow')[0]).toContain('no statement');
    expect(one('  action: connect\n  expect: allow')).toEqual([]);
  });
});

describe('a bundle directory', () => {
  const made: string[] = [];
  afterAll(() => Promise.all(made.map((d) => rm(d, { recursive: true }))));
  async function directory(changes: Readonly<Record<string, string | undefined>> = {}): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'bundle-'));
    made.push(dir);
    for (const [path, bytes] of bundleFiles(changes)) {
      await mkdir(join(dir, path, '..'), { recursive: true });
      await writeFile(join(dir, path), bytes);
    }
    return dir;
  }

  it('loads, with the digest of its files; dot files do not count', async () => {
    const dir = await directory();
    await writeFile(join(dir, '.DS_Store'), 'x');
    expect((await loadBundle(dir)).digest).toBe(digestOf(bundleFiles()));
  });

  it('refuses symbolic links and other directories', async () => {
    const dir = await directory();
    await symlink('/etc/passwd', join(dir, 'policies', 'x.cedar'));
    await mkdir(join(dir, 'policy'));
    await expect(loadBundle(dir)).rejects.toThrow(/policies\/x\.cedar: not a regular file[^]*policy: a bundle has no such directory/);
  });

  it('gives a clear error when there is none', async () => {
    await expect(loadBundle('/nonexistent/bundle')).rejects.toThrow(/cannot be read/);
  });

  it('is checked and tested by the command with exit codes 0, 1 and 2', async () => {
    const failing = { 'tests/a.yaml': '- { name: t, as: { subject: a }, sql: select 1, expect: deny }\n' };
    expect(await checkBundleDir(await directory(failing))).toMatchObject({ exitCode: 0, json: { ok: true, tests: 1 } });
    expect(await testBundleDir(await directory(failing))).toMatchObject({ exitCode: 1, json: { failed: 1 }, text: expect.stringContaining('tests/a.yaml:1: t: expected deny, got allow') as string });
    const bad = await checkBundleDir(await directory({ 'recording.yaml': 'level: masked\nlvl: 1\n' }));
    expect(bad).toMatchObject({ exitCode: 2, json: { ok: false, problems: [{ file: 'recording.yaml', line: 2, field: 'lvl' }] } });
  });

  it.each(['starter', 'permit-all'])('%s, which ships, passes its own tests', async (name) => {
    const report = await testBundleDir(join(import.meta.dirname, '../../../resources/bundles', name));
    expect(report).toMatchObject({ exitCode: 0, json: { failed: 0 } });
  });
});
