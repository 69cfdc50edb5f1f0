/** Reads policies/*.cedar: syntax, annotations, strict validation. Each complaint names the file and the line. */
import { limits } from '../../base/limits.ts';
import { lapsesOnApproval } from '../decide/ast.ts';
import { parsePolicy, splitPolicies, validatePolicies } from '../decide/cedar.ts';
import type { CedarProblem, PolicyJson } from '../decide/cedar.ts';
import type { Lift, Policy } from '../decide/policy.ts';
import type { BundleFiles } from './files.ts';
import { parseDurationMs } from './formats.ts';
import type { Problems } from './problems.ts';
import { textOf } from './yaml.ts';

/** Approver groups of approvals.yaml by id. */
export type ApproverGroups = ReadonlyMap<string, { readonly quorum: number; readonly expires: number }>;

const ANNOTATIONS = ['id', 'reason', 'advice', 'approve', 'quorum', 'expires', 'break_glass'];
const ID = /^[a-z][a-z0-9-]{0,79}$/;

/** A policy's text with its place in the file. */
interface Located {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly json: PolicyJson;
}

/** Line (from 1) of a UTF-8 byte offset; Cedar counts bytes. */
function lineOfByte(text: string, offset: number | undefined): number {
  if (offset === undefined) return 1;
  const head = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, offset));
  return head.split('\n').length;
}

const lineOfIndex = (text: string, index: number): number => text.slice(0, index).split('\n').length;

/** All policies of a bundle. What is wrong with them is added to `problems`. */
export function readPolicies(files: BundleFiles, groups: ApproverGroups, problems: Problems): readonly Policy[] {
  const located: Located[] = [];
  for (const [file, bytes] of files) {
    if (!file.endsWith('.cedar')) continue;
    const text = textOf(file, bytes, problems);
    if (text !== undefined) located.push(...locatePolicies(file, text, problems));
  }
  if (located.length > limits.bundlePolicies) problems.add(`there are ${located.length} policies, at most ${limits.bundlePolicies} are read`);
  const policies = new Map<string, Policy>();
  for (const l of located) {
    const policy = lintPolicy(l, groups, problems);
    if (policy === undefined) continue;
    const twin = policies.get(policy.id);
    if (twin) {
      problems.add(`the id ${policy.id} is used twice, first at ${twin.file}:${twin.line}`, { ...placeOf(l), field: '@id', fix: 'give each policy an id of its own' });
    } else {
      policies.set(policy.id, policy);
    }
  }
  validateAll(policies, problems);
  return [...policies.values()];
}

const placeOf = (l: { file: string; line: number }): { file: string; line: number } => ({ file: l.file, line: l.line });

function locatePolicies(file: string, text: string, problems: Problems): Located[] {
  const report = (list: readonly CedarProblem[], base = text, add = 0): void => {
    for (const p of list) problems.add(p.message, { file, line: lineOfByte(base, p.offset) + add, fix: 'correct the Cedar policy' });
  };
  const split = splitPolicies(text);
  if ('problems' in split) {
    report(split.problems);
    return [];
  }
  if (split.templates > 0) problems.add('templates are not supported', { file, fix: 'write the policy without ?principal and ?resource' });
  const taken = new Set<number>();
  return split.policies.flatMap((part) => {
    let at = text.indexOf(part);
    while (taken.has(at)) at = text.indexOf(part, at + 1);
    taken.add(at);
    const line = at < 0 ? 1 : lineOfIndex(text, at);
    const parsed = parsePolicy(part);
    if ('json' in parsed) return [{ file, line, text: part, json: parsed.json }];
    report(parsed.problems, part, line - 1);
    return [];
  });
}

function lintPolicy(l: Located, groups: ApproverGroups, problems: Problems): Policy | undefined {
  const place = placeOf(l);
  const notes = new Map(Object.entries(l.json.annotations ?? {}));
  for (const name of notes.keys()) {
    if (!ANNOTATIONS.includes(name)) {
      problems.add('unknown annotation', { ...place, field: `@${name}`, fix: `the annotations are ${ANNOTATIONS.map((a) => `@${a}`).join(', ')}` });
    }
  }
  for (const name of ['reason', 'advice']) {
    const text = notes.get(name);
    if (text !== undefined && (text.trim() === '' || text.length > 500)) problems.add('must have 1 to 500 characters', { ...place, field: `@${name}` });
  }
  const id = notes.get('id');
  if (id === undefined) problems.add('the policy has no id', { ...place, field: '@id', fix: 'add @id("what-it-does")' });
  else if (!ID.test(id)) problems.add(`${JSON.stringify(id)} is not an id`, { ...place, field: '@id', fix: 'use lower-case letters, digits and "-"' });
  if (l.json.effect === 'forbid' && !notes.has('reason')) {
    problems.add('a forbid needs a reason: it is what the person reads', { ...place, field: '@reason', fix: 'add @reason("...")' });
  }
  const lift = lintLift(l, notes, groups, problems);
  const breakGlass = notes.get('break_glass');
  if (breakGlass !== undefined && l.json.effect !== 'permit') problems.add('only a permit can be for break-glass', { ...place, field: '@break_glass', fix: 'every forbid holds then, too' });
  if (breakGlass !== undefined && (breakGlass.trim() === '' || breakGlass.length > 500)) problems.add('must say in 1 to 500 characters what it is for', { ...place, field: '@break_glass' });
  if (id === undefined) return undefined;
  return {
    id,
    effect: l.json.effect,
    text: l.text,
    json: l.json,
    ...place,
    reason: notes.get('reason'),
    advice: notes.get('advice'),
    lift,
    isBreakGlass: breakGlass !== undefined,
  };
}

/** @approve, @quorum and @expires, with the approver groups' own floors applied: strictest quorum, shortest expiry. */
function lintLift(l: Located, notes: ReadonlyMap<string, string>, groups: ApproverGroups, problems: Problems): Lift | undefined {
  const place = placeOf(l);
  const approve = notes.get('approve');
  if (approve === undefined) {
    for (const name of ['quorum', 'expires']) {
      if (notes.has(name)) problems.add('means nothing without @approve', { ...place, field: `@${name}`, fix: 'add @approve("group") or remove it' });
    }
    return undefined;
  }
  if (l.json.effect !== 'forbid') {
    problems.add('only a forbid can be lifted by approval', { ...place, field: '@approve', fix: 'write a permit and a forbid with @approve' });
  } else if (!lapsesOnApproval(l.json)) {
    problems.add('approvals could never lift this policy', { ...place, field: '@approve', fix: 'add: unless { context.approved }' });
  }
  const names = approve.split(',').map((g) => g.trim());
  for (const name of names) {
    if (!groups.has(name)) problems.add(`no approver group ${JSON.stringify(name)} in approvals.yaml`, { ...place, field: '@approve', fix: 'add it there or name another' });
  }
  const quorumText = notes.get('quorum') ?? '1';
  if (!/^([1-9]|10)$/.test(quorumText)) problems.add(`${JSON.stringify(quorumText)} is not a number from 1 to 10`, { ...place, field: '@quorum' });
  const expiresText = notes.get('expires');
  const expiresMs = expiresText === undefined ? limits.approvalTtlMs : parseDurationMs(expiresText);
  if (expiresMs === undefined) problems.add(`${JSON.stringify(expiresText)} is not a duration`, { ...place, field: '@expires', fix: 'write 90s, 15m, 2h or 1d' });
  const known = names.flatMap((n) => groups.get(n) ?? []);
  return {
    groups: names,
    quorum: Math.max(Number(quorumText) || 1, ...known.map((g) => g.quorum)),
    expiresMs: Math.min(expiresMs ?? limits.approvalTtlMs, ...known.map((g) => g.expires)),
  };
}

function validateAll(policies: ReadonlyMap<string, Policy>, problems: Problems): void {
  const texts = Object.fromEntries([...policies].map(([id, p]) => [id, p.text]));
  for (const p of validatePolicies(texts)) {
    const policy = p.policyId === undefined ? undefined : policies.get(p.policyId);
    problems.add(p.message.replace(/^for policy `[^`]*`, /, ''), {
      file: policy?.file ?? 'policies',
      line: policy === undefined ? undefined : policy.line + lineOfByte(policy.text, p.offset) - 1,
      field: p.policyId,
      fix: 'sallyport bundle schema prints what policies may say',
    });
  }
}
