/** Sign-in of the person at this laptop. */
import { z } from 'zod';
import { epochMs } from './common.ts';
import { defineSlice, nothing } from './slice.ts';

/** 'memory': this machine offers no protected storage, so the device key ends with the program. */
const keyProtection = z.enum(['os', 'memory']);

/** The last look at the store while something is awaited. */
const look = z.strictObject({
  /** One is under way. */
  checking: z.boolean(),
  lastMs: epochMs.optional(),
  /** Why it said nothing, or refused a code. */
  error: z.string().optional(),
});

const awaitedDevice = z.strictObject({
  phase: z.literal('device_waiting'),
  ...{ name: z.string(), subject: z.string(), deviceId: z.string(), deviceName: z.string(), sinceMs: epochMs },
  keyProtection,
  look,
});
export type AwaitedDevice = z.infer<typeof awaitedDevice>;

const awaitedPolicy = z.strictObject({
  phase: z.literal('policy_waiting'),
  ...{ name: z.string(), subject: z.string(), ring: z.string(), sinceMs: epochMs },
  /** SHA-256 of the root that this device was told to trust. */
  rootSha256: z.string(),
  /** The store has one, and it does not verify; else there is none for this device, or the store is away. */
  refused: z.boolean(),
  why: z.string(),
  look,
});
export type AwaitedPolicy = z.infer<typeof awaitedPolicy>;

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
    keyProtection,
  }),
  /** Who it is, is known; their device may do nothing before an administrator approves it. */
  awaitedDevice,
  /** Without a policy that verifies there is nothing to decide by, so nothing opens. */
  awaitedPolicy,
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
    /** Looks again at what is awaited. */
    retry: { request: nothing, reply: authState },
    /** A code of an administrator, with which the awaited device need not wait. */
    useCode: { request: z.strictObject({ code: z.string().max(100) }), reply: authState },
  },
  { stateChanged: authState },
);
