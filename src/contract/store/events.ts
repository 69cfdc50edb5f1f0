/** Server-sent events of GET /v1/events: hints to look again, never facts to act on. */
import { z } from 'zod';
import { approvalId, deviceId, sessionId } from './common.ts';
import { approvalStates } from './approvals.ts';
import { recordingStates } from './recordings.ts';

export const storeEvent = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hello') }),
  z.strictObject({ type: z.literal('approval'), id: approvalId, state: approvalStates, decisions: z.number().int().min(0) }),
  z.strictObject({ type: z.literal('recording'), session_id: sessionId, state: recordingStates }),
  /** An administrator has approved or revoked it: its owner looks now. */
  z.strictObject({ type: z.literal('device'), device_id: deviceId }),
  /** The policy repository has a new timestamp: devices look now instead of within a minute. */
  z.strictObject({ type: z.literal('policy'), timestamp: z.number().int().min(1) }),
]);
export type StoreEvent = z.output<typeof storeEvent>;
