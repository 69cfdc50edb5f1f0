/**
 * Which end of a text may still become part of a value that its detector does not know yet. Too much is held rather than
 * too little: what is held comes 40 ms later, and what is not held is shown.
 */
import type { DetectorId } from '../detect/ids.ts';

/** The longest tail that is looked at. */
const TAIL_CHARS = 512;
const NUMBER_CHARS = 64;
const IBAN_CHARS = 72;
const QUOTED_CHARS = 66;

const NUMBER = /\+?[ (]{0,2}[0-9][0-9 .()/-]*$/;
const IBAN = /(?:^|[^A-Za-z0-9])([A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){0,30}[ -]?)$/;
const NINO = /\b[A-Z]{2}(?:[ -]?[0-9]){0,6}[ -]?$/i;
const DNI = /\b(?:[XYZ][ -]?[0-9]{0,7}|[0-9]{8})[ -]?$/i;
const KEY = /passw(?:or)?d|pwd|passphrase|passcode|\bpass|secret|key|token/gi;
/** After the key's name: separator and an unfinished value, quoted or not. */
const PAIR_REST = /^\\?["'`\]]?[ \t]{0,8}(?::=|=>|==?|:)?[ \t]{0,8}\\?(?:"[^"\n]*|'[^'\n]*|[^\s,;&"'{}[\]()]*)$/;
const SCHEME = /\b(?:bearer|basic)[ \t]+\S*$/i;
const SQL = /\b(?:password|identified[ \t]+by)[ \t]+'[^'\n]*$/i;
const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]{0,48}-{0,5}$/;

const WORD = /[\p{L}\p{N}._%+~#$^'@:=/\\&;"[\]-]/u;
const wordAscii = Uint8Array.from({ length: 128 }, (_, i) => (WORD.test(String.fromCharCode(i)) ? 1 : 0));

/** What the active detectors make it necessary to look for. */
export interface TailRules {
  readonly email: boolean;
  readonly number: boolean;
  readonly iban: boolean;
  readonly nino: boolean;
  readonly dni: boolean;
  readonly pairs: boolean;
  readonly privateKey: boolean;
}

const NUMBERS: readonly DetectorId[] = ['card', 'phone', 'ssn', 'pesel', 'cpf', 'aadhaar', 'nir', 'nino', 'dni', 'ipv4', 'iban'];

export function tailRules(ids: ReadonlySet<DetectorId>): TailRules {
  return {
    email: ids.has('email'),
    number: NUMBERS.some((id) => ids.has(id)),
    iban: ids.has('iban'),
    nino: ids.has('nino'),
    dni: ids.has('dni'),
    pairs: ids.has('password') || ids.has('secret'),
    privateKey: ids.has('private_key'),
  };
}

/** @returns where the part of `text` begins that waits for more; the text's length when nothing waits */
export function tailStart(text: string, rules: TailRules): number {
  const from = Math.max(0, text.length - TAIL_CHARS);
  const tail = text.slice(from);
  let start = wordStart(tail);
  const near = (pattern: RegExp, chars: number, group = 0): void => {
    const base = Math.max(0, tail.length - chars);
    const match = pattern.exec(tail.slice(base));
    if (match !== null) start = Math.min(start, base + match.index + match[0].length - (match[group]?.length ?? 0));
  };
  if (rules.number) near(NUMBER, NUMBER_CHARS);
  if (rules.iban) near(IBAN, IBAN_CHARS, 1);
  if (rules.nino) near(NINO, 16);
  if (rules.dni) near(DNI, 16);
  if (rules.privateKey) near(PRIVATE_KEY, 80);
  if (rules.email) start = Math.min(start, quotedStart(tail));
  if (rules.pairs) {
    near(SCHEME, TAIL_CHARS);
    near(SQL, TAIL_CHARS);
    for (const key of tail.matchAll(KEY)) {
      if (key.index >= start) break;
      if (PAIR_REST.test(tail.slice(key.index + key[0].length))) start = key.index;
    }
  }
  return from + start;
}

/** The word at the end, over characters that addresses, tokens and URLs are made of; a URL's password may hold any other. */
function wordStart(tail: string): number {
  let start = tail.length;
  while (start > 0) {
    const code = tail.charCodeAt(start - 1);
    const inWord = code < 128 ? wordAscii[code] === 1 : code >= 0xd800 && code < 0xe000 ? true : WORD.test(tail.charAt(start - 1));
    if (!inWord) break;
    start--;
  }
  const scheme = tail.lastIndexOf('://');
  return scheme >= 0 && !/\s/.test(tail.slice(scheme)) ? Math.min(start, Math.max(0, scheme - 31)) : start;
}

/** A local part in quotes: `"bob smith"@`. */
function quotedStart(tail: string): number {
  const base = Math.max(0, tail.length - QUOTED_CHARS);
  const quote = tail.indexOf('"', base);
  return quote < 0 ? tail.length : quote;
}
