/** Statements as the proxy's journal records them, for tests of the index. */
import type { SessionRecorder } from '../evidence/write.ts';

export interface RecordedStatement {
  readonly sql: string;
  readonly dec?: 'allow' | 'hold' | 'deny';
  readonly pol?: readonly string[];
  readonly verb?: readonly string[];
  readonly reason?: string;
  readonly rows?: number;
  /** `email:12` */
  readonly hits?: readonly string[];
  /** Classes shown in clear. */
  readonly unmask?: readonly string[];
  readonly error?: string;
}

/** A simple query and, unless it was stopped, its answer. @returns the number of its record */
export function recordQuery(recorder: SessionRecorder, s: RecordedStatement): number {
  const dec = s.dec ?? 'allow';
  const { n } = recorder.append({
    kind: 'sql.query',
    clear: { dec, pol: s.pol ?? ['access-engineering'], verb: s.verb ?? [(s.sql.trim().split(/\s/)[0] ?? '').toUpperCase()], bytes: s.sql.length },
    fields: [{ name: 'sql', value: s.sql }, ...(dec === 'allow' ? [] : [{ name: 'reason', value: s.reason ?? 'because' }])],
  });
  if (dec === 'deny') recorder.append({ kind: 'policy.decision', clear: { q: n, dec: 'deny', pol: s.pol ?? [], ref: `x/${n}` }, fields: [{ name: 'reason', value: s.reason ?? 'because' }] });
  if (dec === 'allow') answer(recorder, n, s);
  recorder.commit();
  return n;
}

/** The answer of the statement at record `q`. */
export function answer(recorder: SessionRecorder, q: number, s: Pick<RecordedStatement, 'rows' | 'hits' | 'unmask' | 'error'>): void {
  if (s.error !== undefined) {
    recorder.append({ kind: 'sql.error', clear: { q, code: s.error }, fields: [{ name: 'message', value: 'the target said no' }] });
    return;
  }
  recorder.append({
    kind: 'sql.result',
    clear: { q, i: 0, tag: `SELECT ${s.rows ?? 1}`, us: 1_500, rows: s.rows ?? 1, bytes: 20, kept: 1, ...(s.unmask === undefined ? {} : { unmask: s.unmask }), ...(s.hits === undefined ? {} : { mask: s.hits.map((h, i) => `${i}:${h.split(':')[0] ?? ''}`), hits: s.hits }) },
    fields: [{ name: 'columns', value: ['id'] }, { name: 'rows', value: [['1']] }],
  });
}
