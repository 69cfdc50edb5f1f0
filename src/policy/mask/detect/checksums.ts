/** Check digits of the numbers that detectors look for. Every function takes digits only and is linear in them. */

/** ISO/IEC 7812-1 annex B. */
export function luhn(digits: string): boolean {
  let sum = 0;
  let double = false;
  for (let i = digits.length - 1; i >= 0; i--) {
    let d = digits.charCodeAt(i) - 48;
    if (double) {
      d *= 2;
      if (d > 9) d -= 9;
    }
    sum += d;
    double = !double;
  }
  return sum % 10 === 0;
}

const VERHOEFF_MULTIPLY = ['0123456789', '1234067895', '2340178956', '3401289567', '4012395678', '5987604321', '6598710432', '7659821043', '8765932104', '9876543210'];
const VERHOEFF_PERMUTE = ['0123456789', '1576283094', '5803796142', '8916043527', '9453126870', '4286573901', '2793806415', '7046913258'];

/** Verhoeff's dihedral check, used by Aadhaar. */
export function verhoeff(digits: string): boolean {
  let check = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const permuted = Number(VERHOEFF_PERMUTE[i % 8]?.[digit]);
    check = Number(VERHOEFF_MULTIPLY[check]?.[permuted]);
  }
  return check === 0;
}

const weighted = (digits: string, weights: readonly number[]): number => weights.reduce((sum, w, i) => sum + w * (digits.charCodeAt(i) - 48), 0);

const PESEL_WEIGHTS = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3] as const;

/** Polish PESEL: 11 digits, a birth date whose month carries the century, and a check digit. */
export function pesel(digits: string): boolean {
  if (digits.length !== 11) return false;
  const month = Number(digits.slice(2, 4)) % 20;
  const day = Number(digits.slice(4, 6));
  if (month < 1 || month > 12 || day < 1 || day > 31) return false;
  return (10 - (weighted(digits, PESEL_WEIGHTS) % 10)) % 10 === digits.charCodeAt(10) - 48;
}

/** Brazilian CPF: 11 digits, two check digits; eleven equal digits are never issued. */
export function cpf(digits: string): boolean {
  if (digits.length !== 11 || new Set(digits).size === 1) return false;
  const check = (n: number): number => {
    const weights = Array.from({ length: n }, (_, i) => n + 1 - i);
    const rest = (weighted(digits, weights) * 10) % 11;
    return rest === 10 ? 0 : rest;
  };
  return check(9) === digits.charCodeAt(9) - 48 && check(10) === digits.charCodeAt(10) - 48;
}

/** US social security number: areas, groups and serials that were never issued are refused. */
export function ssn(digits: string): boolean {
  const area = digits.slice(0, 3);
  return digits.length === 9 && area !== '000' && area !== '666' && area < '900' && digits.slice(3, 5) !== '00' && digits.slice(5) !== '0000';
}

/** Spanish DNI (8 digits and a letter) or NIE (X, Y or Z, 7 digits and a letter). */
export function dniOrNie(text: string): boolean {
  const upper = text.toUpperCase().replaceAll(/[ -]/g, '');
  const lead = 'XYZ'.indexOf(upper.charAt(0));
  const digits = lead >= 0 ? `${lead}${upper.slice(1, 8)}` : upper.slice(0, 8);
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(digits) % 23] === upper.at(-1);
}

/** French social security number (NIR): 13 characters and a two-digit key, Corsican departments included. */
export function nir(digits: string): boolean {
  if (digits.length !== 15) return false;
  const month = Number(digits.slice(3, 5));
  if (!/^[12]/.test(digits) || month < 1 || (month > 12 && month < 20) || month > 42) return false;
  return 97n - (BigInt(digits.slice(0, 13)) % 97n) === BigInt(digits.slice(13));
}

interface CardRange {
  readonly from: number;
  readonly to: number;
  readonly lengths: readonly number[];
}

const long = [16, 17, 18, 19] as const;
/** Issuer ranges by the first four digits (ISO/IEC 7812-1), with the lengths that are issued. */
const CARD_RANGES: readonly CardRange[] = [
  { from: 4000, to: 4999, lengths: [13, 16, 19] },
  { from: 5100, to: 5599, lengths: [16] },
  { from: 2200, to: 2204, lengths: long },
  { from: 2221, to: 2720, lengths: [16] },
  { from: 3400, to: 3499, lengths: [15] },
  { from: 3700, to: 3799, lengths: [15] },
  { from: 3000, to: 3059, lengths: [14, 16] },
  { from: 3600, to: 3699, lengths: [14, 16] },
  { from: 3800, to: 3999, lengths: [14, 16] },
  { from: 3528, to: 3589, lengths: long },
  { from: 6011, to: 6011, lengths: long },
  { from: 6440, to: 6599, lengths: long },
  { from: 6200, to: 6299, lengths: long },
  { from: 5000, to: 5099, lengths: [13, 15, 16, 18, 19] },
  { from: 5600, to: 5899, lengths: [13, 15, 16, 18, 19] },
  { from: 6300, to: 6399, lengths: [13, 15, 16, 18, 19] },
  { from: 6700, to: 6799, lengths: [13, 15, 16, 18, 19] },
  { from: 6000, to: 6099, lengths: [16] },
  { from: 8100, to: 8299, lengths: [16] },
  { from: 9792, to: 9792, lengths: [16] },
];

/** A payment card number: issuer range, length and Luhn. Repeated digits are no card. */
export function card(digits: string): boolean {
  if (digits.length < 13 || digits.length > 19) return false;
  const head = Number(digits.slice(0, 4));
  return CARD_RANGES.some((r) => head >= r.from && head <= r.to && r.lengths.includes(digits.length)) && luhn(digits) && new Set(digits).size > 1;
}
