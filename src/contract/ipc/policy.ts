/** The active policy bundle, and what it says about the person who is signed in. */
import { z } from 'zod';
import { count, effect, epochMs } from './common.ts';
import { defineSlice, nothing } from './slice.ts';

export const dataClass = z.strictObject({
  id: z.string(),
  columns: z.array(z.string()),
  detectors: z.array(z.string()),
  mask: z.enum(['token', 'partial', 'full', 'null']),
  predicates: z.enum(['allow', 'equality', 'deny']),
  /** I see this class in clear somewhere. */
  unmaskedForMe: z.boolean(),
});
export type PolicyClass = z.infer<typeof dataClass>;

export const policyText = z.strictObject({
  id: z.string(),
  file: z.string(),
  effect: z.enum(['permit', 'forbid']),
  /** `@reason` of the policy. */
  reason: z.string().optional(),
  /** `@approve`: who may lift it. */
  approvers: z.array(z.string()),
  quorum: count,
  text: z.string(),
});
export type PolicyText = z.infer<typeof policyText>;

/** One answer of `decide` for me, asked of a typical statement on a connection. */
export const aboutMe = z.strictObject({
  connection: z.string(),
  /** `DROP TABLE`, `SELECT`, `UPDATE without WHERE`. */
  topic: z.string(),
  effect,
  reason: z.string(),
  policyIds: z.array(z.string()),
});
export type AboutMe = z.infer<typeof aboutMe>;

/** How a signed bundle came to this laptop, and how long it may decide. */
export const distribution = z.strictObject({
  ring: z.string(),
  /** SHA-256 of the root that this device was told to trust. */
  rootSha256: z.string(),
  /** `expired` and `stopped`: only break-glass is left. */
  mode: z.enum(['normal', 'expired', 'stopped']),
  /** Why only break-glass is left; empty in `normal`. */
  why: z.string(),
  endsMs: epochMs,
  lastCheckMs: epochMs.optional(),
  /** When what the store has was last verified. */
  verifiedMs: epochMs.optional(),
  /** What went wrong at the last look at the store. */
  error: z.string().optional(),
  /** The store was reached, and what it has does not verify. */
  refused: z.boolean(),
  versions: z.strictObject({ root: count, timestamp: count, snapshot: count, targets: count, ring: count }),
  /** Newer bundles of the ring that are not for this device yet. */
  waiting: z.array(z.strictObject({ serial: count, why: z.string() })),
});
export type Distribution = z.infer<typeof distribution>;

export const activePolicy = z.strictObject({
  name: z.string(),
  serial: count,
  digest: z.string(),
  activatedMs: epochMs,
  /** `source directory` or the TUF repository it came from. */
  source: z.string(),
  signers: z.array(z.string()),
  /** Absent for a source directory. */
  distribution: distribution.optional(),
  tests: z.strictObject({ passed: count, total: count }),
  classes: z.array(dataClass),
  policies: z.array(policyText),
  aboutMe: z.array(aboutMe),
});
export type ActivePolicy = z.infer<typeof activePolicy>;

export const policySlice = defineSlice(
  'policy',
  {
    active: { request: nothing, reply: activePolicy },
    /** Looks at the store now. */
    check: { request: nothing, reply: activePolicy },
  },
  { changed: activePolicy },
);
