/** Check digits of made-up card numbers and accounts, so that detectors take them for real. */

/** Luhn. */
export function cardCheckDigit(body: string): string {
  const sum = Array.from(body).reverse().reduce((s, d, i) => s + luhn(Number(d), i % 2 === 0), 0);
  return String((10 - (sum % 10)) % 10);
}

function luhn(digit: number, isDoubled: boolean): number {
  const value = isDoubled ? digit * 2 : digit;
  return value > 9 ? value - 9 : value;
}

/** ISO 13616: the remainder of account, country and 00 by 97, from 98. */
export function ibanOf(country: string, account: string): string {
  const numbers = Array.from(`${account}${country}00`, (c) => (/\d/.test(c) ? c : String(c.charCodeAt(0) - 55))).join('');
  return `${country}${String(98n - (BigInt(numbers) % 97n)).padStart(2, '0')}${account}`;
}
