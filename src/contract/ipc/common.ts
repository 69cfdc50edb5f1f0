/** Schemas that several slices share. */
import { z } from 'zod';
import { limits } from '../../base/limits.ts';

/** Milliseconds since the Unix epoch. */
export const epochMs = z.int().nonnegative();
export const durationMs = z.number().nonnegative();
export const sizeBytes = z.int().nonnegative();
export const count = z.int().nonnegative();

/** Identifiers that the window hands back to main; main made them. */
export const opaqueId = z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/);
export const connectionName = z.string().min(1).max(200);
export const sqlText = z.string().max(limits.sqlTextBytes);
/** Reasons that people write; they end in signed records. */
export const personText = z.string().trim().min(3).max(2_000);

export const protocol = z.enum(['postgres', 'mysql', 'ssh', 'kube', 'http']);
export const labels = z.record(z.string(), z.string());
export const effect = z.enum(['allow', 'hold', 'deny']);
export type Effect = z.infer<typeof effect>;

export const maskInfo = z.strictObject({
  classId: z.string(),
  kind: z.enum(['token', 'partial', 'full', 'null']),
  /** For people: `email on public.customers.email`, `detector email`. */
  rule: z.string(),
});
export type MaskInfo = z.infer<typeof maskInfo>;

export const resultColumn = z.strictObject({
  name: z.string(),
  /** As format_type prints it: `integer`, `character varying(40)`. */
  type: z.string(),
  /** Present when the whole column is masked. */
  mask: maskInfo.optional(),
});
export type ResultColumn = z.infer<typeof resultColumn>;

/** A cell in text form; null is SQL NULL. */
export type Cell = string | null;
export type Row = readonly Cell[];

function isRows(value: unknown): value is readonly Row[] {
  return (
    Array.isArray(value) &&
    value.every((row: unknown) => Array.isArray(row) && row.every((cell: unknown) => cell === null || typeof cell === 'string'))
  );
}
/** Hand-written check: results have millions of cells, and a schema object per cell costs too much. */
export const rows = z.custom<readonly Row[]>(isRows, 'rows must be arrays of strings or nulls');

/** An answer of the target or a refusal of the proxy, as the client protocol carries it. */
export const sqlError = z.strictObject({
  sqlstate: z.string(),
  message: z.string(),
  detail: z.string().optional(),
  hint: z.string().optional(),
  /** 1-based character position in the statement, as PostgreSQL reports it. */
  position: z.int().positive().optional(),
  /** Set when the proxy refused the statement: `denied` by policy or approver, `refused` by the fail-closed rule. */
  refusal: z.enum(['denied', 'refused']).optional(),
  policyIds: z.array(z.string()).default([]),
  /** What a person quotes to security: session and record number. */
  reference: z.string().optional(),
});
export type SqlError = z.infer<typeof sqlError>;

export const person = z.strictObject({ name: z.string(), subject: z.string(), groups: z.array(z.string()) });
export type Person = z.infer<typeof person>;
