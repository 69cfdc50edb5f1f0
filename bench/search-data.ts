/** Made-up statements of a made-up company: few people do most of the work, few tables get most of the statements. */
import type { SearchDecision } from '../src/contract/store/index.ts';
import type { StatementRow } from '../src/store/search/fold.ts';

/** Repeatable numbers in [0, 1). */
export function numbers(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Small indexes far more often than large ones. */
const skewed = (r: () => number, n: number): number => Math.floor(n * r() ** 3);
const pick = <T>(r: () => number, list: readonly [T, ...T[]]): T => list[skewed(r, list.length)] ?? list[0];

export const PEOPLE = 400;
export const TARGETS = 40;
export const MONTHS = 12;
export const START_MS = Date.UTC(2025, 10, 1);
export const END_MS = Date.UTC(2026, 10, 1);

const subjects = ['orders', 'customers', 'payments', 'invoices', 'shipments', 'products', 'sessions', 'events', 'accounts', 'tickets', 'refunds', 'addresses', 'suppliers', 'contracts', 'employees', 'salaries', 'audit_log', 'feature_flags', 'queue_jobs', 'email_outbox'] as const;
const schemas = ['public', 'sales', 'hr', 'billing', 'ops'] as const;
const columns = ['id', 'customer_id', 'status', 'created_at', 'updated_at', 'amount', 'email', 'country', 'sku', 'region', 'note', 'phone', 'iban', 'total', 'quantity', 'warehouse_id', 'supplierId', 'is_active'] as const;

export interface Made {
  readonly sql: string;
  readonly verb: string;
}

export function statementText(r: () => number): Made {
  const table = `${pick(r, schemas)}.${pick(r, subjects)}${r() < 0.3 ? `_${Math.floor(r() * 60)}` : ''}`;
  const column = pick(r, columns);
  const kind = r();
  const value = Math.floor(r() * 1_000_000);
  if (kind < 0.62) return { verb: 'SELECT', sql: `SELECT ${column}, ${pick(r, columns)}, count(*) FROM ${table} t JOIN ${pick(r, schemas)}.${pick(r, subjects)} u ON u.id = t.${column} WHERE t.${pick(r, columns)} = ${value} ORDER BY created_at DESC LIMIT ${Math.ceil(r() * 100)}` };
  if (kind < 0.8) return { verb: 'UPDATE', sql: `UPDATE ${table} SET ${column} = 'msk_literal_${letters(r)}' WHERE ${pick(r, columns)} = ${value}` };
  if (kind < 0.92) return { verb: 'INSERT', sql: `INSERT INTO ${table} (id, ${column}) VALUES (${value}, 'msk_literal_${letters(r)}')` };
  if (kind < 0.97) return { verb: 'DELETE', sql: `DELETE FROM ${table} WHERE ${pick(r, columns)} < ${value}` };
  if (kind < 0.99) return { verb: 'CREATE', sql: `CREATE INDEX idx_${value} ON ${table} (${column})` };
  return { verb: 'TRUNCATE', sql: `TRUNCATE ${table}` };
}

const letters = (r: () => number): string => Array.from({ length: 12 }, () => 'bcdfghjkmnpqrtvw'[Math.floor(r() * 16)]).join('');

/** The statements of one session, some seconds apart. */
export function sessionRows(r: () => number, startMs: number, count: number): StatementRow[] {
  return Array.from({ length: count }, (_, i) => {
    const { sql, verb } = statementText(r);
    const luck = r();
    const decision: SearchDecision = luck < 0.93 ? 'allow' : luck < 0.97 ? 'denied' : luck < 0.99 ? 'approved' : 'held';
    const masked = new Map<string, number>(/email|phone|iban/.test(sql) ? [['email', Math.ceil(r() * 40)]] : []);
    return {
      n: i * 3,
      atMs: startMs + i * 4_000,
      offsetMs: i * 4_000,
      sql,
      cut: false,
      redacted: false,
      params: '',
      verbs: [verb],
      decision,
      reason: decision === 'allow' ? '' : 'the guardrail says so',
      approvalId: undefined,
      policies: decision === 'allow' ? ['access-engineering'] : [pick(r, ['no-drop', 'hold-update-without-where', 'hold-delete', 'no-truncate-in-prod'])],
      masked,
      unmasked: new Set<string>(),
      answerN: i * 3 + 2,
      rows: Math.floor(r() * 100),
      us: Math.floor(r() * 20_000),
      error: r() < 0.01 ? '42P01' : undefined,
    };
  });
}
