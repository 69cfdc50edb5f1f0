/**
 * From the records of a PostgreSQL session to what can be run again, in order, with what came of it. Answers come in the
 * order of requests, so a request is complete when a later one has been answered, or the log ends.
 */
import type { Json } from '../../base/jcs.ts';
import type { ReadRecord } from '../../evidence/read.ts';
import { looksMasked, tokensIn } from './masks.ts';
import type { Cell, RecordedCopy, RecordedParameter, RecordedResult, ReplayStep, Skip } from './types.ts';

const NOT_SHOWN = /^\/\* not shown: /;

/** A request whose answer may still come. */
interface Open {
  readonly n: number;
  readonly t: number;
  readonly kind: ReplayStep['kind'];
  readonly sql: string | undefined;
  readonly parse?: number;
  readonly portal?: number;
  readonly params: readonly RecordedParameter[];
  readonly maxRows: number;
  readonly removed: readonly string[];
  decision: string;
  results: RecordedResult[];
  copies: RecordedCopy[];
  error?: { code: string; message: string };
  /** Refused after it had been let go, as when its rows could not be shown. */
  refused?: string;
}

interface Parsed {
  readonly n: number;
  readonly t: number;
  readonly sql: string | undefined;
  readonly removed: readonly string[];
  bound: boolean;
}

export async function* replaySteps(records: AsyncIterable<ReadRecord>): AsyncGenerator<ReplayStep> {
  const session = new SessionReader();
  for await (const record of records) {
    session.take(record);
    yield* session.complete(false);
  }
  yield* session.complete(true);
}

class SessionReader {
  #open: Open[] = [];
  readonly #parsed = new Map<number, Parsed>();
  #lastParse: Parsed | undefined;
  #unnamed: number | undefined;

  take(r: ReadRecord): void {
    switch (r.kind) {
      case 'sql.query':
        return this.#begin(r, { kind: 'query', sql: text(r.fields['sql']), params: [] });
      case 'sql.parse':
        return this.#parse(r);
      case 'sql.bind':
        return this.#bind(r);
      case 'sql.execute':
        return this.#begin(r, { kind: 'fetch', sql: undefined, params: [], portal: numberOf(r, 'q'), maxRows: numberOf(r, 'max') });
      case 'sql.result':
        this.#asked(r)?.results.push(resultOf(r));
        return;
      case 'sql.copy':
        this.#asked(r)?.copies.push(copyOf(r));
        return;
      case 'sql.error':
        return this.#error(r);
      case 'policy.decision':
        return this.#decided(r);
      default:
    }
  }

  /** Requests that nothing more can come for, in order. */
  *complete(atEnd: boolean): Generator<ReplayStep> {
    // What was refused is decided at once; only what the target answered tells that everything before has its answer.
    const answered = atEnd ? this.#open.length : this.#open.findLastIndex(isAnswered);
    for (const open of this.#open.splice(0, Math.max(0, answered))) yield stepOf(open);
  }

  #begin(r: ReadRecord, o: Pick<Open, 'kind' | 'sql' | 'params'> & { parse?: number; portal?: number; maxRows?: number; removed?: readonly string[] }): void {
    this.#open.push({ n: r.n, t: r.t, maxRows: 0, removed: r.removed, ...o, decision: decisionOf(r), results: [], copies: [] });
  }

  #parse(r: ReadRecord): void {
    const parsed: Parsed = { n: r.n, t: r.t, sql: text(r.fields['sql']), removed: r.removed, bound: false };
    this.#parsed.set(r.n, parsed);
    if (r.clear['name'] === undefined) {
      // The unnamed statement takes the place of the one before.
      if (this.#unnamed !== undefined) this.#parsed.delete(this.#unnamed);
      this.#unnamed = r.n;
    }
    this.#lastParse = parsed;
    if (decisionOf(r) === 'deny') this.#begin(r, { kind: 'parse', sql: parsed.sql, params: [], parse: r.n });
  }

  #bind(r: ReadRecord): void {
    const parsed = this.#parsed.get(numberOf(r, 'q'));
    if (parsed !== undefined) parsed.bound = true;
    const shown = r.fields['params'];
    const params = Array.isArray(shown) ? shown.map(parameterOf) : [];
    this.#begin(r, { kind: 'bind', sql: parsed?.sql, params, removed: [...r.removed, ...(parsed?.removed ?? [])], ...(parsed === undefined ? {} : { parse: parsed.n }) });
  }

  #asked(r: ReadRecord): Open | undefined {
    const q = numberOf(r, 'q');
    return this.#open.find((o) => o.n === q);
  }

  /** Errors of Parse, Bind and Describe name no request: they belong to the first one without an answer. */
  #error(r: ReadRecord): void {
    const error = { code: String(r.clear['code'] ?? ''), message: text(r.fields['message']) ?? '' };
    const asked = this.#asked(r) ?? this.#open.find((o) => !hasOutcome(o));
    if (asked !== undefined) {
      asked.error ??= error;
      return;
    }
    const parsed = this.#lastParse;
    if (parsed === undefined || parsed.bound) return;
    parsed.bound = true;
    this.#open.push({ n: parsed.n, t: parsed.t, kind: 'parse', sql: parsed.sql, parse: parsed.n, params: [], maxRows: 0, removed: parsed.removed, decision: 'allow', results: [], copies: [], error });
  }

  #decided(r: ReadRecord): void {
    const asked = this.#asked(r);
    if (asked === undefined) return;
    const decision = decisionOf(r);
    if (decision === 'approved') asked.decision = 'allow';
    else asked.refused = text(r.fields['reason']) ?? decision;
  }
}

const isAnswered = (o: Open): boolean => o.results.length > 0 || o.error !== undefined;
const hasOutcome = (o: Open): boolean => isAnswered(o) || o.refused !== undefined || o.decision === 'deny';

function stepOf(o: Open): ReplayStep {
  const { n, t, kind, params, parse, portal } = o;
  // How many rows the first Execute asked for is not recorded; a suspended portal stopped there.
  const first = o.results.find((r) => r.tag === 'suspended')?.rows ?? 0;
  const skip = skipOf(o);
  const { results, copies, error } = o;
  return {
    n, t, kind, params,
    sql: o.sql ?? '',
    maxRows: kind === 'fetch' ? o.maxRows : first,
    outcome: { results, copies, ...(error === undefined ? {} : { error }) },
    ...(parse === undefined ? {} : { parse }),
    ...(portal === undefined ? {} : { portal }),
    ...(skip === undefined ? {} : { skip }),
  };
}

function skipOf(o: Open): Skip | undefined {
  if (o.decision === 'deny' || o.refused !== undefined) return { why: 'refused', detail: `it was refused then${o.refused === undefined ? '' : `: ${o.refused}`}` };
  if (o.decision === 'hold') return { why: 'refused', detail: 'it was held then and nobody approved it' };
  if (o.removed.length > 0) return { why: 'redacted', detail: `redacted: ${o.removed.join(', ')}` };
  if (o.kind !== 'fetch' && o.sql === undefined) return { why: 'unknown', detail: 'its text is not in the recording' };
  if (o.sql !== undefined && NOT_SHOWN.test(o.sql)) return { why: 'unknown', detail: 'its text could not be shown in the recording' };
  if (!hasOutcome(o)) return { why: 'no outcome', detail: 'no answer was recorded: the target may never have run it' };
  if (o.copies.some((c) => c.direction === 'in')) return { why: 'copy in', detail: 'the data of COPY FROM STDIN are not in the recording' };
  return maskedIn(o);
}

function maskedIn(o: Open): Skip | undefined {
  const lost = o.params.findIndex((p) => p.kind === 'lost');
  if (lost >= 0) return { why: 'masked', detail: `only a digest of parameter ${lost + 1} is in the recording` };
  const texts = [o.sql ?? '', ...o.params.flatMap((p) => (p.kind === 'text' ? [p.text] : []))];
  if (!texts.some(looksMasked)) return undefined;
  const tokens = [...new Set(texts.flatMap(tokensIn))];
  const where = looksMasked(texts[0] ?? '') ? 'values in its text are masked' : 'parameters are masked';
  return { why: 'masked', detail: `${where}${tokens.length > 0 ? `: ${tokens.join(', ')}` : ''}`, tokens };
}

function resultOf(r: ReadRecord): RecordedResult {
  const rows = r.clear['rows'];
  const columns = r.fields['columns'];
  const kept = r.fields['rows'];
  const rest = r.clear['rest'];
  const mask = r.clear['mask'];
  const masked = new Map(Array.isArray(mask) ? (mask as readonly string[]).map((m): [number, string] => [Number.parseInt(m, 10), m.slice(m.indexOf(':') + 1)]) : []);
  return {
    index: numberOf(r, 'i'),
    tag: String(r.clear['tag'] ?? ''),
    ...(typeof rows === 'number' ? { rows } : {}),
    ...(Array.isArray(columns) ? { columns: (columns as readonly Json[]).map((c) => text(c) ?? '') } : {}),
    cells: Array.isArray(kept) ? kept.map((row) => (Array.isArray(row) ? row.map(cellOf) : [])) : [],
    kept: numberOf(r, 'kept'),
    ...(typeof rest === 'string' ? { rest } : {}),
    masked,
    hasMasks: masked.size > 0 || Array.isArray(r.clear['hits']),
    removed: r.removed,
  };
}

function copyOf(r: ReadRecord): RecordedCopy {
  const data = text(r.fields['data']);
  return { direction: r.clear['dir'] === 'in' ? 'in' : 'out', bytes: numberOf(r, 'bytes'), sha256: String(r.clear['sha256'] ?? ''), ...(data === undefined ? {} : { data }) };
}

function parameterOf(value: Json): RecordedParameter {
  if (value === null) return { kind: 'null' };
  if (typeof value === 'string') return { kind: 'text', text: value };
  const bytes = bytesOf(value);
  return bytes === undefined ? { kind: 'lost' } : { kind: 'binary', b64: bytes };
}

function cellOf(value: Json): Cell {
  if (value === null || typeof value === 'string') return value;
  const bytes = bytesOf(value);
  return bytes === undefined ? JSON.stringify(value) : { b64: bytes };
}

function bytesOf(value: Json): string | undefined {
  const b64 = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, Json>>)['b64'] : undefined;
  return typeof b64 === 'string' ? b64 : undefined;
}

const text = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
const decisionOf = (r: ReadRecord): string => (typeof r.clear['dec'] === 'string' ? r.clear['dec'] : 'allow');

function numberOf(r: ReadRecord, name: string): number {
  const value = r.clear[name];
  return typeof value === 'number' ? value : 0;
}
