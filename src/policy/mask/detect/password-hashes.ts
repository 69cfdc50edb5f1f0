/** Hashes of passwords as systems keep them. */
import { RE2JS } from 're2js';
import type { Hit } from './ids.ts';
import { each } from './locate.ts';

/** As crypt(5), htpasswd, network devices and the password hashing competition's string format write them. */
const DOLLAR = RE2JS.compile('\\$(?:[156789y]|gy|2[abxy]?|apr1|P|H|sha1|md5|scrypt|argon2(?:id|i|d)|pbkdf2(?:-sha\\d{1,3})?)\\$[./A-Za-z0-9$=,+-]{20,}');
/** RFC 5803: PostgreSQL and others keep what SCRAM needs. */
const SCRAM = RE2JS.compile('SCRAM-SHA-(?:1|256|512)\\$[0-9]{1,9}:[A-Za-z0-9+/]{8,}={0,2}\\$[A-Za-z0-9+/]{20,}={0,2}:[A-Za-z0-9+/]{20,}={0,2}');
/** RFC 2307 section 5.3 and what directories and web servers made of it. */
const BRACED = RE2JS.compile('\\{(?:S?SHA(?:-?(?:224|256|384|512))?|S?MD5|CRYPT|PBKDF2[A-Z0-9_-]{0,12}|ARGON2)\\}([./A-Za-z0-9$=,+:_-]{13,})');
/** MySQL's native one. */
const STAR = RE2JS.compile('\\*[0-9A-F]{40}\\b');
/** PostgreSQL's older one, as catalogs, dumps and password files of poolers have it. */
const MD5 = RE2JS.compile('\\bmd5[0-9a-f]{32}\\b');

export function findHashes(text: string, hits: Hit[]): void {
  const add = (start: number, end: number): void => {
    hits.push({ start, end, detector: 'password' });
  };
  if (text.includes('$')) {
    each(DOLLAR, text, add);
    if (text.includes('SCRAM-')) each(SCRAM, text, add);
  }
  if (text.includes('{') && text.includes('}')) each(BRACED, text, add, 1);
  if (/\*[0-9A-F]{6}/.test(text)) each(STAR, text, add);
  if (/md5[0-9a-f]{6}/.test(text)) each(MD5, text, add);
}
