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
  /** A name that a secret stands behind, a command that takes one, or the form of a hash. */
  secret: 4,
  /** Bytes outside ASCII: look-alike characters need normalising. */
  nonAscii: 8,
  /** Escapes that can hide any of the above: `%40`, `\u0040`, `&#64;`. */
  escape: 16,
  /** The whole value may be base64 or hexadecimal of readable text. */
  hidden: 32,
  /** A word before `:` or `=` behind which `Bearer` or `Basic` and a token may stand. */
  scheme: 64,
  /** What an issuer's tokens or a private key begin with. */
  issued: 128,
} as const;

export const ALL_SIGNALS = 255;

/** Beside the signals, in what `survey` gives: what kinds of bytes there are. */
export const Seen = {
  /** A C0 control or DEL, tabs apart. */
  control: 256,
  tab: 512,
  /** Outside ASCII. */
  high: 1024,
} as const;

/** Most bytes: nothing begins, continues or ends with them. */
const OTHER = 0;
const DIGIT = 1;
const SEPARATOR = 2;
/** From here on a byte has to be looked at. Between digits as a separator, and behind the first letters of some tokens. */
const DOT = 3;
const HIGH = 4;
const HYPHEN = 5;
/** The digit of `md5`. */
const FIVE = 6;
const SPECIAL = 7;
const CONTROL = 8;
const TAB = 9;

const KIND = new Uint8Array(256);
for (let i = 0; i < 32; i++) KIND[i] = CONTROL;
KIND[0x7f] = CONTROL;
KIND[0x09] = TAB;
for (let i = 48; i < 58; i++) KIND[i] = DIGIT;
for (const c of ' ()/') KIND[c.charCodeAt(0)] = SEPARATOR;
// Few words have a w, a q or a capital K; `pa` and `ap` are told apart by what stands before the letter.
for (const c of "@%\\&=:_JAKpqwz'$~{>*") KIND[c.charCodeAt(0)] = SPECIAL;
KIND[0x2e] = DOT;
KIND[0x2d] = HYPHEN;
KIND[0x35] = FIVE;
for (let i = 128; i < 256; i++) KIND[i] = HIGH;

/** Shortest run of digits that any number detector needs (NINO has six); IPv4 addresses have four. */
export const minDigits = (ipv4: boolean): number => (ipv4 ? 4 : 6);

/** @returns a union of `Signal` bits. `digitsNeeded` comes from `minDigits`. */
export const prefilter = (bytes: Uint8Array, digitsNeeded: number): number => survey(bytes, 0, bytes.length, digitsNeeded) & ALL_SIGNALS;

/** @returns a union of `Signal` and `Seen` bits of `bytes[start, end)`. Bytes outside can add a signal and never take one. */
export function survey(bytes: Uint8Array, start: number, end: number, digitsNeeded: number): number {
  let seen = 0;
  let digits = 0;
  let i = start;
  for (; i < end && digits < digitsNeeded; i++) {
    const kind = KIND[bytes[i] ?? 0] ?? OTHER;
    if (kind === OTHER) digits = 0;
    else if (kind === DIGIT) digits++;
    else if (kind !== SEPARATOR) {
      seen |= look(bytes, i, kind);
      if (kind >= SPECIAL) digits = 0;
      else if (kind === FIVE) digits++;
    }
  }
  if (digits === digitsNeeded) seen |= Signal.digits;
  // Most of a line comes after that.
  for (; i < end; i++) {
    const kind = KIND[bytes[i] ?? 0] ?? OTHER;
    if (kind >= DOT) seen |= look(bytes, i, kind);
  }
  return seen;
}

/** What a byte says that is not ordinary. */
function look(bytes: Uint8Array, i: number, kind: number): number {
  const byte = bytes[i] ?? 0;
  if (kind >= HYPHEN && kind <= SPECIAL) return BEFORE[(byte << 8) | (bytes[i - 1] ?? 0)] === 1 ? special(bytes, i, byte) : 0;
  if (kind === DOT) return tokenDot(bytes, i) ? Signal.issued : 0;
  if (kind === HIGH) return lookalike(bytes, i, byte) ? Seen.high | Signal.nonAscii : Seen.high;
  return kind === TAB ? Seen.tab : Seen.control;
}

/**
 * True when the cell `bytes[start, end)` raises no signal and shows so by its ordinary letters, blanks and few digits
 * alone. False says nothing: `prefilter` has the answer. Bytes outside the cell can make it false and never true.
 */
export function plainlyClean(bytes: Uint8Array, start: number, end: number, digitsNeeded: number): boolean {
  let digits = 0;
  const head = start + HIDDEN_HEAD_BYTES;
  let readable = end < head;
  for (let i = start; i < end; i++) {
    const kind = KIND[bytes[i] ?? 0] ?? OTHER;
    if (kind === OTHER) digits = 0;
    else if (kind === SEPARATOR) {
      if (bytes[i] === 0x20 && i < head) readable = true;
    } else if (kind === DIGIT || kind === FIVE) {
      if (++digits === digitsNeeded) return false;
      if (kind === FIVE && look(bytes, i, kind) !== 0) return false;
    } else {
      if (kind === HIGH || (look(bytes, i, kind) & ALL_SIGNALS) !== 0) return false;
      if (kind >= SPECIAL) digits = 0;
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
    case 0x25: // % of %40
      return isHex(bytes[i + 1]) && isHex(bytes[i + 2]) ? Signal.escape : 0;
    case 0x5c: // backslash of \u0040, \x40
      return ((bytes[i + 1] ?? 0) | 0x20) === 0x75 || ((bytes[i + 1] ?? 0) | 0x20) === 0x78 ? Signal.escape : 0;
    case 0x26: // & of &#64; or of &commat;, &period;, &nbsp;, &plus;, &lowbar;, &colon;
      return bytes[i + 1] === 0x23 || ENTITY[bytes[i + 1] ?? 0] === 1 ? Signal.escape : 0;
    case 0x3a: // : that a telegram token or a port stands before; not of a clock
      if (isDigit(bytes[i - 1]) && isDigit(bytes[i + 1]) && bytes[i - 1] !== 0x34) return 0;
      return (bytes[i + 1] === 0x41 && bytes[i + 2] === 0x41 ? Signal.issued : 0) | (portBefore(bytes, i) ? Signal.secret : keyBefore(bytes, i));
    case 0x3d: // =
      return keyBefore(bytes, i);
    case 0x27: // '
      return isBlank(bytes[i - 1]) && sqlBefore(bytes, i) ? Signal.secret : 0;
    case 0x5f: // _ of ghp_, github_pat_, sk_live_, npm_
      return BEFORE_UNDERSCORE[three(bytes, i)] === 1 ? Signal.issued : 0;
    case 0x2d: // not of a date; - of -----BEGIN, xoxb-, glpat-, sk-, curl -u
      return isDigit(bytes[i - 1]) && isDigit(bytes[i + 1]) ? 0 : hyphen(bytes, i);
    case 0x24: // the second $ of $6$, $2y$, $argon2id$
      return dollarBefore(bytes, i) ? Signal.secret : 0;
    case 0x4a: // J of eyJ, and of LS0tLS1CRUdJ
      return (bytes[i - 1] === 0x79 && bytes[i - 2] === 0x65) || (bytes[i - 1] === 0x64 && bytes[i - 2] === 0x55) ? Signal.issued : 0;
    case 0x41: // A that ends AKIA, ASIA, ...; of LTAI, A3T, ATAT, ATBB, AKCp, AC and hexadecimal digits
      return bytes[i - 3] === 0x41 || capitals(bytes, i) || (bytes[i + 1] === 0x43 && isHex(bytes[i + 2]) && isHex(bytes[i + 33])) ? Signal.issued : 0;
    case 0x4b: // K of SK and hexadecimal digits
      return isHex(bytes[i + 1]) && isHex(bytes[i + 32]) ? Signal.issued : 0;
    case 0x70: // p of dapi and hexadecimal digits
      return bytes[i - 2] === 0x64 && bytes[i + 1] === 0x69 && isHex(bytes[i + 2]) && isHex(bytes[i + 33]) ? Signal.issued : 0;
    case 0x35: // 5 of md5 and hexadecimal digits
      return bytes[i - 2] === 0x6d && isHex(bytes[i + 1]) && isHex(bytes[i + 32]) ? Signal.secret : 0;
    case 0x77: // w of password
      return passwordAt(bytes, i) ? Signal.secret : 0;
    case 0x71: // q of requirepass
      return bytes[i + 5] === 0x70 && bytes[i + 6] === 0x61 ? Signal.secret : 0;
    case 0x7e: // ~ of 8Q~
      return bytes[i - 1] === 0x51 ? Signal.issued : 0;
    case 0x7a: // z of AIza
      return bytes[i - 1] === 0x49 && bytes[i - 2] === 0x41 ? Signal.issued : 0;
    case 0x7b: // { of {SSHA}, {MD5}, {CRYPT}, {PBKDF2}, {ARGON2}
      return isUpper(bytes[i + 1]) && isUpper(bytes[i + 2]) ? Signal.secret : 0;
    case 0x3e: // > of <password>
      return bytes[i - 1] === 0x3d || bytes[i - 1] === 0x2d ? 0 : keyBefore(bytes, i) & Signal.secret;
    case 0x2a: // * and forty hexadecimal digits; a port that is not told
      return (isHexUpper(bytes[i + 1]) && isHexUpper(bytes[i + 40])) || (bytes[i + 1] === 0x3a && bytes[i - 1] === 0x3a) ? Signal.secret : 0;
    default:
      return 0;
  }
}

const isDigit = (b: number | undefined): boolean => b !== undefined && b >= 0x30 && b <= 0x39;
const isUpper = (b: number | undefined): boolean => b !== undefined && b >= 0x41 && b <= 0x5a;
const isHex = (b: number | undefined): boolean => isDigit(b) || (b !== undefined && (b | 0x20) >= 0x61 && (b | 0x20) <= 0x66);
/** What the names of those begin with. */
const ENTITY = new Uint8Array(256);
for (const c of 'cpnlCPNL') ENTITY[c.charCodeAt(0)] = 1;
const isHexUpper = (b: number | undefined): boolean => isDigit(b) || (b !== undefined && b >= 0x41 && b <= 0x46);

/** The three bytes before `i`, five bits of each: upper and lower case are one, and some signs and digits are letters. */
const three = (bytes: Uint8Array, i: number): number => (((bytes[i - 3] ?? 0) & 31) << 10) | (((bytes[i - 2] ?? 0) & 31) << 5) | ((bytes[i - 1] ?? 0) & 31);

/** @param words of two letters or three: anything may stand before two */
function table(words: readonly string[]): Uint8Array {
  const out = new Uint8Array(1 << 15);
  for (const word of words) {
    const bits = Array.from(word).reduce((n, c) => (n << 5) | (c.charCodeAt(0) & 31), 0);
    if (word.length === 3) out[bits] = 1;
    else for (let first = 0; first < 32; first++) out[(first << 10) | bits] = 1;
  }
  return out;
}

/** What stands before the sign in the tokens of `vendor-tokens.ts`. */
const BEFORE_UNDERSCORE = table(['ghp', 'gho', 'ghu', 'ghs', 'ghr', 'pat', 'oat', 'npm', 'sk', 'rk', 'sec', 'v1', 'pss', 'pca', 'ppa', 'hf', 'lsa', 'glc', 'api', 'ntn', 'tkn', 'ale', 'ems', 'rys', 'ryu', 'fm1', 'fm2', 'm1r', 'm2r', 'igd', 'r8', 'sbp']);
const BEFORE_HYPHEN = table(['pat', 'ptt', 'ldt', 'lrt', 'cbt', 'oat', 'lft', 'imt', 'ent', 'oas', 'oxa', 'oxb', 'oxc', 'oxe', 'oxo', 'oxp', 'oxr', 'oxs', 'app', 'sk', 'spx', 'plx', 'xai', 'ypi', 'rku', 'atp', 'csp', 'rak', 'mak', 'pul', 'key', 'tty']);
const BEFORE_DOT = table(['sg', 'a29', 'hvs', 'hvb', 'hvr', 'sv1', 'dp', 'c01', 'oks', 'ord', 'app', 'ook']);
/** The last of these, and what else may stand before a dot. */
const DOT_ENDS = new Uint8Array(256);
for (const c of 'GS9sbrR1tTpPkKdD') DOT_ENDS[c.charCodeAt(0)] = 1;

/** Airtable's have `pat` and fourteen more before it. A token in three parts has six characters in the middle, and M, N or O at its beginning. */
const tokenDot = (bytes: Uint8Array, i: number): boolean => (DOT_ENDS[bytes[i - 1] ?? 0] === 1 && BEFORE_DOT[three(bytes, i)] === 1) || (bytes[i - 17] === 0x70 && bytes[i - 16] === 0x61 && isHex(bytes[i + 1]) && isHex(bytes[i + 64])) || (bytes[i + 7] === 0x2e && (isHead(bytes[i - 24]) || isHead(bytes[i - 25]) || isHead(bytes[i - 26])));
const isHead = (b: number | undefined): boolean => b === 0x4d || b === 0x4e || b === 0x4f;

/** The port of a line of PostgreSQL's password file; a name or `*` follows. */
function portBefore(bytes: Uint8Array, i: number): boolean {
  if (!isDigit(bytes[i - 1]) || isDigit(bytes[i + 1]) || isBlank(bytes[i + 1])) return false;
  let at = i - 2;
  while (at > i - 6 && isDigit(bytes[at])) at--;
  return bytes[at] === 0x3a && i - at >= 5;
}

/** Of -----BEGIN, xoxb-, glpat-, sk-, `-us12`; of SCRAM-SHA-256 and of options that passwords follow. */
function hyphen(bytes: Uint8Array, i: number): number {
  if (bytes[i + 1] === 0x42 || BEFORE_HYPHEN[three(bytes, i)] === 1 || (bytes[i + 1] === 0x75 && bytes[i + 2] === 0x73 && isDigit(bytes[i + 3]))) return Signal.issued;
  // Of auth-pass.
  if (bytes[i - 1] === 0x68 && bytes[i + 1] === 0x70 && bytes[i + 2] === 0x61) return Signal.secret;
  return option(bytes, i) || (bytes[i - 1] === 0x4d && bytes[i + 1] === 0x53) ? Signal.secret : 0;
}

/** Of `-u`, `-p`, `-a`, `-w` and of `--user`, `--password`, `--token` and the like, glued or not. */
function option(bytes: Uint8Array, i: number): boolean {
  const before = bytes[i - 1];
  const next = (bytes[i + 1] ?? 0) | 0x20;
  if (before === 0x2d) return next === 0x75 || next === 0x70 || next === 0x74 || next === 0x73 || next === 0x61;
  return isBlank(before) && (next === 0x75 || next === 0x70 || next === 0x61 || next === 0x77 || (bytes[i + 2] ?? 0) === 0x75 || (bytes[i + 3] ?? 0) === 0x75);
}

/** The w of `password` and `passwd`, which a blank may follow. */
const passwordAt = (bytes: Uint8Array, i: number): boolean => bytes[i - 1] === 0x73 && bytes[i - 2] === 0x73 && bytes[i - 3] === 0x61;

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
  switch (NAME_ENDS[three(bytes, i + 1)]) {
    case NAMED:
      return Signal.secret;
    case SCHEMED:
      return Signal.scheme;
    case SUFFIXED:
      return suffixed(bytes, i) ? Signal.secret : 0;
    default:
      return 0;
  }
}

/** What is named stands before the last word: `client-key-data`, `TOKEN_B64`, `&sig`, `X-Amz-Signature`, `" value`. */
function suffixed(bytes: Uint8Array, end: number): boolean {
  for (let n = 3; n <= 9; n++) {
    const b = bytes[end - n];
    if (b === 0x5f || b === 0x2d || b === 0x26 || b === 0x3f) return true;
    if (isBlank(b)) return bytes[end - n - 1] === 0x22 || bytes[end - n - 1] === 0x27;
  }
  return false;
}

/** `PASSWORD '...'`, `IDENTIFIED BY '...'` */
function sqlBefore(bytes: Uint8Array, at: number): boolean {
  let i = at - 1;
  for (let n = 0; n < BEFORE_SIGN && isBlank(bytes[i]); n++) i--;
  return endsKey(bytes[i - 1], bytes[i]);
}

/** The A of LTAI, A3T, ATATT, ATBB, AKCp. */
function capitals(bytes: Uint8Array, i: number): boolean {
  switch (bytes[i + 1]) {
    case 0x49:
      return bytes[i - 1] === 0x54;
    case 0x33:
      return bytes[i + 2] === 0x54;
    case 0x4b:
      return bytes[i + 2] === 0x43;
    case 0x54:
      return bytes[i + 3] === (bytes[i + 2] === 0x41 ? 0x54 : 0x42);
    default:
      return false;
  }
}

/** Last two letters of `PASSWORD` and `IDENTIFIED BY`. */
const endsKey = (last: number | undefined, final: number | undefined): boolean => last !== undefined && final !== undefined && (((last | 0x20) === 0x72 && (final | 0x20) === 0x64) || ((last | 0x20) === 0x62 && (final | 0x20) === 0x79));

const NAMED = 1;
const SCHEMED = 2;
const SUFFIXED = 3;
/** By the last three letters of a name: what may follow. */
const NAME_ENDS = new Uint8Array(1 << 15);
const ends = (kind: number, words: readonly string[]): void => {
  for (const [bits, is] of table(words).entries()) if (is === 1 && NAME_ENDS[bits] === 0) NAME_ENDS[bits] = kind;
};
// password, passwd, pwd, pass, passcode, passphrase, secret, token, key, psk, credential, credentials, auth, cookie
ends(NAMED, ['ord', 'swd', 'pwd', 'ass', 'ode', 'ase', 'ret', 'ken', 'key', 'psk', 'ial', 'als', 'uth', 'kie']);
ends(SUFFIXED, ['ata', 'lue', 'ash', 'b64', 'e64', 'sig', 'ure']);
// authorization, bearer, basic
ends(SCHEMED, ['on', 'er', 'ic', 'th', 'rd', 'wd', 'ss', 'de', 'se', 'et', 'en', 'ey', 'by']);

/**
 * Which bytes may stand before a special one, where it means something: most colons, hyphens and the like are told apart
 * by that alone. By the special byte and the one before it.
 */
const BEFORE = new Uint8Array(1 << 16);
const before = (specials: string, test: (prev: number) => boolean): void => {
  for (const c of specials) for (let prev = 0; prev < 256; prev++) if (test(prev)) BEFORE[(c.charCodeAt(0) << 8) | prev] = 1;
};
const isAlnum = (b: number): boolean => isDigit(b) || ((b | 0x20) >= 0x61 && (b | 0x20) <= 0x7a);
/** A letter or digit that ends one of the words of a table. */
const endsWordOf = (words: Uint8Array): ((prev: number) => boolean) => {
  const last = new Set<number>();
  for (const [bits, is] of words.entries()) if (is !== 0) last.add(bits & 31);
  return (prev) => isAlnum(prev) && last.has(prev & 31);
};
const endsName = endsWordOf(NAME_ENDS);
/** The end of a name, or what may stand between it and its sign. */
const named = (prev: number): boolean => endsName(prev) || isBlank(prev) || '"\'`]\\'.includes(String.fromCharCode(prev));
before('@%\\&$A{*', () => true);
before('=>', named);
before(':', (prev) => named(prev) || isDigit(prev) || prev === 0x3a);
before("'", isBlank);
before('_', endsWordOf(BEFORE_UNDERSCORE));
before('-', (prev) => isAlnum(prev) || isBlank(prev) || prev === 0x2d);
before('J', (prev) => prev === 0x79 || prev === 0x64);
before('~', (prev) => prev === 0x51);
before('K', (prev) => prev === 0x53);
before('p', (prev) => prev === 0x61);
before('q', (prev) => (prev | 0x20) === 0x65);
before('w', (prev) => prev === 0x73);
before('5', (prev) => prev === 0x64);
before('z', (prev) => prev === 0x49);
