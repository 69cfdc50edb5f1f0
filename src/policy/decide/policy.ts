/** One policy of a bundle after parsing and lint: its text, its tree and the meaning of its annotations. */
import type { PolicyJson } from './cedar.ts';

export interface Policy {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly text: string;
  readonly json: PolicyJson;
  readonly file: string;
  readonly line: number;
  /** `@reason`: shown to the person who is denied or held. */
  readonly reason: string | undefined;
  /** `@advice`: what to do instead, shown after the reason. */
  readonly advice: string | undefined;
  /** Set when the forbid is liftable: `@approve`, `@quorum`, `@expires` with the group's own rules applied. */
  readonly lift: Lift | undefined;
  /** `@break_glass` on a permit: it counts only when nothing else of the policy does any more. */
  readonly isBreakGlass: boolean;
}

export interface Lift {
  /** Groups of `@approve`; an approver is in at least one. */
  readonly groups: readonly string[];
  readonly quorum: number;
  readonly expiresMs: number;
}
