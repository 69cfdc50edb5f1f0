/** Secrets: keys and tokens by their issuers' prefixes, private keys, and values behind telling names. */
import { RE2JS } from 're2js';
import type { DetectorId, Hit } from './ids.ts';
import { each } from './locate.ts';

const PREFIXED: readonly (readonly [DetectorId, RE2JS, RegExp])[] = [
  ['jwt', RE2JS.compile('eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}(?:\\.[A-Za-z0-9_-]*)?'), /eyJ/],
  ['aws_key', RE2JS.compile('\\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}\\b'), /A(?:KI|SI|GP|ID|RO)A/],
  ['github_token', RE2JS.compile('(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})'), /gh[pousr]_|github_pat_/],
  ['slack_token', RE2JS.compile('\\bxox[abeoprs]-[A-Za-z0-9-]{10,}'), /xox[abeoprs]-/],
  [
    'vendor_token',
    RE2JS.compile('\\b(?:glpat-[A-Za-z0-9_-]{20,64}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|npm_[A-Za-z0-9]{36}|AIza[A-Za-z0-9_-]{35}|sk-[A-Za-z0-9_-]{20,})'),
    /glpat-|[sr]k_(?:live|test)_|npm_|AIza|sk-/,
  ],
];

const VALUE = `(?:"([^"\\n]+)"|'([^'\\n]+)'|([^\\s,;&"'{}\\[\\]()]+))`;
const PASSWORD_PAIR = RE2JS.compile(`(?i)(?:password|passwd|pwd|passphrase|passcode|\\bpass)\\\\?["'\`\\]]?\\s{0,8}(?::=|=>|==?|:)\\s{0,8}\\\\?${VALUE}`);
const PASSWORD_SQL = RE2JS.compile(`(?i)\\b(?:password|identified\\s+by)\\s+'([^']+)'`);
const URL_PASSWORD = RE2JS.compile('(?i)[a-z][a-z0-9+.-]{0,30}://[^\\s:/@?#]*:([^\\s/]+)@');
const SECRET_PAIR = RE2JS.compile(
  `(?i)(?:secret|secret[_-]?key|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key|token|auth[_-]?key)\\\\?["'\`\\]]?\\s{0,8}(?::=|=>|==?|:)\\s{0,8}\\\\?${VALUE}`,
);
const AUTHORIZATION = RE2JS.compile('(?i)\\b(?:bearer|basic)\\s+([A-Za-z0-9._~+/-]{12,}={0,2})');

/** Password hashes as crypt(5), htpasswd and the password hashing competition's string format write them. */
const HASH = RE2JS.compile('\\$(?:[1567y]|gy|2[abxy]?|apr1|P|H|sha1|md5|scrypt|argon2(?:id|i|d)|pbkdf2(?:-sha\\d{1,3})?)\\$[./A-Za-z0-9$=,+-]{20,}');

/** Words that stand where a secret would but say nothing. */
const EMPTY = /^(?:null|none|nil|true|false|undefined|required|optional|redacted|hidden|changed|incorrect|invalid|missing|expired|string|text|varchar|unset|<[a-z_ ]+>|\$\{?\w+\}?|\$\d+|\?|%s|[*•x.]+)$/i;

export function findSecrets(text: string, wants: (id: DetectorId) => boolean, hits: Hit[]): void {
  for (const [detector, pattern, cheap] of PREFIXED) {
    if (wants(detector) && cheap.test(text)) each(pattern, text, (start, end) => hits.push({ start, end, detector }));
  }
  if (wants('private_key')) findPrivateKeys(text, hits);
  if (wants('password')) findPasswords(text, hits);
  if (wants('secret')) {
    if (/secret|key|token/i.test(text)) pairs(SECRET_PAIR, text, 'secret', looksSecret, hits);
    findAuthorization(text, hits);
  }
}

/** The token behind `Bearer` or `Basic` (RFC 9110 section 11.4). */
export function findAuthorization(text: string, hits: Hit[]): void {
  if (/bearer|basic/i.test(text)) each(AUTHORIZATION, text, (start, end) => looksSecret(text.slice(start, end)) && hits.push({ start, end, detector: 'secret' }), 1);
}

/** To the END line, or to the end of the text when a window or the sender cut it off. */
function findPrivateKeys(text: string, hits: Hit[]): void {
  for (let at = text.indexOf('-----BEGIN '); at >= 0; at = text.indexOf('-----BEGIN ', at)) {
    const label = /^-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/.exec(text.slice(at, at + 96));
    if (label === null) {
      at += 11;
      continue;
    }
    const close = text.indexOf('-----END ', at + label[0].length);
    const end = close < 0 ? text.length : endOfLine(text, close + 9);
    hits.push({ start: at, end, detector: 'private_key' });
    at = end;
  }
}

function endOfLine(text: string, from: number): number {
  const dashes = text.indexOf('-----', from);
  return dashes < 0 || dashes > from + 64 ? text.length : dashes + 5;
}

function findPasswords(text: string, hits: Hit[]): void {
  if (/pass|pwd/i.test(text)) {
    pairs(PASSWORD_PAIR, text, 'password', (v) => v.length >= 3 && !EMPTY.test(v), hits);
  }
  if (/password\s|identified/i.test(text)) each(PASSWORD_SQL, text, (start, end) => hits.push({ start, end, detector: 'password' }), 1);
  if (text.includes('$')) each(HASH, text, (start, end) => hits.push({ start, end, detector: 'password' }));
  if (text.includes('://') && text.includes('@')) each(URL_PASSWORD, text, (start, end) => hits.push({ start, end, detector: 'password' }), 1);
}

function pairs(pattern: RE2JS, text: string, detector: DetectorId, accept: (value: string) => boolean, hits: Hit[]): void {
  const matcher = pattern.matcher(text);
  while (matcher.find()) {
    for (const group of [1, 2, 3]) {
      const start = matcher.start(group);
      const end = matcher.end(group);
      if (start >= 0 && end > start && accept(text.slice(start, end))) hits.push({ start, end, detector });
    }
  }
}

/** Long enough and not a plain word: at least eight characters with a digit, or twenty of anything. */
function looksSecret(value: string): boolean {
  return value.length >= 8 && !EMPTY.test(value) && (/\d/.test(value) || value.length >= 20);
}
