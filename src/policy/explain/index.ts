/** Explanations of decisions, for people at an editor. */
export { explain } from './explain.ts';
export { applied, Budget } from './offers.ts';
export type { Bench, Explanation, Offer, Severity, TextEdit } from './types.ts';
