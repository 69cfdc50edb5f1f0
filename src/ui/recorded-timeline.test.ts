import { describe, expect, it } from 'vitest';
import type { Json } from '../base/jcs.ts';
import type { ReadRecord } from '../evidence/read.ts';
import { hitsOf, TimelineBuilder } from './recorded-timeline.ts';

const record = (n: number, kind: string, clear: ReadRecord['clear'] = {}, fields: Record<string, Json> = {}, removed: string[] = []): ReadRecord => ({ n, kind, t: 1_000 + n, m: n, channel: 0, clear, fields, removed, line: n + 1 });

function timeline(...records: ReadRecord[]) {
  const builder = new TimelineBuilder((id) => (id === 'email' ? 'token' : undefined));
  for (const r of records) builder.add(r);
  return builder.records;
}

describe('the timeline of a recording', () => {
  it('groups a query with its decision, result and masks', () => {
    const all = timeline(
      record(0, 'sql.query', { dec: 'allow', pol: ['p'] }, { sql: 'select email from t' }),
      record(1, 'sql.result', { q: 0, tag: 'SELECT 2', us: 1_500, rows: 2, kept: 1, mask: ['0:email'], hits: ['email:2'] }, { columns: ['email'], rows: [['msk_email_x']] }),
    );
    expect(all.map((r) => [r.kind, r.statement])).toEqual([['statement', 0], ['decision', 0], ['result', 0], ['mask', 0]]);
    expect(all[2]).toMatchObject({ columns: [{ name: 'email', mask: { classId: 'email', kind: 'token' } }], rowCount: 2, truncated: true, elapsedMs: 1.5 });
  });

  it('follows the extended protocol from execute to bind to the text of its parse', () => {
    const all = timeline(
      record(0, 'sql.parse', { dec: 'allow', pol: [] }, { sql: 'select $1' }),
      record(1, 'sql.bind', { q: 0, dec: 'allow', pol: [] }, { params: ['a', null, { b64: 'AA==' }] }),
      record(2, 'sql.execute', { q: 1, max: 0 }),
      record(3, 'sql.result', { q: 2, tag: 'SELECT 1' }),
    );
    expect(all[0]).toMatchObject({ kind: 'statement', statement: 1, sql: 'select $1', parameters: ['a', null, 'base64 AA=='] });
    expect(all.at(-1)).toMatchObject({ kind: 'result', statement: 1, rowCount: 1 });
  });

  it('tells a denial once', () => {
    const all = timeline(record(0, 'sql.query', { dec: 'deny', pol: ['no'] }, { sql: 'drop', reason: 'never' }), record(1, 'policy.decision', { q: 0, dec: 'deny', pol: ['no'] }, { reason: 'never' }));
    expect(all.filter((r) => r.kind === 'decision')).toEqual([{ n: 0, tMs: 1_000, statement: 0, kind: 'decision', effect: 'deny', reason: 'never', policyIds: ['no'] }]);
  });

  it('shows what was removed, and an envelope that cannot be read', () => {
    const all = timeline(record(0, 'sql.query', { dec: 'allow' }, {}, ['sql']), record(1, 'approval.decision', { q: 0, id: 'apr', counted: true }, { envelope: '{}' }));
    expect(all.map((r) => r.kind)).toEqual(['statement', 'decision', 'missing', 'note']);
    expect(all[0]).toMatchObject({ sql: '[content missing]' });
    expect(all[2]).toMatchObject({ statement: 0, field: 'sql' });
  });

  it('reads counts of class names with colons', () => {
    expect(hitsOf(record(0, 'sql.result', { hits: ['a:b:3', 'c:x'] }))).toEqual([{ classId: 'a:b', cells: 3 }, { classId: 'c', cells: 0 }]);
  });
});
