/** Secrets: values behind telling names, and what other files know by its form. */
import { RE2JS } from 're2js';
import { findCookies } from './cookies.ts';
import { findCredentialLines } from './credential-lines.ts';
import type { DetectorId, Hit } from './ids.ts';
import { each } from './locate.ts';
import { findHashes } from './password-hashes.ts';
import { Signal } from './prefilter.ts';
import { findPrivateKeys } from './private-keys.ts';
import { findIssued } from './vendor-tokens.ts';

const VALUE = `(?:"([^"\\n]+)"|'([^'\\n]+)'|([^\\s,;&"'{}\\[\\]()]+))`;
const SIGN = `\\\\?["'\`\\]]?\\s{0,8}(?::=|=>|==?|:)\\s{0,8}\\\\?`;
const KINDS = 'api|access|private|account|auth|encryption|signing|master|shared|subscription|storage|session|cookie|hmac|app|deploy';
const SECRETS = `secret|secret[_-]?key(?:[_-]?base)?|(?:${KINDS})[_-]?key|key[_-]data|token|credentials?|(?:secret|token|key|password)[_-](?:data|value|hash|b64|base64)`;
/** `DB_PASS`, `dbPass`; not `bypass`, `compass`. */
const PASSWORD_PAIR = RE2JS.compile(`(?i)(?:password|passwd|pwd|passphrase|passcode|(?:\\b|_)pass|(?-i:[a-z]Pass)|\\bpsk)${SIGN}${VALUE}`);
const SECRET_PAIR = RE2JS.compile(`(?i)(?:${SECRETS})${SIGN}${VALUE}`);
/** A name and a sign, for an engine that is quick and is given nothing unbounded. */
const PASSWORD_SIGN = new RegExp(`(?:password|passwd|pwd|passphrase|passcode|pass|psk)${SIGN}`, 'i');
const SECRET_SIGN = new RegExp(`(?:${SECRETS})${SIGN}`, 'i');
const PASSWORD_SQL = RE2JS.compile(`(?i)\\b(?:password|identified\\s+by)\\s+'([^']+)'`);
const URL_PASSWORD = RE2JS.compile('(?i)[a-z][a-z0-9+.-]{0,30}://[^\\s:/@?#]*:([^\\s/]+)@');
/** What a directory's text form writes in base64 (RFC 2849). */
const LDIF = RE2JS.compile('(?i)password::\\s([A-Za-z0-9+/]{8,}={0,2})');
/** `<password>...`, and a name and its value as attributes. */
const element = (names: string): RE2JS => RE2JS.compile(`(?i)<[\\w:.-]*(?:${names})>([^<\\n]{3,})`);
const attribute = (names: string): RE2JS => RE2JS.compile(`(?i)(?:name|key)=["'][\\w:.-]*(?:${names})["']\\s{1,8}value=["']([^"'\\n]{3,})`);
const PASSWORD_NAMES = 'password|passwd|passphrase';
const SECRET_NAMES = 'secret|token|api-?key';
const [PASSWORD_ELEMENT, PASSWORD_ATTRIBUTE] = [element(PASSWORD_NAMES), attribute(PASSWORD_NAMES)];
const [SECRET_ELEMENT, SECRET_ATTRIBUTE] = [element(SECRET_NAMES), attribute(SECRET_NAMES)];
/** Signatures that let whoever has the address in. */
const SIGNED = RE2JS.compile('(?i)(?:[?&]sig|x-(?:amz|goog)-signature)=([A-Za-z0-9%+/_~-]{20,}={0,2})');
/** A user and password in base64, as docker and npm keep them. */
const SIGN_IN = RE2JS.compile('(?:"auth"|\\b_auth)\\s{0,8}[:=]\\s{0,8}"?([A-Za-z0-9+/]{8,}={0,2})');
const AUTHORIZATION = RE2JS.compile('(?i)\\b(?:bearer|basic)\\s+([A-Za-z0-9._~+/-]{12,}={0,2})');

/** Words that stand where a secret would but say nothing. */
const EMPTY = /^(?:null|none|nil|true|false|undefined|required|optional|redacted|hidden|changed|incorrect|invalid|missing|expired|string|text|varchar|unset|password|passwd|pwd|<[a-z_ ]+>|\$\{?\w+\}?|\$\d+|\?|%s|[*•x.]+)$/i;

export function findSecrets(text: string, wants: (id: DetectorId) => boolean, signals: number, hits: Hit[]): void {
  if ((signals & Signal.issued) !== 0) {
    findIssued(text, wants, hits);
    if (wants('private_key')) findPrivateKeys(text, hits);
  }
  if ((signals & Signal.secret) !== 0) {
    if (wants('password')) findPasswords(text, hits);
    if (wants('secret')) findNamed(text, hits);
  } else if ((signals & Signal.at) !== 0) {
    // In a source that is written before an `@`, nothing else needs to be there.
    if (wants('password') && text.includes('@')) findInSources(text, hits);
    if (wants('secret')) findAuthorization(text, hits);
  }
}

/** Passwords in arguments, in files of lines and in addresses. */
function findInSources(text: string, hits: Hit[]): void {
  findCredentialLines(text, hits);
  if (text.includes('://') && text.includes('@')) each(URL_PASSWORD, text, (start, end) => hits.push({ start, end, detector: 'password' }), 1);
}

function findNamed(text: string, hits: Hit[]): void {
  const add = (start: number, end: number): void => {
    if (looksSecret(text.slice(start, end))) hits.push({ start, end, detector: 'secret' });
  };
  if (/secret|key|token|credential|passw/i.test(text)) {
    if (SECRET_SIGN.test(text)) pairs(SECRET_PAIR, text, 'secret', looksSecret, hits);
    if (/value=["']/i.test(text)) each(SECRET_ATTRIBUTE, text, add, 1);
    if (text.includes('>')) each(SECRET_ELEMENT, text, add, 1);
  }
  if (/sig(?:nature)?=/i.test(text)) each(SIGNED, text, add, 1);
  if (/"auth"|\b_auth/.test(text)) each(SIGN_IN, text, (start, end) => /^[\x21-\x7e]+:[\x20-\x7e]+$/.test(Buffer.from(text.slice(start, end), 'base64').toString('latin1')) && hits.push({ start, end, detector: 'secret' }), 1);
  findCookies(text, hits);
  findAuthorization(text, hits);
}

/** The token behind `Bearer` or `Basic` (RFC 9110 section 11.4). */
export function findAuthorization(text: string, hits: Hit[]): void {
  if (/bearer|basic/i.test(text)) each(AUTHORIZATION, text, (start, end) => looksSecret(text.slice(start, end)) && hits.push({ start, end, detector: 'secret' }), 1);
}

const isPassword = (value: string): boolean => value.length >= 3 && !EMPTY.test(value);

/** Programs say where a password comes from, too: `getpass()`, `req.body.password`. */
const REFERENCE = /^(?:[A-Za-z_$][\w$]*\.)+_*(?:password|passwd|pwd|passphrase)$/i;
const isCode = (value: string, after: string): boolean => REFERENCE.test(value) || (after === '(' && /^[A-Za-z_$][\w$.]*$/.test(value));

function findPasswords(text: string, hits: Hit[]): void {
  const add = (start: number, end: number): void => {
    hits.push({ start, end, detector: 'password' });
  };
  const kept = (start: number, end: number): void => {
    if (isPassword(text.slice(start, end))) add(start, end);
  };
  if (/pass|pwd|psk/i.test(text)) {
    if (PASSWORD_SIGN.test(text)) pairs(PASSWORD_PAIR, text, 'password', (value, before, after) => isPassword(value) && !isCode(value, after) && !(value.startsWith('/') && WORKING_DIRECTORY.test(before)), hits);
    if (text.includes('::')) each(LDIF, text, add, 1);
    if (text.includes('>')) each(PASSWORD_ELEMENT, text, kept, 1);
    if (/value=["']/i.test(text)) each(PASSWORD_ATTRIBUTE, text, kept, 1);
  }
  if (/password\s|identified/i.test(text)) each(PASSWORD_SQL, text, add, 1);
  findHashes(text, hits);
  findInSources(text, hits);
}

/** A shell keeps in these variables where it is and was. */
const WORKING_DIRECTORY = /(?:^|[^A-Za-z0-9_])(?:OLD)?PWD["']?=["']?$/;

function pairs(pattern: RE2JS, text: string, detector: DetectorId, accept: (value: string, before: string, after: string) => boolean, hits: Hit[]): void {
  const matcher = pattern.matcher(text);
  while (matcher.find()) {
    for (const group of [1, 2, 3]) {
      const start = matcher.start(group);
      const end = matcher.end(group);
      if (start >= 0 && end > start && accept(text.slice(start, end), text.slice(Math.max(0, start - 16), start), text.charAt(end))) hits.push({ start, end, detector });
    }
  }
}

/** Long enough and not a plain word: at least eight characters with a digit, or twenty of anything. */
function looksSecret(value: string): boolean {
  return value.length >= 8 && !EMPTY.test(value) && (/\d/.test(value) || value.length >= 20);
}
