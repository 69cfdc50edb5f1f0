import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { HistoryEntry } from '../../contract/ipc/workbench.ts';
import type { DataClass } from '../../policy/types.ts';
import { findCellMarks } from './cell-marks.ts';
import { History } from './history.ts';
import { typeName } from './pg-types.ts';
import { toSqlError } from './sql-error.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('errors', () => {
  const fields = (f: Record<string, string>) => Object.entries(f).map(([kind, value]) => ({ kind, value }));

  it('tells a denial with its policies and reference', () => {
    expect(toSqlError(fields({ S: 'ERROR', C: '42501', M: 'denied by policy: no drops', D: 'Policies: a, b.', H: 'Reference s-1/3.' }))).toEqual({ sqlstate: '42501', message: 'no drops', refusal: 'denied', policyIds: ['a', 'b'], reference: 's-1/3' });
  });
  it('tells a refusal without a policy', () => {
    expect(toSqlError(fields({ C: '42501', M: 'denied by policy: cannot be read', H: 'Reference s-1/3.' }))).toMatchObject({ refusal: 'refused', policyIds: [] });
  });
  it('leaves an error of the server as it is', () => {
    expect(toSqlError(fields({ C: '42501', M: 'permission denied for table x', D: 'why', H: 'ask', P: '7' }))).toEqual({ sqlstate: '42501', message: 'permission denied for table x', detail: 'why', hint: 'ask', position: 7, policyIds: [] });
  });
});

describe('type names', () => {
  it.each([[23, -1, 'integer'], [1043, 44, 'character varying(40)'], [1700, (12 << 16) + 2 + 4, 'numeric(12,2)'], [1042, 6, 'character(2)'], [99_999, -1, 'type 99999']])('%i %i', (oid, modifier, name) => {
    expect(typeName(oid, modifier)).toBe(name);
  });
});

describe('cells that a detector masked', () => {
  const email: DataClass = { id: 'email', columns: [], detectors: ['email'], mask: { kind: 'token' }, predicates: 'equality' };
  const phone: DataClass = { id: 'phone', columns: [], detectors: ['phone'], mask: { kind: 'partial' }, predicates: 'deny' };
  const rows = [['write to msk_email_bcdfghjkmnpq now', 'x'], ['plain', '********06'], [null, 'msk_email_bcdfghjkmnpq']];

  it('marks tokens and stars of counted classes, and nothing of columns masked whole', () => {
    const marks = findCellMarks({ rows, maskedColumns: new Set(), detected: { email: 2, phone: 1 }, classes: [email, phone] });
    expect(marks.map((m) => [m.row, m.column, m.mask.classId])).toEqual([[0, 0, 'email'], [1, 1, 'phone'], [2, 1, 'email']]);
    expect(findCellMarks({ rows, maskedColumns: new Set([1]), detected: { email: 2, phone: 1 }, classes: [email, phone] }).map((m) => m.row)).toEqual([0]);
  });
  it('marks nothing that the proxy did not count', () => {
    expect(findCellMarks({ rows, maskedColumns: new Set(), detected: {}, classes: [email, phone] })).toEqual([]);
  });
});

describe('history', () => {
  const entry = (id: string, sql: string): HistoryEntry => ({ id, connection: 'shop', sql, startedMs: 1, elapsedMs: 2, outcome: 'ok' });

  it('keeps the typed text in memory and the masked one on disk', () => {
    const dir = path.join(folder, 'a');
    const history = History.open(dir);
    history.add(entry('r1', "SELECT 'secret'"), "SELECT '…'");
    history.add(entry('r2', 'SELECT 2'), 'SELECT 2');
    expect(history.find({ limit: 10 }).map((e) => e.sql)).toEqual(['SELECT 2', "SELECT 'secret'"]);
    expect(readFileSync(path.join(dir, 'history.ndjson'), 'utf8')).not.toContain('secret');
    expect(History.open(dir).find({ limit: 10, search: 'select 2' }).map((e) => e.id)).toEqual(['r2']);
  });
  it('forgets a torn last line, and stops at damage', () => {
    const dir = path.join(folder, 'b');
    History.open(dir).add(entry('r1', 'SELECT 1'), 'SELECT 1');
    appendFileSync(path.join(dir, 'history.ndjson'), '{"id":"r2"');
    expect(History.open(dir).find({ limit: 10 })).toHaveLength(1);
    appendFileSync(path.join(dir, 'history.ndjson'), '\n');
    expect(() => History.open(dir)).toThrow(/history.ndjson:2.*damaged/);
  });
});
