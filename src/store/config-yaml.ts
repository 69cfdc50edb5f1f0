/** YAML through a schema, with the line of every problem. */
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { ConfigError } from '../base/errors.ts';

/** @throws ConfigError; with several problems its message has one line for each. */
export function parseYaml<T>(schema: z.ZodType<T>, text: string, file: string): T {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true });
  const syntax = doc.errors[0];
  if (syntax !== undefined) throw new ConfigError(syntax.message.split('\n')[0] ?? 'not YAML', { file, line: lines.linePos(syntax.pos[0]).line });
  const result = schema.safeParse(doc.toJS({ maxAliasCount: 10 }));
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [];
    if (unknown.length > 0) return unknown.map((key) => ({ path: [...issue.path, key], message: 'unknown field' }));
    return [{ path: issue.path, message: issue.message }];
  });
  const errors = problems.map((p) => {
    const line = lineOf(doc, lines, p.path);
    return new ConfigError(p.message, { file, field: p.path.map(String).join('.'), ...(line === undefined ? {} : { line }) });
  });
  const [first] = errors;
  if (first !== undefined && errors.length === 1) throw first;
  throw new ConfigError(errors.map((e) => e.message).join('\n'));
}

/** Line of the node at `path`, or of the nearest one above it that exists. */
function lineOf(doc: ReturnType<typeof parseDocument>, lines: LineCounter, path: readonly PropertyKey[]): number | undefined {
  for (let n = path.length; n >= 0; n--) {
    const node: unknown = n === 0 ? doc.contents : doc.getIn(path.slice(0, n), true);
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)) {
      const start: unknown = node.range[0];
      if (typeof start === 'number') return lines.linePos(start).line;
    }
  }
  return undefined;
}
