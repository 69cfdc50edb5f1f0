/** Puts values that a person gives in the place of masks, so that a statement can be run as it was. */
import type { RecordedParameter, ReplayStep } from './types.ts';
import { looksMasked, tokensIn } from './masks.ts';

/** By mask token: the clear value. */
export type Values = ReadonlyMap<string, string>;

/**
 * The step with its masks filled in, or as it was where a value is missing. A token in the text stands in the place of a
 * whole literal or within one: it is written as a literal's content.
 */
export function withValues(step: ReplayStep, values: Values): ReplayStep {
  const { skip } = step;
  if (skip?.why !== 'masked' || skip.tokens === undefined || !skip.tokens.every((t) => values.has(t))) return step;
  const filled = (text: string, write: (value: string) => string): string => tokensIn(text).reduce((out, token) => out.replaceAll(token, () => write(values.get(token) ?? '')), text);
  const sql = filled(step.sql, (value) => value.replaceAll("'", "''"));
  const params = step.params.map((p): RecordedParameter => (p.kind === 'text' ? { kind: 'text', text: filled(p.text, (value) => value) } : p));
  // What is masked without a token cannot be filled in.
  const given = [...values.values()];
  const rest = [sql, ...params.flatMap((p) => (p.kind === 'text' ? [p.text] : []))].map((text) => given.reduce((out, value) => out.replaceAll(value.replaceAll("'", "''"), '').replaceAll(value, ''), text));
  if (rest.some(looksMasked)) return step;
  return { ...step, sql, params, skip: undefined };
}
