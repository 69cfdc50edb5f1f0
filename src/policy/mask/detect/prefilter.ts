/**
 * One cheap pass over a cell's bytes that says which scanners are worth running. It may say yes too often,
 * never no wrongly: what a scanner can find must raise its signal here (a property test holds the two together).
 */

import { HIDDEN_HEAD_BYTES } from './hidden.ts';

export const Signal = {
  /** An `@`: e-mail addresses and credentials in URLs. */
  at: 1,
  /** Enough digits close together for the shortest number that a detector knows. */
  digits: 2,
  /** A prefix or key word of a secret. */
  secret: 4,
  /** Bytes outside ASCII: look-alike characters need normalising. */
  nonAscii: 8,
  /** Escapes that can hide any of the above: `%40`, `\u0040`, `&#64;`. */
  escape: 16,
  /** The whole value may be base64 or hexadecimal of readable text. */
  hidden: 32,
  /** A word before `:` or `=` behind which `Bearer` or `Basic` and a token may stand. */
  scheme: 64,
} as const;

export const ALL_SIGNALS = 127;

const DIGIT = 1;
const SEPARATOR = 2;
const SPECIAL = 3;
const HIGH = 4;

const KIND = new Uint8Array(256);
for (let i = 48; i < 58; i++) KIND[i] = DIGIT;
for (const c of ' .()/') KIND[c.charCodeAt(0)] = SEPARATOR;
for (const c of "@%\\&=:_-JAz'$") KIND[c.charCodeAt(0)] = SPECIAL;
for (let i = 128; i < 256; i++) KIND[i] = HIGH;

/** Shortest run of digits that any number detector needs (NINO has six); IPv4 addresses have four. */
export const minDigits = (ipv4: boolean): number => (ipv4 ? 4 : 6);

/** @returns a union of `Signal` bits. `digitsNeeded` comes from `minDigits`. */
export function prefilter(bytes: Uint8Array, digitsNeeded: number): number {
  let signals = 0;
  let digits = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    switch (KIND[byte]) {
      case DIGIT:
        if (++digits === digitsNeeded) signals |= Signal.digits;
        break;
      case SEPARATOR:
        break;
      case SPECIAL:
        signals |= special(bytes, i, byte);
        // A hyphen may stand between the digits of one number.
        if (byte !== 0x2d) digits = 0;
        break;
      case HIGH:
        if (lookalike(bytes, i, byte)) signals |= Signal.nonAscii;
        break;
      default:
        digits = 0;
    }
  }
  return signals;
}

/**
 * True when the cell `bytes[start, end)` raises no signal and shows so by its ordinary letters, blanks and few digits
 * alone. False says nothing: `prefilter` has the answer. Looks at no byte outside the cell.
 */
export function plainlyClean(bytes: Uint8Array, start: number, end: number, digitsNeeded: number): boolean {
  let digits = 0;
  const head = start + HIDDEN_HEAD_BYTES;
  let readable = end < head;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    switch (KIND[byte]) {
      case DIGIT:
        if (++digits === digitsNeeded) return false;
        break;
      case SEPARATOR:
        if (byte === 0x20 && i < head) readable = true;
        break;
      case SPECIAL:
      case HIGH:
        return false;
      default:
        digits = 0;
    }
  }
  return readable;
}

/**
 * May this byte begin (in UTF-8) or be (in a one-byte encoding) a character that `normalise` spells plainly? Letters with
 * accents and most scripts may not; their texts are never decoded for this.
 */
function lookalike(bytes: Uint8Array, i: number, byte: number): boolean {
  const next = bytes[i + 1] ?? 0;
  switch (byte) {
    case 0xa0:
    case 0xad:
    case 0xb2:
    case 0xb3:
    case 0xb9:
      return (bytes[i - 1] ?? 0) < 0x80 || bytes[i - 1] === 0xc2;
    case 0xe2:
      return next <= 0x82 || next === 0x88 || (next >= 0x91 && next <= 0x93);
    case 0xe3:
      return next === 0x80 || next === 0x85;
    case 0xef:
      return next >= 0xb8;
    case 0xcd:
    case 0xd8:
    case 0xd9:
    case 0xdb:
    case 0xdf:
    case 0xe0:
    case 0xe1:
      return true;
    case 0xf0:
      return next === 0x9d;
    default:
      return false;
  }
}

function special(bytes: Uint8Array, i: number, byte: number): number {
  switch (byte) {
    case 0x40: // @
      return Signal.at;
    case 0x25: // %
    case 0x5c: // backslash
    case 0x26: // &
      return Signal.escape;
    case 0x3d: // =
    case 0x3a: // :
      return keyBefore(bytes, i);
    case 0x27: // '
      return isBlank(bytes[i - 1]) && sqlBefore(bytes, i) ? Signal.secret : 0;
    case 0x5f: // _ of ghp_, github_pat_, sk_live_, npm_
      return vendorUnderscore(bytes[i - 3], bytes[i - 2], bytes[i - 1]) ? Signal.secret : 0;
    case 0x2d: // - of -----BEGIN, xoxb-, glpat-, sk-
      return bytes[i + 1] === 0x42 || (bytes[i - 2] === 0x78 && bytes[i - 4] === 0x78) || (bytes[i - 1] === 0x74 && bytes[i - 5] === 0x67) || (bytes[i - 1] === 0x6b && bytes[i - 2] === 0x73)
        ? Signal.secret
        : 0;
    case 0x24: // the second $ of $6$, $2y$, $argon2id$
      return dollarBefore(bytes, i) ? Signal.secret : 0;
    case 0x4a: // J of eyJ
      return bytes[i - 1] === 0x79 && bytes[i - 2] === 0x65 ? Signal.secret : 0;
    case 0x41: // A that ends AKIA, ASIA, AGPA, AIDA, AROA
      return bytes[i - 3] === 0x41 ? Signal.secret : 0;
    case 0x7a: // z of AIza
      return bytes[i - 1] === 0x49 && bytes[i - 2] === 0x41 ? Signal.secret : 0;
    default:
      return 0;
  }
}

/** The longest name between the first two dollars of a password hash: pbkdf2-sha256. */
const SCHEME_CHARS = 13;

function dollarBefore(bytes: Uint8Array, at: number): boolean {
  for (let n = 2; n <= SCHEME_CHARS + 1; n++) if (bytes[at - n] === 0x24) return true;
  return false;
}

/** A quote, a bracket, a backslash and eight blanks may stand between a name and its `=` or `:`. */
const BEFORE_SIGN = 11;
const isBlank = (b: number | undefined): boolean => b === 0x20 || (b !== undefined && b >= 0x09 && b <= 0x0d);

/** The signal of the word before `=` or `:`: its last letters say whether a secret may be named, or a scheme may follow. */
function keyBefore(bytes: Uint8Array, at: number): number {
  let i = at - 1;
  for (let n = 0; n < BEFORE_SIGN && i >= 0; n++, i--) {
    const b = bytes[i];
    if (!isBlank(b) && b !== 0x22 && b !== 0x27 && b !== 0x5c && b !== 0x60 && b !== 0x5d) break;
  }
  if (!endsKey(bytes[i - 1], bytes[i])) return 0;
  return NAMES.has(((bytes[i - 2] ?? 0) | 0x20) * 0x10000 + (((bytes[i - 1] ?? 0) | 0x20) << 8) + ((bytes[i] ?? 0) | 0x20)) ? Signal.secret : Signal.scheme;
}

/** `PASSWORD '...'`, `IDENTIFIED BY '...'` */
function sqlBefore(bytes: Uint8Array, at: number): boolean {
  let i = at - 1;
  for (let n = 0; n < BEFORE_SIGN && isBlank(bytes[i]); n++) i--;
  return endsKey(bytes[i - 1], bytes[i]);
}

const lettersOf = (word: string): number => Array.from(word).reduce((n, c) => n * 256 + c.charCodeAt(0), 0);
/** Last three letters of the names that a value stands behind: password, passwd, pwd, pass, passcode, passphrase, secret, token, key. */
const NAMES = new Set(['ord', 'swd', 'pwd', 'ass', 'ode', 'ase', 'ret', 'ken', 'key'].map(lettersOf));
/** Last two letters of these, and of: authorization, IDENTIFIED BY, bearer, basic, auth. */
const KEY_ENDINGS = new Set(['rd', 'wd', 'ss', 'de', 'se', 'et', 'en', 'ey', 'on', 'by', 'er', 'ic', 'th'].map(lettersOf));

function endsKey(last: number | undefined, final: number | undefined): boolean {
  return last !== undefined && final !== undefined && KEY_ENDINGS.has(((last | 0x20) << 8) | (final | 0x20));
}

function vendorUnderscore(a: number | undefined, b: number | undefined, c: number | undefined): boolean {
  if (a === undefined || b === undefined || c === undefined) return b === 0x73 && c === 0x6b;
  if (a === 0x67 && b === 0x68) return true; // gh?_
  if (a === 0x70 && b === 0x61 && c === 0x74) return true; // pat_
  if (a === 0x6e && b === 0x70 && c === 0x6d) return true; // npm_
  return (b === 0x73 || b === 0x72) && c === 0x6b; // sk_, rk_
}
