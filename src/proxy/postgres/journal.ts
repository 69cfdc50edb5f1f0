/** What a session writes into its recording. Everything that could hold a value passes the masks first. */
import { createHash } from 'node:crypto';
import type { Json } from '../../base/jcs.ts';
import type { SessionRecorder } from '../../evidence/write.ts';
import { maskText, type MaskContext } from '../../policy/mask/index.ts';
import { maskToken } from '../../policy/mask/token.ts';
import { hideLiterals } from '../../policy/literals.ts';
import type { MaskPlan } from '../../policy/types.ts';
import type { Analysed } from './analyser.ts';
import type { Denial } from './denial.ts';
import type { Verdict } from './gatekeeper.ts';
import type { StatementResult } from './result.ts';

const DETECT_ALL: MaskPlan = { columns: 'detect_all', unmasked: [], scrubMessages: false };
const SCRUB: MaskPlan = { columns: 'detect_all', unmasked: [], scrubMessages: true };

/** Types whose binary form holds no text: kept as base64. Everything else binary is kept as digest only. */
const OPAQUE_SAFE = new Set([16, 20, 21, 23, 26, 700, 701, 1082, 1083, 1114, 1184, 1266, 1186, 2950]);
const TEXT_LIKE = new Set([0, 18, 19, 25, 114, 142, 705, 1042, 1043]);

const SHORT_NUMBER = /^-?\d{1,6}$/;

/** Names that no detector has to look at. Others are text that a person chose, and may hold anything. */
const PLAIN_NAME = /^(?!.*\d{6})[A-Za-z_?][A-Za-z0-9_?]*$/;

export interface BoundParameter {
  readonly value: Buffer | null;
  readonly format: number;
  readonly typeOid: number;
}

export class Journal {
  readonly recorder: SessionRecorder;
  readonly #masks: MaskContext;
  statements = 0;

  constructor(recorder: SessionRecorder, masks: MaskContext) {
    this.recorder = recorder;
    this.#masks = masks;
  }

  /** The statement as people may see it: detected values masked, and every string literal where classified columns are near. */
  shownSql(analysed: Analysed): string {
    const text = analysed.sensitive ? hideLiterals(analysed.sql, (literal) => this.#token(literal), analysed.plain) : analysed.sql;
    return maskText(text, DETECT_ALL, this.#masks).text;
  }

  shownParameters(analysed: Analysed | undefined, params: readonly BoundParameter[]): Json[] {
    return params.map((p) => this.#shownParameter(p, analysed?.sensitive ?? true));
  }

  #shownParameter(p: BoundParameter, sensitive: boolean): Json {
    if (p.value === null) return null;
    if (p.format === 1 && OPAQUE_SAFE.has(p.typeOid)) return { b64: p.value.toString('base64') };
    if (p.format === 1 && !TEXT_LIKE.has(p.typeOid)) return { bytes: p.value.length, sha256: createHash('sha256').update(p.value).digest('hex') };
    const text = p.value.toString('utf8');
    // A short number is a key or a count; longer ones may be a card or a national id.
    if (SHORT_NUMBER.test(text)) return text;
    if (sensitive) return this.#token(text);
    return maskText(text, DETECT_ALL, this.#masks).text;
  }

  /** Same value, same token within the session; says nothing about the value otherwise. */
  #token(value: string): string {
    return maskToken(this.#masks.tokenKey, 'literal', Buffer.from(value, 'utf8'));
  }

  request(kind: 'sql.query' | 'sql.parse', analysed: Analysed, verdict: Verdict, bytes: number, name?: string): { n: number; leaf: Uint8Array } {
    this.statements++;
    return this.recorder.append({
      kind,
      clear: { dec: verdict.effect, pol: verdict.policyIds, verb: analysed.statements.map((s) => s.facts.statement).slice(0, 50), bytes, ...estimated(analysed), ...(name ? { name: this.#name(name) } : {}) },
      fields: verdict.effect === 'allow' ? [{ name: 'sql', value: this.shownSql(analysed) }] : [{ name: 'sql', value: this.shownSql(analysed) }, { name: 'reason', value: this.masked(verdict.reason) }],
    });
  }

  bind(parse: number, analysed: Analysed, verdict: Verdict, shown: readonly Json[], bytes: number): { n: number; leaf: Uint8Array } {
    this.statements++;
    return this.recorder.append({ kind: 'sql.bind', clear: { q: parse, dec: verdict.effect, pol: verdict.policyIds, bytes, ...estimated(analysed) }, fields: shown.length > 0 ? [{ name: 'params', value: shown }] : [] });
  }

  execute(bind: number, maxRows: number): number {
    return this.recorder.append({ kind: 'sql.execute', clear: { q: bind, max: maxRows } }).n;
  }

  result(request: number, index: number, tag: string, us: number, result: StatementResult | undefined): number {
    if (!result) return this.recorder.append({ kind: 'sql.result', clear: { q: request, i: index, tag, us } }).n;
    const { rows, keptRows, restSha256 } = result.content();
    const { shape } = result;
    shape.recordedNames ??= shape.columns.map((c) => (PLAIN_NAME.test(c.name) ? c.name : this.#name(c.name)));
    return this.recorder.append({
      kind: 'sql.result',
      clear: {
        q: request,
        i: index,
        tag,
        us,
        rows: result.rows,
        bytes: result.bytes,
        kept: keptRows,
        ...(restSha256 === undefined ? {} : { rest: restSha256 }),
        ...(shape.masked.length > 0 ? { mask: shape.masked.map((m) => `${m.column}:${m.classId}`) } : {}),
        ...(shape.shown.length > 0 ? { unmask: shape.shown } : {}),
        ...maskCounts(result.counts),
      },
      fields: [
        { name: 'columns', value: shape.recordedNames },
        ...(keptRows > 0 ? [{ name: 'rows', value: rows }] : []),
      ],
    }).n;
  }

  /** A reason may quote the statement, as a parser's message does. */
  masked(reason: string): string {
    return maskText(reason, SCRUB, this.#masks).text;
  }

  error(request: number, code: string, message: string): void {
    this.recorder.append({ kind: 'sql.error', clear: { q: request, code }, fields: [{ name: 'message', value: maskText(message, SCRUB, this.#masks).text }] });
  }

  notice(kind: 'notice' | 'notification', text: string): void {
    this.recorder.append({ kind: 'sql.notice', clear: { of: kind }, fields: [{ name: 'text', value: text }] });
  }

  copy(request: number, direction: 'in' | 'out', bytes: number, sha256: string, kept: string | undefined): void {
    this.recorder.append({ kind: 'sql.copy', clear: { q: request, dir: direction, bytes, sha256 }, fields: kept === undefined ? [] : [{ name: 'data', value: kept }] });
  }

  denied(request: number, denial: Denial): void {
    this.recorder.append({ kind: 'policy.decision', clear: { q: request, dec: 'deny', pol: [...denial.policyIds], ref: denial.reference }, fields: [{ name: 'reason', value: this.masked(denial.reason) }] });
  }

  note(text: string): void {
    this.recorder.append({ kind: 'session.note', fields: [{ name: 'text', value: maskText(text, SCRUB, this.#masks).text }] });
  }

  #name(name: string): string {
    return maskText(name, DETECT_ALL, this.#masks).text.slice(0, 128);
  }
}

/** What the planner said, where policy asked: a simulation decides on the same number. */
function estimated({ statements }: Analysed): { est?: number } {
  const rows = statements.flatMap((s) => s.facts.estimatedRows ?? []);
  return rows.length > 0 ? { est: Math.max(...rows) } : {};
}

function maskCounts(counts: Readonly<Record<string, number>>): { hits?: string[] } {
  const hits = Object.entries(counts).map(([id, n]) => `${id}:${n}`);
  return hits.length > 0 ? { hits } : {};
}
