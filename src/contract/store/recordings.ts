/** Recordings as the store keeps them. */
import { z } from 'zod';
import { base64, deviceId, line, sessionId, sha256Hex, timeMs } from './common.ts';

export const recordingParams = z.strictObject({ session: sessionId });
export const chunkParams = z.strictObject({ session: sessionId, index: z.coerce.number().int().min(0).max(999_999) });
export const endParams = z.strictObject({ session: sessionId, kind: z.enum(['close', 'recovered']) });

/** Headers of PUT /v1/recordings/:session/chunks/:index; the body is the gzip member. */
export const CHUNK_SHA256_HEADER = 'sallyport-chunk-sha256';
export const CHUNK_SIZE_HEADER = 'sallyport-chunk-size';
export const chunkHeaders = z.object({
  [CHUNK_SHA256_HEADER]: sha256Hex,
  [CHUNK_SIZE_HEADER]: z.coerce.number().int().min(1).max(2 ** 31),
});

/** Answer to an upload: what the spool waits for before it deletes anything. */
export const receiptReply = z.strictObject({ envelope: z.string().min(2).max(64 * 1024), cosignature: z.string().max(4_000) });

export const recordingStates = z.enum(['open', 'closed', 'recovered']);

export const recordingInfo = z.strictObject({
  session_id: sessionId,
  state: recordingStates,
  device_id: deviceId,
  user: z.strictObject({ iss: line(500), sub: line(255), name: line(255) }),
  connection: line(255),
  protocol: line(50),
  /** What the client program calls itself; many say nothing. */
  client: z.string().max(255).regex(/^\P{Cc}*$/u, 'must not hold control characters'),
  opened_ms: timeMs,
  closed_ms: timeMs.optional(),
  chunks: z.number().int().min(0),
  /** Records witnessed so far. */
  size: z.number().int().min(0),
  root: sha256Hex,
  bytes: z.number().int().min(0),
});
export type RecordingInfo = z.output<typeof recordingInfo>;

/** GET /v1/recordings */
export const recordingQuery = z.strictObject({
  person: z.string().max(255).optional(),
  connection: z.string().max(255).optional(),
  since_ms: z.coerce.number().int().min(0).optional(),
  state: recordingStates.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  /** `opened_ms` of the last row of the page before. */
  before_ms: z.coerce.number().int().min(0).optional(),
});
export const recordingList = z.strictObject({ recordings: z.array(recordingInfo) });
/** GET /v1/recordings/:session */
export const recordingDetail = z.strictObject({
  recording: recordingInfo,
  files: z.array(z.strictObject({ name: line(100), bytes: z.number().int().min(0) })),
});
/** GET /v1/recordings/:session/proofs: files of an export that the store makes anew each time. */
export const recordingProofs = z.strictObject({ files: z.array(z.strictObject({ name: line(150), content: base64(200_000) })) });
export const fileParams = z.strictObject({ session: sessionId, '*': z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)?$/).max(100) });
