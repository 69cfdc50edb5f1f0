/** Identifiers of letters and digits: IBAN, UK national insurance number, Spanish DNI and NIE, IPv4 addresses. */
import { countrySpecs, isValidIBAN } from 'ibantools';
import { dniOrNie } from './checksums.ts';
import type { DetectorId, Hit } from './ids.ts';

const LENGTHS: ReadonlyMap<string, number> = new Map(Object.entries(countrySpecs).flatMap(([code, spec]) => (spec.chars == null ? [] : [[code, spec.chars] as const])));

const isWord = (c: string): boolean => /^[A-Za-z0-9]$/.test(c);

/** What a character is at the beginning of a word: a digit, a letter, or the underscore, which only ends words. */
const DIGIT = 1;
const LETTER = 2;
const UNDERSCORE = 3;
const KIND = Uint8Array.from({ length: 128 }, (_, c) => {
  const text = String.fromCharCode(c);
  return /[0-9]/.test(text) ? DIGIT : /[A-Za-z]/.test(text) ? LETTER : text === '_' ? UNDERSCORE : 0;
});
const kindAt = (text: string, i: number): number => {
  const code = text.charCodeAt(i);
  return code < 128 ? (KIND[code] ?? 0) : 0;
};
/** A digit at `i`, or behind one blank or hyphen there. */
const digitNear = (text: string, i: number): boolean => {
  const code = text.charCodeAt(i);
  return kindAt(text, code === 0x20 || code === 0x2d ? i + 1 : i) === DIGIT;
};

/** Collects exactly the country's number of characters from `start` on, over single blanks and hyphens, then checks mod 97. */
function findIban(text: string, start: number, hits: Hit[]): void {
  const length = LENGTHS.get(text.slice(start, start + 2).toUpperCase());
  if (length === undefined) return;
  let compact = '';
  let i = start;
  for (; i < text.length && compact.length < length; i++) {
    const c = text.charAt(i);
    if (isWord(c)) compact += c;
    else if ((c !== ' ' && c !== '-') || !isWord(text.charAt(i + 1))) break;
  }
  if (compact.length === length && !isWord(text.charAt(i)) && isValidIBAN(compact.toUpperCase())) hits.push({ start, end: i, detector: 'iban' });
}

// Tried at the beginning of words only. Of bounded length without nested repetition: at most a dozen steps each.
const NINO = /[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[A-D]\b/iy;
const NOT_ISSUED = new Set(['BG', 'GB', 'NK', 'KN', 'TN', 'NT', 'ZZ']);
const DNI = /(?:[XYZ][ -]?\d{7}|\d{8})[ -]?[A-HJ-NP-TV-Z]\b/iy;
const IPV4 = /(?<![\d.])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?!\.?\d)/g;

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

export function findIdentifiers(text: string, wants: (id: DetectorId) => boolean, hits: Hit[]): void {
  if (wants('ipv4')) for (const m of text.matchAll(IPV4)) hits.push({ start: m.index, end: m.index + m[0].length, detector: 'ipv4' });
  const [iban, nino, dni] = [wants('iban'), wants('nino'), wants('dni')];
  if (!iban && !nino && !dni) return;
  let dniEnd = 0;
  let before = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const kind = code < 128 ? (KIND[code] ?? 0) : 0;
    const last = before;
    before = kind;
    // Only at the beginning of a word: what goes on, or is no part of one, is passed over.
    if (kind === 0 || kind === UNDERSCORE || last === DIGIT || last === LETTER) continue;
    const bounded = last !== UNDERSCORE;
    if (kind === LETTER && kindAt(text, i + 1) === LETTER) {
      if (iban && kindAt(text, i + 2) === DIGIT && kindAt(text, i + 3) === DIGIT) findIban(text, i, hits);
      if (nino && bounded && digitNear(text, i + 2)) {
        const match = matchAt(NINO, text, i);
        if (match !== undefined && !NOT_ISSUED.has(match.slice(0, 2).toUpperCase())) hits.push({ start: i, end: i + match.length, detector: 'nino' });
      }
    } else if (dni && bounded && i >= dniEnd && (kind === LETTER ? digitNear(text, i + 1) : kindAt(text, i + 7) === DIGIT)) {
      const match = matchAt(DNI, text, i);
      if (match === undefined) continue;
      dniEnd = i + match.length;
      if (dniOrNie(match)) hits.push({ start: i, end: dniEnd, detector: 'dni' });
    }
  }
}
