/**
 * Numbers: payment cards, phone numbers and national ids made of digits. The text is cut into clusters of digit
 * groups with short separators; every rule looks at whole groups of one cluster, at most nineteen digits from each
 * start, so the work is linear.
 */
import { aadhaarGroups, hasLongNeighbour, isTableRow, phoneGroups, type Group } from './groups.ts';
import { card, cpf, nir, pesel, ssn, verhoeff } from './checksums.ts';
import type { DetectorId, Hit, NameHints } from './ids.ts';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/iy;
const UUID_CHARS = 36;
const HYPHEN = 0x2d;
/** Digits of the shortest number. */
const SHORTEST = 7;
const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isSeparator = (c: number): boolean => c === 32 || c === 45 || c === 46 || c === 40 || c === 41 || c === 47;
const isWord = (c: number): boolean => isDigit(c) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122);

export function findNumbers(text: string, wants: (id: DetectorId) => boolean, hints: NameHints, hits: Hit[]): void {
  let uuid = nextUuid(text, 0);
  // The cluster that is being read: where its first group begins, where its last one ends, and its digits.
  let from = 0;
  let to = 0;
  let digits = 0;
  const flush = (): void => {
    if (digits >= SHORTEST) inspect(text, groupsOf(text, from, to), wants, hints, hits);
    digits = 0;
  };
  for (let i = 0; i < text.length; ) {
    if (i >= uuid) {
      flush();
      i = uuid + UUID_CHARS;
      uuid = nextUuid(text, i);
      continue;
    }
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) {
      i++;
      continue;
    }
    const start = i++;
    while (i < text.length && isDigit(text.charCodeAt(i))) i++;
    if (digits > 0 && !joins(text, to, start)) flush();
    if (digits === 0) from = start;
    to = i;
    digits += i - start;
  }
  flush();
}

/** Where the next UUID begins, or Infinity: its four hyphens are looked for first. */
function nextUuid(text: string, from: number): number {
  if (text.length - from < UUID_CHARS) return Infinity;
  for (let at = text.indexOf('-', from + 8); at >= 0; at = text.indexOf('-', at + 1)) {
    if (text.charCodeAt(at + 5) !== HYPHEN || text.charCodeAt(at + 10) !== HYPHEN || text.charCodeAt(at + 15) !== HYPHEN) continue;
    UUID.lastIndex = at - 8;
    if (UUID.test(text)) return at - 8;
  }
  return Infinity;
}

function groupsOf(text: string, from: number, to: number): Group[] {
  const groups: Group[] = [];
  for (let i = from; i < to; i++) {
    if (!isDigit(text.charCodeAt(i))) continue;
    const start = i;
    while (i < to && isDigit(text.charCodeAt(i))) i++;
    groups.push({ start, end: i, digits: text.slice(start, i) });
  }
  return groups;
}

/** At most three separators between two groups, and no `+`, which starts a number of its own. */
function joins(text: string, from: number, to: number): boolean {
  if (to - from > 3) return false;
  for (let i = from; i < to; i++) if (!isSeparator(text.charCodeAt(i))) return false;
  return true;
}

function inspect(text: string, cluster: readonly Group[], wants: (id: DetectorId) => boolean, hints: NameHints, hits: Hit[]): void {
  for (const part of cluster.length < 3 ? [cluster] : withoutDates(text, cluster)) {
    const total = digitCount(part);
    if (total < SHORTEST) continue;
    if (total >= 13 && wants('card')) findCards(text, part, hits);
    for (const group of part) findSingle(text, group, wants, hints, hits);
    if (total >= 9 && part.length >= 3) findSpaced(text, part, wants, hints, hits);
    if (wants('phone')) phoneGroups(text, part, hints.phone, hits);
  }
}

function digitCount(groups: readonly Group[]): number {
  let n = 0;
  for (const g of groups) n += g.digits.length;
  return n;
}

/** A calendar date is no part of a phone number: the cluster is cut around it. */
function withoutDates(text: string, cluster: readonly Group[]): readonly (readonly Group[])[] {
  const parts: Group[][] = [[]];
  for (let i = 0; i < cluster.length; i++) {
    if (isDate(text, cluster, i)) {
      parts.push([]);
      i += 2;
      continue;
    }
    const group = cluster[i];
    if (group !== undefined) parts.at(-1)?.push(group);
  }
  return parts.filter((p) => p.length > 0);
}

function isDate(text: string, cluster: readonly Group[], i: number): boolean {
  const [a, b, c] = [cluster[i], cluster[i + 1], cluster[i + 2]];
  if (a === undefined || b === undefined || c === undefined) return false;
  if (b.start !== a.end + 1 || c.start !== b.end + 1 || text.charCodeAt(a.end) !== text.charCodeAt(b.end)) return false;
  const separator = text[a.end];
  if (separator !== '-' && separator !== '.' && separator !== '/') return false;
  const small = (g: Group, max: number): boolean => g.digits.length <= 2 && Number(g.digits) >= 1 && Number(g.digits) <= max;
  const year = (g: Group): boolean => g.digits.length === 4 && (g.digits.startsWith('19') || g.digits.startsWith('20'));
  return (year(a) && small(b, 12) && small(c, 31)) || (year(c) && small(a, 31) && small(b, 31));
}

/** Every run of groups of 13 to 19 digits, `4111 1111 1111 1111` as well as `4111111111111111`. */
function findCards(text: string, cluster: readonly Group[], hits: Hit[]): void {
  for (let i = 0; i < cluster.length; i++) {
    let digits = '';
    let gap: string | undefined;
    for (let j = i; j < cluster.length && digits.length < 19; j++) {
      const [first, last, before] = [cluster[i], cluster[j], cluster[j - 1]];
      if (first === undefined || last === undefined) break;
      if (j > i && before !== undefined) {
        const between = text.slice(before.end, last.start);
        gap ??= between;
        if (between !== gap || !CARD_GAP.test(gap)) break;
      }
      digits += last.digits;
      if (digits.length >= 13 && card(digits) && (j > i ? grouped(text, cluster, i, j) : !insideHex(text, first) && !isFraction(text, first))) {
        hits.push({ start: first.start, end: last.end, detector: 'card' });
        i = j;
        break;
      }
    }
  }
}

const CARD_GAP = /^[ .-]{1,2}$/;

/**
 * The groups from `i` to `j` as people and printers cut a card's number: all of one size but the last, multiples of
 * four, 6-10, or 4-6-4 and 4-6-5. Columns of figures that system tools print next to each other are of any size, and one in ten
 * of those would pass the check digit.
 */
function grouped(text: string, cluster: readonly Group[], i: number, j: number): boolean {
  const sizes = cluster.slice(i, j + 1).map((g) => g.digits.length);
  const last = sizes.pop() ?? 0;
  const size = sizes[0] ?? 0;
  if (sizes.length === 1) return size % 4 === 0 ? last % 4 === 0 && !hasLongNeighbour(text, cluster, i, j) : size === 6 && [9, 10, 13].includes(last);
  if (sizes.every((n) => n % 4 === 0)) return size === 4 || !isTableRow(text, cluster, i, j);
  if (sizes.length === 2 && size === 4 && sizes[1] === 6) return true;
  return sizes.every((n) => n === size) && last <= size && !isTableRow(text, cluster, i, j);
}

/** A digit run inside a longer hexadecimal word (a digest) is no number of its own. */
function insideHex(text: string, group: Group): boolean {
  const hexLetter = (i: number): boolean => /[a-f]/i.test(text.charAt(i));
  if (!hexLetter(group.start - 1) && !hexLetter(group.end)) return false;
  const word = /^[0-9a-z]*/i.exec(text.slice(group.end, group.end + 64))?.[0] ?? '';
  const lead = /[0-9a-z]*$/i.exec(text.slice(Math.max(0, group.start - 64), group.start))?.[0] ?? '';
  return /^[0-9a-f]*$/i.test(lead + word);
}

/** `3.4310344827586206`: of averages and quotients, one in fifty would pass for a card. A version or an address has more points. */
function isFraction(text: string, group: Group): boolean {
  if (text[group.start - 1] !== '.') return false;
  let i = group.start - 2;
  while (i >= 0 && isDigit(text.charCodeAt(i))) i--;
  return i < group.start - 2 && text[i] !== '.' && !(i >= 0 && isWord(text.charCodeAt(i)));
}

function findSingle(text: string, group: Group, wants: (id: DetectorId) => boolean, hints: NameHints, hits: Hit[]): void {
  const { start, end, digits } = group;
  if (digits.length < 9 || digits.length > 15) return;
  if ((start > 0 && isWord(text.charCodeAt(start - 1))) || (end < text.length && isWord(text.charCodeAt(end)))) return;
  if (isFraction(text, group)) return;
  const add = (detector: DetectorId): void => {
    hits.push({ start, end, detector });
  };
  if (digits.length === 11 && wants('pesel') && pesel(digits)) add('pesel');
  else if (digits.length === 11 && wants('cpf') && cpf(digits)) add('cpf');
  else if (digits.length === 15 && wants('nir') && nir(digits)) add('nir');
  else if (digits.length === 12 && wants('aadhaar') && digits >= '2' && verhoeff(digits) && (hints.nationalId || /aadha{1,2}r|uidai/i.test(text.slice(Math.max(0, start - 32), start)))) add('aadhaar');
  else if (digits.length === 9 && wants('ssn') && ssn(digits) && (hints.nationalId || /ssn|social/i.test(text.slice(Math.max(0, start - 32), start)))) add('ssn');
}

const SSN_WORD = /ssn|social|\btin\b|tax/i;

function findSpaced(text: string, part: readonly Group[], wants: (id: DetectorId) => boolean, hints: NameHints, hits: Hit[]): void {
  for (let i = 0; i + 2 < part.length; i++) {
    const [a, b, c, d] = [part[i], part[i + 1], part[i + 2], part[i + 3]];
    if (a === undefined || b === undefined || c === undefined) return;
    const [one, two, three] = [a.digits.length, b.digits.length, c.digits.length];
    if (one === 3 && two === 2 && three === 4 && wants('ssn')) {
      const gap = text.slice(a.end, b.start);
      if (/^[- .]$/.test(gap) && gap === text.slice(b.end, c.start) && ssn(a.digits + b.digits + c.digits)) {
        const isNamed = hints.nationalId || SSN_WORD.test(text.slice(Math.max(0, a.start - 32), a.start));
        if (isNamed || !isTableRow(text, part, i, i + 2)) hits.push({ start: a.start, end: c.end, detector: 'ssn' });
      }
    }
    if (one === 3 && two === 3 && three === 3 && d?.digits.length === 2 && wants('cpf') && cpf(a.digits + b.digits + c.digits + d.digits)) hits.push({ start: a.start, end: d.end, detector: 'cpf' });
    if (one === 4 && two === 4 && three === 4 && wants('aadhaar')) aadhaarGroups(text, part, i, hits);
    if (one === 1 && two === 2 && three === 2 && wants('nir')) findNir(part.slice(i, i + 7), hits);
  }
}

/** Thirteen digits in groups of 1, 2, 2, 2, 3 and 3, and a key of two. */
function findNir(groups: readonly Group[], hits: Hit[]): void {
  const [first, key] = [groups[0], groups[6]];
  if (first === undefined || key === undefined || groups.map((g) => g.digits.length).join() !== '1,2,2,2,3,3,2') return;
  if (nir(groups.map((g) => g.digits).join(''))) hits.push({ start: first.start, end: key.end, detector: 'nir' });
}
