/**
 * The values of the corpus: each sensitive one is a canary, made from a seed and found nowhere else. Two variants of the
 * database differ in the canaries alone (other letters, lengths and order), so that an oracle shows as a difference.
 */
import { createHash } from 'node:crypto';
import { cardCheckDigit, ibanOf } from './check-digits.ts';

export type Variant = 'a' | 'b';

/** How a canary may show: text is searched by its pieces too, digits and binary values as a whole. */
export interface Canary {
  readonly label: string;
  readonly kind: 'text' | 'digits' | 'date' | 'number' | 'uuid' | 'bytes';
  readonly value: string;
  /** The stored value, where the canary is a part of it: digests are of this. */
  readonly stored: string;
}

export interface CorpusData {
  readonly canaries: readonly Canary[];
  /** Values by the name that cases use: `email.1` is that of customer 1. */
  readonly values: ReadonlyMap<string, string>;
  /** INSERT statements, in order. */
  readonly load: readonly string[];
}

const people = 6;
const quoted = (v: string): string => `'${v.replaceAll("'", "''")}'`;

/** Characters drawn from a hash of a name: the same name gives the same characters in every run. */
function draw(seed: string, alphabet: string, n: number): string {
  let out = '';
  for (let block = 0; out.length < n; block++) {
    for (const byte of createHash('sha256').update(`${seed}/${block}`).digest()) {
      if (byte < 256 - (256 % alphabet.length) && out.length < n) out += alphabet[byte % alphabet.length] ?? '';
    }
  }
  return out;
}

const digits = '0123456789';
const hex = '0123456789abcdef';

/** Letters and digits in turn: no mask token (letters alone), word, date or number holds six of them by chance. */
function mixed(seed: string, n: number): string {
  const letter = draw(`${seed}/l`, 'bcdfghjkmnpqrstvwxyz', n);
  const digit = draw(`${seed}/d`, '23456789', n);
  return Array.from({ length: n }, (_, i) => (i % 2 === 0 ? digit[i] : letter[i]) ?? '').join('');
}

class Maker {
  readonly canaries: Canary[] = [];
  readonly values = new Map<string, string>();
  readonly load: string[] = [];
  readonly #variant: Variant;

  constructor(variant: Variant) {
    this.#variant = variant;
  }

  /** Places in the order of the values: rising in one variant, falling in the other. */
  rank(i: number): number {
    return this.#variant === 'a' ? i : people + 1 - i;
  }

  keep(label: string, kind: Canary['kind'], value: string, canary = value): string {
    this.canaries.push({ label: `${this.#variant}:${label}`, kind, value: canary, stored: value });
    this.values.set(label, value);
    return value;
  }

  chars(label: string, alphabet: string, n: number): string {
    return draw(`${this.#variant}/${label}`, alphabet, n);
  }

  /** A text whose first letter follows the rank and whose length differs between variants. */
  word(label: string, i: number): string {
    const first = 'bdgkpv'[this.rank(i) - 1] ?? 'z';
    return first + mixed(`${this.#variant}/${label}`, this.#variant === 'a' ? 11 + (i % 3) : 15 + (i % 2));
  }

  mail(label: string, i: number): string {
    const local = this.word(label, i);
    return this.keep(label, 'text', `${local}@example.org`, local);
  }

  text(label: string, i: number, prefix = ''): string {
    const word = this.word(label, i);
    return this.keep(label, 'text', prefix + word, word);
  }

  uuid(label: string, i: number): string {
    const h = `${(this.rank(i) * 2).toString(16)}${this.chars(label, hex, 31)}`;
    return this.keep(label, 'uuid', `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20, 32)}`);
  }

  date(label: string, i: number): string {
    const two = (n: number): string => String(n).padStart(2, '0');
    const pick = Number(this.chars(label, digits, 4));
    return this.keep(label, 'date', `${1940 + this.rank(i) * 8}-${two((pick % 12) + 1)}-${two((pick % 27) + 1)}`);
  }

  number(label: string, i: number, before: number, after: number): string {
    return this.keep(label, 'number', `${this.rank(i)}${this.chars(`${label}/i`, digits, before - 1)}.${this.chars(`${label}/f`, '123456789', after)}`);
  }

  insert(table: string, ...values: readonly string[]): void {
    this.load.push(`INSERT INTO ${table} VALUES (${values.join(', ')})`);
  }
}

/** All values of one variant of the database. */
export function corpusData(variant: Variant): CorpusData {
  const m = new Maker(variant);
  for (let i = 1; i <= people; i++) {
    customer(m, i);
    sale(m, i);
    employee(m, i);
    patient(m, i);
  }
  m.load.push("INSERT INTO notes SELECT g, 'note ' || g, g * 1.5 FROM generate_series(1, 50) g", 'INSERT INTO counters SELECT g FROM generate_series(1, 10) g');
  m.load.push("INSERT INTO decoy.customers SELECT g, 'nobody', 'decoy' FROM generate_series(1, 3) g", "INSERT INTO ruled_instead VALUES (1, 'x')");
  m.load.push('REFRESH MATERIALIZED VIEW mv_mails', 'REFRESH MATERIALIZED VIEW mv_cities', 'ANALYZE');
  return { canaries: m.canaries, values: m.values, load: m.load };
}

function customer(m: Maker, i: number): void {
  const city = quoted(['Berlin', 'Porto', 'Lyon'][i % 3] ?? '');
  const email = m.mail(`email.${i}`, i);
  // The end of a number shows in a partial mask: it is the same in both variants.
  const phone = `+49151${m.rank(i) + 1}${m.chars(`phone.${i}`, digits, 5)}${10 + i}`;
  m.keep(`phone.${i}`, 'digits', phone, phone.slice(1, -2));
  const born = m.date(`birth.${i}`, i);
  m.insert('customers (id, name, email, phone, birth_date, city, loyalty, prefs, tags)', String(i), `'Customer ${i}'`, quoted(email), quoted(phone), quoted(born), city, String(i * 10), `'{"theme": "dark", "n": ${i}}'`, `'{gift,t${i}}'`);
  const codes = [1, 2, 3].map((n) => m.text(`code.${i}.${n}`, i));
  m.insert('accounts', String(i), `'login${i}'`, quoted(m.text(`password.${i}`, i, 'pbkdf2$')), quoted(m.uuid(`token.${i}`, i)), `ARRAY[${codes.map(quoted).join(', ')}]`);
  const content = `\\x${m.chars(`content.${i}`, hex, 48)}`;
  m.keep(`content.${i}`, 'bytes', content, content.slice(2));
  m.insert('documents', String(i), String(i), `'Contract ${i}'`, quoted(content), `'{${i},${i + 1}}'`, `ARRAY[${quoted(m.text(`word.${i}`, i))}, 'plain']`);
  m.insert('leads', String(i), `'fair'`, `ROW(${quoted(m.mail(`lead.${i}`, i))}, NULL)`);
  m.insert('tickets', String(i), String(i), quoted(`Please answer to ${m.mail(`ticket.${i}`, i)} about the order`), i % 2 === 0 ? `'open'` : `'closed'`);
  m.insert('"Mixed Case"."Client Data"', String(i), quoted(m.text(`odd.${i}`, i)), `'s${i}'`, `'w${i}'`);
  m.insert('"ünï"."Kürzel"', String(i), quoted(m.mail(`uni.${i}`, i)), `'n${i}'`);
}

function sale(m: Maker, i: number): void {
  m.insert('orders', String(i), String(i), `${i * 100}.50`, `'${['new', 'paid', 'sent'][i % 3] ?? ''}'`, `'2025-0${i}-11 10:00:00+00'`, `'leave at door ${i}'`);
  m.insert('order_items (order_id, line, sku, qty, price)', String(i), '1', `'SKU-${i}'`, String(i), `${i}.25`);
  const body = `4${m.rank(i) + 1}${m.chars(`card.${i}`, digits, 9)}${1000 + i}`;
  // The check digit varies, so the last four are made equal in both variants by the one before.
  const card = withLastFour(body.slice(0, 11), String(1000 + i));
  m.keep(`card.${i}`, 'digits', card, card.slice(1, -4));
  const iban = ibanOf('DE', `${m.rank(i) + 1}${m.chars(`iban.${i}`, digits, 13)}${2000 + i}`);
  m.keep(`iban.${i}`, 'digits', iban, iban.slice(4, -4));
  m.insert('fin.payments (id, order_id, card_number, iban, amount, paid_at)', String(i), String(i), quoted(card), quoted(iban), `${i * 100}.50`, `'2025-0${i}-12 10:00:00+00'`);
  m.insert('events', String(i), `'202${5 + (i % 2)}-03-0${i} 12:00:00+00'`, `'login'`, quoted(m.mail(`actor.${i}`, i)), quoted(JSON.stringify({ who: { key: m.text(`payload.${i}`, i) }, list: [i, m.text(`listed.${i}`, i)], n: i })));
}

/** Luhn-valid: the digit before the last four makes up for them. */
function withLastFour(start: string, last: string): string {
  for (let d = 0; d < 10; d++) {
    const body = `${start}${d}${last.slice(0, 3)}`;
    if (cardCheckDigit(body) === last.slice(3)) return body + last.slice(3);
  }
  throw new Error('no check digit fits');
}

function employee(m: Maker, i: number): void {
  const id = `${m.rank(i) + 1}${m.chars(`national.${i}`, digits, 2)}-${m.chars(`national2.${i}`, '123456789', 2)}-${m.chars(`national3.${i}`, digits, 4)}`;
  const values = [String(i), `'Employee ${i}'`, quoted(m.mail(`work.${i}`, i)), m.number(`salary.${i}`, i, 6, 4), quoted(m.keep(`national.${i}`, 'digits', id)), quoted(m.date(`hired.${i}`, i)), i === 1 ? 'NULL' : String(i - 1), `'${i % 2 === 0 ? 'sales' : 'it'}'`];
  if (i < people) m.insert('hr.employees', ...values);
  else m.insert('hr.contractors', ...values, `'agency'`);
  if (i < people) m.insert('hr.badges', String(i), quoted(m.text(`badge.${i}`, i)));
}

function patient(m: Maker, i: number): void {
  const ssn = `${m.rank(i) + 1}${m.chars(`ssn.${i}`, digits, 2)}-${m.chars(`ssn2.${i}`, '123456789', 2)}-${m.chars(`ssn3.${i}`, '123456789', 4)}`;
  m.insert('med.patients', String(i), `'Patient ${i}'`, quoted(m.keep(`ssn.${i}`, 'digits', ssn)), quoted(m.date(`patient.${i}`, i)), quoted(m.text(`diagnosis.${i}`, i)), m.number(`dose.${i}`, i, 5, 6), quoted(m.uuid(`record.${i}`, i)), `'${i % 2 === 0 ? 'A' : 'B'}'`);
  m.insert('med.visits', String(i), String(i), `'${i % 2 === 0 ? 'A' : 'B'}'`, quoted(m.text(`finding.${i}`, i)));
}
