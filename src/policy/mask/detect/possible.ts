/**
 * One pass over a line of ASCII that says whether anything of `digits.ts`, `groups.ts` or `identifiers.ts` (IPv4 apart) can
 * be in it. Lines of logs are full of digits and hold nothing of that: dates, times, ports, sizes. Too often yes, never
 * wrongly no: each rule there has a weaker one here, and `possible.test.ts` holds the two together. Where the name of a
 * column or key speaks for its values (`NameHints`), it is not asked.
 */

const DIGIT = 1;
const LETTER = 2;
const UNDERSCORE = 3;
/** Between groups of digits that belong together. */
const SEPARATOR = 4;
const KIND = Uint8Array.from({ length: 256 }, (_, c) => {
  const text = String.fromCharCode(c);
  return /[0-9]/.test(text) ? DIGIT : /[A-Za-z]/.test(text) ? LETTER : text === '_' ? UNDERSCORE : ' -.()/'.includes(text) ? SEPARATOR : 0;
});
const SHORTEST = 7;
const NONE = 1_000_000;
const CONTEXT_CHARS = 24;
/** Three letters of each word before a phone number: phone, mobile, cell, tel, fax, call, sms, ring, whatsapp, contact, handy, movil. By five bits of each. */
const CONTEXT = new Uint8Array(1 << 15);
for (const letters of ['pho', 'mob', 'cel', 'tel', 'fax', 'cal', 'sms', 'rin', 'wha', 'tac', 'han', 'mov']) CONTEXT[Array.from(letters).reduce((n, c) => (n << 5) | (c.charCodeAt(0) & 31), 0)] = 1;

const kindAt = (line: Uint8Array, i: number): number => KIND[line[i] ?? 0] ?? 0;
const isGap = (code: number | undefined): boolean => code === 0x20 || code === 0x2d;

/**
 * @param line ASCII; what stands outside `[start, end)` may make it true and never false, if no digit or letter follows there
 * @returns false when no number and no identifier can be in it
 */
export function mayHoldNumber(line: Uint8Array, start = 0, end: number = line.length): boolean {
  if (!mayHold(line, start, end, end)) return false;
  // Detectors leave UUIDs out, and logs are full of them.
  let uuid = nextUuid(line, start, end);
  for (let from = start; uuid >= 0; uuid = nextUuid(line, from, end)) {
    if (mayHold(line, from, uuid, end) || mayBeginAt(line, uuid)) return true;
    from = uuid + UUID_CHARS;
    if (nextUuid(line, from, end) < 0) return mayHold(line, from, end, end);
  }
  return true;
}

const UUID_CHARS = 36;
const HYPHEN = 0x2d;
/** Where its groups begin, counted from the first hyphen. */
const UUID_GROUPS = [-8, 1, 6, 11, 16];

function nextUuid(line: Uint8Array, from: number, end: number): number {
  for (let at = from + 8; at + 28 <= end; at++) {
    if (line[at] === HYPHEN && line[at + 5] === HYPHEN && line[at + 10] === HYPHEN && line[at + 15] === HYPHEN && isUuid(line, at - 8)) return at - 8;
  }
  return -1;
}

function isUuid(line: Uint8Array, start: number): boolean {
  for (let i = 0; i < UUID_CHARS; i++) if (i !== 8 && i !== 13 && i !== 18 && i !== 23 && !isHex(line[start + i] ?? 0)) return false;
  return true;
}

/** An IBAN may begin with one of its groups; a letter before it may begin anything. */
function mayBeginAt(line: Uint8Array, uuid: number): boolean {
  if (uuid > 0 && kindAt(line, uuid - 1) === LETTER) return true;
  return UUID_GROUPS.some((group) => {
    const at = uuid + 8 + group;
    return kindAt(line, at) === LETTER && kindAt(line, at + 1) === LETTER && kindAt(line, at + 2) === DIGIT && kindAt(line, at + 3) === DIGIT;
  });
}

/** As `mayHoldNumber`, of what begins in `[start, to)`. */
function mayHold(line: Uint8Array, start: number, to: number, end: number): boolean {
  // The cluster that is being read, groups with at most three separators between each two: where its first group begins,
  // where its last one begins and ends, and its digits.
  let from = 0;
  let last = 0;
  let behind = 0;
  let total = 0;
  let plus = false;
  /** Digits before the first group with a trunk zero. */
  let zero = NONE;
  /** Sizes of the last three groups, four bits each. */
  let sizes = 0;
  for (let i = start; i < to; i++) {
    const code = line[i] ?? 0;
    if (code < 48 || code > 57) continue;
    const group = i++;
    while (i < end && isDigit(line[i] ?? 0)) i++;
    const size = i - group;
    if (total === 0 || !joins(line, behind, group)) {
      if (total >= SHORTEST && isNamed(line, from, last)) return true;
      from = group;
      total = sizes = 0;
      zero = NONE;
      plus = plusBefore(line, group);
    }
    if (code === 0x30 && zero === NONE && (size <= 5 || line[group + 1] === 0x30)) zero = total;
    total += size;
    // A national id or a card by itself, a card in groups, a phone number with its prefix.
    if (size === 9 || size >= 11 || total >= 13 || (plus && total >= 8) || total - zero >= 9) return true;
    sizes = ((sizes << 4) | size) & 0xffff;
    if (isGrouped(sizes & 0xfff) || sizes === 0x3332) return true;
    if ((size === 8 && letterBehind(line, i)) || (group > 0 && lettersBefore(line, group, size))) return true;
    last = group;
    behind = i;
  }
  return total >= SHORTEST && isNamed(line, from, last);
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isHex = (code: number): boolean => isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
/** Sizes of three groups: of a US social security number, an American phone number, an Aadhaar number. */
const isGrouped = (three: number): boolean => three === 0x324 || three === 0x334 || three === 0x444;

function joins(line: Uint8Array, from: number, to: number): boolean {
  if (to - from > 3) return false;
  for (let i = from; i < to; i++) if (kindAt(line, i) !== SEPARATOR) return false;
  return true;
}

/** A word before one of the groups says that they are a phone number. */
function isNamed(line: Uint8Array, from: number, last: number): boolean {
  let letters = 0;
  for (let i = Math.max(0, from - CONTEXT_CHARS); i < last; i++) {
    letters = ((letters << 5) | ((line[i] ?? 0) & 31)) & 0x7fff;
    if (CONTEXT[letters] === 1) return true;
  }
  return false;
}

function plusBefore(line: Uint8Array, start: number): boolean {
  const before = line[start - 1];
  return before === 0x2b || ((before === 0x20 || before === 0x28) && line[start - 2] === 0x2b);
}

/** A letter that ends a word of one, behind a blank or hyphen or none: the check letter of a DNI. */
function letterBehind(line: Uint8Array, end: number): boolean {
  const at = isGap(line[end]) ? end + 1 : end;
  return kindAt(line, at) === LETTER && !isWord(kindAt(line, at + 1)) && kindAt(line, at + 1) !== UNDERSCORE;
}

/** A word of one or two letters, and perhaps a blank or hyphen, stands before the digits: an IBAN, NINO or NIE. */
function lettersBefore(line: Uint8Array, digits: number, size: number): boolean {
  const gap = isGap(line[digits - 1]) ? 1 : 0;
  const at = digits - gap - 1;
  if (at < 0 || kindAt(line, at) !== LETTER) return false;
  if (size >= 7) {
    const letter = (line[at] ?? 0) | 0x20;
    if (letter >= 0x78 && letter <= 0x7a) return true;
  }
  if (size < 2 || at === 0 || kindAt(line, at - 1) !== LETTER || (at > 1 && isWord(kindAt(line, at - 2)))) return false;
  return (gap === 0 && longEnough(line, at - 1)) || pairs(line, digits);
}

const isWord = (kind: number): boolean => kind === DIGIT || kind === LETTER;

/** The shortest IBAN has fifteen characters, over single blanks and hyphens. */
function longEnough(line: Uint8Array, start: number): boolean {
  for (let i = start, n = 0; i < line.length; i++) {
    const kind = kindAt(line, i);
    if (isWord(kind)) {
      if (++n === 15) return true;
    } else if (!isGap(line[i])) return false;
  }
  return false;
}

/** Three pairs of digits, a gap or none behind each, and a letter. */
function pairs(line: Uint8Array, start: number): boolean {
  let i = start;
  for (let n = 0; n < 3; n++) {
    if (kindAt(line, i) !== DIGIT || kindAt(line, i + 1) !== DIGIT) return false;
    i += 2;
    if (isGap(line[i])) i++;
  }
  return kindAt(line, i) === LETTER;
}
