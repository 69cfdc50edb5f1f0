/** The options of a COPY statement that say how its data looks (PostgreSQL documentation, COPY). */
import { as, constText, stringOf } from './facts/tree.ts';
import type { CopyOptions } from './mask/index.ts';
import { parseSql } from './parse.ts';

/** Undefined when the text is no COPY, or has an option that is not known here. */
export function copyOptions(sql: string): CopyOptions | undefined {
  const parsed = parseSql(sql);
  const copy = parsed.ok ? as(parsed.statements[0]?.node, 'CopyStmt') : undefined;
  if (!copy) return undefined;
  const given = new Map<string, string>();
  for (const node of copy.options ?? []) {
    const option = as(node, 'DefElem');
    if (option?.defname === undefined || !KNOWN.has(option.defname)) return undefined;
    // An option without a value (HEADER) means true.
    given.set(option.defname, option.arg === undefined ? 'true' : (stringOf(option.arg) ?? constText(option.arg) ?? booleanText(option.arg) ?? ''));
  }
  const format = given.get('format') ?? 'text';
  if (format !== 'text' && format !== 'csv' && format !== 'binary') return undefined;
  const quote = given.get('quote') ?? '"';
  return {
    format,
    delimiter: given.get('delimiter') ?? (format === 'csv' ? ',' : '\t'),
    nullString: given.get('null') ?? (format === 'csv' ? '' : '\\N'),
    quote,
    escape: given.get('escape') ?? quote,
    header: ['true', 'on', '1', 'match'].includes((given.get('header') ?? 'false').toLowerCase()),
    encoding: given.get('encoding') ?? 'UTF8',
  };
}

/** `force_quote` and its like change nothing about where cells begin and end. */
const KNOWN = new Set(['format', 'delimiter', 'null', 'quote', 'escape', 'header', 'encoding', 'force_quote', 'force_not_null', 'force_null', 'freeze', 'default', 'on_error', 'log_verbosity', 'reject_limit']);

function booleanText(node: Parameters<typeof as>[0]): string | undefined {
  const value = as(node, 'Boolean');
  return value === undefined ? undefined : String(value.boolval ?? false);
}
