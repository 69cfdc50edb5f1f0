/** Redaction by two people, legal holds, retention. */
import { z } from 'zod';
import { base64, line, sessionId, sha256Hex, timeMs } from './common.ts';

const person = z.strictObject({ iss: line(500), sub: line(255), name: line(255) });

/** POST /v1/recordings/:session/redactions. Without a field, all contents of the record are meant. */
export const redactionBody = z.strictObject({
  items: z.array(z.strictObject({ n: z.number().int().min(0), field: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/).optional() })).min(1).max(1_000),
  legal_basis: line(1_000),
  ticket: line(255),
});

export const redactionId = z.string().regex(/^r-[0-9a-f-]{36}$/, 'not a redaction id');
export const redactionParams = z.strictObject({ id: redactionId });
/** proposed: waits for signatures. signed: in force and in the log; content is being removed. done: it is gone. */
export const redactionStates = z.enum(['proposed', 'signed', 'done', 'withdrawn']);

export const redactionView = z.strictObject({
  id: redactionId,
  session_id: sessionId,
  state: redactionStates,
  legal_basis: z.string(),
  ticket: z.string(),
  items: z.array(z.strictObject({ n: z.number().int(), field: z.string(), digest: sha256Hex, len: z.number().int() })),
  /** What each signer signs as the payload of a DSSE envelope of kind `redaction`. */
  payload: base64(8_000_000),
  proposed_by: person,
  proposed_ms: timeMs,
  signed_by: z.array(person.extend({ t_ms: timeMs })),
  /** May the caller sign it now? */
  may_sign: z.boolean(),
});
export type RedactionView = z.output<typeof redactionView>;

export const redactionList = z.strictObject({ redactions: z.array(redactionView) });
export const redactionQuery = z.strictObject({ state: redactionStates.optional() });
/** POST /v1/redactions/:id/signatures: an envelope with the caller's one signature. */
export const redactionSignature = z.strictObject({ envelope: z.string().max(12_000_000) });

/** PUT /v1/recordings/:session/hold, DELETE with a reason too. */
export const holdBody = z.strictObject({ reason: line(1_000) });

export const legalHold = z.strictObject({ reason: z.string(), placed_by: person, placed_ms: timeMs, released_by: person.optional(), released_ms: timeMs.optional(), release_reason: z.string().optional() });

/** GET /v1/recordings/:session/retention */
export const retentionView = z.strictObject({
  session_id: sessionId,
  /** Absent while the session runs, and where the store deletes nothing. */
  class: z.string().optional(),
  delete_after_ms: timeMs.optional(),
  held: z.boolean(),
  holds: z.array(legalHold),
  redactions: z.array(redactionView),
});

/** GET /v1/deletions: what retention has deleted. */
export const deletionList = z.strictObject({ deletions: z.array(z.strictObject({ session_id: sessionId, statement: z.string(), deleted_ms: timeMs, complete: z.boolean() })) });
