/** Identifiers of letters and digits: IBAN, UK national insurance number, Spanish DNI and NIE, IPv4 addresses. */
import { countrySpecs, isValidIBAN } from 'ibantools';
import { RE2JS } from 're2js';
import { dniOrNie } from './checksums.ts';
import type { DetectorId, Hit } from './ids.ts';
import { each } from './locate.ts';

// Fixed-length, so that V8's engine is linear on it too.
const IBAN_HEAD = /[A-Za-z]{2}[0-9]{2}/g;
const isWord = (c: string): boolean => /^[A-Za-z0-9]$/.test(c);

/** Collects exactly the country's number of characters, over single blanks and hyphens, then checks mod 97. */
export function findIbans(text: string, hits: Hit[]): void {
  for (const match of text.matchAll(IBAN_HEAD)) {
    const start = match.index;
    if (isWord(text.charAt(start - 1))) continue;
    const country = match[0].slice(0, 2).toUpperCase();
    const length = Object.entries(countrySpecs).find(([code]) => code === country)?.[1].chars ?? 0;
    if (length === 0) continue;
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

const NINO = RE2JS.compile('(?i)\\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?\\d{2}[ -]?\\d{2}[ -]?\\d{2}[ -]?[A-D]\\b');
const NOT_ISSUED = new Set(['BG', 'GB', 'NK', 'KN', 'TN', 'NT', 'ZZ']);
const DNI = RE2JS.compile('(?i)\\b(?:[XYZ][ -]?\\d{7}|\\d{8})[ -]?[A-HJ-NP-TV-Z]\\b');
const IPV4 = RE2JS.compile('\\b(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)\\b');

export function findIdentifiers(text: string, wants: (id: DetectorId) => boolean, hits: Hit[]): void {
  if (wants('iban')) findIbans(text, hits);
  if (wants('nino'))
    each(NINO, text, (start, end) => {
      if (!NOT_ISSUED.has(text.slice(start, start + 2).toUpperCase())) hits.push({ start, end, detector: 'nino' });
    });
  if (wants('dni'))
    each(DNI, text, (start, end) => {
      if (dniOrNie(text.slice(start, end))) hits.push({ start, end, detector: 'dni' });
    });
  if (wants('ipv4')) each(IPV4, text, (start, end) => hits.push({ start, end, detector: 'ipv4' }));
}
