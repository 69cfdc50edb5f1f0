/** YAML that remembers lines: a value that a schema refuses is reported with the line it stands on. */
import { LineCounter, isMap, isNode, isPair, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { z } from 'zod';
import { fromUtf8 } from '../../base/encoding.ts';
import { messageOf } from '../../base/errors.ts';
import type { Problems } from './problems.ts';

export interface YamlFile<T> {
  readonly file: string;
  readonly data: T;
  /** Line of the value at a path, or of the nearest thing above it. */
  lineOf(path: readonly (string | number)[]): number;
}

/** A strict object whose complaint about an unknown field lists the fields there are. */
export function fields<S extends z.ZodRawShape>(shape: S) {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `unknown field (the fields here are: ${known})` : undefined),
  });
}

/** Text of a bundle file, or undefined after reporting that it is not UTF-8. */
export function textOf(file: string, bytes: Uint8Array, problems: Problems): string | undefined {
  try {
    return fromUtf8(bytes);
  } catch (error) {
    problems.add(messageOf(error), { file, fix: 'save the file as UTF-8' });
    return undefined;
  }
}

/** Parses and validates one YAML file. Reports every problem and returns undefined when there is one. */
export function readYaml<S extends z.ZodType>(file: string, bytes: Uint8Array, schema: S, problems: Problems): YamlFile<z.output<S>> | undefined {
  const text = textOf(file, bytes, problems);
  if (text === undefined) return undefined;
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true, uniqueKeys: true, merge: false, version: '1.2' });
  const complaints = [...doc.errors, ...doc.warnings];
  for (const e of complaints) problems.add(e.message, { file, line: lines.linePos(e.pos[0]).line, fix: 'correct the YAML' });
  if (complaints.length > 0) return undefined;

  const lineOf = (path: readonly (string | number)[]): number => lineAt(doc, lines, path);
  let raw: unknown;
  try {
    raw = doc.toJS({ maxAliasCount: 5_000 }) as unknown;
  } catch (error) {
    problems.add(messageOf(error), { file, line: 1 });
    return undefined;
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) return { file, data: parsed.data, lineOf };
  for (const issue of parsed.error.issues) reportIssue(file, issue, lineOf, problems);
  return undefined;
}

function reportIssue(file: string, issue: z.core.$ZodIssue, lineOf: (p: readonly (string | number)[]) => number, problems: Problems): void {
  const path = issue.path.map((p) => (typeof p === 'number' ? p : String(p)));
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) {
      const at = [...path, key];
      problems.add(issue.message, { file, line: lineOf(at), field: fieldName(at), fix: 'remove it or correct its name' });
    }
    return;
  }
  problems.add(issue.message, { file, line: lineOf(path), field: fieldName(path) || '(whole file)', fix: 'docs/policy.md describes the field' });
}

/** `classes[2].mask.kind` */
function fieldName(path: readonly (string | number)[]): string {
  return path.map((p, i) => (typeof p === 'number' ? `[${p}]` : i === 0 ? p : `.${p}`)).join('');
}

function lineAt(doc: Document, lines: LineCounter, path: readonly (string | number)[]): number {
  for (let n = path.length; n > 0; n--) {
    const parent: unknown = n === 1 ? doc.contents : doc.getIn(path.slice(0, n - 1), true);
    const key = path[n - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((p) => isPair(p) && isNode(p.key) && String(p.key) === String(key));
      if (pair && isNode(pair.key) && pair.key.range) return lines.linePos(pair.key.range[0]).line;
    }
    const node: unknown = doc.getIn(path.slice(0, n), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return isNode(doc.contents) && doc.contents.range ? lines.linePos(doc.contents.range[0]).line : 1;
}
