/** Identifiers of letters and digits: IBAN, UK national insurance number, Spanish DNI and NIE, IPv4 addresses. */
import { countrySpecs, isValidIBAN } from 'ibantools';
import { dniOrNie } from './checksums.ts';
import type { DetectorId, Hit } from './ids.ts';

const LENGTHS: ReadonlyMap<string, number> = new Map(Object.entries(countrySpecs).flatMap(([code, spec]) => (spec.chars == null ? [] : [[code, spec.chars] as const])));

// Fixed-length, so that V8's engine is linear on it too.
const IBAN_HEAD = /[A-Za-z]{2}[0-9]{2}/g;
const isWord = (c: string): boolean => /^[A-Za-z0-9]$/.test(c);

/** Collects exactly the country's number of characters, over single blanks and hyphens, then checks mod 97. */
export function findIbans(text: string, hits: Hit[]): void {
  for (const match of text.matchAll(IBAN_HEAD)) {
    const start = match.index;
    if (isWord(text.charAt(start - 1))) continue;
    const country = match[0].slice(0, 2).toUpperCase();
    const length = LENGTHS.get(country);
    if (length === undefined) continue;
    let compact = '';
    let i = start;
    for (; i < text.length && compact.length < length; i++) {
      const c = text.charAt(i);
      if (isWord(c)) compact += c;
      else if ((c !== ' ' && c !== '-') || !isWord(text.charAt(i + 1))) break;
    }
    if (compact.length === length && !isWord(text.charAt(i)) && isValidIBAN(compact.toUpperCase())) hits.push({ start, end: i, detector: 'iban' });
  }
}

// Of bounded length without nested repetition: at most a dozen steps from each start, so V8's engine is linear here too.
const NINO = /\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[A-D]\b/gi;
const LETTER_BY_DIGIT = /[A-Za-z][ -]?[0-9]|[0-9][ -]?[A-Za-z]/;
const NOT_ISSUED = new Set(['BG', 'GB', 'NK', 'KN', 'TN', 'NT', 'ZZ']);
const DNI = /\b(?:[XYZ][ -]?\d{7}|\d{8})[ -]?[A-HJ-NP-TV-Z]\b/gi;
const IPV4 = /(?<![\d.])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?!\.?\d)/g;

export function findIdentifiers(text: string, wants: (id: DetectorId) => boolean, hits: Hit[]): void {
  if (wants('ipv4')) for (const m of text.matchAll(IPV4)) hits.push({ start: m.index, end: m.index + m[0].length, detector: 'ipv4' });
  // All others have a letter beside a digit: numbers and timestamps end here.
  if (!LETTER_BY_DIGIT.test(text)) return;
  if (wants('iban')) findIbans(text, hits);
  if (wants('nino'))
    for (const m of text.matchAll(NINO)) {
      if (!NOT_ISSUED.has(m[0].slice(0, 2).toUpperCase())) hits.push({ start: m.index, end: m.index + m[0].length, detector: 'nino' });
    }
  if (wants('dni'))
    for (const m of text.matchAll(DNI)) {
      if (dniOrNie(m[0])) hits.push({ start: m.index, end: m.index + m[0].length, detector: 'dni' });
    }
}
