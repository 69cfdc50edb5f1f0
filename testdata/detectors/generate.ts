/** Identities from a seed, right in their check digits and nobody's. Secrets are put together here so that no file holds one. */

export interface Sample {
  readonly detector: string;
  readonly value: string;
  /** A sentence, log line or record with the value in it. */
  readonly text: string;
}

type Pick = (n: number) => number;

/** A small generator (mulberry32): the same seed gives the same corpus everywhere. */
export function generator(seed: number): Pick {
  let a = seed >>> 0;
  return (n) => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

const from = (pick: Pick, list: readonly string[]): string => list[pick(list.length)] ?? '';
const digits = (pick: Pick, n: number): string => Array.from({ length: n }, () => pick(10)).join('');
const chars = (pick: Pick, n: number, alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'): string => Array.from({ length: n }, () => alphabet.charAt(pick(alphabet.length))).join('');

function withLuhn(body: string): string {
  let sum = 0;
  for (let i = 0; i < body.length; i++) {
    const d = Number(body[body.length - 1 - i]);
    sum += i % 2 === 0 ? (d * 2 > 9 ? d * 2 - 9 : d * 2) : d;
  }
  return body + String((10 - (sum % 10)) % 10);
}

function iban(pick: Pick): string {
  const kinds: readonly (readonly [string, string])[] = [
    ['DE', digits(pick, 18)],
    ['NL', chars(pick, 4, 'ABCDEFGH') + digits(pick, 10)],
    ['GB', chars(pick, 4, 'ABCDEFGH') + digits(pick, 14)],
    ['AT', digits(pick, 16)],
  ];
  const [code, account] = kinds[pick(kinds.length)] ?? ['DE', digits(pick, 18)];
  const numeric = Array.from(`${account}${code}00`, (c) => (/[A-Z]/.test(c) ? String(c.charCodeAt(0) - 55) : c)).join('');
  return `${code}${String(98n - (BigInt(numeric) % 97n)).padStart(2, '0')}${account}`;
}

const FIRST = ['anna', 'bob', 'carlos', 'dina', 'erik', 'fatima', 'greta', 'hugo'];
const LAST = ['novak', 'smith', 'garcia', 'olsen', 'khan', 'weber', 'rossi', 'tanaka'];
const DOMAINS = ['example.com', 'example.org', 'mail.example.net', 'example.co.uk', 'test.example'];
const FRAMES = ['%', 'value: %', 'INFO user said "%" today', '(%)', 'a,b,%,c', '<td>%</td>', 'note;%;end', 'see %.'];

const MAKERS: Readonly<Record<string, (pick: Pick) => string>> = {
  email: (p) => `${from(p, FIRST)}${from(p, ['.', '_', '', '+x.'])}${from(p, LAST)}${p(100)}@${from(p, DOMAINS)}`,
  phone: (p) => from(p, [`+${1 + p(9)}${digits(p, 10)}`, `+44 20 ${digits(p, 4)} ${digits(p, 4)}`, `(${2 + p(8)}${digits(p, 2)}) 555-${digits(p, 4)}`, `${2 + p(8)}${digits(p, 2)}-555-${digits(p, 4)}`, `0${1 + p(9)} ${digits(p, 2)} ${digits(p, 2)} ${digits(p, 2)} ${digits(p, 2)}`]),
  card: (p) => {
    const number = from(p, [withLuhn(`4${digits(p, 14)}`), withLuhn(`5${1 + p(5)}${digits(p, 13)}`), withLuhn(`37${digits(p, 12)}`), withLuhn(`6011${digits(p, 11)}`)]);
    const separator = from(p, ['', ' ', '-']);
    return number.length === 15 ? [number.slice(0, 4), number.slice(4, 10), number.slice(10)].join(separator) : (number.match(/.{4}/g) ?? []).join(separator);
  },
  iban: (p) => (p(2) === 0 ? iban(p) : (iban(p).match(/.{1,4}/g) ?? []).join(' ')),
  ssn: (p) => `${100 + p(560)}-${10 + p(89)}-${1000 + p(8999)}`,
  nino: (p) => `${chars(p, 1, 'ABCEHJLMOPRSWXY')}${chars(p, 1, 'CEHJPRSWXYZ')}${digits(p, 6)}${chars(p, 1, 'ABCD')}`,
  pesel: (p) => {
    const body = `${digits(p, 2)}${String(1 + p(12)).padStart(2, '0')}${String(1 + p(28)).padStart(2, '0')}${digits(p, 4)}`;
    const sum = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3].reduce((n, w, i) => n + w * Number(body[i]), 0);
    return body + String((10 - (sum % 10)) % 10);
  },
  dni: (p) => {
    const body = digits(p, 8);
    return body + 'TRWAGMYFPDXBNJZSQVHLCKE'.charAt(Number(body) % 23);
  },
  aws_key: (p) => `AKIA${chars(p, 16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`,
  github_token: (p) => `gh${from(p, ['p', 'o', 's'])}_${chars(p, 36)}`,
  slack_token: (p) => `xox${from(p, ['b', 'p'])}-${digits(p, 11)}-${chars(p, 24)}`,
  jwt: (p) => `eyJ${chars(p, 20)}.eyJ${chars(p, 40)}.${chars(p, 43)}`,
};

/** `count` samples of each kind. */
export function samples(seed: number, count: number): readonly Sample[] {
  const pick = generator(seed);
  return Object.entries(MAKERS).flatMap(([detector, make]) =>
    Array.from({ length: count }, () => {
      const value = make(pick);
      return { detector, value, text: from(pick, FRAMES).replace('%', () => value) };
    }),
  );
}

/** Harmless texts of the kinds that databases are full of. */
export function harmless(seed: number, count: number): readonly string[] {
  const p = generator(seed);
  const two = (n: number): string => String(n).padStart(2, '0');
  const kinds: readonly (() => string)[] = [
    () => `20${two(p(30))}-${two(1 + p(12))}-${two(1 + p(28))} ${two(p(24))}:${two(p(60))}:${two(p(60))}.${digits(p, 6)}+00`,
    () => `${two(1 + p(28))}.${two(1 + p(12))}.20${two(p(30))} ${two(p(24))}:${two(p(60))}`,
    () => String(1_600_000_000 + p(200_000_000)),
    () => `${1_600_000_000 + p(200_000_000)}${digits(p, 3)}`,
    () => `ORD-${digits(p, 8)}`,
    () => `order ${1 + p(9)}${digits(p, 9)}`,
    () => `${chars(p, 8, '0123456789abcdef')}-${chars(p, 4, '0123456789abcdef')}-4${chars(p, 3, '0123456789abcdef')}-a${chars(p, 3, '0123456789abcdef')}-${chars(p, 12, '0123456789abcdef')}`,
    () => `${1 + p(999)}.${digits(p, 2)} EUR, ${p(100)} %`,
    () => `v${p(20)}.${p(20)}.${p(5000)}`,
    () => `${1 + p(254)}.${p(255)}.${p(255)}.${p(255)}`,
    () => chars(p, 64, '0123456789abcdef'),
    () => `${p(90)}.${digits(p, 6)}, -${p(180)}.${digits(p, 6)}`,
    () => `INFO [w-${p(9)}] request id=${digits(p, 6)} path=/orders/${digits(p, 5)} status=200 took ${p(999)} ms`,
    () => `${from(p, FIRST)} ${from(p, LAST)}, ${p(200)} Main Street, ${digits(p, 5)} Springfield`,
  ];
  return Array.from({ length: count }, (_, i) => kinds[i % kinds.length]?.() ?? '');
}
