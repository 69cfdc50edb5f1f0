// Invented people: a seeded generator and lists of our own. The same seed gives the same people on every machine.

/** Mulberry32: small, fast and good enough for demo data; not for anything secret. Returns numbers in [0, 1). */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Draws from one random stream. */
export function dice(seed) {
  const next = generator(seed);
  const below = (n) => Math.floor(next() * n);
  return {
    below,
    between: (low, high) => low + below(high - low + 1),
    pick: (list) => list[below(list.length)],
    digits: (n) => Array.from({ length: n }, () => below(10)).join(''),
    chance: (share) => next() < share,
  };
}

const given = 'Ada Amir Anneke Aya Bilal Bram Cora Dario Dilan Edda Elif Emil Esra Femke Finn Gita Hana Henrik Ida Ilse Ivo Jana Jonas Kaya Kofi Lale Lars Lena Lotte Mads Mara Milo Mina Nadia Nils Noor Olga Oskar Petra Priya Quinn Rana Remy Ruth Sami Selma Sven Tala Tilda Umar Vera Wim Yara Yusuf Zoe'.split(' ');
const family = 'Abara Aksoy Bakker Berg Brandt Castell Dahl Decker Demir Ekholm Farkas Feld Ferrand Garnett Gruber Haddad Hale Holm Iversen Jansen Kaplan Keller Klein Kovac Lind Lorentz Marsh Mertens Moreau Nagel Nakata Novak Okafor Olsen Osei Parrish Pohl Quist Rahman Reuter Rossi Sandoval Seidel Silva Stern Tanaka Thorne Ulrich Vance Vogel Weber Wren Yilmaz Zeller'.split(' ');
const cities = [['Berlin', 'DE'], ['Hamburg', 'DE'], ['Lyon', 'FR'], ['Utrecht', 'NL'], ['Leeds', 'GB'], ['Bristol', 'GB'], ['Boston', 'US'], ['Portland', 'US'], ['Aarhus', 'DK'], ['Vienna', 'AT']];
const streets = 'Mill Lane|Harbour Street|Station Road|Garden Row|Bridge Street|North Quay|Chestnut Avenue|Market Square'.split('|');

/** The check digit that makes `digits` + it pass the Luhn test. */
export function luhnDigit(digits) {
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    let n = Number(digits[digits.length - 1 - i]);
    if (i % 2 === 0) n = n * 2 > 9 ? n * 2 - 9 : n * 2;
    sum += n;
  }
  return String((10 - (sum % 10)) % 10);
}

/** An IBAN with right check digits (ISO 13616: the rearranged number is 1 modulo 97). */
export function iban(country, account) {
  const asDigits = [...`${account}${country}00`].map((c) => (/\d/.test(c) ? c : String(c.charCodeAt(0) - 55))).join('');
  const check = 98n - (BigInt(asDigits) % 97n);
  return `${country}${String(check).padStart(2, '0')}${account}`;
}

/** Numbers of the ranges that regulators keep free for fiction. */
const phone = (d) => (d.chance(0.5) ? `+1 ${d.pick(['212', '312', '415', '617', '503'])} 555 01${d.digits(2)}` : `+44 20 7946 0${d.digits(3)}`);

/** A person with contact and bank data. `serial` keeps addresses unique. */
export function person(d, serial) {
  const first = d.pick(given);
  const last = d.pick(family);
  const [city, country] = d.pick(cities);
  return {
    name: `${first} ${last}`,
    email: `${first}.${last}${serial}@${d.pick(['example.com', 'example.org', 'example.net'])}`.toLowerCase(),
    phone: phone(d),
    national_id: `${d.between(700, 728)}-${String(d.between(1, 99)).padStart(2, '0')}-${String(d.between(1, 9999)).padStart(4, '0')}`,
    iban: d.chance(0.5) ? iban('DE', `99999999${d.digits(10)}`) : iban('GB', `DEMO999999${d.digits(8)}`),
    address: `${d.between(1, 180)} ${d.pick(streets)}, ${city}`,
    city,
    country,
  };
}

/** A payment card number of a test range, with a right check digit. */
export function card(d) {
  const brand = d.pick(['visa', 'mastercard']);
  const start = brand === 'visa' ? `400000${d.digits(9)}` : `555555${d.digits(9)}`;
  return { brand, pan: start + luhnDigit(start) };
}

/** A moment between two years, as ISO text, at a whole second. */
export const moment = (d, fromYear, toYear) => {
  const low = Date.UTC(fromYear, 0, 1) / 1000;
  const high = Date.UTC(toYear, 0, 1) / 1000;
  return new Date((low + d.below(high - low)) * 1000).toISOString();
};
