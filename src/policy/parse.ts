/** The real PostgreSQL 18 grammar (libpg-query, wasm) as a function from text to statements. */
import { hasSqlDetails, loadModule, parseSync } from 'libpg-query';
import { BugError, messageOf } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { ParsedStatement } from './facts/tree.ts';
import type { TextPlace } from './types.ts';

let loaded: Promise<void> | undefined;
let ready = false;

/** Loads the parser. Await it once before the first `parseSql`; later calls are free. */
export function initParser(): Promise<void> {
  loaded ??= loadModule().then(() => {
    ready = true;
  });
  return loaded;
}

export type ParseOutcome =
  | { readonly ok: true; readonly statements: readonly ParsedStatement[] }
  /** `at` is where the parser stopped, in the trimmed text. */
  | { readonly ok: false; readonly code: 'parse' | 'limit'; readonly message: string; readonly at?: TextPlace };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Splits and parses a query text. Places are bytes of UTF-8, as the parser counts them.
 * Never throws for bad SQL: what the parser rejects, or what breaks it, is `ok: false` and must be denied.
 * @throws BugError when `initParser` has not finished.
 */
export function parseSql(sql: string): ParseOutcome {
  if (!ready) throw new BugError('initParser() has not been awaited');
  // A lone surrogate or a NUL cannot reach the server as it stands here: the two sides would read different text.
  const bytes = encoder.encode(sql);
  if (sql.includes('\0') || decoder.decode(bytes) !== sql) return refused('the text holds a NUL or is not valid Unicode');
  if (sql.trim() === '') return { ok: true, statements: [] };
  if (bytes.length > limits.sqlTextBytes) {
    return { ok: false, code: 'limit', message: `the statement is ${bytes.length} bytes long; at most ${limits.sqlTextBytes} are analysed` };
  }
  try {
    const raw = parseSync(sql).stmts ?? [];
    if (raw.length > limits.sqlStatementsPerQuery) {
      return { ok: false, code: 'limit', message: `the query holds ${raw.length} statements; at most ${limits.sqlStatementsPerQuery} are allowed` };
    }
    const statements: ParsedStatement[] = [];
    for (const { stmt, stmt_location: start = 0, stmt_len: length = 0 } of raw) {
      if (stmt === undefined) return refused('the parser gave a statement without a tree');
      // Length 0 means "to the end of the text".
      const slice = bytes.subarray(start, length === 0 ? bytes.length : start + length);
      const own = decoder.decode(slice);
      const blank = encoder.encode(own.slice(0, own.length - own.trimStart().length)).length;
      statements.push({ node: stmt, text: own.trim(), startByte: start + blank });
    }
    return { ok: true, statements };
  } catch (error) {
    return parseFailure(error, sql);
  }
}

const refused = (message: string): ParseOutcome => ({ ok: false, code: 'parse', message });

/** What is wrong, in which line and column (both from 1), and the word at which the parser stopped. */
function parseFailure(error: unknown, sql: string): ParseOutcome {
  const message = messageOf(error);
  if (!hasSqlDetails(error) || error.sqlDetails === undefined) return refused(`cannot be parsed: ${message}`);
  const before = Array.from(sql).slice(0, Math.max(0, error.sqlDetails.cursorPosition)).join('');
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  const text = sql.trim();
  const start = Math.min(Math.max(0, before.length - (sql.length - sql.trimStart().length)), text.length);
  const word = /^(?:[\w$]+|\S)/.exec(text.slice(start, start + 200))?.[0] ?? '';
  return { ok: false, code: 'parse', message: `cannot be parsed: ${message} (line ${line}, column ${column})`, at: { start, end: start + word.length } };
}
