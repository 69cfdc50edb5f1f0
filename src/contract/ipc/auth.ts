/** Sign-in of the person at this laptop. */
import { z } from 'zod';
import { epochMs } from './common.ts';
import { defineSlice, nothing } from './slice.ts';

export const authState = z.discriminatedUnion('phase', [
  /** `message` says why the last attempt ended, where there was one. */
  z.strictObject({ phase: z.literal('signed_out'), message: z.string().optional(), storeUrl: z.string().optional() }),
  /** `verificationCode` is shown when the browser shows it as well. */
  z.strictObject({ phase: z.literal('signing_in'), startedMs: epochMs, where: z.enum(['browser', 'window']), verificationCode: z.string().optional() }),
  z.strictObject({
    phase: z.literal('signed_in'),
    name: z.string(),
    subject: z.string(),
    groups: z.array(z.string()),
    issuer: z.string(),
    expiresMs: epochMs,
    deviceId: z.string(),
    /** 'memory': this machine offers no protected storage, so the device key ends with the program. */
    keyProtection: z.enum(['os', 'memory']),
  }),
]);
export type AuthState = z.infer<typeof authState>;

export const authSlice = defineSlice(
  'auth',
  {
    state: { request: nothing, reply: authState },
    /** Starts the sign-in; progress arrives as events. Resolves with the state right after the start. */
    signIn: { request: nothing, reply: authState },
    cancel: { request: nothing, reply: authState },
    signOut: { request: nothing, reply: authState },
  },
  { stateChanged: authState },
);
