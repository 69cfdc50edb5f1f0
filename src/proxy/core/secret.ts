/** A secret that cannot be printed by accident: JSON, string conversion and inspect all give a label. */
import { inspect } from 'node:util';
import type { Credential } from './ports.ts';

export function credential(user: string, secret: string, kind: Credential['kind'] = 'password'): Credential {
  const label = (): string => '[credential]';
  const value: Credential = { user, kind, reveal: () => secret };
  Object.defineProperty(value, 'reveal', { enumerable: false });
  Object.defineProperty(value, 'toJSON', { value: label, enumerable: false });
  Object.defineProperty(value, inspect.custom, { value: label, enumerable: false });
  return Object.freeze(value);
}
