/** What a masked value looks like: by kind of mask, and for `partial` by what the value is. */
import type { MaskKind } from '../types.ts';
import type { DetectorId } from './detect/ids.ts';
import type { Tokenizer } from './token.ts';

/** Always the same length, so that the mask does not tell the value's. */
export const FULL_MASK = '********';

export interface MaskSpec {
  readonly classId: string;
  readonly kind: MaskKind;
  /** What the class is about, which decides how much `partial` keeps. */
  readonly shape: PartialShape;
  readonly tokens: Tokenizer;
}

export type PartialShape = 'email' | 'card' | 'phone' | 'iban' | 'number' | 'secret' | 'other';

const SHAPES: Readonly<Record<DetectorId, PartialShape>> = {
  email: 'email',
  phone: 'phone',
  card: 'card',
  iban: 'iban',
  ssn: 'number',
  nino: 'number',
  pesel: 'number',
  dni: 'number',
  cpf: 'number',
  aadhaar: 'number',
  nir: 'number',
  ipv4: 'other',
  jwt: 'secret',
  aws_key: 'secret',
  github_token: 'secret',
  slack_token: 'secret',
  vendor_token: 'secret',
  private_key: 'secret',
  secret: 'secret',
  password: 'secret',
};

/** A class is as secretive as its most secretive detector. */
export function shapeOf(detectors: readonly DetectorId[]): PartialShape {
  const shapes = detectors.map((d) => SHAPES[d]);
  if (shapes.includes('secret')) return 'secret';
  return shapes.length > 0 && shapes.every((s) => s === shapes[0]) ? (shapes[0] ?? 'other') : shapes.length > 0 ? 'number' : 'other';
}

/** The mask of one value as ASCII text, or null for SQL NULL. */
export function renderMask(spec: MaskSpec, value: string): string | null {
  switch (spec.kind) {
    case 'token':
      return spec.tokens.token(Buffer.from(value, 'utf8')).toString('latin1');
    case 'partial':
      return partialMask(spec.shape, value);
    case 'full':
      return FULL_MASK;
    case 'null':
      return null;
  }
}

/** The last digits of a value that has at least so many. */
function lastDigits(value: string, keep: number, least: number): string | undefined {
  let kept = '';
  let count = 0;
  for (let i = value.length - 1; i >= 0 && count < least; i--) {
    const code = value.charCodeAt(i);
    if (code < 48 || code > 57) continue;
    if (count++ < keep) kept = value.charAt(i) + kept;
  }
  return count < least ? undefined : kept;
}

/**
 * Keeps little, and nothing of a short value: an e-mail's first letter and domain (local part of three or more),
 * a card's last four digits (13 or more), an IBAN's country and last four (15 or more), a phone's or id's last two
 * digits (9 or more), the first letter of other text (8 or more). Never anything of a secret. ASCII only: the mask
 * must be right in every client encoding.
 */
export function partialMask(shape: PartialShape, value: string): string {
  switch (shape) {
    case 'email': {
      const at = value.lastIndexOf('@');
      const domain = value.slice(at + 1);
      if (at < 1 || !/^[A-Za-z0-9.-]{3,255}$/.test(domain) || !/^[A-Za-z0-9._%+-]+$/.test(value.slice(0, at))) return FULL_MASK;
      return `${at >= 3 ? value.charAt(0) : ''}***@${domain}`;
    }
    case 'card': {
      const last = lastDigits(value, 4, 13);
      return last === undefined ? FULL_MASK : `************${last}`;
    }
    case 'iban': {
      const compact = value.replaceAll(/[^A-Za-z0-9]/g, '');
      return compact.length >= 15 ? `${compact.slice(0, 2)}**************${compact.slice(-4)}` : FULL_MASK;
    }
    case 'phone':
    case 'number':
      return `${FULL_MASK}${lastDigits(value, 2, 9) ?? ''}`;
    case 'secret':
      return FULL_MASK;
    case 'other':
      return value.length >= 8 && /^[A-Za-z0-9]/.test(value) ? `${value.charAt(0)}*******` : FULL_MASK;
  }
}
